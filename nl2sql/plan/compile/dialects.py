"""What engines say differently: time buckets and intervals. Buckets are the same text everywhere.

SQLite rounds to the millisecond when it shifts a moment: the last half of one on a Sunday falls into the next week.

day 2025-03-09 · week 2025-03-03 (its Monday) · month 2025-03 · quarter 2025-Q1 · year 2025
"""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect

from nl2sql.plan.base import Grain
from nl2sql.plan.errors import PlanInvalid

_BUCKETS: dict[str, dict[Grain, str]] = {
    "sqlite": {
        "day": "STRFTIME('%Y-%m-%d', x)",
        "week": "DATE(x, '-6 days', 'weekday 1')",
        "month": "STRFTIME('%Y-%m', x)",
        "quarter": "STRFTIME('%Y', x) || '-Q' || ((CAST(STRFTIME('%m', x) AS INTEGER) + 2) / 3)",
        "year": "STRFTIME('%Y', x)",
    },
    "mysql": {
        "day": "DATE_FORMAT(x, '%Y-%m-%d')",
        "week": "DATE_FORMAT(x - INTERVAL WEEKDAY(x) DAY, '%Y-%m-%d')",
        "month": "DATE_FORMAT(x, '%Y-%m')",
        "quarter": "CONCAT(YEAR(x), '-Q', QUARTER(x))",
        "year": "DATE_FORMAT(x, '%Y')",
    },
    "postgres": {
        "day": "TO_CHAR(x, 'YYYY-MM-DD')",
        "week": "TO_CHAR(DATE_TRUNC('week', x), 'YYYY-MM-DD')",
        "month": "TO_CHAR(x, 'YYYY-MM')",
        "quarter": "TO_CHAR(x, 'YYYY') || '-Q' || TO_CHAR(x, 'Q')",
        "year": "TO_CHAR(x, 'YYYY')",
    },
    "duckdb": {
        "day": "STRFTIME(x, '%Y-%m-%d')",
        "week": "STRFTIME(DATE_TRUNC('week', x), '%Y-%m-%d')",
        "month": "STRFTIME(x, '%Y-%m')",
        "quarter": "STRFTIME(x, '%Y') || '-Q' || QUARTER(x)",
        "year": "STRFTIME(x, '%Y')",
    },
    "bigquery": {
        "day": "FORMAT_DATETIME('%Y-%m-%d', x)",
        "week": "FORMAT_DATETIME('%Y-%m-%d', DATETIME_TRUNC(x, ISOWEEK))",
        "month": "FORMAT_DATETIME('%Y-%m', x)",
        "quarter": "FORMAT_DATETIME('%Y-Q%Q', x)",
        "year": "FORMAT_DATETIME('%Y', x)",
    },
}


def bucket(value: exp.Expr, grain: Grain, dialect: str) -> exp.Expr:
    if dialect not in _BUCKETS:
        raise PlanInvalid(f"I cannot group by {grain} on {dialect} yet.")
    return filled(_BUCKETS[dialect][grain], dialect, x=value)


@lru_cache(maxsize=512)
def _template(text: str, dialect: str) -> exp.Expr:
    return sqlglot.parse_one(text, read=dialect)


def filled(text: str, dialect: str, **values: exp.Expr) -> exp.Expr:
    """The expression with its column names replaced by these values."""
    tree = _template(text, dialect).copy()
    for column in list(tree.find_all(exp.Column)):
        if column.name in values and not column.table:
            value = values[column.name].copy()
            column.replace(exp.paren(value, copy=False) if isinstance(value, exp.Binary) else value)
    return tree


def quotient(part: exp.Expr, whole: exp.Expr, dialect: str) -> exp.Expr:
    """part / whole as the engine divides: written without casts."""
    spoken = Dialect.get_or_raise(dialect)
    return exp.Div(this=part, expression=whole, typed=spoken.TYPED_DIVISION, safe=spoken.SAFE_DIVISION)


