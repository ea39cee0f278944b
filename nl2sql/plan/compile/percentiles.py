"""Percentiles, interpolated between neighbours, on engines with an aggregate for them and on those without.

Inside the compiler a percentile is PERCENTILE_CONT(value, share). PostgreSQL and DuckDB have such an aggregate.
BigQuery has it as a window only; SQLite, MySQL and MariaDB (whose own is a window, too) have none: there the rows are
numbered within their group first, and the group takes the values around the place of the share. All are exact.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from sqlglot import exp

from nl2sql.plan.compile.aggregates import aggregates_of, over_operands
from nl2sql.plan.compile.dialects import filled
from nl2sql.plan.compile.layers import Layer, named, reading
from nl2sql.plan.compile.statement import Statement

_NATIVE: Final = ("postgres", "duckdb")
_MEDIAN: Final = "AVG(CASE WHEN n BETWEEN total / 2.0 AND total / 2.0 + 1 THEN x END)"
# A value counts by how near its number (from 1) is to the place of the share: the two around it add up to 1.
_PERCENTILE: Final = (
    "SUM(CASE WHEN ABS(n - 1 - share * (total - 1)) < 1 THEN x * (1 - ABS(n - 1 - share * (total - 1))) END)"
)


def is_native(dialect: str) -> bool:
    return dialect in _NATIVE


def percentile(value: exp.Expr, share: Decimal) -> exp.Expr:
    at = exp.Literal.number(f"{share.normalize():f}")
    return exp.PercentileCont(this=value, expression=at)


def spelled(query: exp.Expr, dialect: str) -> None:
    """Writes the percentiles that are still in the query as the engine's own aggregate."""
    for node in list(query.find_all(exp.PercentileCont)):
        if node.args.get("expression") is None or isinstance(node.parent, exp.Window):
            continue
        if dialect == "postgres":
            ordered = exp.Order(expressions=[exp.Ordered(this=node.this, nulls_first=False)])
            own: exp.Expr = exp.WithinGroup(this=exp.PercentileCont(this=node.expression), expression=ordered)
        else:  # of decimals DuckDB would give a decimal, rounded
            number = exp.cast(node.this, exp.DType.DOUBLE)
            own = exp.Anonymous(this="QUANTILE_CONT", expressions=[number, node.expression])
        node.replace(own)


Source = Callable[[list[exp.Expr]], exp.Select]


def over_ranked_rows(
    statement: Statement, title: str, source: Source, keys: list[tuple[str, exp.Expr]], values: dict[str, exp.Expr]
) -> Layer:
    """The same aggregates, over a WITH query that has for each row its keys, what is aggregated, and its number."""
    rows = _RankedRows(statement.dialect, [value for _, value in keys], [name for name, _ in keys])
    for name, value in keys:
        rows.columns[name] = value
    computed = {name: rows.over_columns(name, value) for name, value in values.items()}
    query = source([named(value, name) for name, value in rows.columns.items()])
    title = statement.named(title)
    statement.add(title, query)
    layer = reading(statement, title, [name for name, _ in keys], title)
    if keys:
        layer.frame.set("group", exp.Group(expressions=[exp.column(name) for name, _ in keys]))
    layer.values |= computed
    layer.grouped = True
    return layer


class _RankedRows:
    def __init__(self, dialect: str, partition: list[exp.Expr], taken: list[str]) -> None:
        self.columns: dict[str, exp.Expr] = {}
        self._dialect = dialect
        self._partition = partition
        self._taken = taken

    def over_columns(self, name: str, value: exp.Expr) -> exp.Expr:
        """The measure with each of its aggregates over columns of the ranked rows."""
        changed = value.copy()
        for aggregate in list(aggregates_of(changed)):
            new = self._aggregate(name, aggregate)
            if aggregate is changed:
                return new
            aggregate.replace(new)
        return changed

    def _aggregate(self, name: str, aggregate: exp.AggFunc) -> exp.Expr:
        if isinstance(aggregate, exp.PercentileCont):
            return self._percentile(name, aggregate)
        if isinstance(aggregate.this, exp.Star | exp.Literal):
            return aggregate.copy()
        return over_operands(aggregate, lambda operand: self._column(operand, name))

    def _column(self, value: exp.Expr, name: str) -> exp.Expr:
        stem = value.name if isinstance(value, exp.Column) else f"{name}_of_row"
        return exp.column(self._named(stem, value))

    def _named(self, stem: str, value: exp.Expr) -> str:
        name, number = stem, 2
        while self.columns.get(name, value) != value or name in self._taken:
            name, number = f"{stem}_{number}", number + 1
        self.columns[name] = value
        return name

    def _percentile(self, name: str, aggregate: exp.PercentileCont) -> exp.Expr:
        value, share = aggregate.this, aggregate.expression
        if self._dialect == "bigquery":
            return exp.Min(this=exp.column(self._named(f"{name}_of_group", self._over(aggregate.copy()))))
        column = self._column(value, name)
        ordered = exp.Order(expressions=[exp.Ordered(this=value.copy(), nulls_first=False)])
        number = self._named(f"{column.name}_number", self._over(exp.RowNumber(), ordered))
        total = self._named(f"{column.name}_count", self._over(exp.Count(this=value.copy())))
        text = _MEDIAN if share.name == "0.5" else _PERCENTILE
        places = {"n": exp.column(number), "total": exp.column(total), "x": column, "share": share}
        return filled(text, self._dialect, **places)

    def _over(self, function: exp.Expr, order: exp.Order | None = None) -> exp.Expr:
        return exp.Window(this=function, partition_by=[each.copy() for each in self._partition], order=order)
