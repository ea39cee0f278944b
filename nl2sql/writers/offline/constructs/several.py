"""Several numbers in one answer: "GMV and number of bids by category", "how many users, listings and bids do we have?".

Each number is read as a question of its own, with what is said of all of them, and dated by its own date. Those over
the same rows become columns of one plan; the others stand beside it, joined on the groups.
"""

from __future__ import annotations

from dataclasses import replace

from nl2sql.plan.base import Column, Dimension, FieldRef, Measure, QueryPlan, Related
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked
from nl2sql.writers.offline.constructs.pieces import default_order, shown_measures, together
from nl2sql.writers.offline.constructs.several_items import Item, Items, find_items
from nl2sql.writers.offline.frame import NotUnderstood
from nl2sql.writers.offline.senses import Chunk, FilterSense, NumberSense, PeriodSense, ValueSense

_MOST = 8  # More columns than that nobody asks for in one sentence.


def read_several(question: Linked, inner: Inner) -> QueryPlan | None:
    found = find_items(question.chunks, question.model)
    if found is None:
        return None
    if len(found.items) > _MOST:
        raise NotUnderstood("These are too many numbers for one answer.")
    plans = [_one(found, item, inner) for item in found.items]
    plans = _same_groups(plans)
    plans = _named_apart(plans, found.items)
    notes = together(*(plan.assumptions for plan in plans))
    listed = _for_every_row(plans, question)
    if listed is not None:
        return replace(listed, assumptions=notes)
    first, *others = _merged([replace(plan, order=None, assumptions=()) for plan in plans])
    order = default_order(first, first.measures[0].name)
    return replace(first, beside=tuple(others), order=order, assumptions=notes)


def _one(found: Items, item: Item, inner: Inner) -> QueryPlan:
    plan = inner(found.question_for(item))
    if plan.beside or plan.fold or plan.having or plan.derived or plan.limit is not None or not shown_measures(plan):
        raise NotUnderstood(f"I cannot put “{item.words}” beside the other numbers.", (item.words,))
    return plan


def _same_groups(plans: list[QueryPlan]) -> list[QueryPlan]:
    """The groups are the same where they are of the same field, whichever way leads there: users of a country who
    sell, and users of that country who buy."""
    first = plans[0]
    for plan in plans[1:]:
        if [_kind(d) for d in plan.dimensions] != [_kind(d) for d in first.dimensions]:
            raise NotUnderstood("I cannot break all of these numbers down in the same way.")
    names = []
    for alike in zip(*(plan.dimensions for plan in plans), strict=True):
        called = list(dict.fromkeys(d.name for d in alike))
        ref = alike[0].field
        names.append(called[0] if len(called) == 1 or not isinstance(ref, FieldRef) else ref.field.replace("_", " "))
    return [
        replace(p, dimensions=tuple(replace(d, name=n) for d, n in zip(p.dimensions, names, strict=True)))
        for p in plans
    ]


def _kind(dimension: Dimension) -> tuple[object, ...]:
    ref = dimension.field
    if dimension.grain:
        return (dimension.grain,)
    target = (ref.dataset, ref.field) if isinstance(ref, FieldRef) else (ref,)
    return (*target, dimension.entity, dimension.width)


def _named_apart(plans: list[QueryPlan], items: tuple[Item, ...]) -> list[QueryPlan]:
    """Every column by a name of its own: what is said of one number alone tells it from the others."""
    names = [m.name for plan in plans for m in plan.measures]
    if len(set(names)) == len(names):
        return plans
    named = []
    for plan, item in zip(plans, items, strict=True):
        words = "_".join(_telling(item)).lower().replace("-", "_").replace(" ", "_")
        alike = [m.name for m in plan.measures if names.count(m.name) > 1]
        renamed = tuple(
            replace(m, name=f"{m.name}_{words}" if m.name in alike and words else m.name) for m in plan.measures
        )
        named.append(replace(plan, measures=renamed))
    names = [m.name for plan in named for m in plan.measures]
    if len(set(names)) != len(names):
        raise NotUnderstood("Two of these numbers seem to be the same.")
    return named


def _telling(item: Item) -> list[str]:
    chunks: tuple[Chunk, ...] = (*item.core, *item.tail)
    return [c.words for c in chunks if c.has(FilterSense, ValueSense, NumberSense, PeriodSense)]


def _merged(plans: list[QueryPlan]) -> list[QueryPlan]:
    """Numbers over the same rows become columns of one plan."""
    merged: list[QueryPlan] = []
    for plan in plans:
        bare = replace(plan, measures=())
        at = next((i for i, other in enumerate(merged) if replace(other, measures=()) == bare), -1)
        if at < 0:
            merged.append(plan)
        else:
            merged[at] = replace(merged[at], measures=(*merged[at].measures, *plan.measures))
    return merged


def _for_every_row(plans: list[QueryPlan], question: Linked) -> QueryPlan | None:
    """ "number of bids and comments per listing": every listing with its numbers, also one that has none."""
    if any(len(plan.dimensions) != 1 or plan.conditions for plan in plans):
        return None
    refs = [plan.dimensions[0].field for plan in plans]
    measures = [plan.measures[0] for plan in plans]
    counts = all(len(plan.measures) == 1 and plan.measures[0].kind == "count" for plan in plans)
    if not counts or not all(plan.dimensions[0].entity for plan in plans):
        return None
    base = refs[0].dataset if isinstance(refs[0], FieldRef) else ""
    columns: list[Column] = []
    for plan, ref, measure in zip(plans, refs, measures, strict=True):
        if not isinstance(ref, FieldRef) or not ref.path or question.graph.role_of(ref.path[-1:]):
            return None
        columns.append(_count(plan, ref, measure))
    dataset = question.model.dataset(base)
    keys = [name for name in (*dataset.primary_key, dataset.label_field) if name]
    shown = [Column(name, FieldRef((), base, name)) for name in dict.fromkeys(keys)]
    return QueryPlan(base, columns=(*shown, *columns))


def _count(plan: QueryPlan, ref: FieldRef, measure: Measure) -> Column:
    back = tuple(f"-{name}" for name in reversed(ref.path))
    return Column(measure.name, Related(back, plan.base, "count"))


SEVERAL = Construct("several numbers", read_several)
