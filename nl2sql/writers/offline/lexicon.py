"""Every phrase the writer knows for one model and one state of its values, and the longest-match linking over it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import chain

from rapidfuzz import process
from rapidfuzz.distance import OSA

from nl2sql.catalog.model import Dataset, Field, SemanticModel
from nl2sql.catalog.value_index import IndexedValue
from nl2sql.writers.offline.constructs.order import CONSTRUCTS
from nl2sql.writers.offline.dates import find_period
from nl2sql.writers.offline.inflection import stem, stems
from nl2sql.writers.offline.language import phrases
from nl2sql.writers.offline.senses import (
    Chunk,
    DatasetSense,
    FieldSense,
    FilterSense,
    MetricSense,
    NumberSense,
    PeriodSense,
    RoleSense,
    Sense,
    TextSense,
    ValueSense,
    VerbSense,
    WordSense,
)
from nl2sql.writers.offline.tokens import Token, normalize

# Shorter words are one edit away from too many others ("bids" from "bits" is a guess; "catgeory" is a typo).
_MIN_TYPO_LETTERS = 5
# From so many letters on, one wrong letter is a typo too; in shorter words it makes another word ("prize", "price").
_MIN_REPLACED_LETTERS = 6
# Words that say the opposite when a letter or two is added or lost are never guessed at.
_OPPOSITES = ("un", "in", "non", "dis", "re")


class _Phrases:
    """Phrases, as tuples of words, with what each may mean, in the order in which it was added, and once.

    In a model of a thousand tables a thousand fields are called “name”, and as many phrases begin with one word: to
    look one up costs what the phrase has of lengths, not of neighbours.
    """

    def __init__(self, pairs: Iterable[tuple[tuple[str, ...], Sense]]) -> None:
        gathered: dict[tuple[str, ...], dict[Sense, None]] = {}
        lengths: dict[str, set[int]] = {}
        for words, sense in pairs:
            if words:
                gathered.setdefault(words, {}).setdefault(sense)
                lengths.setdefault(words[0], set()).add(len(words))
        self._senses = {words: tuple(senses) for words, senses in gathered.items()}
        self._lengths = {first: tuple(sorted(found, reverse=True)) for first, found in lengths.items()}

    def __iter__(self) -> Iterator[tuple[str, ...]]:
        return iter(self._senses)

    def lengths(self, first: str) -> tuple[int, ...]:
        """In how many words the phrases go that begin with this one, the most first."""
        return self._lengths.get(first, ())

    def senses(self, words: tuple[str, ...]) -> tuple[Sense, ...]:
        return self._senses.get(words, ())


class Lexicon:
    """Immutable once built; share it between threads."""

    def __init__(self, model: SemanticModel, values: Iterable[IndexedValue]) -> None:
        named = [(normalize(phrase), sense) for phrase, sense in _model_phrases(model)]
        stored: list[tuple[tuple[str, ...], Sense]] = []
        # Values of one or two letters: only as written, "US" is not "us".
        self._codes: dict[str, tuple[Sense, ...]] = {}
        for each in values:
            sense = ValueSense(each.dataset, each.field, each.value)
            if len(each.words) <= 2:
                self._codes[each.words] = (*self._codes.get(each.words, ()), sense)
            else:
                stored.append((normalize(each.words), sense))
        self._phrases = _Phrases(chain(_function_words(), named, stored))
        self._inflected = _Phrases(  # by their stems, of the model alone
            (stems(words), sense) for words, sense in named if isinstance(sense, FieldSense | VerbSense | FilterSense)
        )
        self._model_words = sorted({word for words in self._phrases for word in words if len(word) >= 4})

    def known_phrases(self) -> set[str]:
        """Every phrase with a sense, as its words stand after normalising."""
        return {" ".join(words) for words in self._phrases}

    def link(self, tokens: tuple[Token, ...], as_of: date) -> tuple[Chunk, ...]:
        """Cuts the question into chunks, longest first; a chunk without senses is not understood."""
        chunks: list[Chunk] = []
        at = 0
        while at < len(tokens):
            chunk, used = self._longest(tokens, at, as_of)
            if chunk.corrected and _is_text(chunks):
                chunk = Chunk(chunk.words, ())
            chunks.append(chunk)
            at += used
        return tuple(chunks)

    def _quoted(self, token: Token) -> Chunk:
        """Words in quotation marks are a text; a value of that name is meant as well, and nothing else."""
        words = normalize(token.text)
        senses = self._phrases.senses(words)
        return Chunk(token.text, (TextSense(token.text), *(s for s in senses if isinstance(s, ValueSense))))

    def _longest(self, tokens: tuple[Token, ...], at: int, as_of: date) -> tuple[Chunk, int]:
        if tokens[at].quoted:
            return self._quoted(tokens[at]), 1
        senses, length = self._phrase(tokens, at)
        period = find_period(tokens, at, as_of)
        if period and period.length >= length and not _is_plain_number(tokens, at, period.length):
            text = " ".join(t.text for t in tokens[at : at + period.length])
            return Chunk(text, (PeriodSense(period.period),)), period.length
        if length:
            return Chunk(" ".join(t.text for t in tokens[at : at + length]), senses), length
        token = tokens[at]
        if token.number is not None:
            return Chunk(token.text, (NumberSense(token.number, token.unit),)), 1
        senses, length = self._other_form(tokens, at)
        if length:
            return Chunk(" ".join(t.text for t in tokens[at : at + length]), senses), length
        return self._typo(token), 1

    def _phrase(self, tokens: tuple[Token, ...], at: int) -> tuple[tuple[Sense, ...], int]:
        token = tokens[at]
        if token.text in self._codes:
            return self._codes[token.text], 1
        for length in self._phrases.lengths(token.norm):
            stretch = tokens[at : at + length]
            words = tuple(t.norm for t in stretch)
            senses = self._phrases.senses(words) if len(words) == length else ()
            if not senses:
                continue
            if words[0] in ("or", "and") and length > 1 and _bounds_again(tokens[at + length : at + length + 1]):
                continue  # "or more than 3", "or over 3": another bound
            if any(t.opens for t in stretch[1:]) and not any(isinstance(s, ValueSense) for s in senses):
                continue  # no phrase goes across the end of a sentence
            return ((), 0) if token.number is not None and length == 1 else (senses, length)
        return (), 0

    def _other_form(self, tokens: tuple[Token, ...], at: int) -> tuple[tuple[Sense, ...], int]:
        """The longest phrase of the model that stands here with its verb in another form."""
        if tokens[at].text in self._codes or not tokens[at].norm.endswith(("ing", "ed")):
            return (), 0
        for length in self._inflected.lengths(stem(tokens[at].norm)):
            words = stems(tuple(t.norm for t in tokens[at : at + length]))
            if len(words) == length and (senses := self._inflected.senses(words)):
                return senses, length
        return (), 0

    def _typo(self, token: Token) -> Chunk:
        """One edit away from exactly one word of one phrase: read as that word, and say so."""
        if len(token.norm) < _MIN_TYPO_LETTERS:
            return Chunk(token.text, ())
        close = process.extract(token.norm, self._model_words, scorer=OSA.distance, score_cutoff=1, limit=4)
        likely = [word for word, _, _ in close if _is_slip(token.norm, word)]
        if len(likely) != 1:
            return Chunk(token.text, ())
        word = likely[0]
        senses = self._phrases.senses((word,))
        return Chunk(token.text, senses, corrected=word if senses else "")


def _is_slip(typed: str, word: str) -> bool:
    """Whether the typed word, one edit from the other, is more likely a slip than another word."""
    if any(typed == prefix + word or word == prefix + typed for prefix in _OPPOSITES):
        return False
    doubled = len(typed) > len(word) and any(
        typed[i] == typed[i - 1] and typed[:i] + typed[i + 1 :] == word for i in range(1, len(typed))
    )
    if len(word) < _MIN_TYPO_LETTERS:
        return doubled
    replaced = len(typed) == len(word) and sorted(typed) != sorted(word)
    return typed[0] == word[0] and (not replaced or len(typed) >= _MIN_REPLACED_LETTERS)


def _is_text(chunks: list[Chunk]) -> bool:
    """Behind "contains" stand words of a text, not misspelt ones of the model."""
    known = next((c for c in reversed(chunks) if c.senses and c.word("filler") is None), None)
    return known is not None and known.word("text") is not None


def _bounds_again(following: tuple[Token, ...]) -> bool:
    return any(token.norm == "than" or token.number is not None for token in following)


def _is_plain_number(tokens: tuple[Token, ...], at: int, length: int) -> bool:
    """A bare "2000" after a comparison is a number; the reader asks for it there, so only marked ones are kept out."""
    token = tokens[at]
    before = tokens[at - 1].norm if at else ""
    compares = {"than", "over", "above", "under", "below", "least", "most", "exactly", "exceed", "top", "bottom"}
    return length == 1 and token.number is not None and (before in compares or bool(token.unit) or "," in token.text)


def _function_words() -> Iterator[tuple[tuple[str, ...], Sense]]:
    for words, senses in phrases(construct.phrases for construct in CONSTRUCTS).items():
        for kind, argument in senses:
            yield words, WordSense(kind, argument)


def _model_phrases(model: SemanticModel) -> Iterator[tuple[str, Sense]]:
    for dataset in model.datasets:
        for phrase in _names(dataset.name, dataset.label, dataset.synonyms):
            yield phrase, DatasetSense(dataset.name)
        yield from _dataset_phrases(dataset)
    for relationship in model.relationships:
        for phrase in filter(None, (relationship.role, *relationship.synonyms)):
            if relationship.role:
                yield phrase, RoleSense(relationship.name)
        for group in relationship.groups:
            for phrase in (group.name, *group.synonyms):
                yield phrase, RoleSense(relationship.name, group.at_least)
        for phrase in relationship.verbs:
            yield phrase, VerbSense(relationship.name)
    for metric in model.metrics:
        for phrase in _names(metric.name, metric.label, metric.synonyms):
            yield phrase, MetricSense(metric.name)


def _dataset_phrases(dataset: Dataset) -> Iterator[tuple[str, Sense]]:
    for field in dataset.fields:
        for phrase in (*_names(field.name, field.label, field.synonyms), *_moments(field)):
            yield phrase, FieldSense(dataset.name, field.name)
    for each in dataset.filters:
        for phrase in (each.name, *each.synonyms):
            yield phrase, FilterSense(dataset.name, each.name)


def _moments(field: Field) -> list[str]:
    """A closing date is a closing time as well, and the other way round."""
    head, _, last = field.label.rpartition(" ")
    return [f"{head} {each}" for each in ("date", "time", "day")] if field.is_time and last in ("date", "time") else []


def _names(name: str, label: str, synonyms: tuple[str, ...]) -> list[str]:
    return list(dict.fromkeys(filter(None, (name.replace("_", " "), name, label, *synonyms))))
