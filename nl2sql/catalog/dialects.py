"""Expressions in several dialects: which one is read, and a model in the words of one kind of database."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from nl2sql.catalog.model import Field, Metric, SemanticModel

ANSI = "ANSI_SQL"
# The format's name → the parser's. MDX, TABLEAU and MAQL are no SQL: nothing here can read them.
SQL_DIALECTS: Mapping[str, str] = MappingProxyType(
    {ANSI: "", "BIGQUERY": "bigquery", "DATABRICKS": "databricks", "SNOWFLAKE": "snowflake"}
)

# A column alone, perhaps with its dataset: nine expressions of ten, and known to be one without a parser.
_PLAIN = re.compile(r"(?:[A-Za-z_]\w*\.)?[A-Za-z_]\w*")
_WORDS = frozenset({"null", "true", "false", "current_date", "current_timestamp", "current_time", "case", "select"})


def is_plain(expression: str) -> bool:
    """Whether it is the name of a column and nothing else."""
    return _PLAIN.fullmatch(expression) is not None and expression.lower() not in _WORDS


def column_of(expression: str) -> str:
    """The column's own name where the expression is one column and nothing else, also a quoted one; else empty."""
    if is_plain(expression):
        return expression.rpartition(".")[2]
    try:
        tree = parsed(expression)
    except SqlglotError:
        return ""
    return tree.name if isinstance(tree, exp.Column) else ""


def parsed(expression: str, dialect: str = ANSI) -> exp.Expr:
    """Raises SqlglotError for what is no SQL expression, however it is broken."""
    try:
        tree: exp.Expr = sqlglot.parse_one(expression, read=SQL_DIALECTS[dialect] or None)
    except (RecursionError, ValueError) as error:
        raise SqlglotError(type(error).__name__) from error
    return tree


def ansi_of(expressions: Mapping[str, str]) -> str:
    """The ANSI expression, else another SQL dialect's, translated; empty where all are of languages that are not SQL.

    Raises SqlglotError when the one chosen is no expression of its dialect.
    """
    for dialect in SQL_DIALECTS:
        text = expressions.get(dialect)
        if text is not None:
            if is_plain(text):
                return text
            tree = parsed(text, dialect)
            return text if dialect == ANSI else tree.sql()
    return ""


def in_dialect(model: SemanticModel, dialect: str) -> SemanticModel:
    """The model with every expression that the file gives for this kind of database, translated to ANSI so that it is
    read like all others; the ANSI one stays where there is no other, or where the other cannot be read.

    `dialect` is an engine's: sqlite, mysql, postgres, duckdb, bigquery, ….
    """
    name = dialect.upper()
    if name not in SQL_DIALECTS:
        return model
    return replace(
        model,
        datasets=tuple(
            replace(dataset, fields=tuple(_field_in(name, each) for each in dataset.fields))
            for dataset in model.datasets
        ),
        metrics=tuple(_metric_in(name, each) for each in model.metrics),
    )


def _field_in(name: str, each: Field) -> Field:
    return replace(each, expression=_expression_in(name, each)) if name in each.expressions else each


def _metric_in(name: str, each: Metric) -> Metric:
    return replace(each, expression=_expression_in(name, each)) if name in each.expressions else each


def _expression_in(name: str, each: Field | Metric) -> str:
    try:
        return ansi_of({name: each.expressions[name]})
    except SqlglotError:
        return each.expression
