"""Negations that a plan says of something else: of the state of a row, where it is said of an event, and the other way
round."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from nl2sql.plan.base import Condition, During, Exists, Named
from nl2sql.writers.offline.look import Look
from nl2sql.writers.offline.senses import Chunk, DatasetSense, FilterSense, PeriodSense

_NEVER = frozenset("never, never had, have yet to, has yet to, had yet to, yet to, nobody, no one".split(", "))


def _turned_inside(condition: Condition) -> bool:
    return isinstance(condition, Named) and condition.negated


def _asked_of_people(look: Look) -> Iterator[Exists]:
    for condition in look.plan.conditions:
        if isinstance(condition, Exists) and condition.conditions and look.plan.base in look.people():
            yield condition


def _state_of_what_nobody_named(look: Look) -> str:
    """ "sellers who are not active": of them, or of what they offer? And "never" says that there is none at all."""
    for exists in _asked_of_people(look):
        if exists.negated or not any(map(_turned_inside, exists.conditions)):
            continue
        named = {s.dataset for c in look.said for s in c.of(DatasetSense)}
        never = any(c.words.lower() in _NEVER for c in look.said)
        if never or exists.dataset not in named:
            return _negated_words(look, exists.dataset)
    return ""


def _state_of_what_was_named(look: Look) -> str:
    """ "sellers with listings that are not sold": they have such listings, whatever became of the others."""
    for exists in _asked_of_people(look):
        if not exists.negated or not any(isinstance(c, Named) for c in exists.conditions):
            continue
        for at, chunk in enumerate(look.chunks):
            things = {s.dataset for s in chunk.of(DatasetSense)}
            behind = look.chunks[at + 1 : at + 5]
            clause = behind[:1] and (behind[0].word("that") or behind[0].word("with"))
            if exists.dataset in things and clause and _says_not(behind[1:], exists.dataset):
                return _negated_words(look, exists.dataset)
    return ""


def _says_not(chunks: tuple[Chunk, ...], dataset: str) -> bool:
    """Whether a state of the dataset is negated here, before anything else is named."""
    negated = False
    for chunk in chunks:
        if negated and any(s.dataset == dataset for s in chunk.of(FilterSense)):
            return True
        if chunk.has(DatasetSense, FilterSense):
            return False
        negated = negated or bool(chunk.word("not"))
    return False


def _negated_words(look: Look, dataset: str) -> str:
    negation = next((c.words for c in look.chunks if c.word("not")), "")
    state = next((c.words for c in look.chunks if any(s.dataset == dataset for s in c.of(FilterSense))), "")
    return f"{negation} … {state}" if negation and state else negation or state


def _time_of_what_is_missing(look: Look) -> str:
    """ "sold items without a payment in 2025": sold in that year, or not paid in it? Only things that have a moment of
    their own are asked about: of people it is the deed that is dated."""
    plan = look.plan
    missing = [c for c in plan.conditions if isinstance(c, Exists) and c.negated]
    if not any(isinstance(i, During) for c in missing for i in c.conditions) or plan.base in look.people():
        return ""
    dated = [
        c for c in plan.conditions if isinstance(c, Named) and not c.negated and not c.path and _has_moment(look, c)
    ]
    own = any(isinstance(c, During) for c in plan.conditions)
    if own or not dated:
        return ""
    return next((c.words for c in look.said if c.has(PeriodSense)), "")


def _has_moment(look: Look, named: Named) -> bool:
    return any(f.name == named.filter and f.time_field for f in look.model.dataset(named.dataset).filters)


RULES_OF_NEGATION: tuple[Callable[[Look], str], ...] = (
    _state_of_what_nobody_named,
    _state_of_what_was_named,
    _time_of_what_is_missing,
)
