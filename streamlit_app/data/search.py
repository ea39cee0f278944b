"""Finds a word in everything that can be asked about, and says where it stood.

Each word of what was typed must stand in an entry, whole or as a part; a word that stands nowhere is first read as the
nearest one that does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from rapidfuzz import process
from rapidfuzz.distance import OSA

from nl2sql.catalog.model import Dataset, Field
from streamlit_app.data.names import dataset_label, field_label, metric_label
from streamlit_app.data.seen import Seen

# Which comes first where words stood alike.
Kind = Literal["measure", "term", "table", "field", "example"]
# Where a word stood, the best first.
Where = Literal["name", "synonym", "value", "description"]
_WORD = re.compile(r"\w+")
_MOST_WORDS = 8
# One slip in a short word, two in a long one; a word of three letters has too many neighbours.
_MENDED_FROM, _LONG = 4, 8


@dataclass(frozen=True, slots=True)
class Entry:
    """`name` is that of the model; `dataset` is where it belongs, if anywhere. `texts` hold what can be found."""

    kind: Kind
    name: str
    label: str
    dataset: str
    texts: tuple[tuple[Where, str], ...]
    words: str  # all texts in lower case


@dataclass(frozen=True, slots=True)
class Hit:
    """`text` is what the first word stood in."""

    entry: Entry
    where: Where
    text: str


@dataclass(frozen=True, slots=True)
class Found:
    """`read_as` is empty where the words were found as they were typed."""

    hits: tuple[Hit, ...]
    read_as: str = ""


class SearchIndex:
    def __init__(self, seen: Seen) -> None:
        self._entries = list(_entries(seen))
        self._all = "\n".join(each.words for each in self._entries)
        self._vocabulary = list(dict.fromkeys(word for word in _WORD.findall(self._all) if len(word) >= _MENDED_FROM))

    def find(self, typed: str) -> Found:
        words = _WORD.findall(typed.casefold())[:_MOST_WORDS]
        read = [self._mended(word) for word in words]
        if not read:
            return Found(())
        hits = [hit for each in self._entries if (hit := _hit(each, read)) is not None]
        hits.sort(key=lambda hit: _rank(hit, read))
        return Found(tuple(hits), " ".join(read) if read != words and hits else "")

    def _mended(self, word: str) -> str:
        if word in self._all or len(word) < _MENDED_FROM:
            return word
        slips = 2 if len(word) >= _LONG else 1
        near = process.extractOne(word, self._vocabulary, scorer=OSA.distance, score_cutoff=slips)
        return str(near[0]) if near else word


def _hit(entry: Entry, words: Sequence[str]) -> Hit | None:
    if not all(word in entry.words for word in words):
        return None
    whole = " ".join(words)
    for wanted in (whole, words[0]):
        for where, text in entry.texts:
            if wanted in text.casefold():
                return Hit(entry, where, text)
    return None


_KINDS: tuple[Kind, ...] = get_args(Kind)
_WHERES: tuple[Where, ...] = get_args(Where)


def _rank(hit: Hit, words: Sequence[str]) -> tuple[int, int, int, int]:
    """A whole text before its beginning, that before a part of it; then by where it stood."""
    text, whole = hit.text.casefold(), " ".join(words)
    close = 0 if text == whole else 1 if re.search(rf"\b{re.escape(whole)}", text) else 2
    return (_WHERES.index(hit.where), close, _KINDS.index(hit.entry.kind), len(text))


def _entries(seen: Seen) -> Iterator[Entry]:
    for metric in seen.metrics:
        yield _entry("measure", metric.name, metric_label(metric), "", metric.synonyms, (), metric.description)
    for term, reading in seen.model.readings.items():
        yield _entry("term", term, term, "", (), (), reading)
    for dataset, each in seen.filters:
        if each.description:
            yield _entry("term", each.name, each.name, dataset.name, each.synonyms, (), each.description)
    for dataset in seen.datasets:
        yield _entry(
            "table", dataset.name, dataset_label(dataset), dataset.name, dataset.synonyms, (), dataset.description
        )
        for field in seen.fields(dataset):
            yield _of_field(dataset, field)
    for text in seen.model.examples:
        yield _entry("example", text, text, "", (), (), "")


def _of_field(dataset: Dataset, field: Field) -> Entry:
    values = tuple(word for each in field.values for word in (*each.synonyms, each.value))
    return _entry("field", field.name, field_label(field), dataset.name, field.synonyms, values, field.description)


def _entry(
    kind: Kind,
    name: str,
    label: str,
    dataset: str,
    synonyms: Sequence[str],
    values: Sequence[str],
    description: str,
) -> Entry:
    texts: list[tuple[Where, str]] = [("name", label)]
    if name.casefold() != label.casefold():
        texts.append(("synonym", name.replace("_", " ")))
    texts += [("synonym", each) for each in synonyms]
    texts += [("value", each) for each in values]
    texts += [("description", description)] if description else []
    return Entry(kind, name, label, dataset, tuple(texts), "\n".join(text for _, text in texts).casefold())
