"""Two values side by side: "GMV in Art versus Fashion", "is the average price higher in Art than in Fashion?".

Both are read as either of them, in one row each.
"""

from __future__ import annotations

from itertools import pairwise

from nl2sql.plan.base import QueryPlan
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked, word
from nl2sql.writers.offline.constructs.pieces import following, is_joint, mentions, places, said
from nl2sql.writers.offline.frame import NotUnderstood
from nl2sql.writers.offline.senses import Chunk, DatasetSense, FieldSense, RoleSense, ValueSense

_KINDS = frozenset(("versus", "contrast", "more"))


def _read(question: Linked, inner: Inner) -> QueryPlan | None:
    chunks = question.chunks
    if not mentions(chunks, _KINDS):
        return None
    marks = places(chunks, "versus", "contrast")
    more, than = places(chunks, "more"), places(chunks, "than")
    if not marks and not (more and than):
        return None
    values = [i for i, c in enumerate(chunks) if c.has(ValueSense) and not c.has(DatasetSense, RoleSense)]
    pair = _pair(chunks, values)
    if pair is None:
        return None
    first, second = pair
    field = _common(chunks[first], chunks[second])
    taken = {*marks, *more, *than} | set(range(first + 1, second))
    kept = [c for i, c in enumerate(chunks) if i not in taken and i < first]
    either = (chunks[first], word("or", "or"), chunks[second])
    rest = [c for i, c in enumerate(chunks) if i not in taken and i > second]
    label = question.model.dataset(field.dataset).field(field.field).label or field.field
    by = (word("by", "by"), Chunk(label, (field,)))
    plan = inner((*kept, *either, *rest, *by))
    if not plan.measures or plan.limit is not None:
        raise NotUnderstood("I can compare numbers, not lists.")
    return plan


def _pair(chunks: tuple[Chunk, ...], values: list[int]) -> tuple[int, int] | None:
    """Two values of one field with only a comparison, or words that join, between them."""
    for first, second in pairwise(values):
        between = chunks[first + 1 : second]
        joined = all(is_joint(c) or said(c, "versus", "than", "contrast") for c in between)
        if joined and following(chunks, first) < second and _shares_field(chunks[first], chunks[second]):
            return first, second
    return None


def _shares_field(first: Chunk, second: Chunk) -> bool:
    fields = {(s.dataset, s.field) for s in first.of(ValueSense)}
    return any((s.dataset, s.field) in fields for s in second.of(ValueSense))


def _common(first: Chunk, second: Chunk) -> FieldSense:
    fields = {(s.dataset, s.field) for s in first.of(ValueSense)}
    return next(FieldSense(s.dataset, s.field) for s in second.of(ValueSense) if (s.dataset, s.field) in fields)


ALTERNATIVES = Construct("two values side by side", _read)
