"""Plans of change: two periods beside each other, or one series with what each step changed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from nl2sql.plan.base import Derived, Dimension, FieldRef, Grain, Having, Operator, Order, Part, QueryPlan
from nl2sql.plan.periods import Period
from nl2sql.writers.offline.constructs.base import Inner, word
from nl2sql.writers.offline.constructs.pairs import UNITS, Pair, slug
from nl2sql.writers.offline.constructs.pieces import (
    join,
    measured,
    other_names,
    plain_part,
    renamed,
    said,
    shown_names,
    time_dimension,
    together,
)
from nl2sql.writers.offline.constructs.reaching_back import reaching_back
from nl2sql.writers.offline.frame import NotUnderstood
from nl2sql.writers.offline.senses import Chunk, PeriodSense

# How many steps of the smaller unit make one of the larger; a year has no whole number of weeks.
_STEPS = {("month", "year"): 12, ("quarter", "year"): 4, ("month", "quarter"): 3, ("day", "week"): 7}


@dataclass(slots=True)
class Wanted:
    """How the change is looked at: its direction, the rate or the amount; ranked, bounded, or filtered by its sign."""

    rate: bool = True
    down: bool = False
    ranked: bool = False
    signed: bool = False
    bound: tuple[Operator, str, bool] | None = None  # the value, and whether it is a percentage
    moved: dict[int, Chunk] = field(default_factory=dict)  # chunks to put in before a place


def beside_each_other(chunks: tuple[Chunk, ...], slot: int, inner: Inner, pair: Pair, wanted: Wanted) -> QueryPlan:
    """`slot` is the place in `chunks` that either period takes."""

    def at(period: Period) -> QueryPlan:
        said = Chunk(period.words, (PeriodSense(period),))
        return measured((*chunks[:slot], said, *chunks[slot + 1 :]), inner)

    before, after = at(pair.before), at(pair.after)
    order, limit = after.order, after.limit
    if (limit is not None) and not wanted.ranked:
        raise NotUnderstood("I could not tell in which of the two periods the ranking holds.")
    why = "I cannot compare two periods of this yet."
    parts = [
        renamed(_by_part(plain_part(replace(plan, limit=None), why), pair), slug(period))
        for plan, period in ((before, pair.before), (after, pair.after))
    ]
    columns = [_comparing(*names, single=len(shown_names(after)) == 1) for names in _matching(parts, after)]
    plan = join(parts[0], parts[1], *(each for pair_of in columns for each in pair_of))
    plan = replace(plan, assumptions=together(after.assumptions, before.assumptions, pair.notes))
    difference, growth = columns[0]
    return _finished(plan, order, limit, wanted, difference.name, growth.name, shown_names(parts[1])[0])


def _matching(parts: list[QueryPlan], plan: QueryPlan) -> list[tuple[str, str, str]]:
    """The column of the earlier, that of the later, and their name without a period."""
    return list(zip(shown_names(parts[0]), shown_names(parts[1]), shown_names(plan), strict=True))


def _comparing(before: str, after: str, name: str, *, single: bool) -> tuple[Derived, Derived]:
    prefix = "" if single else f"{name}_"
    return (
        Derived(f"{prefix}difference", "difference", after, before),
        Derived(f"{prefix}growth", "growth", after, before),
    )


def _by_part(plan: QueryPlan, pair: Pair) -> QueryPlan:
    """Months of two years stand in one row when they are the same month of the year."""
    dimension = time_dimension(plan)
    if dimension is None:
        return plan
    grain, ref = dimension.grain, dimension.field
    unit = next((u for u in ("month", "quarter", "year") if pair.before.is_one(u) and pair.after.is_one(u)), "")
    short = pair.after.start and pair.after.end and (pair.after.end - pair.after.start).days <= 366
    fits = (grain in ("month", "quarter") and (unit == "year" or (short and not unit))) or (
        grain == "day" and unit == "month"
    )
    if not fits or grain is None or grain == "week" or not isinstance(ref, FieldRef):
        raise NotUnderstood(f"I cannot set two periods against each other by {grain}.")
    part = Dimension(dimension.name, Part(ref, grain))
    dimensions = tuple(part if d is dimension else d for d in plan.dimensions)
    return replace(plan, dimensions=dimensions, beside=tuple(_by_part(each, pair) for each in plan.beside))


def series(chunks: tuple[Chunk, ...], inner: Inner, step: str, wanted: Wanted) -> QueryPlan | None:
    """Each step's change against the step before, or a year before; None where no length of a step was said."""
    if step and not any(said(chunk, "grain") for chunk in chunks):
        chunks = (*chunks, word("by", "by"), word(step, "grain", step))
    plan = measured(chunks, inner)
    if time_dimension(plan) is None and not step:
        return None
    dimension = time_dimension(plan)
    if dimension is None or dimension.grain is None or plan.fold or plan.beside or plan.having:
        raise NotUnderstood("I cannot follow the change of this yet.")
    if plan.limit is not None and not wanted.ranked:
        raise NotUnderstood("I could not tell what is to be ranked, the number or its change.")
    periods = _steps(dimension.grain, step)
    within = other_names(plan, dimension)
    derived: list[Derived] = []
    shown = shown_names(plan)
    for name in shown:
        prefix = "" if len(shown) == 1 else f"{name}_"
        for kind in ("difference", "growth"):
            derived.append(Derived(f"{prefix}{kind}", kind, name, along=dimension.name, within=within, periods=periods))
    before = f"the {dimension.grain} before" if periods == 1 else f"the same {dimension.grain} one {step} before"
    order, limit = (plan.order, plan.limit) if wanted.ranked else (None, None)
    wider = reaching_back(plan, dimension, periods)
    outside = ", also where that lies before the period" if wider is not plan else ""
    note = f"Compared with {before}{outside}; where there is no data for that, the change is empty."
    notes = together(plan.assumptions, (note,))
    plan = replace(wider, derived=(*plan.derived, *derived), limit=None, assumptions=notes)
    return _finished(plan, order, limit, wanted, derived[0].name, derived[1].name, "")


