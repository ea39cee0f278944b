"""How many different things there are among others: "in how many countries do we have sellers", "number of distinct
categories with a sale in 2025". The others are read grouped by the things, which are then counted instead."""

from __future__ import annotations

from dataclasses import replace

from nl2sql.plan.base import FieldRef, Measure, QueryPlan
from nl2sql.plan.names import plural
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked, word
from nl2sql.writers.offline.constructs.pieces import said
from nl2sql.writers.offline.frame import NotUnderstood
from nl2sql.writers.offline.senses import (
    Chunk,
    DatasetSense,
    FieldSense,
    FilterSense,
    MetricSense,
    NumberSense,
    RoleSense,
    ValueSense,
    is_filler,
)

_NOUNS = (DatasetSense, RoleSense)


def read_different(question: Linked, inner: Inner) -> QueryPlan | None:
    chunks = question.chunks
    count = next((i for i, c in enumerate(chunks) if said(c, "count")), -1)
    if count < 0 or not all(is_filler(c) or said(c, "preposition", "list") for c in chunks[:count]):
        return None
    at = count + 1
    while at < len(chunks) and (said(chunks[at], "distinct") or is_filler(chunks[at])):
        at += 1
    if at >= len(chunks) - 1:
        return None
    distinct = any(said(c, "distinct") for c in chunks[count:at])
    others = _others(chunks, at, question, distinct=distinct)
    if others is None:
        return None
    start, end = others
    rest = [c for i, c in enumerate(chunks) if i > at and not start <= i < end and not _only_joins(c)]
    rest = _without_lead(rest)
    plan = inner((word("number of", "count"), *chunks[start:end], *rest, word("by", "by"), chunks[at]))
    return _counted(plan, chunks[at], question)


def _others(chunks: tuple[Chunk, ...], at: int, question: Linked, *, distinct: bool) -> tuple[int, int] | None:
    """From where to where the others are named, behind the things; None where the things are counted as they stand."""
    if any(
        c.has(NumberSense, MetricSense) or said(c, "by", "compare", "not", "agg", "grain", "most") for c in chunks[at:]
    ):
        return None
    names = _is_name(chunks[at], question)
    things = {s.dataset for s in chunks[at].of(DatasetSense)}
    for index in range(at + 1, len(chunks)):
        chunk = chunks[index]
        start = index
        while start - 1 > at and chunks[start - 1].has(FilterSense, ValueSense) and not chunks[start - 1].has(*_NOUNS):
            start -= 1
        if names and chunk.has(*_NOUNS):
            return start, index + 1
        if distinct and things and _filtered(chunk, things, question) and not chunk.has(*_NOUNS):
            return start, index + 1
    return None


def _is_name(chunk: Chunk, question: Linked) -> bool:
    """A field whose values are names ("country"), and no thing of its own."""
    fields = [question.model.dataset(f.dataset).field(f.field) for f in chunk.of(FieldSense)]
    plain = not any(f.datatype.is_number or f.is_time for f in fields)
    return bool(fields) and plain and not chunk.has(*_NOUNS, FilterSense, ValueSense)


def _filtered(chunk: Chunk, things: set[str], question: Linked) -> bool:
    """ "a sale": rows in a state, that belong to the things."""
    datasets = {s.dataset for s in chunk.of(FilterSense)} - things
    return any(question.graph.paths(dataset, thing) for dataset in datasets for thing in things)


def _only_joins(chunk: Chunk) -> bool:
    return is_filler(chunk) or said(chunk, "with") is not None


def _without_lead(rest: list[Chunk]) -> list[Chunk]:
    """ "do sellers come from": the words that tied the others to the things say nothing once they are grouped."""
    while rest and said(rest[0], "is", "preposition", "that"):
        if said(rest[0], "preposition") and len(rest) > 1 and not said(rest[1], "is", "preposition", "that"):
            break
        del rest[0]
    while rest and said(rest[-1], "is", "preposition"):
        rest.pop()
    return rest


def _counted(plan: QueryPlan, thing: Chunk, question: Linked) -> QueryPlan:
    odd = plan.having or plan.derived or plan.beside or plan.fold or plan.limit is not None
    ref = plan.dimensions[0].field if len(plan.dimensions) == 1 else None
    if odd or not isinstance(ref, FieldRef):
        raise NotUnderstood(f"I could not tell among what to count {thing.words}.", (thing.words,))
    if plan.dimensions[0].entity:
        keys = question.model.dataset(ref.dataset).primary_key
        if len(keys) != 1:
            raise NotUnderstood(f"I cannot count different {thing.words}.", (thing.words,))
        ref = FieldRef(ref.path, ref.dataset, keys[0])
    name = f"number_of_{plural(plan.dimensions[0].name)}".lower().replace(" ", "_").replace("-", "_")
    return replace(plan, measures=(Measure("distinct", name, field=ref),), dimensions=(), order=None)


DIFFERENT = Construct("different things", read_different)
