"""Rows of a dataset, listed."""

from __future__ import annotations

from sqlglot import exp

from nl2sql.plan.base import QueryPlan
from nl2sql.plan.compile.aggregates import split_condition
from nl2sql.plan.compile.conditions import Rows, is_not_null
from nl2sql.plan.compile.layers import Layer, named
from nl2sql.plan.compile.ranks import direction, first_of_each
from nl2sql.plan.compile.statement import Query
from nl2sql.plan.errors import PlanInvalid


class Listed(Rows):
    def query(self, plan: QueryPlan) -> Query:
        self._conditions(plan.conditions)
        if not plan.columns:
            raise PlanInvalid("I could not tell which columns to list.")
        values = self._shown(plan)
        by = self._ordering(plan)
        if plan.limit and (plan.within or plan.ties):
            return self._first_of_each(plan, values, by)
        query = self.select([_named(value, name) for name, value in values.items()])
        keys: list[exp.Expr] = [] if by is None else [self._directed(by, plan)]
        if plan.distinct:
            query.set("distinct", exp.Distinct())
            keys += [value.copy() for value in values.values() if value != by]
        else:
            keys += self._key()
        if keys:
            query.set("order", exp.Order(expressions=keys))
        return query.limit(plan.limit, copy=False) if plan.limit else query

    def _shown(self, plan: QueryPlan) -> dict[str, exp.Expr]:
        ordered = plan.order.field if plan.order else None
        values: dict[str, exp.Expr] = {}
        for column in plan.columns:
            if column.value == ordered:
                condition, value = split_condition(self._value(column.value))
                if condition is not None:
                    self._require(condition)
            else:
                with self._keeping_rows():  # what a row has nothing to show for is no reason to leave it out
                    value = self._value(column.value)
            values[column.name] = value
        return values

    def _ordering(self, plan: QueryPlan) -> exp.Expr | None:
        if plan.order is None or plan.order.field is None:
            return None
        _, value = split_condition(self._value(plan.order.field))
        if not isinstance(value, exp.Coalesce):
            self._require(is_not_null(value.copy()))
        return value

    def _key(self) -> list[exp.Expr]:
        return [exp.column(key, self.aliases[()]) for key in self.model.dataset(self.base).primary_key]

    def _directed(self, value: exp.Expr, plan: QueryPlan) -> exp.Expr:
        return direction(value.copy(), self.dialect, descending=plan.order is not None and plan.order.descending)

    def _first_of_each(self, plan: QueryPlan, values: dict[str, exp.Expr], by: exp.Expr | None) -> Query:
        unknown = [name for name in plan.within if name not in values]
        if by is None or unknown or plan.limit is None:
            raise PlanInvalid("I could not tell which rows come first, or within what.")
        layer = Layer(self.statement, f"ranked_{self.base}", self.select([]), dict(values), False, set())
        partition = [values[name] for name in plan.within]
        order = [self._directed(by, plan), *([] if plan.ties else self._key())]
        layer, place = first_of_each(layer, partition, order, plan.limit, ties=plan.ties)
        query = layer.showing(values)
        keys = [exp.column(name) for name in (*plan.within, place, *(n for n in values if n not in plan.within))]
        query.set("order", exp.Order(expressions=keys))
        return query


def _named(value: exp.Expr, name: str) -> exp.Expr:
    """A list is ordered by columns of tables, so a column needs no alias that repeats its name."""
    return value.copy() if isinstance(value, exp.Column) and value.name == name else named(value, name)
