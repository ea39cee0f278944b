"""One grouped SELECT over a base dataset: its dimensions and measures."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from sqlglot import exp

from nl2sql.plan.base import Condition, Dimension, During, FieldRef, Measure, Part, QueryPlan, Value
from nl2sql.plan.compile.aggregates import allowed_values, narrowed, split_condition
from nl2sql.plan.compile.conditions import Rows
from nl2sql.plan.compile.dialects import bucket, floored
from nl2sql.plan.compile.layers import Layer
from nl2sql.plan.compile.moments import weekday_name
from nl2sql.plan.compile.percentiles import is_native, over_ranked_rows, percentile
from nl2sql.plan.compile.statement import Statement
from nl2sql.plan.errors import PlanInvalid

_AGGREGATES: dict[str, type[exp.AggFunc]] = {"sum": exp.Sum, "avg": exp.Avg, "min": exp.Min, "max": exp.Max}


@dataclass(frozen=True, slots=True)
class Key:
    """An output column that rows are grouped by: a dimension, or part of the key of an entity (not shown). One that
    `follows` from the key before it needs no grouping of its own."""

    name: str
    value: exp.Expr
    never_null: bool = False
    follows: bool = False


@dataclass(frozen=True, slots=True)
class Grouping:
    """`keys_of`: the columns that tell the groups of a dimension apart, by the dimension's column."""

    shown: tuple[str, ...]
    keys_of: dict[str, tuple[Key, ...]]

    @property
    def keys(self) -> list[Key]:
        return [key for keys in self.keys_of.values() for key in keys]


def output_name(dimension: Dimension) -> str:
    """A bucket is named apart from the number it cuts: BigQuery takes a name in GROUP BY for the column."""
    name = "_".join(dimension.name.lower().replace("-", " ").split())
    return f"{name}_from" if dimension.width is not None else name


def free_name(name: str, taken: tuple[str, ...]) -> str:
    return name if name not in taken else f"{name}_value"


def is_weekday(dimension: Dimension) -> bool:
    return isinstance(dimension.field, Part) and dimension.field.part == "weekday"


def _within_period(condition: Condition, value: Value) -> bool:
    """Whether the condition leaves no row without this moment."""
    if not isinstance(condition, During) or condition.field != value:
        return False
    return bool(condition.period.start or condition.period.end)


