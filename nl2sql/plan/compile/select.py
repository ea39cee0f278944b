"""QueryPlan → SQL: joins only from the many side to the one side; everything else is asked by existence, or aggregated
before it is joined. So no measure can be multiplied by a join.

A plan that is one grouped SELECT is written as one. What builds upon groups (other plans beside, windows, bounds on
them, the first of each group, a fold) turns what there is so far into a WITH query and goes on above it.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from sqlglot import exp

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import SemanticModel
from nl2sql.plan.base import Derived, Dimension, Fold, Having, QueryPlan
from nl2sql.plan.compile.beside import joined, merged
from nl2sql.plan.compile.conditions import COMPARE, PLAIN_NUMBER, is_not_null, is_null
from nl2sql.plan.compile.derived import along_dimension, along_time, among_groups, looks_around, of_one_row
from nl2sql.plan.compile.dialects import adapt
from nl2sql.plan.compile.grouped import Grouped, Grouping, free_name, is_weekday, output_name
from nl2sql.plan.compile.layers import Layer, reading
from nl2sql.plan.compile.listed import Listed
from nl2sql.plan.compile.percentiles import is_native, over_ranked_rows, percentile, spelled
from nl2sql.plan.compile.ranks import direction, first_of_each
from nl2sql.plan.compile.statement import Query, Statement
from nl2sql.plan.errors import PlanInvalid

_FOLDS: dict[str, type[exp.AggFunc]] = {"avg": exp.Avg, "min": exp.Min, "max": exp.Max, "sum": exp.Sum}
_HALF = Decimal("0.5")


def compile_plan(plan: QueryPlan, model: SemanticModel, graph: JoinGraph, dialect: str) -> str:
    """Raises PlanInvalid, with a sentence, for what the model or the dialect cannot do."""
    statement = Statement(model, graph, dialect)
    query = _Answer(statement, plan).query() if plan.measures else Listed(statement, plan.base).query(plan)
    whole = statement.whole(query)
    if is_native(dialect):
        spelled(whole, dialect)
    return adapt(whole, dialect).sql(dialect, pretty=True, copy=False)


class _Answer:
    """A plan with measures. `columns` are the output columns of its measures, by their names in the plan."""

    def __init__(self, statement: Statement, plan: QueryPlan) -> None:
        self.statement = statement
        self.plan = merged(plan)
        self.shown: list[str] = []
        self.columns: dict[str, str] = {}
        self._dimensions: dict[str, str] = {}
        self.layer, self.grouping = self._groups()

    def query(self) -> Query:
        self.compute()
        if self.plan.fold is not None:
            return self._folded(self.plan.fold)
        return self._ordered([*self.grouping.shown, *self.shown])

    def compute(self) -> None:
        """Everything up to the bounds."""
        for derived in self.plan.derived:
            self._derive(derived)
        for bound in self.plan.having:
            self._bound(bound)
        self._leave_out_what_has_no_rank()

    # -- groups ------------------------------------------------------------------------------------------------------

    def _groups(self) -> tuple[Layer, Grouping]:
        plan = self.plan
        layer, grouping = Grouped(self.statement, plan.base).layer(plan)
        self._dimensions |= {d.name: output_name(d) for d in plan.dimensions} | {n: n for n in grouping.shown}
        for measure in plan.measures:
            self._name(measure.name, free_name(measure.name, grouping.shown), hidden=measure.hidden)
        if not plan.beside:
            return layer, grouping
        parts, groupings = [layer.closed()], [grouping]
        for each in plan.beside:
            other = _Answer(self.statement, each)
            other.compute()
            if other.grouping.shown != grouping.shown or len(other.grouping.keys) != len(grouping.keys):
                raise PlanInvalid("I can only set side by side what is grouped by the same things.")
            parts.append(other.layer.closed())
            groupings.append(other.grouping)
            for name, column in other.columns.items():
                self._name(name, column, hidden=column not in other.shown)
        return joined(self.statement, parts, groupings), grouping

    def _name(self, name: str, column: str, *, hidden: bool) -> None:
        if name in self.columns:
            raise PlanInvalid(f"Two columns of the answer would be called “{name.replace('_', ' ')}”.")
        self.columns[name] = column
        if not hidden:
            self.shown.append(column)

    # -- derived columns ---------------------------------------------------------------------------------------------

    def _derive(self, derived: Derived) -> None:
        of = self._column(derived.of)
        by = self._column(derived.by) if derived.by else ""
        if looks_around(derived):
            value = self._look_around(derived, of)
        else:
            value = of_one_row(derived, self.layer.values[of], self.layer.values[by])
        name = free_name(derived.name, self.grouping.shown)
        self._name(derived.name, name, hidden=derived.hidden)
        if looks_around(derived) or {of, by} & self.layer.windows:
            self.layer.windows.add(name)
        self.layer.values[name] = value

    def _look_around(self, derived: Derived, of: str) -> exp.Expr:
        plain_share = derived.kind == "share" and not derived.within and self.layer.grouped
        dimension = along_dimension(derived, self.plan.dimensions)
        if of in self.layer.windows or not (plain_share or self.layer.is_plain(of)):
            self.layer = self.layer.closed("computed")
        if dimension is None:
            return among_groups(derived, self.layer.values[of], self._partition(derived.within))
        along = output_name(dimension)
        others = [name for name in self.grouping.shown if name != along]
        partition = self._partition(others)
        values = self.layer.values
        steps = values[self._calendar_key(dimension)]
        return along_time(derived, values[of], steps, dimension, partition, self.statement.dialect)

    def _partition(self, within: tuple[str, ...] | list[str]) -> list[exp.Expr]:
        return [self.layer.values[key] for name in within for key in self._keys(self._dimension(name))]

    def _keys(self, name: str) -> list[str]:
        """The columns that tell the groups of a dimension apart: an entity's key, otherwise itself."""
        keys = [key.name for key in self.grouping.keys_of[name]]
        return keys[:-1] or keys

    @staticmethod
    def _calendar_key(dimension: Dimension) -> str:
        """The column that grows along the calendar: a weekday's number, not its name."""
        name = output_name(dimension)
        return f"{name}_number" if is_weekday(dimension) else name

    def _dimension(self, name: str) -> str:
        if name not in self._dimensions:
            raise PlanInvalid(f"The answer is not grouped by “{name.replace('_', ' ')}”.")
        return self._dimensions[name]

    def _column(self, name: str) -> str:
        known = self.columns if name in self.columns else self._dimensions
        if name not in known:
            raise PlanInvalid(f"The answer has no column “{name.replace('_', ' ')}”.")
        return known[name]

    # -- bounds ------------------------------------------------------------------------------------------------------

    def _first_shown(self) -> str:
        if not self.shown:
            raise PlanInvalid("I could not tell what to show.")
        return self.shown[0]

    def _bound(self, having: Having) -> None:
        column = self._column(having.column) if having.column else self._first_shown()
        if self.layer.windows:
            self.layer = self.layer.closed("bounded")
        value = self.layer.values[column].copy()
        if having.operator == "is null":
            self.layer.require(is_null(value))
        elif having.operator == "is not null":
            self.layer.require(is_not_null(value))
        elif having.operator in COMPARE and PLAIN_NUMBER.match(having.value):
            number = exp.Literal.number(having.value)
            self.layer.require(COMPARE[having.operator](this=value, expression=number))
        else:
            raise PlanInvalid(f"I cannot compare a column with “{having.value}” that way.")

    def _ordering_column(self) -> str:
        order = self.plan.order
        return self._column(order.column) if order is not None and order.column else self._first_shown()

    def _leave_out_what_has_no_rank(self) -> None:
        """A group without a value has no rank; engines disagree on whether it sorts first or last."""
        plan = self.plan
        if plan.order is None or plan.order.descending or not plan.dimensions or not plan.limit:
            return
        column = self._ordering_column()
        if column in self.grouping.shown or column in self.layer.counts:
            return
        if column in self.layer.windows:
            self.layer = self.layer.closed("bounded")
        self.layer.require(is_not_null(self.layer.values[column].copy()))

    # -- order, limit, fold ------------------------------------------------------------------------------------------

    def _ordered(self, shown: list[str]) -> exp.Select:
        """The final SELECT of these columns."""
        plan, place = self.plan, ""
        several = bool(plan.limit and (plan.within or plan.ties) and plan.dimensions)
        if several:
            place = self._first_of_each()
        query = self.layer.showing(shown)
        by = [self._dimension(name) for name in plan.within if several]
        keys: list[exp.Expr] = [exp.column(name) for name in by]
        if place:
            keys.append(exp.column(place))
        elif plan.order and plan.dimensions:
            column = self._ordering_column()
            value = exp.column(column) if column in shown else self.layer.values[column].copy()
            keys.append(direction(value, self.statement.dialect, descending=plan.order.descending))
            by.append(column)
        keys += [self._sort_key(name) for name in self._dimensions_in_order() if name not in by]
        if keys:
            query.set("order", exp.Order(expressions=keys))
        if plan.limit and plan.dimensions and not several:
            query.set("limit", exp.Limit(expression=exp.Literal.number(plan.limit)))
        return query

    def _sort_key(self, name: str) -> exp.Expr:
        number = f"{name}_number"
        weekdays = {output_name(d) for d in self.plan.dimensions if is_weekday(d)}
        return self.layer.values[number].copy() if name in weekdays else exp.column(name)

    def _dimensions_in_order(self) -> list[str]:
        """Times first: a series is read along them."""
        grained = [output_name(d) for d in self.plan.dimensions if d.grain]
        return [*grained, *(name for name in self.grouping.shown if name not in grained)]

    def _first_of_each(self) -> str:
        plan = self.plan
        if self.layer.grouped or self.layer.windows:
            self.layer = self.layer.closed()
        self.layer.name = "ranked"
        partition = self._partition(plan.within)
        descending = plan.order is None or plan.order.descending
        column = self._ordering_column()
        order: list[exp.Expr] = [
            direction(self.layer.values[column].copy(), self.statement.dialect, descending=descending)
        ]
        if not plan.ties:
            others = [
                n for n in self._dimensions_in_order() if n != column and n not in map(self._dimension, plan.within)
            ]
            order += [self.layer.values[key] for name in others for key in dict.fromkeys((name, *self._keys(name)))]
        self.layer, place = first_of_each(self.layer, partition, order, plan.limit or 1, ties=plan.ties)
        return place

    def _folded(self, fold: Fold) -> Query:
        statement = self.statement
        of = self._column(fold.of)
        keep = [self._dimension(name) for name in fold.keep]
        keys = [key.name for name in keep for key in self.grouping.keys_of[name]]
        if self.plan.limit:
            columns = list(self.layer.values)
            query = self._ordered(columns)
            title = statement.named("first_rows")
            statement.add(title, query)
            below = reading(statement, title, columns, "folded")
        else:
            below = self.layer.closed("folded")
        frame_values = {key: below.values[key] for key in keys}
        if fold.function == "median" and not is_native(statement.dialect):
            value = percentile(below.values[of], _HALF)
            columns_of = [(key, frame_values[key]) for key in keys]
            layer = over_ranked_rows(statement, "ranked", _rows_of(below), columns_of, {fold.name: value})
        else:
            layer = below
            layer.values = frame_values | {fold.name: _fold(fold, below.values[of])}
            if keys:
                layer.frame.set("group", exp.Group(expressions=[exp.column(key) for key in keys]))
        query = layer.showing([*keep, fold.name])
        order = [name for name in self._dimensions_in_order() if name in keep]
        if order:
            query.set("order", exp.Order(expressions=[exp.column(name) for name in order]))
        return query


def _rows_of(layer: Layer) -> Callable[[list[exp.Expr]], exp.Select]:
    def select(columns: list[exp.Expr]) -> exp.Select:
        layer.frame.set("expressions", columns)
        return layer.frame

    return select


def _fold(fold: Fold, value: exp.Expr) -> exp.Expr:
    if fold.function == "count":
        return exp.Count(this=exp.Star())
    if fold.function == "median":
        return percentile(value.copy(), _HALF)
    return _FOLDS[fold.function](this=value.copy())
