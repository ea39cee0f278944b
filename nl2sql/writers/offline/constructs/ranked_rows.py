"""Ranked rows as ranked groups: what ranks and limits within groups are computed over."""

from __future__ import annotations

from dataclasses import replace

from nl2sql.catalog.model import SemanticModel
from nl2sql.plan.base import Dimension, FieldRef, Measure, Order, QueryPlan
from nl2sql.writers.offline.frame import NotUnderstood

# Said by the plain reader of a limit that nobody named.
_UNNAMED_LIMIT = "as no number was given"


def as_groups(plan: QueryPlan, model: SemanticModel) -> QueryPlan:
    """Each row a group of its own, measured by what orders it; plans of groups stay what they are.

    Raises NotUnderstood for rows in no order, or in one by what is not a field of theirs.
    """
    if plan.measures:
        if not plan.dimensions or plan.beside or plan.fold or plan.derived:
            raise NotUnderstood("I could not tell what is to be ranked.")
        name = next(m.name for m in plan.measures if not m.hidden)
        order = plan.order or Order(descending=True)
        return replace(plan, order=replace(order, column=order.column or name))
    order_by = plan.order.field if plan.order else None
    if plan.order is None or not isinstance(order_by, FieldRef) or order_by.path or plan.distinct:
        raise NotUnderstood("I could not tell by what to rank.")
    measure = Measure("agg", _label(model, order_by), "max" if plan.order.descending else "min", order_by)
    return replace(
        plan,
        measures=(measure,),
        dimensions=(_itself(plan.base, model),),
        columns=(),
        order=Order(plan.order.descending, column=measure.name),
    )


def value_as_groups(plan: QueryPlan, model: SemanticModel) -> QueryPlan | None:
    """ "highest bid" as its distinct values, for the second highest; None when the plan is no single extreme."""
    if plan.dimensions or len(plan.measures) != 1 or plan.beside or plan.derived or plan.fold:
        return None
    measure = plan.measures[0]
    if measure.kind != "agg" or measure.function not in ("min", "max") or not isinstance(measure.field, FieldRef):
        return None
    name = _label(model, measure.field)
    order = Order(measure.function == "max", column=measure.name)
    return replace(plan, dimensions=(Dimension(name, measure.field),), order=order)


def _itself(base: str, model: SemanticModel) -> Dimension:
    dataset = model.dataset(base)
    if dataset.label_field:
        return Dimension(dataset.label_field, FieldRef((), base, dataset.label_field), entity=True)
    if len(dataset.primary_key) != 1:
        raise NotUnderstood(f"I do not know how to name single {dataset.label or base}.")
    key = dataset.primary_key[0]
    return Dimension(dataset.field(key).label or key, FieldRef((), base, key))


def _label(model: SemanticModel, ref: FieldRef) -> str:
    label = model.dataset(ref.dataset).field(ref.field).label or ref.field
    return "_".join(label.replace("-", " ").split())


def named_limit(plan: QueryPlan) -> bool:
    return not any(_UNNAMED_LIMIT in note for note in plan.assumptions)


def without_limit(plan: QueryPlan) -> QueryPlan:
    """All of them, and no word of a limit that nobody named."""
    notes = tuple(note for note in plan.assumptions if _UNNAMED_LIMIT not in note)
    return replace(plan, limit=None, assumptions=notes)
