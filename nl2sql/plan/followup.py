"""What a short question behind another changes of its plan. Pure: how the words were read is not known here.

What makes no sense for the plan raises PlanInvalid with a sentence.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import SemanticModel
from nl2sql.plan import edit
from nl2sql.plan.base import (
    Comparison,
    Condition,
    Derived,
    Dimension,
    During,
    FieldRef,
    Grain,
    Measure,
    Named,
    Order,
    QueryPlan,
    RoleHolds,
)
from nl2sql.plan.chips import grouped_by
from nl2sql.plan.errors import PlanInvalid
from nl2sql.plan.names import FUNCTION_WORDS
from nl2sql.plan.periods import Period

Aggregate = Literal["sum", "avg", "min", "max", "median"]


class Change:
    """Each method gives another plan."""

    def __init__(self, model: SemanticModel, graph: JoinGraph) -> None:
        self.model = model
        self.graph = graph

    # -- when --------------------------------------------------------------------------------------------------------

    def time_of(self, plan: QueryPlan) -> FieldRef:
        """What dates the rows: what already does, then what dates the measure, a filter or the dataset."""
        for dimension in plan.dimensions:
            if dimension.grain and isinstance(dimension.field, FieldRef):
                return dimension.field
        name = self._time_name(plan)
        if not name:
            raise PlanInvalid(f"There is no date on {self.model.dataset(plan.base).label or plan.base}.")
        dataset, _, field = name.rpartition(".")
        paths = self.graph.paths(plan.base, dataset or plan.base)
        if not paths:
            raise PlanInvalid("I could not tell which date is meant.")
        return FieldRef(paths[0], dataset or plan.base, field)

    def _time_name(self, plan: QueryPlan) -> str:
        for measure in plan.measures:
            if measure.metric and (dated := self.model.metric_by_name[measure.metric].time_field):
                return dated
            if isinstance(measure.field, FieldRef):
                dated = self.model.dataset(measure.field.dataset).field(measure.field.field).time_field
                if dated and measure.field.dataset == plan.base:
                    return dated
        for condition in plan.conditions:
            chosen = isinstance(condition, Named) and condition.dataset == plan.base and not condition.negated
            if chosen and isinstance(condition, Named) and (dated := self._filter_time(condition)):
                return dated
        return self.model.dataset(plan.base).time_field

    def _filter_time(self, named: Named) -> str:
        return next(f.time_field for f in self.model.dataset(named.dataset).filters if f.name == named.filter)

    def period(self, plan: QueryPlan, period: Period) -> QueryPlan:
        """Another period for the one there is; the first period where there is none."""
        dated = [c for c in plan.conditions if isinstance(c, During)]
        if len({c.period for c in dated}) > 1:
            raise PlanInvalid("There are several periods, and I could not tell which of them to change.")
        for each in dated:
            plan = edit.with_period(plan, each, period)
        return plan if dated else edit.add_condition(plan, During(self.time_of(plan), period))

    def grain(self, plan: QueryPlan, grain: Grain, *, instead: bool = False) -> QueryPlan:
        """Another grain for the one there is; else also by time, or by time `instead` of the only dimension."""
        grained = next((d for d in plan.dimensions if d.grain), None)
        if grained is not None:
            return edit.with_grain(plan, grained.name, grain)
        dimension = Dimension(grain, self.time_of(plan), grain)
        if instead and len(plan.dimensions) == 1 and plan.limit is None and not plan.beside:
            return replace(grouped_by(plan, dimension, self.graph, plan.dimensions[0].name), order=None)
        return self.group(plan, dimension)

    # -- by what -----------------------------------------------------------------------------------------------------

    def group(self, plan: QueryPlan, dimension: Dimension, *, instead: bool = False) -> QueryPlan:
        """Also by it; `instead` of the only other one. A list of rows becomes their number by it."""
        if plan.beside:
            raise PlanInvalid("I cannot group several tables anew; please ask the whole question.")
        if not plan.measures:
            count = Measure("count", f"number_of_{plan.base}")
            plan = replace(plan, measures=(count,), columns=(), distinct=False, order=None, limit=None)
        if any(d.field == dimension.field and d.grain == dimension.grain for d in plan.dimensions):
            return plan
        names = {d.name for d in plan.dimensions} | {m.name for m in plan.measures}
        named = dimension if dimension.name not in names else replace(dimension, name=f"{dimension.name} 2")
        others = [d for d in plan.dimensions if not d.grain]
        if instead and len(others) == 1 and not dimension.grain:
            return grouped_by(plan, named, self.graph, others[0].name)
        return grouped_by(plan, named, self.graph)

    # -- under which conditions --------------------------------------------------------------------------------------

    def named(self, plan: QueryPlan, named: Named, *, instead: bool) -> QueryPlan:
        """One more filter, or one `instead` of those of the same dataset; their date changes with them."""
        old = [
            c for c in plan.conditions if isinstance(c, Named) and (c.path, c.dataset) == (named.path, named.dataset)
        ]
        if not old or not instead:
            return edit.add_condition(plan, named)
        changed = edit.replace_condition(plan, old[0], named)
        for other in old[1:]:
            changed = edit.remove_condition(changed, other) if other != named else changed
        will = self._filter_time(named) or self.model.dataset(named.dataset).time_field
        dates = {FieldRef(named.path, named.dataset, self._filter_time(c)) for c in old}
        moved = FieldRef(named.path, named.dataset, will.rpartition(".")[2])
        for each in [c for c in plan.conditions if isinstance(c, During) and c.field in dates and will]:
            changed = edit.replace_condition(changed, each, During(moved, each.period))
        return changed

    def value(self, plan: QueryPlan, ref: FieldRef, values: tuple[str, ...], *, negated: bool) -> QueryPlan:
        """In place of another value of the same field, where there is one; leaving values out adds to what there is."""
        several = len(values) > 1
        new: Condition
        if negated:
            new = Comparison(ref, "not in" if several else "<>", values)
        else:
            new = Comparison(ref, "in" if several else "=", values)
        alike = [
            c for c in plan.conditions if isinstance(c, Comparison) and c.field == ref and c.operator in ("=", "in")
        ]
        if alike and not negated:
            return edit.replace_condition(plan, alike[0], new)
        changed = edit.add_condition(plan, new)
        for index, step in enumerate(ref.path):
            relationship = self.graph.relationships[step]
            if relationship.condition:
                changed = edit.add_condition(changed, RoleHolds(ref.path[:index], relationship.source, step))
        return changed

    # -- what is computed --------------------------------------------------------------------------------------------

    def function(self, plan: QueryPlan, function: Aggregate, *, also: bool) -> QueryPlan:
        """Another function of the same number; `also`: beside the one there is."""
        shown = [m for m in plan.measures if not m.hidden]
        if len(shown) != 1 or shown[0].kind != "agg" or plan.derived or plan.fold:
            raise PlanInvalid(f"The {FUNCTION_WORDS[function]} of what? Please name the number.")
        old = shown[0]
        word = FUNCTION_WORDS.get(old.function, "")
        stem = old.name.removeprefix(f"{word}_")
        new = replace(old, function=function, name=f"{FUNCTION_WORDS[function]}_{stem}", percentile=None)
        if not also:
            return edit.swap_measure(plan, old.name, new)
        known = new.name in {m.name for m in plan.measures}
        return plan if known else replace(plan, measures=(*plan.measures, new), assumptions=())

    def measure(self, plan: QueryPlan, measure: Measure) -> QueryPlan:
        shown = [m for m in plan.measures if not m.hidden]
        if len(shown) != 1 or plan.derived or plan.fold or shown[0].conditions:
            raise PlanInvalid("I could not tell what to compute instead of what; please ask the whole question.")
        return edit.swap_measure(plan, shown[0].name, measure)

    def share(self, plan: QueryPlan) -> QueryPlan:
        """Of groups: each one's share of the total. Of a number that one condition narrows: its share of all."""
        shown = [m for m in plan.measures if not m.hidden]
        if len(shown) != 1 or plan.derived or plan.fold or plan.beside:
            raise PlanInvalid("I could not tell of what the share is to be taken.")
        of = shown[0]
        name = f"share_of_{of.name.removeprefix('number_of_')}"
        if plan.dimensions:
            if plan.having or plan.limit is not None:
                raise PlanInvalid("A share of the total needs all groups, and some are left out here.")
            return replace(plan, derived=(Derived(name, "share", of.name),), assumptions=())
        parts = [c for c in plan.conditions if not isinstance(c, During | RoleHolds)]
        if len(parts) != 1 or of.kind == "metric":
            raise PlanInvalid("A share of what, exactly? I could not tell the part from the whole.")
        part = replace(of, name=f"part_of_{of.name}", conditions=(*of.conditions, parts[0]), hidden=True)
        whole = replace(of, hidden=True)
        left = tuple(c for c in plan.conditions if c != parts[0])
        ratio = Derived(name, "ratio", part.name, whole.name)
        return replace(plan, measures=(part, whole), derived=(ratio,), conditions=left, assumptions=())

    # -- order and number --------------------------------------------------------------------------------------------

    def order(self, plan: QueryPlan, *, descending: bool) -> QueryPlan:
        if plan.order is not None:
            return replace(plan, order=replace(plan.order, descending=descending), assumptions=())
        if not plan.measures or not plan.dimensions:
            raise PlanInvalid("There is nothing here to put into an order.")
        return replace(plan, order=Order(descending), assumptions=())

    def top(self, plan: QueryPlan, number: int, descending: bool | None) -> QueryPlan:
        """`descending` None: the first ones of the order there is."""
        if plan.measures and not plan.dimensions:
            raise PlanInvalid("There is only one row here, so there is nothing to rank.")
        if plan.order is None and not plan.measures and descending is not None:
            raise PlanInvalid("I could not tell by what to rank.")
        if plan.measures and (plan.order is None or descending is not None):
            plan = self.order(plan, descending=descending is not False)
        elif descending is not None:
            plan = self.order(plan, descending=descending)
        return edit.with_limit(plan, number)
