"""Things counted by a number that is itself a count: "how many listings by number of bids", "distribution of bids per
listing", "how many users placed 0, 1 and 2 bids"."""

from __future__ import annotations

from dataclasses import dataclass, replace

from nl2sql.plan.base import Comparison, Dimension, Order, QueryPlan
from nl2sql.writers.offline.constructs.base import Inner, Linked, word
from nl2sql.writers.offline.constructs.counted import Counted, counted_rows, related_count, way_back
from nl2sql.writers.offline.constructs.pieces import following, said
from nl2sql.writers.offline.frame import NotUnderstood
from nl2sql.writers.offline.senses import (
    Chunk,
    DatasetSense,
    FieldSense,
    FilterSense,
    NumberSense,
    PeriodSense,
    RoleSense,
    VerbSense,
    is_filler,
)

_NOUNS = (DatasetSense, RoleSense)


@dataclass(frozen=True, slots=True)
class _Ask:
    """Units counted by how many rows belong to each; `values`: only for those numbers of rows."""

    units: tuple[Chunk, ...]
    rows: tuple[Chunk, ...]
    rest: tuple[Chunk, ...] = ()
    values: tuple[str, ...] = ()


def read_counts_by_number(question: Linked, inner: Inner) -> QueryPlan | None:
    chunks = question.chunks
    ask = _by_number(chunks) or _per_unit(chunks) or _numbers_of(chunks)
    if ask is None:
        return None
    counted = counted_rows(ask.rows, question, inner)
    plan = inner((word("number of", "count"), *ask.units, *ask.rest))
    if counted is None or [m.kind for m in plan.measures] != ["count"] or plan.having or plan.limit is not None:
        raise NotUnderstood("I can only count things by a number of other things.")
    return _grouped(plan, ask, counted, question)


def _grouped(plan: QueryPlan, ask: _Ask, counted: Counted, question: Linked) -> QueryPlan:
    noun = next(chunk for chunk in reversed(ask.units) if chunk.has(*_NOUNS))
    role = noun.of(RoleSense)[0].relationship if noun.has(RoleSense) else ""
    if role and question.graph.relationships[role].target != plan.base:
        raise NotUnderstood(f"I cannot count {noun.words} by a number here.", (noun.words,))
    verbs = frozenset(v.relationship for chunk in ask.rows for v in chunk.of(VerbSense) if not chunk.has(*_NOUNS))
    path = way_back(counted, plan.base, role, verbs, question)
    related = related_count(counted, path, role, question)
    name = f"number of {counted.label}"
    only = (Comparison(related, "in", ask.values),) if ask.values else ()
    return replace(
        plan,
        dimensions=(*plan.dimensions, Dimension(name, related)),
        conditions=(*plan.conditions, *only),
        order=Order(descending=False, column=name),
    )


def _by_number(chunks: tuple[Chunk, ...]) -> _Ask | None:
    """ "how many listings by number of bids": counted at both ends, and nothing ranked."""
    shape = next((i for i, c in enumerate(chunks) if said(c, "histogram") or said(c, "count")), -1)
    if shape < 0 or any(said(c, "extreme", "most", "recent", "dear") for c in chunks):
        return None
    for index in range(shape + 1, len(chunks)):
        after = following(chunks, index)
        if said(chunks[index], "by") and after < len(chunks) and said(chunks[after], "count"):
            units = tuple(c for c in chunks[shape + 1 : index] if not is_filler(c) and not said(c, "count"))
            end = _rows_end(chunks, after + 1)
            rows = _bare(chunks[after + 1 : end])
            if units and rows and any(c.has(*_NOUNS) for c in units) and any(c.has(*_NOUNS) for c in rows):
                return _Ask(units, rows, (*chunks[:shape], *chunks[end:]))
    return None


def _per_unit(chunks: tuple[Chunk, ...]) -> _Ask | None:
    """ "distribution of (the number of) bids per listing"."""
    shape = next((i for i, c in enumerate(chunks) if said(c, "histogram")), -1)
    per = next((i for i, c in enumerate(chunks) if said(c, "by") and c.words.lower() == "per"), -1)
    if shape < 0 or per < shape:
        return None
    rows = _bare(tuple(c for c in chunks[shape + 1 : per] if not said(c, "count")))
    at = per + 1
    while at < len(chunks) and not chunks[at].has(*_NOUNS):
        at += 1
    if not rows or not any(c.has(*_NOUNS) for c in rows) or at == len(chunks):
        return None
    return _Ask(chunks[per + 1 : at + 1], rows, (*chunks[:shape], *chunks[at + 1 :]))


def _numbers_of(chunks: tuple[Chunk, ...]) -> _Ask | None:
    """ "how many listings have 0, 1 and 2 bids": several numbers, each its own group."""
    if not chunks or not said(chunks[0], "count"):
        return None
    first = next((i for i, c in enumerate(chunks) if c.has(NumberSense)), -1)
    if first < 2 or not any(c.has(*_NOUNS) for c in chunks[1:first]):
        return None
    values: list[str] = []
    at = first
    while at < len(chunks) and (numbers := chunks[at].of(NumberSense)):
        if numbers[0].unit or numbers[0].value != int(numbers[0].value):
            return None
        values.append(str(int(numbers[0].value)))
        at = following(chunks, at)
        while at < len(chunks) and said(chunks[at], "comma", "and", "or"):
            at = following(chunks, at)
    end = _end(chunks, at)
    rows = _bare(chunks[at:end])
    before = chunks[1:first]
    verb = before[-1]
    if len(values) < 2 or not rows or not rows[0].has(*_NOUNS) or not (said(verb, "is", "with") or verb.has(VerbSense)):
        return None
    deed = (verb,) if verb.has(VerbSense) and not said(verb, "is") else ()
    return _Ask(before[:-1], (*rows, *deed), chunks[end:], tuple(values))


def _rows_end(chunks: tuple[Chunk, ...], start: int) -> int:
    """Behind the counted things and what was done ("bids placed in 2025"); what follows is said of the units, of whose
    dates a period could be too."""
    end = next((i + 1 for i in range(start, len(chunks)) if chunks[i].has(*_NOUNS, FilterSense)), len(chunks))
    while end < len(chunks) and (chunks[end].has(VerbSense, FilterSense, FieldSense) or is_filler(chunks[end])):
        end += 1
        if end < len(chunks) and chunks[end].has(PeriodSense) and not is_filler(chunks[end - 1]):
            end += 1
    if any(chunk.has(PeriodSense) for chunk in chunks[end:]):
        raise NotUnderstood("I could not tell what the period dates here.")
    return end


def _end(chunks: tuple[Chunk, ...], start: int) -> int:
    """Where the counted rows end: at the next grouping."""
    return next((i for i in range(start, len(chunks)) if said(chunks[i], "by", "grain")), len(chunks))


def _bare(rows: tuple[Chunk, ...]) -> tuple[Chunk, ...]:
    kept = list(rows)
    while kept and (is_filler(kept[-1]) or said(kept[-1], "is", "comma", "and", "preposition")):
        kept.pop()
    while kept and is_filler(kept[0]):
        del kept[0]
    return tuple(kept)
