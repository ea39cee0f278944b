"""Every phrase the writer knows for one model and one state of its values, and the longest-match linking over it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

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


class Lexicon:
    """Immutable once built; share it between threads."""

    def __init__(self, model: SemanticModel, values: Iterable[IndexedValue]) -> None:
        self._phrases: dict[str, dict[tuple[str, ...], list[Sense]]] = {}
        self._codes: dict[str, list[Sense]] = {}  # values of one or two letters: only as written, "US" is not "us"
        for words, senses in phrases(construct.phrases for construct in CONSTRUCTS).items():
            for kind, argument in senses:
                self._add(words, WordSense(kind, argument))
        self._inflected: dict[str, dict[tuple[str, ...], list[Sense]]] = {}  # by their stems, of the model alone
        for phrase, sense in _model_phrases(model):
            words = normalize(phrase)
            self._add(words, sense)
            if isinstance(sense, FieldSense | VerbSense | FilterSense):
                _put(self._inflected, stems(words), sense)
        for each in values:
            sense = ValueSense(each.dataset, each.field, each.value)
            if len(each.words) <= 2:
                self._codes.setdefault(each.words, []).append(sense)
            else:
                self._add(normalize(each.words), sense)
        self._model_words = sorted(
            {word for table in self._phrases.values() for words in table for word in words if len(word) >= 4}
        )

    def _add(self, words: tuple[str, ...], sense: Sense) -> None:
        _put(self._phrases, words, sense)

    def known_phrases(self) -> set[str]:
        """Every phrase with a sense, as its words stand after normalising."""
        return {" ".join(words) for table in self._phrases.values() for words in table}

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
        senses = self._phrases.get(words[0], {}).get(words, []) if words else []
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
            return Chunk(" ".join(t.text for t in tokens[at : at + length]), tuple(senses)), length
        token = tokens[at]
        if token.number is not None:
            return Chunk(token.text, (NumberSense(token.number, token.unit),)), 1
        senses, length = self._other_form(tokens, at)
        if length:
            return Chunk(" ".join(t.text for t in tokens[at : at + length]), tuple(senses)), length
        return self._typo(token), 1

    def _phrase(self, tokens: tuple[Token, ...], at: int) -> tuple[list[Sense], int]:
        token = tokens[at]
        if token.text in self._codes:
            return self._codes[token.text], 1
        best: tuple[list[Sense], int] = ([], 0)
        for words, senses in self._phrases.get(token.norm, {}).items():
            length = len(words)
            if words[0] in ("or", "and") and length > 1 and _bounds_again(tokens[at + length : at + length + 1]):
                continue  # "or more than 3", "or over 3": another bound
            stretch = tokens[at : at + length]
            if any(t.opens for t in stretch[1:]) and not any(isinstance(s, ValueSense) for s in senses):
                continue  # no phrase goes across the end of a sentence
            if length > best[1] and tuple(t.norm for t in stretch) == words:
                best = (senses, length)
        if token.number is not None and best[1] == 1:
            return [], 0
        return best

    def _other_form(self, tokens: tuple[Token, ...], at: int) -> tuple[list[Sense], int]:
        """The longest phrase of the model that stands here with its verb in another form."""
        if tokens[at].text in self._codes or not tokens[at].norm.endswith(("ing", "ed")):
            return [], 0
        known = self._inflected.get(stem(tokens[at].norm), {})
        fitting = [w for w in known if stems(tuple(t.norm for t in tokens[at : at + len(w)])) == w]
        longest = max(fitting, key=len, default=())
        return (known[longest], len(longest)) if longest else ([], 0)

    def _typo(self, token: Token) -> Chunk:
        """One edit away from exactly one word of one phrase: read as that word, and say so."""
        if len(token.norm) < _MIN_TYPO_LETTERS:
            return Chunk(token.text, ())
        close = process.extract(token.norm, self._model_words, scorer=OSA.distance, score_cutoff=1, limit=4)
        likely = [word for word, _, _ in close if _is_slip(token.norm, word)]
        if len(likely) != 1:
            return Chunk(token.text, ())
        word = likely[0]
        senses = self._phrases.get(word, {}).get((word,), [])
        return Chunk(token.text, tuple(senses), corrected=word if senses else "")


def _put(table: dict[str, dict[tuple[str, ...], list[Sense]]], words: tuple[str, ...], sense: Sense) -> None:
    if words:
        senses = table.setdefault(words[0], {}).setdefault(words, [])
        if sense not in senses:
            senses.append(sense)


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