class Grouped(Rows):
    def __init__(
        self, statement: Statement, base: str, taken: tuple[str, ...] = (), root: tuple[str, ...] = ()
    ) -> None:
        super().__init__(statement, base, taken, root)
        self._alone = True

    def layer(self, plan: QueryPlan) -> tuple[Layer, Grouping]:
        """What the plan's rows give by its dimensions and measures, without bounds, order and limit."""
        self._conditions(plan.conditions)
        grouping = Grouping(
            tuple(output_name(d) for d in plan.dimensions),
            {output_name(d): self._keys(d, plan) for d in plan.dimensions},
        )
        self._alone = len(plan.measures) == 1
        measures = [(m, self._measure(m)) for m in plan.measures]
        self._hoist(measures)
        self._refuse_narrowed_ratio(measures)
        values = {free_name(m.name, grouping.shown): self._narrowed(m, value) for m, value in measures}
        counts = frozenset(name for name, value in values.items() if isinstance(value, exp.Count))
        name = f"{self.base}_by_{'_'.join(grouping.shown)}" if grouping.shown else f"{self.base}_total"
        if not is_native(self.dialect) and any(value.find(exp.PercentileCont) for value in values.values()):
            keys = [(key.name, key.value) for key in grouping.keys]
            layer = over_ranked_rows(self.statement, f"ranked_{self.base}", self.select, keys, values)
            layer.name, layer.counts = name, counts
            return layer, grouping
        frame = self.select([])
        if grouping.keys:
            frame.set("group", exp.Group(expressions=[key.value.copy() for key in grouping.keys if not key.follows]))
        values = {key.name: key.value for key in grouping.keys} | values
        return Layer(self.statement, name, frame, values, True, set(), counts), grouping

    # -- dimensions --------------------------------------------------------------------------------------------------

    def _keys(self, dimension: Dimension, plan: QueryPlan) -> tuple[Key, ...]:
        """Entities are grouped by key as well: two people may share a name."""
        name, value = output_name(dimension), self._dimension(dimension)
        ref = dimension.field
        if is_weekday(dimension):  # shown by its name, in the order of the week
            return (Key(f"{name}_number", value), Key(name, weekday_name(value), follows=True))
        if not dimension.entity:
            return (Key(name, value, any(_within_period(c, ref) for c in plan.conditions)),)
        if not isinstance(ref, FieldRef):
            raise PlanInvalid(f"I could not tell which rows “{dimension.name}” stands for.")
        alias = self._at(ref.path)
        columns = self.model.dataset(ref.dataset).primary_key
        keys = [Key(f"{name}_{column}", exp.column(column, alias), never_null=True) for column in columns]
        return (*keys, Key(name, value))

    def _dimension(self, dimension: Dimension) -> exp.Expr:
        value = self._value(dimension.field)
        if dimension.grain:
            return bucket(value, dimension.grain, self.dialect)
        return self._edge(value, dimension.width) if dimension.width is not None else value

    def _edge(self, value: exp.Expr, width: Decimal) -> exp.Expr:
        if width <= 0:
            raise PlanInvalid("A bucket must be wider than nothing.")
        return floored(value, width, self.dialect)

    # -- measures ----------------------------------------------------------------------------------------------------

    def _measure(self, measure: Measure) -> exp.Expr:
        match measure.kind:
            case "count":
                return exp.Count(this=exp.Star())
            case "distinct":
                return exp.Count(this=exp.Distinct(expressions=[self._operand(measure.field)]))
            case "metric":
                return self._metric(measure.metric)
            case "agg":
                value = self._operand(measure.field)
                if measure.function in _AGGREGATES:
                    return _AGGREGATES[measure.function](this=value)
                share = Decimal("0.5") if measure.function == "median" else measure.percentile
                if measure.function not in ("median", "percentile") or share is None or not 0 <= share <= 1:
                    raise PlanInvalid(f"I could not tell how to compute “{measure.name.replace('_', ' ')}”.")
                return percentile(value, share)

    def _operand(self, value: Value | None) -> exp.Expr:
        if value is None:
            raise PlanInvalid("I could not tell which column to compute.")
        if self._alone:
            return self._value(value)
        with self._keeping_rows():  # rows without this value count in the other measures
            return self._value(value)

    def _narrowed(self, measure: Measure, value: exp.Expr) -> exp.Expr:
        """The measure over only the rows that its own conditions select."""
        if not measure.conditions:
            return value
        with self._keeping_rows():
            condition = exp.and_(*(self._condition(c) for c in measure.conditions), copy=False)
        part = narrowed(value, condition)
        if part is None:
            raise PlanInvalid(f"I cannot narrow “{measure.name.replace('_', ' ')}” by a condition of its own.")
        return part

    def _hoist(self, measures: list[tuple[Measure, exp.Expr]]) -> None:
        """SUM(CASE WHEN c THEN x END) over all measures alike → WHERE c and SUM(x): the same, and plainer."""
        split = [split_condition(value) for _, value in measures]
        first = split[0][0]
        if first is None or any(condition != first for condition, _ in split):
            return
        self._require(first)
        for index, (measure, _) in enumerate(measures):
            measures[index] = (measure, split[index][1])

    def _refuse_narrowed_ratio(self, measures: list[tuple[Measure, exp.Expr]]) -> None:
        """A ratio says itself which rows are its part and its whole: "success rate of successes" asks nothing."""
        for measure, value in measures:
            if measure.kind != "metric":
                continue
            tested = [allowed_values(c) for i in value.find_all(exp.If) for c in i.this.flatten()]
            tested += [allowed_values(i.this) for i in value.find_all(exp.If)]
            for column, allowed in (allowed_values(c) for c in self.where):
                counted = frozenset[str]().union(*(values for c, values in tested if c is not None and c == column))
                if column is not None and counted and not counted <= allowed:
                    name = self.model.metric_by_name[measure.metric].label or measure.name
                    raise PlanInvalid(
                        f"“{name}” is already about {' and '.join(sorted(counted))}; it cannot be narrowed by that."
                    )
