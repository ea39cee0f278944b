"""Values of the database that a question names, of fields that whoever asks may see."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Protocol

from nl2sql.catalog.value_index import IndexedValue, NearValue
from nl2sql.context.phrases import MAX_PHRASE_WORDS, Named, Phrase
from nl2sql.context.visible import ShownModel
from nl2sql.context.words import STOP, WORD

# A question of more words is a text; looking up all its phrases would be felt.
MAX_WORDS = 60
# "Phones" can be a category, a product and a brand; a model is not helped by more.
MAX_MEANINGS = 5
# Each search for something like it reads the whole index, some 30 ms at its bound.
MAX_SEARCHES, LEAST_ALIKE = 3, 0.85

# What is quoted, and what begins with a capital in the middle of a sentence, is likely a name.
_QUOTED = re.compile(r"[“\"'‘«]([^“”\"'‘’«»]{2,60})[”\"'’»]")
_CAPITALISED = re.compile(r"(?<=[\w,] )[A-Z][\w&'-]+(?: (?:&|and|of|[A-Z])[\w&'-]*)*")


class StoredValues(Protocol):
    """The part of a value index that is read here; each may raise EngineError."""

    def exactly(self, words: str) -> Sequence[IndexedValue]: ...

    def nearest(self, words: str, limit: int = 5, least: float = 0.75) -> Sequence[NearValue]: ...


def stored_phrases(text: str, values: StoredValues, shown: ShownModel) -> list[Phrase]:
    """The longest phrases of a text that are values, from the left; then what is like one, of what looks like a name.

    Raises EngineError when the database cannot be read.
    """
    found = list(WORD.finditer(text))[:MAX_WORDS]
    phrases: list[Phrase] = []
    start = 0
    while start < len(found):
        step = 1
        for size in range(min(MAX_PHRASE_WORDS, len(found) - start), 0, -1):
            words = text[found[start].start() : found[start + size - 1].end()]
            if not _can_be_a_name(words):
                continue
            if named := _named(values.exactly(words), shown):
                phrases.append(Phrase(words, named))
                step = size
                break
        start += step
    return phrases + _alike(text, phrases, values, shown)


def _can_be_a_name(words: str) -> bool:
    return not words.isdigit() and words.lower() not in STOP


def _alike(text: str, phrases: Sequence[Phrase], values: StoredValues, shown: ShownModel) -> list[Phrase]:
    names = [match.group(1) for match in _QUOTED.finditer(text)] + _CAPITALISED.findall(text)
    known = " ".join(phrase.words for phrase in phrases)
    asked = [name for name in dict.fromkeys(names) if name not in known][:MAX_SEARCHES]
    searched = ((name, values.nearest(name, MAX_MEANINGS, LEAST_ALIKE)) for name in asked)
    found = ((name, _named((near.entry for near in nearest), shown)) for name, nearest in searched)
    return [Phrase(name, named) for name, named in found if named]


def _named(entries: Iterable[IndexedValue], shown: ShownModel) -> tuple[Named, ...]:
    kept = [
        Named("value", f"{entry.dataset}.{entry.field}={entry.value}", (entry.dataset,))
        for entry in entries
        if shown.may_tell_value(f"{entry.dataset}.{entry.field}", entry.value)
    ]
    return tuple(dict.fromkeys(kept))[:MAX_MEANINGS]
