"""What SQLite asks before it runs anything: all but plain reading of the schema's own tables is denied."""

from __future__ import annotations

import sqlite3

import pytest

from nl2sql.engines.sqlite_connection import FORBIDDEN_FUNCTIONS, reads_only

authorize = reads_only(frozenset({"items"}))
ACTIONS = {
    code: name
    for name, code in vars(sqlite3).items()
    if name.startswith(("SQLITE_CREATE", "SQLITE_DROP", "SQLITE_ALTER"))
    or name
    in {
        *("SQLITE_ANALYZE", "SQLITE_ATTACH", "SQLITE_DELETE", "SQLITE_DETACH", "SQLITE_INSERT", "SQLITE_PRAGMA"),
        *("SQLITE_RECURSIVE", "SQLITE_REINDEX", "SQLITE_SAVEPOINT", "SQLITE_TRANSACTION", "SQLITE_UPDATE"),
    }
}


def allowed(action: int, first: str | None = None, second: str | None = None) -> bool:
    return authorize(action, first, second, "main", None) == sqlite3.SQLITE_OK


@pytest.mark.parametrize("action", ACTIONS, ids=ACTIONS.values())
def test_every_other_action_is_denied(action: int) -> None:
    assert not allowed(action, "items", "id")


def test_an_action_of_a_later_sqlite_is_denied() -> None:
    assert not allowed(9_999, "items", "id")


@pytest.mark.parametrize("table", ["items", "ITEMS"])
def test_tables_of_the_schema_are_read(table: str) -> None:
    assert allowed(sqlite3.SQLITE_SELECT)
    assert allowed(sqlite3.SQLITE_READ, table, "id")
    assert allowed(sqlite3.SQLITE_READ, table, "")


@pytest.mark.parametrize("table", ["dbstat", "json_each", "pragma_table_info", "sqlite_master", "SQLITE_schema", None])
def test_other_tables_are_not(table: str | None) -> None:
    assert not allowed(sqlite3.SQLITE_READ, table, "name")


def test_the_schema_is_not_even_counted() -> None:
    assert not allowed(sqlite3.SQLITE_READ, "sqlite_master", "")
    assert allowed(sqlite3.SQLITE_READ, "a_common_table_expression", "")


def test_functions_that_reach_outside_are_denied_in_any_case() -> None:
    assert allowed(sqlite3.SQLITE_FUNCTION, None, "sum")
    for name in FORBIDDEN_FUNCTIONS:
        assert not allowed(sqlite3.SQLITE_FUNCTION, None, name.upper())
