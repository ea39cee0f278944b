"""The rank of one among all: "where does Art rank among all categories by GMV".

Ranks are computed over every group; the one that was named is picked afterwards. A condition that keeps one group alone
would rank it first of one.
"""

from __future__ import annotations

from dataclasses import replace

from nl2sql.catalog.model import SemanticModel
from nl2sql.plan.base import Comparison, Condition, FieldRef, Having, Measure, QueryPlan


def picked_after(plan: QueryPlan, model: SemanticModel) -> QueryPlan:
    """The plan, whose `derived` rank its groups, with what names one of the groups turned into a bound behind them."""
    naming = [c for c in plan.conditions if _names_a_group(c, plan, model)]
    if not naming or plan.within or plan.beside:
        return plan
    mark = Measure("count", f"is_{_words(naming[0])}", conditions=tuple(naming), hidden=True)
    return replace(
        plan,
        conditions=tuple(c for c in plan.conditions if c not in naming),
        measures=(*plan.measures, mark),
        having=(*plan.having, Having(">=", "1", mark.name)),
    )


def _names_a_group(condition: Condition, plan: QueryPlan, model: SemanticModel) -> bool:
    if not isinstance(condition, Comparison) or condition.operator != "=" or not isinstance(condition.field, FieldRef):
        return False
    ref = condition.field
    for dimension in plan.dimensions:
        own = dimension.field
        if not isinstance(own, FieldRef) or (own.path, own.dataset) != (ref.path, ref.dataset):
            continue
        if own.field == ref.field or (dimension.entity and (ref.field,) == model.dataset(ref.dataset).primary_key):
            return True
    return False


def _words(condition: Condition) -> str:
    value = condition.values[0] if isinstance(condition, Comparison) else ""
    return "_".join("".join(c if c.isalnum() else " " for c in value.lower()).split()) or "the_one"
