"""Columns computed from other columns after grouping.

What looks along the calendar does not look at the row before but at the bucket before, so that a missing month gives
NULL: buckets are numbered, and the window is the one number that lies so many steps back.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from nl2sql.plan.base import Derived, Dimension, Part
from nl2sql.plan.compile.aggregates import divided, minus
from nl2sql.plan.compile.moments import step_number
from nl2sql.plan.compile.ranks import ascending
from nl2sql.plan.errors import PlanInvalid

_ONE = exp.Literal.number(1)
# More rows than any answer has.
_MOST_PERIODS = 10_000


def looks_around(derived: Derived) -> bool:
    """Whether the column needs other rows than its own."""
    return derived.kind not in ("ratio", "difference", "growth") or not derived.by


def along_dimension(derived: Derived, dimensions: Sequence[Dimension]) -> Dimension | None:
    """The dimension along which the column goes; None for one that compares groups of all dimensions alike."""
    if derived.kind in ("share", "rank") or not looks_around(derived):
        return None
    ordered = [d for d in dimensions if d.grain or isinstance(d.field, Part)]
    found = [d for d in ordered if d.name == derived.along] if derived.along else ordered
    if len(found) != 1 or not 1 <= derived.periods <= _MOST_PERIODS:
        raise PlanInvalid(f"I could not tell along which dates “{derived.name.replace('_', ' ')}” goes.")
    return found[0]


def of_one_row(derived: Derived, of: exp.Expr, by: exp.Expr) -> exp.Expr:
    match derived.kind:
        case "ratio":
            return divided(of, by)
        case "difference":
            return minus(of, by)
        case "growth":
            return exp.Sub(this=divided(of, by), expression=_ONE.copy())
        case _:
            raise PlanInvalid(f"I cannot compute a {derived.kind.replace('_', ' ')} of two columns.")


def among_groups(derived: Derived, of: exp.Expr, partition: list[exp.Expr]) -> exp.Expr:
    """A share or a rank among all groups of the partition."""
    if derived.kind == "share":
        return divided(of, _over(exp.Sum(this=of.copy()), partition))
    order = [exp.Ordered(this=of.copy(), desc=derived.descending, nulls_first=False)]
    return _over(exp.Rank(), partition, order)


def along_time(
    derived: Derived, of: exp.Expr, along: exp.Expr, dimension: Dimension, partition: list[exp.Expr], dialect: str
) -> exp.Expr:
    if derived.kind == "running_total":  # to the current row, which is the only one of its date
        return _over(exp.Sum(this=of.copy()), partition, [ascending(along, dialect)])
    if derived.kind == "moving_average":
        start = exp.Literal.number(derived.periods - 1)
        spec = exp.WindowSpec(kind="ROWS", start=start, start_side="PRECEDING", end="CURRENT ROW")
        return _over(exp.Avg(this=of.copy()), partition, [ascending(along, dialect)], spec)
    number, step = step_number(along, dimension.grain, dialect) if dimension.grain else (along.copy(), 1)
    back = exp.Literal.number(derived.periods * step)
    spec = exp.WindowSpec(kind="RANGE", start=back, start_side="PRECEDING", end=back.copy(), end_side="PRECEDING")
    earlier = _over(exp.Max(this=of.copy()), partition, [ascending(number, dialect)], spec)
    match derived.kind:
        case "previous":
            return earlier
        case "difference":
            return minus(of, earlier)
        case _:
            return exp.Sub(this=divided(of, earlier), expression=_ONE.copy())


def _over(
    function: exp.Expr,
    partition: list[exp.Expr],
    order: list[exp.Ordered] | None = None,
    spec: exp.WindowSpec | None = None,
) -> exp.Window:
    return exp.Window(
        this=function,
        partition_by=[each.copy() for each in partition],
        order=exp.Order(expressions=order) if order else None,
        spec=spec,
    )
