"""What a gold statement reads: its tables, and its columns where they can be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import traverse_scope

from nl2sql.catalog.model import Dataset, Field, SemanticModel

_QUOTES = '"`'
Columns = Mapping[str, Mapping[str, str]]  # table → column → type


@dataclass(frozen=True, slots=True)
class Read:
    """Tables and "table.column" names, in lower case."""

    tables: frozenset[str]
    columns: frozenset[str]


def read_of(sql: str, columns: Columns) -> Read:
    """Nothing of a statement that cannot be read."""
    try:
        tree = sqlglot.parse_one(sql.lower(), read="sqlite")
    except SqlglotError:
        return Read(frozenset(), frozenset())
    named = {table.name for table in tree.find_all(exp.Table)} - {each.alias for each in tree.find_all(exp.CTE)}
    tables = frozenset(named & columns.keys())
    schema: dict[str, object] = {table: dict(columns[table]) for table in tables}
    try:
        qualified = qualify(tree.copy(), schema=schema, dialect="sqlite", validate_qualify_columns=False)
        found = frozenset(
            f"{source.name}.{column.name}"
            for scope in traverse_scope(qualified)
            for column in scope.columns
            if isinstance(source := scope.sources.get(column.table), exp.Table) and column.name in columns[source.name]
        )
    except (SqlglotError, KeyError):
        said = {column.name for column in tree.find_all(exp.Column)}
        found = frozenset(f"{table}.{name}" for table in tables for name in said if name in columns[table])
    return Read(tables, found)


def lacking_columns(gold: Read, shown: Mapping[str, Dataset], core: SemanticModel) -> frozenset[str]:
    """Columns of the tables that are shown which no shown field reads, without those that the model marks sensitive."""
    told = {_column(table, f) for table, d in shown.items() for f in d.fields}
    hidden = {_column(d.table, f) for d in core.datasets for f in d.fields if f.sensitive}
    return frozenset(c for c in gold.columns if c.partition(".")[0] in shown and c not in told and c not in hidden)


def _column(table: str, field: Field) -> str:
    return f"{table}.{field.expression.strip(_QUOTES)}".lower()
