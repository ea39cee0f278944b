"""Which stored values a question may mean: vocabularies of the model, and distinct values read from the database.

Sensitive fields are never read. A field with more than MAX_VALUES distinct values is not indexed: its values are
names to look up, not words of the language.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Protocol

from nl2sql.catalog.dialects import column_of
from nl2sql.catalog.model import Dataset, Field, SemanticModel
from nl2sql.catalog.near import NearWords
from nl2sql.catalog.normalise import normalised

# 20,000 short values are about 2 MB and 30 ms to read; beyond that reading them at start would be felt.
MAX_VALUES = 20_000
# Of all fields together, in the order of the model: about 60 MB with what finds them by likeness.
MAX_ENTRIES = 200_000
# What is longer is a text and not a name: nobody says it in a question.
MAX_LENGTH = 200


class ValueSource(Protocol):
    """The part of an engine that this index reads."""

    def distinct_values(self, table: str, column: str, limit: int, where: str = "") -> list[str]: ...

    def fingerprint(self) -> str: ...


@dataclass(frozen=True, slots=True)
class IndexedValue:
    """`words` is how people say it: the value itself or one of its synonyms."""

    words: str
    dataset: str
    field: str
    value: str


@dataclass(frozen=True, slots=True)
class NearValue:
    """`score` is from 0 to 1; 1 for what differs in case, accents, punctuation or number at most."""

    entry: IndexedValue
    score: float


@dataclass(frozen=True)
class _Contents:
    state: str = ""
    entries: tuple[IndexedValue, ...] = ()
    by_words: Mapping[str, tuple[IndexedValue, ...]] = field(default_factory=dict)  # normalised words → entries
    near: NearWords | None = None


class ValueIndex:
    """Reads once and again whenever the data has changed. Safe to share between threads."""

    def __init__(self, model: SemanticModel, source: ValueSource) -> None:
        self._model = model
        self._source = source
        self._lock = Lock()
        self._contents = _Contents()
        self._is_stale = False

    def state(self) -> str:
        """Changes when the entries may have changed."""
        return self._source.fingerprint()

    def entries(self) -> tuple[IndexedValue, ...]:
        """Raises EngineError when the database cannot be read."""
        return self._current(searchable=False).entries

    def refresh(self) -> None:
        """Whoever asks next reads the database again, changed or not."""
        self._is_stale = True

    def exactly(self, words: str) -> tuple[IndexedValue, ...]:
        """The values these words stand for, whatever their case, accents, punctuation and number. Raises
        EngineError."""
        return self._current(searchable=True).by_words.get(normalised(words), ())

    def nearest(self, words: str, limit: int = 5, least: float = 0.75) -> list[NearValue]:
        """The values whose words are most like these, the most alike first and then in the order of the model; none
        below `least`. One entry for each value of a field: that of its nearest words. Raises EngineError."""
        contents = self._current(searchable=True)
        if contents.near is None or limit < 1:
            return []
        found: dict[tuple[str, str, str], NearValue] = {}
        for near, score in contents.near.to(normalised(words), least):
            for entry in contents.by_words[near]:
                found.setdefault((entry.dataset, entry.field, entry.value), NearValue(entry, score))
            if len(found) >= limit:
                break
        return list(found.values())[:limit]

    def _current(self, *, searchable: bool) -> _Contents:
        state = self.state()
        with self._lock:
            if state != self._contents.state or self._is_stale:
                self._is_stale = False
                self._contents = _Contents(state, tuple(self._read()))
            if searchable and self._contents.near is None:
                self._contents = _made_searchable(self._contents)
            return self._contents

    def _read(self) -> Iterator[IndexedValue]:
        """At most MAX_ENTRIES: fields whose values would be too many are left out, as a field with too many is."""
        left = MAX_ENTRIES
        for dataset in self._model.datasets:
            for each in dataset.fields:
                if each.sensitive:
                    continue
                for entries in (list(_vocabulary(dataset, each)), self._stored(dataset, each)):
                    if len(entries) <= left:
                        left -= len(entries)
                        yield from entries

    def _stored(self, dataset: Dataset, each: Field) -> list[IndexedValue]:
        """None of a field that is computed, or of a dataset that is a query: there is no column to read."""
        column = column_of(each.expression) if each.indexed else ""
        if dataset.query or not column:
            return []
        where = dataset.rows.replace(f"{dataset.name}.", "")
        values = self._source.distinct_values(dataset.table, column, MAX_VALUES + 1, where)
        if len(values) > MAX_VALUES:
            return []
        return [IndexedValue(v, dataset.name, each.name, v) for v in values if len(v) <= MAX_LENGTH]


def _made_searchable(contents: _Contents) -> _Contents:
    by_words: dict[str, list[IndexedValue]] = {}
    for entry in contents.entries:
        by_words.setdefault(normalised(entry.words), []).append(entry)
    by_words.pop("", None)
    frozen = {words: tuple(entries) for words, entries in by_words.items()}
    return _Contents(contents.state, contents.entries, frozen, NearWords(frozen))


def _vocabulary(dataset: Dataset, of: Field) -> Iterator[IndexedValue]:
    for each in of.values:
        for words in dict.fromkeys((each.value, *each.synonyms)):
            yield IndexedValue(words, dataset.name, of.name, each.value)
