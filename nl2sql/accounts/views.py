"""Views that hold what the policy shows and nothing else: the account then cannot read the rest, whatever it is asked.

They stand in a schema of their own under the names of the tables, so that the model's names stay as they are.
"""
# ruff: noqa: S608 - names of a database, each quoted

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from nl2sql.accounts.base import lines
from nl2sql.catalog.model import SemanticModel
from nl2sql.guard.physical import PhysicalTable, physical_tables
from nl2sql.guard.policy import Policy, hidden_columns

SCHEMA = "nl2sql_visible"


def columns_to_hide(model: SemanticModel, policy: Policy) -> frozenset[str]:
    """What the policy hides from its role altogether, but for what a row filter reads: a view must keep that."""
    predicates = " ".join(policy.rows.values())
    read = {word.lower() for word in re.findall(r"\w+", predicates)}
    return frozenset(each for each in hidden_columns(model, policy) if each.rpartition(".")[2] not in read)


def visible_columns(model: SemanticModel, hidden: frozenset[str]) -> list[tuple[PhysicalTable, tuple[str, ...]]]:
    """Each table of the model and its columns that are not hidden ("table.column"); tables without any are left out."""
    found = []
    for name, table in physical_tables(model).items():
        columns = tuple(column.name for key, column in table.columns.items() if f"{name}.{key}" not in hidden)
        if columns:
            found.append((table, columns))
    return found


def mysql_views(
    tables: Sequence[tuple[str, str, tuple[str, ...]]], database: str, account: str, revokes: Iterable[str]
) -> str:
    """`tables` are (database, table, columns). The account's address must name the new database afterwards."""
    home = _backticks(f"{database}_visible")
    made = [
        f"CREATE OR REPLACE SQL SECURITY DEFINER VIEW {home}.{_backticks(table)} AS"
        f" SELECT {', '.join(_backticks(each) for each in columns)} FROM {_backticks(source)}.{_backticks(table)};"
        for source, table, columns in tables
    ]
    # An underscore in the name of a database is a pattern to GRANT.
    pattern = home.replace("_", "\\_")
    grant = f"GRANT SELECT ON {pattern}.* TO {account};"
    return lines([f"CREATE DATABASE IF NOT EXISTS {home};", *made, *revokes, grant])


def postgres_views(
    tables: Sequence[tuple[str, str, tuple[str, ...]]], database: str, account: str, revokes: Iterable[str]
) -> str:
    """`tables` are (schema, table, columns). Their barrier keeps conditions of a question behind those of the view."""
    home = _quotes(SCHEMA)
    who = _quotes(account)
    made = [
        f"CREATE OR REPLACE VIEW {home}.{_quotes(table)} WITH (security_barrier) AS"
        f" SELECT {', '.join(_quotes(each) for each in columns)} FROM {_quotes(schema)}.{_quotes(table)};"
        for schema, table, columns in tables
    ]
    return lines(
        [
            f"CREATE SCHEMA IF NOT EXISTS {home};",
            *made,
            *revokes,
            f"GRANT USAGE ON SCHEMA {home} TO {who};",
            f"GRANT SELECT ON ALL TABLES IN SCHEMA {home} TO {who};",
            f"ALTER ROLE {who} IN DATABASE {_quotes(database)} SET search_path = {home};",
        ]
    )


def _backticks(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _quotes(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
