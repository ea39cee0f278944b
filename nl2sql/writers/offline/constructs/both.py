"""Two things that hold of the same ones: "users who have both sold and bought something", "buyers who bought in 2024
and also in 2025".

The question is read once with each; what only one of the readings asks for is asked together. That must be something
the rows did or have, at least once: of one row's own date, two different years cannot both hold.
"""

from __future__ import annotations

from dataclasses import replace

from nl2sql.plan.base import Condition, Exists, QueryPlan, RoleHolds
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked
from nl2sql.writers.offline.constructs.pieces import following, mentions, places, together
from nl2sql.writers.offline.frame import NotUnderstood
from nl2sql.writers.offline.senses import Chunk, FilterSense, PeriodSense, VerbSense, is_filler

Chunks = tuple[Chunk, ...]
_KINDS = frozenset(("both", "again"))
_PHRASES = {("again", ""): "and also | and again | and then also | but also | as well as again"}


def read_both(question: Linked, inner: Inner) -> QueryPlan | None:
    chunks = question.chunks
    if not mentions(chunks, _KINDS):
        return None
    split = _deeds(question) or _periods(chunks)
    if split is None:
        return None
    one, other = inner(split[0]), inner(split[1])
    if replace(one, conditions=(), assumptions=()) != replace(other, conditions=(), assumptions=()):
        raise NotUnderstood("I could not tell what both of that holds for.", ("both",))
    only_one = [c for c in one.conditions if c not in other.conditions]
    only_other = [c for c in other.conditions if c not in one.conditions]
    if not only_one or not only_other or not all(map(_may_hold_beside, (*only_one, *only_other))):
        raise NotUnderstood("I could not tell what both of that holds for.", ("both",))
    conditions = tuple(dict.fromkeys((*one.conditions, *only_other)))
    return replace(one, conditions=conditions, assumptions=together(one.assumptions, other.assumptions))


def _may_hold_beside(condition: Condition) -> bool:
    return isinstance(condition, Exists | RoleHolds) and not getattr(condition, "negated", False)


def _deeds(question: Linked) -> tuple[Chunks, Chunks] | None:
    """ "both sold and bought …": once each without the other verb. What stands behind is said of both deeds where both
    are of the same things; "commented and placed bids" is left alone."""
    chunks = question.chunks
    for both in places(chunks, "both"):
        first = following(chunks, both)
        joint = following(chunks, first)
        second = following(chunks, joint)
        onto = second < len(chunks) and chunks[first].has(VerbSense) and chunks[joint].word("preposition")
        if onto and chunks[second].word("and"):  # "both bid on and won": by the same one, on the same thing
            raise NotUnderstood("I could not tell what both of that holds for.", (chunks[both].words,))
        if second >= len(chunks) or not chunks[joint].word("and"):
            continue
        if not all(chunks[i].has(VerbSense, FilterSense) and chunks[i].has(VerbSense) for i in (first, second)):
            continue
        before, behind = chunks[:both], chunks[second + 1 :]
        alike = _sources(chunks[first], question) & _sources(chunks[second], question)
        if not alike and any(not (is_filler(c) or c.has(PeriodSense) or c.word("preposition")) for c in behind):
            continue
        return (*before, chunks[first], *behind), (*before, chunks[second], *behind)
    return None


def _sources(chunk: Chunk, question: Linked) -> set[str]:
    return {question.graph.relationships[v.relationship].source for v in chunk.of(VerbSense)}


def _periods(chunks: Chunks) -> tuple[Chunks, Chunks] | None:
    """ "in 2024 and also in 2025", "both in 2024 and in 2025"."""
    dated = [i for i, c in enumerate(chunks) if c.has(PeriodSense)]
    if len(dated) != 2:
        return None
    first, second = dated
    between = chunks[first + 1 : second]
    said = any(c.word("again") for c in between) or (
        any(c.word("both") for c in chunks[:first]) and any(c.word("and") for c in between)
    )
    joins = all(c.word("again") or c.word("and") or c.word("comma") or is_filler(c) for c in between)
    if not said or not joins:
        return None
    before = tuple(c for c in chunks[:first] if not c.word("both"))
    behind = chunks[second + 1 :]
    return (*before, chunks[first], *behind), (*before, chunks[second], *behind)


BOTH = Construct("both of two", read_both, _PHRASES)
