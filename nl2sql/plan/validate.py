"""What is wrong with a plan that people or a language model wrote: sentences that name the place.

A plan without a problem here can still be refused by the compiler, for what its database or metric cannot do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import SemanticModel
from nl2sql.plan.base import Derived, Dimension, Fold, Having, Measure, Order, QueryPlan, Related
from nl2sql.plan.errors import PlanInvalid
from nl2sql.plan.json_form import plan_from_json
from nl2sql.plan.validate_rows import COMPARING, Problem, RowProblems, at_place, is_number

# The first few problems; the rest usually follow from them.
_TOLD = 3
_MAX_LIMIT = 1_000_000
_AGGREGATES = ("sum", "avg", "median", "percentile")


def validate(plan: QueryPlan, model: SemanticModel, graph: JoinGraph) -> list[str]:
    """`model` may be the one that a role sees: its protected fields are then problems too."""
    if plan.base not in model.dataset_by_name:
        return [f"base: there is no dataset “{plan.base}”; there are {', '.join(model.dataset_by_name)}."]
    return [f"{place}: {message}" if place else message for place, message in _Problems(plan, model, graph).all()]


def read_plan(value: object, model: SemanticModel, graph: JoinGraph) -> QueryPlan:
    """A valid plan from JSON. Raises PlanInvalid that tells the first problems."""
    plan = plan_from_json(value, model, graph)
    problems = validate(plan, model, graph)
    if problems:
        raise PlanInvalid(" ".join(problems[:_TOLD]))
    return plan


class _Problems:
    def __init__(self, plan: QueryPlan, model: SemanticModel, graph: JoinGraph) -> None:
        self.plan = plan
        self.model = model
        self.graph = graph
        self.rows = RowProblems(model, graph)

    def all(self) -> Iterator[Problem]:
        plan = self.plan
        yield from self._shape()
        yield from self._names()
        for i, measure in enumerate(plan.measures):
            yield from at_place(f"measures[{i}]", self._measure(measure))
        for i, dimension in enumerate(plan.dimensions):
            yield from at_place(f"dimensions[{i}]", self._dimension(dimension))
        for i, column in enumerate(plan.columns):
            yield from at_place(f"columns[{i}]", self.rows.value(column.value, plan.base))
        yield from at_place("conditions", self.rows.conditions(plan.conditions, plan.base))
        for i, derived in enumerate(plan.derived):
            yield from at_place(f"derived[{i}]", self._derived(derived, i))
        for i, having in enumerate(plan.having):
            yield from at_place(f"having[{i}]", self._having(having))
        if plan.order:
            yield from at_place("order", self._order(plan.order))
        yield from self._limit()
        yield from chain.from_iterable(self._beside(i, beside) for i, beside in enumerate(plan.beside))
        if plan.fold:
            yield from at_place("fold", self._fold(plan.fold))

    # -- the whole ---------------------------------------------------------------------------------------------------

    def _shape(self) -> Iterator[Problem]:
        plan = self.plan
        if plan.measures and (plan.columns or plan.distinct):
            yield "columns", "a plan either measures or lists columns, not both."
        if not plan.measures and not plan.columns:
            yield "measures", "the plan has neither measures nor columns to list."
        if not plan.measures and (plan.dimensions or plan.derived or plan.having or plan.fold or plan.beside):
            yield "measures", "dimensions, derived columns, bounds, folds and plans beside need a measure."
        if (
            plan.measures
            and all(m.hidden for m in plan.measures)
            and all(d.hidden for d in plan.derived)
            and not plan.fold
        ):
            yield "measures", "every column is hidden."

    def _names(self) -> Iterator[Problem]:
        """Columns are told apart without regard to case, spaces and hyphens, as databases do."""
        plan = self.plan
        names = [d.name for d in plan.dimensions] + self._columns() + [c.name for c in plan.columns]
        names += [plan.fold.name] if plan.fold else []
        if not all(name.strip() for name in names):
            yield "name", "a column has no name."
        counted = Counter("_".join(name.lower().replace("-", " ").split()) for name in names)
        yield from (("name", f"two columns are called “{name}”.") for name, count in counted.items() if count > 1)

    def _measured_beside(self) -> list[Measure]:
        return [measure for beside in self.plan.beside for measure in beside.measures]

    def _beside(self, index: int, beside: QueryPlan) -> Iterator[Problem]:
        place = f"beside[{index}]"
        if [d.name for d in beside.dimensions] != [d.name for d in self.plan.dimensions]:
            yield place, "its dimensions need the same names in the same order."
        if beside.beside or beside.order or beside.limit is not None or beside.fold:
            yield place, "a plan beside another has no order, limit, fold or plans beside it."
        if beside.base in self.model.dataset_by_name:
            yield from at_place(place, _Problems(beside, self.model, self.graph).all())
        else:
            yield f"{place}.base", f"there is no dataset “{beside.base[:60]}”."

    # -- columns -----------------------------------------------------------------------------------------------------

    def _measure(self, measure: Measure) -> Iterator[Problem]:
        yield from at_place("conditions", self.rows.conditions(measure.conditions, self.plan.base))
        if measure.kind == "metric":
            if measure.metric not in self.model.metric_by_name:
                yield "", f"there is no metric “{measure.metric}”; there are {', '.join(self.model.metric_by_name)}."
            return
        if measure.kind == "count":
            if measure.field or measure.function:
                yield "", "a count counts rows; it has no field and no function."
            return
        if measure.field is None:
            yield "", "the field is missing."
            return
        problems = list(self.rows.value(measure.field, self.plan.base))
        yield from problems
        if measure.kind == "agg" and not problems:
            yield from self._aggregate(measure)

    def _aggregate(self, measure: Measure) -> Iterator[Problem]:
        kind = self.rows.type_of(measure.field) if measure.field else ""
        if not measure.function:
            yield "", "the function is missing."
        elif measure.function in _AGGREGATES and kind != "number":
            yield "", f"{measure.function} needs a number."
        elif measure.function in ("min", "max") and kind == "text":
            yield "", f"{measure.function} needs a number or a moment."
        share = measure.percentile
        if (measure.function == "percentile") != (share is not None):
            yield "percentile", "a percentile has the function percentile and a share between 0 and 1."
        elif share is not None and not 0 < share < 1:
            yield "percentile", "the share lies between 0 and 1."

    def _dimension(self, dimension: Dimension) -> Iterator[Problem]:
        problems = list(self.rows.value(dimension.field, self.plan.base))
        yield from problems
        if problems:
            return
        kind = self.rows.type_of(dimension.field)
        if dimension.grain and (kind != "time" or isinstance(dimension.field, Related)):
            yield "grain", f"{dimension.grain} needs a field that is a moment."
        if dimension.width is not None and (kind != "number" or dimension.width <= 0):
            yield "width", "steps above 0 of a number."
        if dimension.entity and not self.rows.is_entity(dimension.field):
            yield "entity", "the field that names a row of its dataset belongs here."
        if sum(map(bool, (dimension.grain, dimension.width is not None, dimension.entity))) > 1:
            yield "", "only one of grain, width and entity can be used."

    def _derived(self, derived: Derived, index: int) -> Iterator[Problem]:
        known = {m.name for m in (*self.plan.measures, *self._measured_beside())}
        known |= {d.name for d in self.plan.derived[:index]}
        grained = {d.name for d in self.plan.dimensions if d.grain}
        pairs = derived.kind in ("ratio", "difference", "growth") and bool(derived.by or not derived.along)
        for name in [derived.of, *([derived.by] if pairs or derived.by else [])]:
            if name not in known:
                yield "", f"there is no column “{name}” before it; there are {', '.join(sorted(known))}."
        stepping = derived.kind in ("difference", "growth") and not derived.by
        if (
            stepping or derived.kind in ("previous", "running_total", "moving_average")
        ) and derived.along not in grained:
            yield "along", f"a dimension of time belongs here{_of(grained)}."
        if derived.by and derived.kind not in ("ratio", "difference", "growth"):
            yield "by", f"{derived.kind} takes one column."
        yield from self._dimensions_named("within", derived.within)
        if derived.periods < 1:
            yield "periods", "at least 1."

    def _dimensions_named(self, place: str, names: Iterable[str]) -> Iterator[Problem]:
        known = [d.name for d in self.plan.dimensions]
        yield from ((place, f"there is no dimension “{name}”{_of(known)}.") for name in names if name not in known)

    # -- bounds and order --------------------------------------------------------------------------------------------

    def _columns(self) -> list[str]:
        plan = self.plan
        return [c.name for c in (*plan.measures, *self._measured_beside())] + [d.name for d in plan.derived]

    def _having(self, having: Having) -> Iterator[Problem]:
        if having.column and having.column not in self._columns():
            yield "", f"there is no column “{having.column}”{_of(self._columns())}."
        if having.operator not in COMPARING:
            yield "", f"“{having.operator}” does not compare numbers."
        if not is_number(having.value):
            yield "", f"“{having.value[:60]}” is not a plain number."

    def _order(self, order: Order) -> Iterator[Problem]:
        if order.field is not None and (self.plan.measures or order.column):
            yield "", "rows that are measured are ordered by a column, those that are listed by a field."
        elif order.field is not None:
            yield from self.rows.value(order.field, self.plan.base)
        elif not self.plan.measures:
            yield "", "the field that orders the rows is missing."
        elif order.column and order.column not in (known := self._columns() + [d.name for d in self.plan.dimensions]):
            yield "", f"there is no column “{order.column}”{_of(known)}."

    def _limit(self) -> Iterator[Problem]:
        plan = self.plan
        if plan.limit is not None and not 0 < plan.limit <= _MAX_LIMIT:
            yield "limit", f"from 1 to {_MAX_LIMIT:,}."
        if plan.limit is None and (plan.within or plan.ties):
            yield "limit", "within and ties need a limit."
        yield from self._dimensions_named("within", plan.within)

    def _fold(self, fold: Fold) -> Iterator[Problem]:
        if fold.of not in self._columns():
            yield "", f"there is no column “{fold.of}”{_of(self._columns())}."
        yield from self._dimensions_named("keep", fold.keep)


def _of(names: Iterable[str]) -> str:
    known = ", ".join(sorted(names))
    return f"; there are {known}" if known else "; there is none"
