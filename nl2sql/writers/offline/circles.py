"""Plans that go in a circle: what they compute follows from their own conditions, so something else was asked.

"In how many countries has anna_k bid" is not the number of countries that she herself is from (one), and a share of
Germans by country is no answer (all in Germany, none elsewhere).
"""

from __future__ import annotations

from nl2sql.catalog.model import SemanticModel
from nl2sql.plan.base import Comparison, Condition, Exists, FieldRef, QueryPlan


def in_circles(plan: QueryPlan, model: SemanticModel) -> str:
    """The value that fixes what is computed; empty for a plan that says something."""
    for each in (plan, *plan.beside):
        if found := _one_of_one(each, model) or _back_to_itself(each.conditions, model) or _share_of_itself(each):
            return found
    return ""


def _one_of_one(plan: QueryPlan, model: SemanticModel) -> str:
    """Different values are counted of a field that belongs to the one row which the conditions name."""
    counted = {m.field.path for m in plan.measures if m.kind == "distinct" and isinstance(m.field, FieldRef)}
    for condition in plan.conditions:
        if (ref := _named_row(condition, model)) and ref[0].path in counted and ref[0].path:
            return ref[1]
    return ""


def _back_to_itself(conditions: tuple[Condition, ...], model: SemanticModel) -> str:
    """Rows with others that belong to one named row: that row alone."""
    for condition in conditions:
        if not isinstance(condition, Exists) or len(condition.path) != 1 or condition.negated:
            continue
        way = (condition.path[0].removeprefix("-"),)
        for each in condition.conditions:
            if (ref := _named_row(each, model)) and ref[0].path == way:
                return ref[1]
    return ""


def _share_of_itself(plan: QueryPlan) -> str:
    """A part that one group has all of, and the others nothing."""
    if not any(d.kind == "ratio" for d in plan.derived):
        return ""
    groups = {d.field for d in plan.dimensions}
    for measure in plan.measures:
        for each in measure.conditions:
            if isinstance(each, Comparison) and each.operator == "=" and each.field in groups:
                return each.values[0]
    return ""


def _named_row(condition: Condition, model: SemanticModel) -> tuple[FieldRef, str] | None:
    """The name of one row that the condition asks for, and where it stands."""
    if not isinstance(condition, Comparison) or condition.operator != "=" or not isinstance(condition.field, FieldRef):
        return None
    ref = condition.field
    return (ref, condition.values[0]) if model.dataset(ref.dataset).label_field == ref.field else None
