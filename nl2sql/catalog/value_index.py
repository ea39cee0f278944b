"""Which stored values a question may mean: vocabularies of the model, and distinct values read from the database.

Sensitive fields are never read. A field with more than MAX_VALUES distinct values is not indexed: its values are
names to look up, not words of the language.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from threading import Lock
from typing import Protocol

from nl2sql.catalog.model import Dataset, Field, SemanticModel

# 20,000 short values are about 2 MB and 30 ms to read; beyond that reading them at start would be felt.
MAX_VALUES = 20_000


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


class ValueIndex:
    """Reads once and again whenever the data has changed. Safe to share between threads."""

    def __init__(self, model: SemanticModel, source: ValueSource) -> None:
        self._model = model
        self._source = source
        self._lock = Lock()
        self._entries: tuple[IndexedValue, ...] = ()
        self._state = ""

    def state(self) -> str:
        """Changes when the entries may have changed."""
        return self._source.fingerprint()

    def entries(self) -> tuple[IndexedValue, ...]:
        """Raises EngineError when the database cannot be read."""
        state = self.state()
        with self._lock:
            if state != self._state:
                self._entries = tuple(self._read())
                self._state = state
            return self._entries

    def _read(self) -> Iterator[IndexedValue]:
        for dataset in self._model.datasets:
            for field in dataset.fields:
                if field.sensitive:
                    continue
                yield from _vocabulary(dataset, field)
                if field.indexed:
                    yield from self._stored(dataset, field)

    def _stored(self, dataset: Dataset, field: Field) -> Iterator[IndexedValue]:
        where = dataset.rows.replace(f"{dataset.name}.", "")
        values = self._source.distinct_values(dataset.table, field.expression, MAX_VALUES + 1, where)
        if len(values) <= MAX_VALUES:
            for value in values:
                yield IndexedValue(value, dataset.name, field.name, value)


def _vocabulary(dataset: Dataset, field: Field) -> Iterator[IndexedValue]:
    for each in field.values:
        for words in dict.fromkeys((each.value, *each.synonyms)):
            yield IndexedValue(words, dataset.name, field.name, each.value)
