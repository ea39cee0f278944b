"""What part of some people are others of the same kind: "what proportion of buyers are repeat buyers", "among
all users, what share are repeat buyers". Both are counted by questions of their own."""

from __future__ import annotations

from dataclasses import replace

from nl2sql.plan.base import Derived, QueryPlan
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked, word
from nl2sql.writers.offline.constructs.pieces import is_filler, places, together
from nl2sql.writers.offline.senses import (
    Chunk,
    DatasetSense,
    FilterSense,
    MetricSense,
    NumberSense,
    PeriodSense,
    RoleSense,
    VerbSense,
)

Chunks = tuple[Chunk, ...]
_JOINS = ("is", "that", "preposition", "comma", "with", "share")


def read_role_shares(question: Linked, inner: Inner) -> QueryPlan | None:
    chunks = question.chunks
    marks = places(chunks, "share")
    if len(marks) != 1 or not any(r.at_least > 1 for c in chunks for r in c.of(RoleSense)):
        return None
    people = [i for i, c in enumerate(chunks) if c.has(RoleSense, DatasetSense)]
    if len(people) != 2 or any(c.has(MetricSense, NumberSense, VerbSense, FilterSense) for c in chunks):
        return None
    whole, part = people
    if _is_group(chunks[whole]) or not _is_group(chunks[part]) or _target(question, whole) != _target(question, part):
        return None
    between = chunks[whole + 1 : part]
    if not any(c.word("is") for c in between) or not all(_joins(c) for c in (*chunks[:whole], *between)):
        return None
    behind = chunks[part + 1 :]
    if any(not (c.has(PeriodSense) or is_filler(c) or c.word("comma")) for c in behind):
        return None
    count = word("number of", "count")
    of_all, of_group = inner((count, chunks[whole], *behind)), inner((count, chunks[part], *behind))
    if of_all.base != of_group.base or len(of_all.measures) != 1 or of_all.dimensions or of_group.dimensions:
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
    return is_filler(chunk) or any(chunk.word(kind) for kind in _JOINS)


ROLE_SHARES = Construct("a group's part of all", read_role_shares)
