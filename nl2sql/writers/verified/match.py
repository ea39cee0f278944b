"""A question → the verified queries it asks, word for word.

A template matches when every word of the question is one of its words or part of a value in one of its slots, in its
order. There is no nearness: one word more, less or other, and it is another question. Templates are found by their
rarest word, so that a question meets the few that could match.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from nl2sql.writers.offline.tokens import Token
from nl2sql.writers.verified.base import Filled, Parameter, Slot, Template, Value, VerifiedQuery
from nl2sql.writers.verified.slots import NO_WORDS, Vocabulary, read_slot, read_whole
from nl2sql.writers.verified.words import question_words, written

VocabularyOf = Callable[[str], Vocabulary]
Filling = dict[str, Filled]


@dataclass(frozen=True)
class Match:
    """`filled` has every parameter; those in `assumed` were not named, and have their default."""

    query: VerifiedQuery
    template: Template
    filled: Filling
    assumed: tuple[str, ...]

    @property
    def values(self) -> dict[str, Value]:
        return {name: each.value for name, each in self.filled.items()}


@dataclass(frozen=True, slots=True)
class _Candidate:
    query: VerifiedQuery
    template: Template
    literals: frozenset[str]
    parameters: dict[str, Parameter]


class Matcher:
    """Immutable after it is made."""

    def __init__(self, queries: tuple[VerifiedQuery, ...]) -> None:
        self._by_word: dict[str, list[_Candidate]] = {}
        candidates = [
            _Candidate(query, template, template.literals, {each.name: each for each in query.parameters})
            for query in queries
            for template in query.templates
        ]
        uses = Counter(word for each in candidates for word in each.literals)
        for each in candidates:
            rarest = min(each.literals, key=lambda word: (uses[word], word))
            self._by_word.setdefault(rarest, []).append(each)

    def matches(self, text: str, as_of: date, vocabulary_of: VocabularyOf) -> list[Match]:
        """One a query, those first that have most words of the question as their own. A query that could be filled
        in two ways matches in none."""
        tokens = question_words(text)
        if not tokens:
            return []
        words = {written(token) for token in tokens}
        found: dict[str, list[Match]] = {}
        for word in words & self._by_word.keys():
            for candidate in self._by_word[word]:
                if candidate.literals <= words:
                    for match in _matches_of(candidate, tokens, as_of, vocabulary_of):
                        found.setdefault(match.query.id, []).append(match)
        settled = [settled for each in found.values() if (settled := _settled(each)) is not None]
        return sorted(settled, key=lambda match: (-_own_words(match), match.query.id))


def most_literal(matches: list[Match]) -> list[Match]:
    """Those that read the fewest words as values: a query of "electronics" stands before one of any category."""
    most = max(map(_own_words, matches), default=0)
    return [match for match in matches if _own_words(match) == most]


def _own_words(match: Match) -> int:
    return sum(isinstance(part, str) for part in match.template.parts)


def _settled(matches: list[Match]) -> Match | None:
    """The most literal reading of one query, unless another one that is as literal gives it other values."""
    best = most_literal(matches)
    return best[0] if all(match.values == best[0].values for match in best) else None


def _matches_of(
    candidate: _Candidate, tokens: tuple[Token, ...], as_of: date, vocabulary_of: VocabularyOf
) -> Iterator[Match]:
    def known(parameter: Parameter) -> Vocabulary:
        return vocabulary_of(parameter.field) if parameter.type == "text" else NO_WORDS

    named = candidate.template.slots
    for filling in _fillings(candidate, tokens, 0, 0, as_of, known):
        assumed = tuple(name for name in candidate.parameters if name not in named)
        whole = dict(filling)
        for name in assumed:
            parameter = candidate.parameters[name]
            filled = read_whole(parameter, parameter.default, as_of, known(parameter))
            if filled is not None:
                whole[name] = filled
        if whole.keys() == candidate.parameters.keys():
            yield Match(candidate.query, candidate.template, whole, assumed)


def _fillings(
    candidate: _Candidate,
    tokens: tuple[Token, ...],
    part: int,
    at: int,
    as_of: date,
    known: Callable[[Parameter], Vocabulary],
) -> Iterator[Filling]:
    """Every way to read the tokens from `at` on as the parts from `part` on. A comma between two parts is nothing."""
    parts = candidate.template.parts
    while at < len(tokens) and tokens[at].norm == ",":
        at += 1
    if part == len(parts):
        if at == len(tokens):
            yield {}
        return
    expected = parts[part]
    if not isinstance(expected, Slot):
        if at < len(tokens) and written(tokens[at]) == expected:
            yield from _fillings(candidate, tokens, part + 1, at + 1, as_of, known)
        return
    parameter = candidate.parameters[expected.name]
    for filled, length in read_slot(parameter, tokens, at, as_of, known(parameter)):
        for rest in _fillings(candidate, tokens, part + 1, at + length, as_of, known):
            yield {expected.name: filled} | rest
