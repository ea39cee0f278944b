"""Periods that date something else than was asked."""

from __future__ import annotations

from collections.abc import Callable

from nl2sql.plan.base import (
    During,
    Exists,
    FieldRef,
)
from nl2sql.writers.offline.look import Look, is_time
from nl2sql.writers.offline.senses import (
    Chunk,
    DatasetSense,
    FieldSense,
    FilterSense,
    MetricSense,
    PeriodSense,
    RoleSense,
    ValueSense,
)


def _newly(look: Look) -> str:
    """ "new listings in May 2026": new by their date, or in their condition?"""
    dated = bool(look.traces.periods) or any(d.grain for d in look.plan.dimensions)
    for i, chunk in enumerate(look.said):
        if chunk.words.lower() != "new" or not any(s.value in look.traces.values for s in chunk.of(ValueSense)):
            continue
        behind = look.said[i + 1 : i + 2]
        described = any(c.has(DatasetSense, RoleSense) for c in behind)
        before = any(c.word("is") for c in look.said[max(i - 1, 0) : i])
        if dated and (described or before):
            return chunk.words
    return ""


def _date_of_the_base(look: Look) -> str:
    """ "users without bids registered in 2025": it is not the bids that registered."""
    for condition in look.conditions():
        if not isinstance(condition, Exists) or not condition.negated:
            continue
        back = tuple(step.removeprefix("-") for step in reversed(condition.path))
        for inner in condition.conditions:
            if isinstance(inner, During) and back and inner.field.path[-len(back) :] == back:
                field = look.model.dataset(inner.field.dataset).field(inner.field.field)
                return next((c.words for c in look.said if _names(c, inner.field)), field.label or field.name)
    return ""


def _names(chunk: Chunk, field: FieldRef) -> bool:
    return any((s.dataset, s.field) == (field.dataset, field.field) for s in chunk.of(FieldSense))


def _first_of_dates(look: Look) -> str:
    """ "the earliest closing date": by itself, and not by when the row was made."""
    order = look.plan.order.field if look.plan.order else None
    for one, other in look.pairs():
        first = one.word("recent") or one.word("edge")
        moments = {(s.dataset, s.field) for s in other.of(FieldSense) if is_time(look, s)}
        if first and moments and isinstance(order, FieldRef) and (order.dataset, order.field) not in moments:
            return f"{one.words} {other.words}"
    return ""


def _not_until(look: Look) -> str:
    """ "who did not bid until 2025": not before it, and what happened in it is said by "until" alone."""
    without = any(isinstance(c, Exists) and c.negated for c in look.conditions())
    for chunk in look.said if without else ():
        if chunk.has(PeriodSense) and chunk.words.lower().startswith(("until", "till")):
            return chunk.words
    return ""


def _undated_state(look: Look) -> str:
    """ "users deactivated in 2025", "bidders who were active in May": the model does not date that state."""
    for one, other in look.pairs():
        if not one.has(FilterSense) or one.has(FieldSense, DatasetSense, MetricSense) or not other.has(PeriodSense):
            continue
        if one.words.lower().endswith("ed") and one.has(ValueSense):
            continue  # "payments failed in 2025": the state that a row came into, dated as the row is
        dated = [look.filter(s).time_field for s in one.of(FilterSense)]
        if not any(dated) and any(f"{s.dataset}.{s.filter}" in look.traces.names for s in one.of(FilterSense)):
            return f"{one.words} {other.words}"
    return ""


def _two_dates(look: Look) -> str:
    """ "registered and last seen in 2025": both in that time."""
    dated = {(c.field.dataset, c.field.field) for c in look.conditions() if isinstance(c, During)}
    for i, (one, joint, other) in enumerate(look.triples()):
        behind = look.said[i + 3 : i + 4]
        moments = [{(s.dataset, s.field) for s in c.of(FieldSense) if is_time(look, s)} for c in (one, other)]
        joined = joint.word("and") and behind and behind[0].has(PeriodSense)
        if joined and all(moments) and not moments[0] & dated:
            return one.words
    return ""


RULES_OF_DATES: tuple[Callable[[Look], str], ...] = (
    _newly,
    _date_of_the_base,
    _first_of_dates,
    _not_until,
    _undated_state,
    _two_dates,
)
