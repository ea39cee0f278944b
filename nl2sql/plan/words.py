"""A query plan in words: what the question was read as, shown to the person before they trust the answer.

Every part of a plan is said, so that two plans of which one part differs never read the same. Names of columns are not
said (the answer shows them), and neither are assumptions, which are sentences themselves. The plan has to be valid.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import Field, Metric, SemanticModel
from nl2sql.plan.base import (
    Condition,
    Derived,
    Dimension,
    FieldRef,
    Fold,
    Measure,
    Order,
    QueryPlan,
    Related,
    Span,
    Value,
)
from nl2sql.plan.names import FUNCTION_WORDS, metric_base, plural
from nl2sql.plan.words_rows import OPERATORS, RowWords, quantity

_PERCENT = Metric("share", "", format="percent")
_FOLDS = FUNCTION_WORDS | {"count": "number"}


class Wording:
    def __init__(self, model: SemanticModel, graph: JoinGraph) -> None:
        self._model = model
        self._graph = graph
        self._rows = RowWords(model, graph)

    def of(self, plan: QueryPlan) -> str:
        """One sentence without its capital and full stop, its parts between semicolons."""
        columns = _Columns(plan, self._rows, self._model)
        parts = [self._asked(plan, columns)]
        parts += dict.fromkeys(self._rows.condition(c, plan.base) for c in plan.conditions)
        parts += [f"beside it, {self.of(beside)}" for beside in plan.beside]
        for bound in plan.having:
            if bound.operator in ("is null", "is not null"):
                known = "empty" if bound.operator == "is null" else "not empty"
                parts.append(f"only where {columns.that(bound.column)} is {known}")
                continue
            operator = "exactly" if bound.operator == "=" else OPERATORS[bound.operator].removeprefix("is ")
            value = quantity(bound.value, columns.shown_as(bound.column))
            parts.append(f"only where {columns.that(bound.column)} is {operator} {value}")
        if ordered := self._ordered(plan, columns):
            parts.append(ordered)
        if plan.fold:
            parts.append(_folded(plan.fold, columns))
        return "; ".join(parts)

    def _asked(self, plan: QueryPlan, columns: _Columns) -> str:
        by = _and([self.dimension(d, plan.base) for d in plan.dimensions])
        asked = _and(columns.shown()) if plan.measures else self._listed(plan)
        return f"{asked} by {by}" if by else asked

    def _listed(self, plan: QueryPlan) -> str:
        rows = self._rows.names.rows(plan.base)
        listed = [self._rows.value(c.value, plan.base) for c in plan.columns]
        if not plan.distinct:
            return f"list of {rows}{': ' * bool(listed)}{_and(listed)}"
        if len(listed) == 1:
            return f"list of different {plural(listed[0])} of {rows}"
        return f"list of different {rows}{': ' * bool(listed)}{_and(listed)}"

    def dimension(self, dimension: Dimension, at: str) -> str:
        value = self._rows.value(dimension.field, at)
        if dimension.grain:
            return f"{dimension.grain} of {value}"
        if dimension.width is not None:
            return f"{value} in steps of {dimension.width.normalize():f}"
        ref = dimension.field
        if not isinstance(ref, FieldRef):
            return value
        thing = self._rows.thing(ref.path, ref.dataset, at)
        if not dimension.entity:
            return f"{value} (name)" if value == thing else value
        named = f" (by {self._rows.names.field(ref.dataset, ref.field)})"
        usual = ref.field == self._model.dataset(ref.dataset).label_field
        return f"{thing}{'' if usual else named}"

    def measure(self, measure: Measure, at: str) -> str:
        return _Columns(QueryPlan(at, (measure,)), self._rows, self._model).measure(measure)

    def condition(self, condition: Condition, at: str) -> str:
        return self._rows.condition(condition, at)

    def direction(self, plan: QueryPlan) -> str:
        """The order alone: "highest first"; empty where there is none."""
        return self._ordered(replace(plan, limit=None, within=(), ties=False), _Columns(plan, self._rows, self._model))

    def _ordered(self, plan: QueryPlan, columns: _Columns) -> str:
        order, limit = plan.order, plan.limit
        within = _and([columns.that(name) for name in plan.within])
        each = f" for each {within}" if within else ""
        ties = ", with all that equal the last of them" if plan.ties else ""
        if order is None:
            return f"only the first {limit}{each}{ties}" if limit is not None else f"{each.strip()}{ties}".strip(", ")
        field, column = self._order_of(order, plan, columns)
        high, low = ("latest", "earliest") if self._is_moment(field) else ("highest", "lowest")
        direction = high if order.descending else low
        by = f" by {column}" if column else ""
        if limit is not None:
            return f"only the {f'{limit} ' * (limit != 1)}{direction}{by}{each}{ties}"
        return f"{f'by {column}, ' * bool(column)}{direction} first{each}{ties}"

    def _order_of(self, order: Order, plan: QueryPlan, columns: _Columns) -> tuple[Value | None, str]:
        """What orders the rows, and its words; no words where it is the only measure, which the direction says."""
        if order.field is not None:
            return order.field, self._rows.value(order.field, plan.base)
        dimension = next((d for d in plan.dimensions if d.name == order.column), None)
        if dimension is not None:
            return dimension.field, columns.that(order.column)
        measure = columns.first if not order.column else columns.measures.get(order.column)
        said = columns.that(order.column)
        return measure.field if measure else None, "" if said == "that" else said

    def _is_moment(self, value: Value | None) -> bool:
        match value:
            case FieldRef():
                return self._model.dataset(value.dataset).field(value.field).is_time
            case Related(function="min" | "max", field=FieldRef() as inner):
                return self._is_moment(inner)
            case _:
                return False


class _Columns:
    """The columns of a plan, by what they are said as."""

    def __init__(self, plan: QueryPlan, rows: RowWords, model: SemanticModel) -> None:
        self._plan = plan
        self._rows = rows
        self._model = model
        self.measures = {m.name: m for m in plan.measures}
        self.first = plan.measures[0] if plan.measures else None
        self._derived = {d.name: d for d in plan.derived}
        self._beside = {m.name: (m, b) for b in plan.beside for m in b.measures}

        self._shown_names = [m.name for m in plan.measures if not m.hidden]
        self._shown_names += [d.name for d in plan.derived if not d.hidden]

    def shown(self) -> list[str]:
        said = [self.measure(m) for m in self._plan.measures if not m.hidden]
        return said + [self._derive(d, its=len(said) == 1) for d in self._plan.derived if not d.hidden]

    def that(self, name: str) -> str:
        """A column that is referred to: "that" for the only one that is shown."""
        name = name or (self.first.name if self.first else "")
        return "that" if self._shown_names == [name] else self._named(name)

    def shown_as(self, name: str) -> Field | Metric | None:
        """What tells the unit of a column."""
        measure = self.measures.get(name) if name else self.first
        derived = self._derived.get(name)
        if derived and (derived.kind in ("share", "growth") or self._inside(derived)):
            return _PERCENT
        if derived:
            return self.shown_as(derived.of) if derived.kind not in ("rank", "ratio") else None
        if measure is None or measure.kind in ("count", "distinct"):
            return None
        if measure.kind == "metric":
            return self._model.metric_by_name[measure.metric]
        return self._rows.shown_as(measure.field) if measure.field else None

    def _named(self, name: str) -> str:
        if name in self.measures:
            return self.measure(self.measures[name])
        if name in self._derived:
            return self._derive(self._derived[name])
        for dimension in self._plan.dimensions:
            if dimension.name == name:
                return dimension.grain or self._rows.value(dimension.field, self._plan.base)
        if name in self._beside:
            measure, beside = self._beside[name]
            return _Columns(beside, self._rows, self._model).measure(measure)
        return f"“{name}”"

    def measure(self, measure: Measure) -> str:
        return f"{self._bare(measure)}{self._rows.where(measure.conditions, self._plan.base)}"

    def _bare(self, measure: Measure) -> str:
        base, names = self._plan.base, self._rows.names
        if measure.kind == "metric":
            metric = self._model.metric_by_name[measure.metric]
            return f"{names.metric(measure.metric)}{self._over(metric_base(metric, self._model) != base)}"
        if measure.kind == "count" or measure.field is None:
            return f"number of {names.rows(base)}"
        value = self._rows.value(measure.field, base)
        over = self._over(not self._tells_base(measure.field))
        if measure.kind == "distinct":
            return f"number of different {plural(value)}{over}"
        if measure.function == "percentile":
            share = (measure.percentile or Decimal("0.5")) * 100
            return f"{share.normalize():f}th percentile of {value}{over}"
        return f"{FUNCTION_WORDS.get(measure.function, measure.function)} {value}{over}"

    def _over(self, unsaid: bool) -> str:
        return f" over {self._rows.names.rows(self._plan.base)}" if unsaid else ""

    def _tells_base(self, value: Value) -> bool:
        """Whether the value's words name a row of the base and of no other dataset."""
        match value:
            case FieldRef():
                return not value.path and self._rows.names.is_field_of_one(value.dataset, value.field)
            case Related():
                return True
            case Span():
                return any(self._tells_base(each) for each in (value.start, value.end) if isinstance(each, FieldRef))
            case _:
                return self._tells_base(value.field)

    def _derive(self, derived: Derived, *, its: bool = False) -> str:
        only = its and self.first is not None and derived.of == self.first.name and not self.first.hidden
        of = "it" if only else self._named(derived.of)
        within = f" within each {_and([self._named(name) for name in derived.within])}" if derived.within else ""
        along = f" along {self._named(derived.along)}" if derived.along else ""
        match derived.kind:
            case "ratio":
                said = self._ratio(derived)
            case "share":
                said = "its share of the total" if only else f"share of the total of {of}"
            case "rank":
                said = f"rank by {of}, {'highest' if derived.descending else 'lowest'} first"
            case "running_total":
                said = f"running total of {of}{along}"
            case "moving_average":
                said = f"moving average of {of} over {derived.periods} {self._steps(derived)}"
            case "previous":
                said = f"{of} {'of ' if not only else 'in '}{self._earlier(derived)}"
            case kind:
                than = self._named(derived.by) if derived.by else self._earlier(derived)
                said = f"its {kind} against {than}" if only else f"{kind} of {of} against {than}"
        return f"{said}{within}"

    def _ratio(self, derived: Derived) -> str:
        inside = self._inside(derived)
        if not inside:
            return f"{self._named(derived.of)} divided by {self._named(derived.by)}"
        whole = self.measures[derived.by]
        of = self.measure(whole)
        of = of.removeprefix("number of ") if whole.kind == "count" else of
        return f"share of {of}{self._rows.where(inside, self._plan.base)}"

    def _inside(self, derived: Derived) -> tuple[Condition, ...]:
        """What makes the part of a ratio, where it is a part of the whole; else nothing."""
        part, whole = self.measures.get(derived.of), self.measures.get(derived.by)
        if derived.kind != "ratio" or part is None or whole is None:
            return ()
        alike = replace(part, name="", conditions=(), hidden=False) == replace(
            whole, name="", conditions=(), hidden=False
        )
        count = len(whole.conditions)
        return part.conditions[count:] if alike and part.conditions[:count] == whole.conditions else ()

    def _earlier(self, derived: Derived) -> str:
        if derived.periods == 1:
            return f"the {self._step(derived)} before"
        return f"{derived.periods} {self._steps(derived)} before"

    def _step(self, derived: Derived) -> str:
        return self._named(derived.along) if derived.along else "row"

    def _steps(self, derived: Derived) -> str:
        return f"{self._step(derived)}s"


def _folded(fold: Fold, columns: _Columns) -> str:
    kept = _and([columns.that(name) for name in fold.keep])
    each = f" for each {kept}" if kept else ""
    return f"then the {_FOLDS[fold.function]} of {columns.that(fold.of)} over these rows{each}"


def _and(parts: list[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)
