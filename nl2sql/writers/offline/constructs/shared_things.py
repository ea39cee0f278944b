"""Those who did something with what somebody else did something with: "how many other users have bid on a listing that
anna_k also bid on", "which users commented on items that marco77 bought"."""

from __future__ import annotations

from dataclasses import dataclass, replace

from nl2sql.catalog.model import Relationship
from nl2sql.plan.base import Comparison, Condition, During, Exists, FieldRef, Named, QueryPlan, RoleHolds
from nl2sql.plan.periods import Period
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked
from nl2sql.writers.offline.constructs.pieces import said
from nl2sql.writers.offline.frame import NotUnderstood
from nl2sql.writers.offline.scope import Scope
from nl2sql.writers.offline.senses import (
    Chunk,
    ConditionSense,
    DatasetSense,
    FilterSense,
    PeriodSense,
    Placer,
    RoleSense,
    ValueSense,
    VerbSense,
    is_filler,
)

Chunks = tuple[Chunk, ...]
_OTHER, _ALSO = "other", ("also", "too", "as well")
_PHRASES = {("other ones", ""): "other", ("as well", ""): "also"}
_LINKS = ("that", "is", "with")
_ARTICLES = ("a", "an", "any", "some", "the", "same")


def read_shared_things(question: Linked, inner: Inner) -> QueryPlan | None:
    chunks = question.chunks
    person = [i for i, c in enumerate(chunks) if c.has(ValueSense) and not c.has(DatasetSense, RoleSense, VerbSense)]
    if len(person) != 1 or person[0] < 4 or person[0] + 1 >= len(chunks):
        return None
    found = _clauses(chunks, person[0], question)
    if found is None:
        return None
    plan = inner(found)
    question.settle((*found, chunks[person[0]]))
    return plan


def _clauses(chunks: Chunks, person: int, question: Linked) -> Chunks | None:
    """The head, and one condition made of both clauses."""
    thing = person - 1
    while (
        thing > 0 and (chunks[thing].word("that") or is_filler(chunks[thing])) and not chunks[thing].has(DatasetSense)
    ):
        thing -= 1
    deed = thing - 1
    while deed > 0 and (chunks[deed].words.lower() in _ARTICLES or said(chunks[deed], "preposition")):
        deed -= 1
    head = next((i for i, c in enumerate(chunks[:deed]) if c.has(DatasetSense, RoleSense)), -1)
    if head < 0 or not chunks[thing].has(DatasetSense) or not chunks[deed].has(VerbSense):
        return None
    between = [c for c in chunks[head + 1 : deed] if not (any(c.word(kind) for kind in _LINKS) or is_filler(c))]
    people = _people(chunks[head], question)
    if (
        between
        or not _does(chunks[person + 1 :])
        or not any(v.dataset == people for v in chunks[person].of(ValueSense))
    ):
        return None
    theirs = _only_deed(chunks[person + 1 :])
    if theirs is None:
        words = " ".join(c.words for c in chunks[person:])
        raise NotUnderstood(f"I cannot tell what of “{words}” is said of whom.", (words,))
    things = {s.dataset for s in chunks[thing].of(DatasetSense)}
    labels = {v for v in chunks[person].of(ValueSense) if v.dataset == people}
    label = question.model.dataset(people).label_field
    if len(things) != 1 or len(labels) != 1 or not all(v.field == label for v in labels):
        return None
    dataset = things.pop()
    mine, other = (_deed(c, people, dataset, question) for c in (chunks[deed], theirs[0]))
    if mine is None or other is None:
        return None
    if theirs[1] is not None:
        other = _dated(other, theirs[1], question)
    value = labels.pop().value
    apart = any(c.words.lower() == _OTHER for c in chunks[:head])
    made = _condition(mine, other, dataset, FieldRef((), people, label), value, apart=apart)
    lead = tuple(c for c in chunks[: head + 1] if c.words.lower() != _OTHER)
    return (*lead, Chunk(" ".join(c.words for c in chunks[deed:]), (made,)))


def _people(chunk: Chunk, question: Linked) -> str:
    roles = chunk.of(RoleSense)
    return question.graph.relationships[roles[0].relationship].target if roles else chunk.of(DatasetSense)[0].dataset