def _steps(grain: Grain, step: str) -> int:
    if not step or step == grain:
        return 1
    if UNITS.index(grain) > UNITS.index(step):
        raise NotUnderstood(f"A {grain} is longer than a {step}.")
    if (grain, step) not in _STEPS:
        raise NotUnderstood(f"A {step} has no whole number of {grain}s.")
    return _STEPS[grain, step]


def _finished(
    plan: QueryPlan, order: Order | None, limit: int | None, wanted: Wanted, difference: str, growth: str, first: str
) -> QueryPlan:
    """Order and bounds. `first` is the column that orders groups when nothing else does."""
    column = growth if wanted.rate else difference
    having: list[Having] = list(plan.having)
    notes: list[str] = []
    if wanted.bound is not None:
        operator, value, percent = wanted.bound
        having.append(Having(operator, value, growth if percent else difference))
    if wanted.signed and wanted.bound is None:
        having.append(Having("<" if wanted.down else ">", "0", difference))
    if (wanted.ranked or wanted.signed or wanted.bound) and not plan.dimensions:
        raise NotUnderstood("I could not tell whose changes are compared.")
    if wanted.ranked and order is not None:
        having.append(Having("is not null", "", column))
        notes.append("Ranked by the rate of change." if wanted.rate else "Ranked by the difference, not by the rate.")
        descending = order.descending != wanted.down
        order = Order(descending, column=column)
    elif wanted.signed or wanted.bound:
        order = Order(not wanted.down, column=column)
    else:
        grained = any(d.grain or isinstance(d.field, Part) for d in plan.dimensions)
        order = Order(True, column=first) if first and plan.dimensions and not grained else None
    notes_all = together(plan.assumptions, tuple(notes))
    return replace(plan, order=order, limit=limit, having=tuple(having), assumptions=notes_all)