def adapt(query: exp.Expr, dialect: str) -> exp.Expr:
    """The last touches: ratios without needless casts, SQLite's way with intervals, and BigQuery's with names.

    SQLite has no intervals: time ± INTERVAL becomes STRFTIME with a modifier, exact to the millisecond.
    """
    spoken = Dialect.get_or_raise(dialect)
    for ratio in query.find_all(exp.Div):
        if isinstance(ratio.this, exp.Mul) and ratio.this.expression == exp.Literal.number("1.0"):
            ratio.set("typed", spoken.TYPED_DIVISION)
            ratio.set("safe", spoken.SAFE_DIVISION)
    if dialect == "bigquery":
        _name_tables_apart(query)
        _order_by_outputs(query)
    return query.transform(_modifier) if dialect == "sqlite" else query


def _name_tables_apart(query: exp.Expr) -> None:
    """In BigQuery's GROUP BY, seller.id is a field of the output column "seller" if there is one, whatever tables there
    are."""
    outputs = {each.alias_or_name for select in query.find_all(exp.Select) for each in select.expressions}
    named = {table.alias_or_name for table in query.find_all(exp.Table)}
    fresh = {name: f"{name}_rows" for name in named & outputs}
    for table in query.find_all(exp.Table):
        if table.alias_or_name in fresh:
            table.set("alias", exp.TableAlias(this=exp.to_identifier(fresh[table.alias_or_name])))
    for column in query.find_all(exp.Column):
        if column.table in fresh:
            column.set("table", exp.to_identifier(fresh[column.table]))


def _order_by_outputs(query: exp.Expr) -> None:
    """After SELECT DISTINCT, BigQuery orders by output columns alone, and by their names."""
    for select in query.find_all(exp.Select):
        order = select.args.get("order")
        if select.args.get("distinct") and order is not None:
            names = {each.unalias(): each.alias_or_name for each in select.expressions}
            for key in order.expressions:
                value = key.this if isinstance(key, exp.Ordered) else key
                if value in names:
                    value.replace(exp.column(names[value]))


def _modifier(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.Add | exp.Sub) and isinstance(node.expression, exp.Interval):
        sign = "-" if isinstance(node, exp.Sub) else "+"
        interval = node.expression
        modifier = exp.Literal.string(f"{sign}{interval.this.name} {interval.text('unit').lower()}s")
        form = exp.Literal.string("%Y-%m-%d %H:%M:%f")
        return exp.func("STRFTIME", form, node.this.copy(), modifier, dialect="sqlite")
    return node


def floored(value: exp.Expr, width: Decimal, dialect: str) -> exp.Expr:
    """The lower edge of the value's bucket. A width of whole numbers is exact as it is; of another one, quotients are
    rounded to 9 digits first, or 0.3 would fall below 0.3 (0.3 / 0.1 is 2.9999999999999996 in binary)."""
    width = width.normalize()
    scale = max(0, -int(width.as_tuple().exponent))
    one = exp.Literal.number("1e0" if dialect == "mysql" else "1.0")  # MySQL's decimals would keep 4 digits more only
    number = exp.paren(value) if isinstance(value, exp.Binary) else value
    if scale and dialect == "postgres":  # it rounds decimals only
        number = exp.cast(value, exp.DType.DECIMAL)
    share = quotient(exp.Mul(this=number, expression=one), exp.Literal.number(f"{width:f}"), dialect)
    if not scale:
        return exp.Mul(this=exp.Floor(this=share), expression=exp.Literal.number(f"{width:f}"))
    lower = exp.Floor(this=exp.Round(this=share, decimals=exp.Literal.number(9)))
    whole = exp.Literal.number(int(width.scaleb(scale)))
    return quotient(exp.Mul(this=lower, expression=whole), exp.Literal.number(f"{10**scale}.0"), dialect)
