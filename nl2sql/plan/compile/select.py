"""QueryPlan → SQL: joins only from the many side to the one side, existence for everything else.

So no measure can be multiplied by a join: whatever lies on a many side is asked with EXISTS or IN.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import reduce
from typing import Final

from sqlglot import exp

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import Relationship, SemanticModel
from nl2sql.writers.offline.aggregates import allowed_values, divided, narrowed, split_condition
from nl2sql.writers.offline.dialects import adapt, bucket
from nl2sql.writers.offline.frame import NotUnderstood
from nl2sql.writers.offline.joined import Joined
from nl2sql.writers.offline.plan import (
    Comparison,
    Condition,
    Dimension,
    During,
    Exists,
    FieldRef,
    Measure,
    Named,
    QueryPlan,
    RoleHolds,
)

_COMPARE: dict[str, type[exp.Binary]] = {
    "=": exp.EQ, "<>": exp.NEQ, ">": exp.GT, ">=": exp.GTE, "<": exp.LT, "<=": exp.LTE,
}  # fmt: skip
_PLAIN_NUMBER: Final = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?\Z")


def _literal(value: str, *, number: bool) -> exp.Expr:
    """SQLite keeps texts in columns of numbers, and a number is printed as it stands: only plain ones are."""
    return exp.Literal.number(value) if number and _PLAIN_NUMBER.match(value) else exp.Literal.string(value)


def compile_plan(plan: QueryPlan, model: SemanticModel, graph: JoinGraph, dialect: str) -> str:
    query = _Select(model, graph, dialect, plan.base).of_plan(plan)
    return adapt(query, dialect).sql(dialect, pretty=True)


class _Select(Joined):
    """One SELECT over a base dataset: knows the alias at the end of every path it has joined."""

    # -- the three forms ---------------------------------------------------------------------------------------------

    def of_plan(self, plan: QueryPlan) -> exp.Expr:
        self._conditions(plan.conditions)
        return self._grouped(plan) if plan.measures else self._listed(plan)

    def _grouped(self, plan: QueryPlan) -> exp.Expr:
        dimensions = [(self._output(d), self._dimension(d), d) for d in plan.dimensions]
        measures = [(m, self._measure(m)) for m in plan.measures]
        self._hoist(measures, plan)
        self._refuse_narrowed_ratio(measures)
        columns: list[exp.Expr] = [exp.alias_(value, name) for name, value, _ in dimensions]
        names: list[str] = []
        for measure, value in measures:
            name = self._free(measure.name, [n for n, _, _ in dimensions])
            if plan.share == "part":
                name, value = _share_of(name), self._part(measure, value)
            columns.append(exp.alias_(value.copy(), name))
            names.append(name)
            if plan.share == "of_total":
                total = exp.Window(this=exp.Sum(this=value.copy()))
                names[-1] = _share_of(name)
                columns.append(exp.alias_(divided(value, total), names[-1]))
        query = self._from(exp.select(*columns))
        if dimensions:
            query = query.group_by(*[key.copy() for d in dimensions for key in self._keys(*d)])
        for bound in self._having(plan, measures):
            query = query.having(bound)
        return self._ordered(query, plan, [n for n, _, _ in dimensions], names)

    def _listed(self, plan: QueryPlan) -> exp.Expr:
        columns = []
        order = plan.order.field if plan.order else None
        for ref in plan.columns:
            value = self._field(ref)
            if ref == order:
                condition, value = split_condition(value)
                if condition is not None:
                    self._require(condition)
            name = ref.field if not ref.path else self._free(f"{self.aliases[ref.path]}_{ref.field}", [])
            columns.append(exp.alias_(value, name) if not _is_named(value, name) else value)
        if order is not None:
            _, value = split_condition(self._field(order))
            self._require(exp.Not(this=exp.Is(this=value, expression=exp.Null())))
        query = self._from(exp.select(*columns))
        if plan.distinct:
            query = query.distinct()
        if plan.order and order is not None:
            _, value = split_condition(self._field(order))
            query = query.order_by(self._direction(value, plan.order.descending))
        if not plan.distinct:
            for key in self.model.dataset(self.base).primary_key:
                query = query.order_by(exp.column(key, self.aliases[()]))
        else:
            query = query.order_by(*[self._field(ref) for ref in plan.columns])
        return query.limit(plan.limit) if plan.limit else query

    def _from(self, query: exp.Select) -> exp.Select:
        query = query.from_(self._table(self.base, self.aliases[()]))
        for join in self.joins:
            query = query.join(join)
        if self.where:
            all_of_them = reduce(lambda left, right: exp.And(this=left, expression=right), self.where)
            query.set("where", exp.Where(this=all_of_them))
        return query

    # -- columns -----------------------------------------------------------------------------------------------------

    def _dimension(self, dimension: Dimension) -> exp.Expr:
        value = self._field(dimension.field)
        return bucket(value, dimension.grain, self.dialect) if dimension.grain else value

    def _keys(self, name: str, value: exp.Expr, dimension: Dimension) -> list[exp.Expr]:
        """Entities are grouped by key as well: two people may share a name."""
        if not dimension.entity:
            return [value]
        ref = dimension.field
        keys = self.model.dataset(ref.dataset).primary_key
        return [*(exp.column(key, self._at(ref.path)) for key in keys), value]

    def _output(self, dimension: Dimension) -> str:
        return "_".join(dimension.name.lower().replace("-", " ").split())

    @staticmethod
    def _free(name: str, taken: list[str]) -> str:
        return name if name not in taken else f"{name}_value"

    def _measure(self, measure: Measure) -> exp.Expr:
        match measure.kind:
            case "count":
                return exp.Count(this=exp.Star())
            case "distinct":
                return exp.Count(this=exp.Distinct(expressions=[self._field(_given(measure.field))]))
            case "agg":
                functions = {"sum": exp.Sum, "avg": exp.Avg, "min": exp.Min, "max": exp.Max}
                return functions[measure.function](this=self._field(_given(measure.field)))
            case "metric":
                return self._metric(measure.metric)

    def _metric(self, name: str) -> exp.Expr:
        tree = self.expressions.parse(self.model.metric_by_name[name].expression)
        aliases = {}
        for dataset in self.expressions.datasets_of(tree):
            aliases[dataset] = self._reach(dataset)
        return self.expressions.placed(tree, aliases)

    def _hoist(self, measures: list[tuple[Measure, exp.Expr]], plan: QueryPlan) -> None:
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
                    raise NotUnderstood(
                        f"“{name}” is already about {' and '.join(sorted(counted))}; it cannot be narrowed by that."
                    )

    def _part(self, measure: Measure, value: exp.Expr) -> exp.Expr:
        """The share of the measure that its own conditions select."""
        conditions = [self._condition(c) for c in measure.conditions]
        if not conditions:
            raise NotUnderstood("A share of what, exactly? I could not tell the part from the whole.")
        part = narrowed(value, exp.and_(*conditions))
        if part is None:
            raise NotUnderstood(f"I cannot take a share of “{measure.name.replace('_', ' ')}”.")
        return divided(part, value)

    # -- bounds and order --------------------------------------------------------------------------------------------

    def _having(self, plan: QueryPlan, measures: list[tuple[Measure, exp.Expr]]) -> list[exp.Expr]:
        bounds: list[exp.Expr] = []
        if plan.having:
            bound = exp.Literal.number(plan.having.value)
            bounds.append(_COMPARE[plan.having.operator](this=measures[0][1].copy(), expression=bound))
        ranks_upwards = plan.order is not None and not plan.order.descending
        if ranks_upwards and plan.dimensions and plan.limit and measures[0][0].kind != "count":
            # A group without a value has no rank; engines disagree on whether it sorts first or last.
            bounds.append(exp.Not(this=exp.Is(this=measures[0][1].copy(), expression=exp.Null())))
        return bounds

    def _ordered(self, query: exp.Select, plan: QueryPlan, dimensions: list[str], measures: list[str]) -> exp.Expr:
        if plan.order and plan.dimensions:
            query = query.order_by(self._direction(exp.column(measures[0]), plan.order.descending))
        grained = [n for n, d in zip(dimensions, plan.dimensions, strict=True) if d.grain]
        for name in [*grained, *(n for n in dimensions if n not in grained)]:
            query = query.order_by(exp.column(name))
        return query.limit(plan.limit) if plan.limit and plan.dimensions else query

    def _direction(self, value: exp.Expr, descending: bool) -> exp.Expr:
        """The engine's own place for NULL: rows without a value were left out before."""
        small = self.dialect in ("sqlite", "mysql", "bigquery")
        return exp.Ordered(this=value, desc=descending, nulls_first=small and not descending)

    # -- conditions --------------------------------------------------------------------------------------------------

    def _conditions(self, conditions: Iterable[Condition]) -> None:
        for condition in conditions:
            self._require(self._condition(condition))

    def _condition(self, condition: Condition) -> exp.Expr:
        match condition:
            case Comparison():
                return self._comparison(condition)
            case Named():
                dataset = self.model.dataset(condition.dataset)
                text = next(f.expression for f in dataset.filters if f.name == condition.filter)
                found = self.expressions.predicate(text, {condition.dataset: self._at(condition.path)})
                return exp.Not(this=exp.paren(found)) if condition.negated else found
            case RoleHolds():
                relationship = self.graph.relationships[condition.relationship]
                text = relationship.membership if condition.member else relationship.condition
                return self.expressions.predicate(text, {condition.dataset: self._at(condition.path)})
            case During():
                return self._during(condition)
            case Exists():
                return self._exists(condition)

    def _comparison(self, comparison: Comparison) -> exp.Expr:
        condition, value = split_condition(self._field(comparison.field))
        field = self.model.dataset(comparison.field.dataset).field(comparison.field.field)
        number = field.datatype.is_number
        literals = [_literal(v, number=number) for v in comparison.values]
        found: exp.Expr
        match comparison.operator:
            case "is null":
                found = exp.Is(this=value, expression=exp.Null())
            case "is not null":
                found = exp.Not(this=exp.Is(this=value, expression=exp.Null()))
            case "in":
                found = exp.In(this=value, expressions=literals)
            case "not in":
                found = exp.Not(this=exp.In(this=value, expressions=literals))
            case operator:
                found = _COMPARE[operator](this=value, expression=literals[0])
        return exp.and_(condition, found) if condition is not None else found

    def _during(self, during: During) -> exp.Expr:
        value = self._field(during.field)
        bounds: list[exp.Expr] = []
        if during.period.start:
            bounds.append(exp.GTE(this=value.copy(), expression=exp.Literal.string(during.period.start.isoformat())))
        if during.period.end:
            bounds.append(exp.LT(this=value.copy(), expression=exp.Literal.string(during.period.end.isoformat())))
        return exp.and_(*bounds)

    def _exists(self, exists: Exists) -> exp.Expr:
        forward = tuple(name.removeprefix("-") for name in reversed(exists.path))
        last = self.graph.relationships[forward[-1]]
        inner = _Select(self.model, self.graph, self.dialect, exists.dataset, self.taken)
        inner._conditions(exists.conditions)
        many = inner._at(forward[:-1])
        asks_any = exists.operator == ">=" and exists.count == 1
        if asks_any and not self._is_better_listed(exists, last):
            for source, target in zip(last.source_columns, last.target_columns, strict=True):
                inner._require(exp.EQ(this=exp.column(source, many), expression=exp.column(target, self.aliases[()])))
            found: exp.Expr = exp.Exists(this=inner._from(exp.select(exp.Literal.number(1))))
        else:
            found = self._among(exists, inner, last, many, counts=not asks_any)
        return exp.Not(this=found) if exists.negated else found

    def _is_better_listed(self, exists: Exists, last: Relationship) -> bool:
        """SQLite runs an EXISTS once for every outer row, and may then search by the wrong condition; a list of keys
        is made once. The planners of servers turn both into the same join."""
        return self.dialect == "sqlite" and bool(exists.conditions) and len(last.source_columns) == 1

    def _among(self, exists: Exists, inner: _Select, last: Relationship, many: str, *, counts: bool) -> exp.Expr:
        """key IN (SELECT foreign key … [GROUP BY it HAVING COUNT(*) …]): the many side is read once."""
        if len(last.source_columns) != 1:
            raise NotUnderstood("I cannot count over a key of several columns yet.")
        key = exp.column(last.source_columns[0], many)
        inner._require(exp.Not(this=exp.Is(this=key.copy(), expression=exp.Null())))
        query = inner._from(exp.select(key.copy()))
        if counts:
            number = exp.Literal.number(str(exists.count))
            bound = _COMPARE[exists.operator](this=exp.Count(this=exp.Star()), expression=number)
            query = query.group_by(key.copy()).having(bound)
        return exp.In(this=exp.column(last.target_columns[0], self.aliases[()]), query=query.subquery())

    # -- places ------------------------------------------------------------------------------------------------------


def _share_of(name: str) -> str:
    return f"share_of_{name.removeprefix('number_of_')}"


def _given(ref: FieldRef | None) -> FieldRef:
    if ref is None:
        raise NotUnderstood("I could not tell which column to compute.")
    return ref


def _is_named(value: exp.Expr, name: str) -> bool:
    return isinstance(value, exp.Column) and value.name == name
