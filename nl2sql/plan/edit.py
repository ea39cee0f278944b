"""Changes of a plan, each a pure function to another plan.

What referred to something that is gone goes with it: a bound on a measure that was swapped, an order by a dimension
that was removed. Assumptions go with every change: they were made for the words of the question.
"""

from __future__ import annotations

from dataclasses import replace

from nl2sql.plan.base import Comparison, Condition, Dimension, During, Grain, Measure, Named, QueryPlan
from nl2sql.plan.periods import Period


def add_condition(plan: QueryPlan, condition: Condition) -> QueryPlan:
    kept = plan.conditions if condition in plan.conditions else (*plan.conditions, condition)
    return replace(plan, conditions=kept, assumptions=())


def remove_condition(plan: QueryPlan, condition: Condition) -> QueryPlan:
    kept = tuple(c for c in plan.conditions if c != condition)
    return replace(_beside_too(plan, condition, None), conditions=kept, assumptions=())


def replace_condition(plan: QueryPlan, old: Condition, new: Condition) -> QueryPlan:
    changed = tuple(dict.fromkeys(new if c == old else c for c in plan.conditions))
    return replace(_beside_too(plan, old, new), conditions=changed, assumptions=())


def with_period(plan: QueryPlan, old: During, period: Period) -> QueryPlan:
    return replace_condition(plan, old, During(old.field, period))


def negated(condition: Condition) -> Condition | None:
    """The opposite of a named filter or of a comparison with values; None for what has no plain one."""
    opposites = {"=": "<>", "<>": "=", "in": "not in", "not in": "in"}
    match condition:
        case Named():
            return replace(condition, negated=not condition.negated)
        case Comparison(operator="=" | "<>" | "in" | "not in"):
            return replace(condition, operator=opposites[condition.operator])  # type: ignore[arg-type]
        case _:
            return None


def _beside_too(plan: QueryPlan, old: Condition, new: Condition | None) -> QueryPlan:
    """A period is that of the plans beside as well, each by its own date."""
    if not isinstance(old, During):
        return plan
    return replace(plan, beside=tuple(_same_period(each, old.period, new) for each in plan.beside))


def _same_period(plan: QueryPlan, old: Period, new: Condition | None) -> QueryPlan:
    changed: list[Condition] = []
    for each in plan.conditions:
        if not (isinstance(each, During) and each.period == old):
            changed.append(each)
        elif isinstance(new, During):
            changed.append(During(each.field, new.period))
    return replace(plan, conditions=tuple(changed))


# -- by what ---------------------------------------------------------------------------------------------------------


def with_grain(plan: QueryPlan, name: str, grain: Grain) -> QueryPlan:
    """The dimension cut to another grain; it is called after the grain where it was before."""

    def changed(each: Dimension) -> Dimension:
        if each.name != name:
            return each
        return replace(each, grain=grain, name=grain if each.name == each.grain else each.name)

    new = next((changed(d).name for d in plan.dimensions if d.name == name), name)
    beside = tuple(replace(b, dimensions=tuple(map(changed, b.dimensions))) for b in plan.beside)
    renamed = _renamed(replace(plan, dimensions=tuple(map(changed, plan.dimensions)), beside=beside), name, new)
    return replace(renamed, assumptions=())


def add_dimension(plan: QueryPlan, dimension: Dimension) -> QueryPlan:
    return replace(plan, dimensions=(*plan.dimensions, dimension), assumptions=())


def replace_dimension(plan: QueryPlan, name: str, new: Dimension) -> QueryPlan:
    changed = tuple(new if d.name == name else d for d in plan.dimensions)
    return replace(_renamed(replace(plan, dimensions=changed), name, new.name), assumptions=())


def remove_dimension(plan: QueryPlan, name: str) -> QueryPlan:
    """Without any dimension left there is one row: nothing to order, cut off or fold."""
    left = tuple(d for d in plan.dimensions if d.name != name)
    derived = tuple(d for d in plan.derived if d.along != name)
    derived = tuple(replace(d, within=_without(d.within, name)) for d in derived)
    if not left:
        derived = tuple(d for d in derived if d.kind == "ratio" or d.by)
    order = plan.order if plan.order and left and plan.order.column != name else None
    fold = replace(plan.fold, keep=_without(plan.fold.keep, name)) if plan.fold and left else None
    known = {m.name for m in plan.measures} | {d.name for d in derived}
    return replace(
        plan,
        dimensions=left,
        derived=derived,
        having=tuple(h for h in plan.having if left and (not h.column or h.column in known)),
        order=order if order is None or not order.column or order.column in known | {d.name for d in left} else None,
        limit=plan.limit if left else None,
        ties=plan.ties and bool(left),
        within=_without(plan.within, name),
        beside=tuple(remove_dimension(b, name) for b in plan.beside),
        fold=fold if fold is None or fold.of in known else None,
        assumptions=(),
    )


def _without(names: tuple[str, ...], name: str) -> tuple[str, ...]:
    return tuple(each for each in names if each != name)


# -- what is computed ------------------------------------------------------------------------------------------------


def swap_measure(plan: QueryPlan, name: str, new: Measure) -> QueryPlan:
    """Another measure in place of one; bounds on the old one do not fit the new."""
    changed = tuple(new if m.name == name else m for m in plan.measures)
    first = plan.measures[0].name if plan.measures else ""
    having = tuple(h for h in plan.having if (h.column or first) != name)
    return replace(_renamed(replace(plan, measures=changed, having=having), name, new.name), assumptions=())


def remove_measure(plan: QueryPlan, name: str) -> QueryPlan:
    first = plan.measures[0].name if plan.measures else ""
    gone = {name} | {d.name for d in plan.derived if name in (d.of, d.by)}
    order = plan.order if plan.order and (plan.order.column or first) not in gone else None
    return replace(
        plan,
        measures=tuple(m for m in plan.measures if m.name != name),
        derived=tuple(d for d in plan.derived if d.name not in gone),
        having=tuple(h for h in plan.having if (h.column or first) not in gone),
        order=order,
        limit=plan.limit if order else None,
        ties=plan.ties and order is not None,
        within=plan.within if order else (),
        fold=plan.fold if plan.fold and plan.fold.of not in gone else None,
        assumptions=(),
    )


def _renamed(plan: QueryPlan, old: str, new: str) -> QueryPlan:
    """Every reference to a column or dimension follows its name."""
    if old == new:
        return plan

    def name(each: str) -> str:
        return new if each == old else each

    def names(each: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(name, each))

    return replace(
        plan,
        derived=tuple(
            replace(d, of=name(d.of), by=name(d.by), along=name(d.along), within=names(d.within)) for d in plan.derived
        ),
        having=tuple(replace(h, column=name(h.column)) for h in plan.having),
        order=replace(plan.order, column=name(plan.order.column)) if plan.order else None,
        within=names(plan.within),
        fold=replace(plan.fold, of=name(plan.fold.of), keep=names(plan.fold.keep)) if plan.fold else None,
    )


# -- order and number ------------------------------------------------------------------------------------------------


def reverse_order(plan: QueryPlan) -> QueryPlan:
    return replace(plan, order=replace(plan.order, descending=not plan.order.descending) if plan.order else None)


def with_limit(plan: QueryPlan, limit: int | None) -> QueryPlan:
    """None shows all rows."""
    kept = {} if limit is not None else {"within": (), "ties": False}
    return replace(plan, limit=limit, assumptions=(), **kept)  # type: ignore[arg-type]