def _does(tail: Chunks) -> bool:
    """Whether the person does something there: words before the verb say nothing of their own."""
    for chunk in tail:
        if chunk.has(VerbSense):
            return True
        if not (is_filler(chunk) or chunk.word("is") or chunk.words.lower() in _ALSO):
            return False
    return False


def _only_deed(tail: Chunks) -> tuple[Chunk, Period | None] | None:
    """What the other one did, and when, where nothing else is said: "also bid on in 2025"."""
    deeds = [c for c in tail if c.has(VerbSense)]
    periods = [c.of(PeriodSense)[0].period for c in tail if c.has(PeriodSense)]
    rest = [c for c in tail if not c.has(VerbSense, PeriodSense)]
    plain = all(is_filler(c) or said(c, "preposition", "is") or c.words.lower() in _ALSO for c in rest)
    return (deeds[0], next(iter(periods), None)) if len(deeds) == 1 and len(periods) <= 1 and plain else None


@dataclass(frozen=True, slots=True)
class _Way:
    """How people are led to a thing by what they did: the relationship, the steps from its rows to the thing, and the
    states that the verb says of those rows ("sold")."""

    done: Relationship
    steps: tuple[str, ...]
    states: tuple[Condition, ...]

    def holds(self) -> tuple[Condition, ...]:
        role = RoleHolds((), self.done.source, self.done.name)
        return (*((role,) if self.done.condition else ()), *self.states)


def _deed(chunk: Chunk, people: str, thing: str, question: Linked) -> _Way | None:
    ways = []
    for sense in chunk.of(VerbSense):
        done = question.graph.relationships[sense.relationship]
        for path in question.graph.paths(done.source, thing) if done.target == people else ():
            states = [s for s in chunk.of(FilterSense) if s.dataset == done.source]
            ways.append(_Way(done, tuple(path), tuple(Named((), s.dataset, s.filter) for s in states)))
    return ways[0] if len(ways) == 1 and len(ways[0].steps) <= 1 else None


def _dated(way: _Way, period: Period, question: Linked) -> _Way:
    """In that time: when the rows of the deed are dated."""
    dataset = question.model.dataset(way.done.source)
    field = way.done.time_field or dataset.time_field
    if not field:
        raise NotUnderstood(f"I do not know when {dataset.label or dataset.name} were made.")
    return replace(way, states=(*way.states, During(FieldRef((), dataset.name, field), period)))


def _condition(mine: _Way, other: _Way, thing: str, label: FieldRef, value: str, *, apart: bool) -> ConditionSense:
    who = Comparison(FieldRef((other.done.name,), label.dataset, label.field), "=", (value,))
    by_other: tuple[Condition, ...] = (*other.holds(), who)
    if other.steps:
        back = tuple(f"-{step}" for step in reversed(other.steps))
        by_other = (Exists(back, other.done.source, by_other),)

    def bind(placer: Placer, scope: Scope) -> list[Condition]:
        inside = (*mine.holds(), *(_moved(each, mine.steps) for each in by_other))
        found: list[Condition] = [Exists((*scope.path, f"-{mine.done.name}"), mine.done.source, inside)]
        if apart:
            found.append(Comparison(FieldRef(scope.path, label.dataset, label.field), "<>", (value,)))
        return found

    return ConditionSense(bind)


def _moved(condition: Condition, steps: tuple[str, ...]) -> Condition:
    """The same, seen from the rows that lead to the thing by these steps."""
    match condition:
        case Comparison(field=FieldRef(path, dataset, name), operator=operator, values=values):
            return Comparison(FieldRef((*steps, *path), dataset, name), operator, values)
        case During(FieldRef(path, dataset, name), period):
            return During(FieldRef((*steps, *path), dataset, name), period)
        case Named(path, dataset, name, negated):
            return Named((*steps, *path), dataset, name, negated)
        case RoleHolds(path, dataset, relationship, member):
            return RoleHolds((*steps, *path), dataset, relationship, member)
        case Exists(path, dataset, conditions, negated, operator, count):
            return Exists((*steps, *path), dataset, conditions, negated, operator, count)
    return condition


SHARED_THINGS = Construct("what another did as well", read_shared_things, _PHRASES)
