"""BigQuery SQL → DuckDB SQL, where sqlglot alone does not say the same."""

from __future__ import annotations

import sqlglot
from sqlglot import exp

_DECIMALS = (exp.DataType.Type.DECIMAL, exp.DataType.Type.BIGDECIMAL)
_QUARTER = "\x1f"  # stands for the number of the quarter, which DuckDB does not format


def translated(sql: str, dataset: str) -> str:
    tree = sqlglot.parse_one(sql, read="bigquery").transform(_for_duckdb)
    named = {cte.alias for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier) or (table.name in named and not table.db):
            continue
        table.set("catalog", None)
        table.set("db", exp.to_identifier(table.db or dataset, quoted=True))
        name = table.name.upper() if table.name.upper().startswith("INFORMATION_SCHEMA.") else table.name
        table.set("this", exp.to_identifier(name, quoted=True))
    return tree.sql(dialect="duckdb")


def _for_duckdb(node: exp.Expression) -> exp.Expression:
    if isinstance(node, exp.DataType) and node.this in _DECIMALS and not node.expressions:
        return exp.DataType.build("DECIMAL(38, 9)", dialect="duckdb")
    if isinstance(node, exp.TimeToStr) and "%Q" in node.args["format"].name:
        plain = node.copy()
        plain.args["format"].set("this", node.args["format"].name.replace("%Q", _QUARTER))
        quarter = exp.cast(exp.Extract(this=exp.var("QUARTER"), expression=node.this.copy()), "TEXT")
        return exp.func("REPLACE", plain, exp.Literal.string(_QUARTER), quarter)
    if isinstance(node, exp.Div) and not (isinstance(node.expression, exp.Literal) and float(node.expression.name)):
        divisor = node.expression
        failed = sqlglot.parse_one("error('division by zero: x / 0')", read="duckdb")
        return exp.Div(
            this=node.this, expression=exp.Case(ifs=[exp.If(this=divisor.copy().eq(0), true=failed)]).else_(divisor)
        )
    return node
