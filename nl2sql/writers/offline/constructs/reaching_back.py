"""A series that also computes the steps before its period, which its first ones are compared with, and hides them."""

from __future__ import annotations

from dataclasses import replace

from nl2sql.plan.base import Dimension, During, Having, Measure, QueryPlan
from nl2sql.plan.periods import floor, period_of, shift
from nl2sql.writers.offline.constructs.pieces import shown_measures

_INSIDE = "rows_of_the_period"


def reaching_back(plan: QueryPlan, dimension: Dimension, steps: int) -> QueryPlan:
    """The period of `dimension` begins `steps` buckets earlier; a hidden count keeps only buckets of the old one.

    The plan itself where it has no period that begins with a bucket, or computes over all of its rows.
    """
    dated = [c for c in plan.conditions if isinstance(c, During) and c.field == dimension.field]
    grain, measures = dimension.grain, shown_measures(plan)
    if len(dated) != 1 or grain is None or plan.derived or not measures:
        return plan
    start, end = dated[0].period.start, dated[0].period.end
    if start is None or end is None or start != floor(start, grain):
        return plan
    wider = During(dated[0].field, period_of(shift(start, grain, -steps), end))
    inside = Measure("count", _INSIDE, conditions=(dated[0],), hidden=True)
    having = [Having(">", "0", _INSIDE)]
    if len(measures) == 1 and measures[0].kind not in ("count", "distinct"):
        having.append(Having("is not null", "", measures[0].name))  # a bucket without a value is no row of a series
    return replace(
        plan,
        conditions=tuple(wider if c is dated[0] else c for c in plan.conditions),
        measures=(*plan.measures, inside),
        having=tuple(having),
    )
