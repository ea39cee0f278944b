"""What part of some people are others of the same kind: "what proportion of buyers are repeat buyers", "among
all users, what share are sellers". Both are counted by questions of their own."""

from __future__ import annotations

from dataclasses import replace

from nl2sql.plan.base import Derived, QueryPlan
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked, word
from nl2sql.writers.offline.constructs.pieces import places, together
from nl2sql.writers.offline.frame import NotUnderstood
from nl2sql.writers.offline.senses import (
    Chunk,
    DatasetSense,
    FilterSense,
    MetricSense,
    NumberSense,
    PeriodSense,
    RoleSense,
    VerbSense,
    is_filler,
)

Chunks = tuple[Chunk, ...]
_JOINS = ("is", "that", "preposition", "comma", "with", "share")


def read_role_shares(question: Linked, inner: Inner) -> QueryPlan | None:
    if not places(question.chunks, "share"):
        return None
    return _who_are(question, inner) or _with_so_much(question, inner)


def _who_are(question: Linked, inner: Inner) -> QueryPlan | None:
    chunks = question.chunks
    marks = places(chunks, "share")
    if len(marks) != 1 or not any(c.has(RoleSense) for c in chunks):
        return None
    people = [i for i, c in enumerate(chunks) if c.has(RoleSense, DatasetSense)]
    if len(people) != 2 or any(c.has(MetricSense, NumberSense, VerbSense, FilterSense) for c in chunks):
        return None
    whole, part = people
    if (
        _is_group(chunks[whole])
        or not chunks[part].has(RoleSense)
        or _target(question, whole) != _target(question, part)
    ):
        return None
    if chunks[whole].of(RoleSense) == chunks[part].of(RoleSense):
        return None
    between = chunks[whole + 1 : part]
    if not any(c.word("is") for c in between) or not all(_joins(c) for c in (*chunks[:whole], *between)):
        return None
    behind = chunks[part + 1 :]
    if any(not (c.has(PeriodSense) or is_filler(c) or c.word("comma")) for c in behind):
        return None
    dated = any(c.has(PeriodSense) for c in behind)
    if dated and not chunks[whole].has(RoleSense):
        raise NotUnderstood("I could not tell whether the period is that of all or of the part.")
    return _ratio((chunks[whole], *behind), (chunks[part], *behind), inner)


def _with_so_much(question: Linked, inner: Inner) -> QueryPlan | None:
    """ "share of sellers with GMV over 1,000": how many of all sellers, and not their part of the GMV."""
    chunks = question.chunks
    marks = places(chunks, "share")
    people = next((i for i, c in enumerate(chunks) if c.has(RoleSense, DatasetSense)), -1)
    bound = next((i for i, c in enumerate(chunks) if c.word("compare") or c.word("between")), -1)
    if len(marks) != 1 or people < 0 or not marks[0] < people < bound or any(c.word("by") for c in chunks):
        return None
    has = chunks[people + 1].word("with") or chunks[people + 1].words.lower() in ("have", "has", "had")
    if not all(_joins(c) for c in chunks[:people]) or not has:
        return None
    measured = [c for c in chunks[people + 2 : bound] if not is_filler(c)]
    if len(measured) != 1 or not measured[0].has(MetricSense) or any(c.word("grain") for c in chunks):
        return None
    return _ratio((chunks[people],), (chunks[people], word("with", "with"), *chunks[people + 2 :]), inner)


def _ratio(whole: Chunks, part: Chunks, inner: Inner) -> QueryPlan | None:
    """How many of the whole are of the part; None where the two are not counted over the same rows."""
    count = word("number of", "count")
    of_all, of_group = inner((count, *whole)), inner((count, *part))
    if of_all.base != of_group.base or len(of_all.measures) != 1 or len(of_group.measures) != 1:
        return None
    if of_all.dimensions or of_group.dimensions or of_all.having or of_group.having:
        return None
    name = of_group.measures[0].name
    conditions = tuple(c for c in of_group.conditions if c not in of_all.conditions)
    counted = replace(of_all.measures[0], hidden=True)
    narrowed = replace(counted, name=f"part_of_{counted.name}", conditions=conditions)
    share = Derived(f"share_of_{name.removeprefix('number_of_')}", "ratio", narrowed.name, counted.name)
    notes = together(of_all.assumptions, of_group.assumptions)
    return replace(of_all, measures=(narrowed, counted), derived=(share,), assumptions=notes)


def _is_group(chunk: Chunk) -> bool:
    return any(r.at_least > 1 for r in chunk.of(RoleSense))


def _target(question: Linked, at: int) -> str:
    chunk = question.chunks[at]
    if roles := chunk.of(RoleSense):
        return question.graph.relationships[roles[0].relationship].target
    return chunk.of(DatasetSense)[0].dataset


def _joins(chunk: Chunk) -> bool:
    return chunk.words.lower() == "also" or is_filler(chunk) or any(chunk.word(kind) for kind in _JOINS)


ROLE_SHARES = Construct("a group's part of all", read_role_shares)
