"""What has not happened up to today: "users who have not been seen in the past 180 days", "not seen since 2025".

Only for stretches that reach today: of an earlier one, a row's own date does not say whether it happened then as well.
"""

from __future__ import annotations

from datetime import timedelta

from nl2sql.plan.base import AllOf, Condition, During, Negation, QueryPlan
from nl2sql.plan.periods import Period
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked
from nl2sql.writers.offline.constructs.pieces import following
from nl2sql.writers.offline.scope import Scope
from nl2sql.writers.offline.senses import (
    Chunk,
    ConditionSense,
    DatasetSense,
    FieldSense,
    FilterSense,
    PeriodSense,
    Placer,
    RoleSense,
    ValueSense,
    VerbSense,
    is_filler,
)


def read_not_since(question: Linked, inner: Inner) -> QueryPlan | None:
    chunks = question.chunks
    for at, chunk in enumerate(chunks):
        if not chunk.word("not") or chunk.has(FilterSense):
            continue
        deed = following(chunks, at)
        while deed < len(chunks) and chunks[deed].word("is") and not chunks[deed].has(FieldSense):
            deed = following(chunks, deed)
        time = following(chunks, deed)
        if time >= len(chunks) or not chunks[time].has(PeriodSense):
            continue
        noun = _noun(chunks[:at])
        fields = _own_times(chunks[deed], noun, question)
        period = chunks[time].of(PeriodSense)[0].period
        if not fields or not _reaches(period, question):
            continue
        start = at
        while start and (is_filler(chunks[start - 1]) or _joins(chunks[start - 1])):
            start -= 1
        words = " ".join(c.words for c in chunks[start : time + 1])
        made = Chunk(words, (_condition(fields, period, words),))
        return inner((*chunks[:start], made, *chunks[time + 1 :]))
    return None


def _joins(chunk: Chunk) -> bool:
    return bool(chunk.word("that") or chunk.word("is") or chunk.word("with")) and not chunk.has(DatasetSense)


def _noun(before: tuple[Chunk, ...]) -> str:
    """The rows that are named last before; of people in a role, what they did would be dated instead."""
    for chunk in reversed(before):
        if chunk.has(RoleSense, ValueSense):
            return ""
        if chunk.has(DatasetSense):
            return chunk.of(DatasetSense)[0].dataset
    return ""


def _own_times(chunk: Chunk, dataset: str, question: Linked) -> tuple[FieldSense, ...]:
    if not dataset or chunk.has(VerbSense, FilterSense, DatasetSense):
        return ()
    fields = tuple(f for f in chunk.of(FieldSense) if f.dataset == dataset)
    return fields if len(fields) == 1 and question.model.dataset(dataset).field(fields[0].field).is_time else ()


def _reaches(period: Period, question: Linked) -> bool:
    return period.start is not None and (period.end is None or period.end >= question.as_of + timedelta(days=1))


def _condition(fields: tuple[FieldSense, ...], period: Period, words: str) -> ConditionSense:
    def bind(placer: Placer, scope: Scope) -> list[Condition]:
        return [Negation(AllOf((During(placer.place(fields, scope, words), period),)))]

    return ConditionSense(bind)


NOT_SINCE = Construct("not up to today", read_not_since)
