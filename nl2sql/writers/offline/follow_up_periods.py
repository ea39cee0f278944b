"""Periods that are said from the question before: "and the month before?"."""

from __future__ import annotations

from nl2sql.plan.base import During, QueryPlan
from nl2sql.plan.periods import Period, period_of, shift
from nl2sql.writers.offline.frame import NotUnderstood
from nl2sql.writers.offline.senses import Chunk, PeriodSense

_UNITS = ("day", "week", "month", "quarter", "year")
_RELATIVE = frozenset("previous prior preceding".split())


def period_before(unit: str, chunk: Chunk, previous: QueryPlan) -> Period:
    """One `unit` before the period of the question before, and as long. Raises NotUnderstood."""
    period = _period(previous)
    if period is None or not period.start or not period.end:
        raise NotUnderstood(f"“{chunk.words}” which? Please name the period.", (chunk.words,))
    if not any(period.is_one(each) for each in _UNITS[: _UNITS.index(unit) + 1]):
        raise NotUnderstood(f"I cannot tell what “{chunk.words}” is of {period.words}.", (chunk.words,))
    return period_of(shift(period.start, unit, -1), shift(period.end, unit, -1))


def refuse_relative(chunk: Chunk, previous: QueryPlan) -> None:
    """ "and the previous month?" behind March 2026: the one before that, or the one before today? Raises NotUnderstood
    where the two are not the same."""
    said, period = chunk.of(PeriodSense)[0].period, _period(previous)
    relative = bool(_RELATIVE & set(chunk.words.lower().split()))
    if relative and period is not None and period.start is not None and said.end != period.start:
        raise NotUnderstood(f"“{chunk.words}”: before what? Please name the period.", (chunk.words,))


def _period(plan: QueryPlan) -> Period | None:
    """The one period of the plan; None where it has none or several."""
    periods = {c.period for c in plan.conditions if isinstance(c, During)}
    return periods.pop() if len(periods) == 1 else None
