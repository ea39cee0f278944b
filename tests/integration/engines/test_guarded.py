"""From a draft through the real guard to typed rows."""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from nl2sql.catalog.model import Dataset, DataType, Field, SemanticModel
from nl2sql.engines.base import RESULT_BYTES
from nl2sql.engines.sqlite import SqliteEngine
from nl2sql.guard.check import check
from nl2sql.guard.checked import CheckedSql
from nl2sql.guard.policy import Limits, Policy
from nl2sql.writers.base import Origin, SqlDraft

MODEL = SemanticModel(
    "shop",
    (
        Dataset(
            "items",
            "items",
            (
                Field("id", "id", DataType.INTEGER),
                Field("price", "price", DataType.DECIMAL),
                Field("at", "at", DataType.DATETIME),
                Field("sold", "sold", DataType.BOOLEAN),
            ),
            ("id",),
        ),
    ),
)


@pytest.fixture
def engine(tmp_path: Path) -> SqliteEngine:
    with sqlite3.connect(tmp_path / "shop.db") as connection:
        connection.execute("CREATE TABLE items(id INTEGER PRIMARY KEY, price DECIMAL(12,2), at DATETIME, sold BOOLEAN)")
        connection.executemany(
            "INSERT INTO items VALUES (?, ?, ?, ?)",
            [(n, n + 0.1, f"2026-06-30 12:00:00.{n:06}", n % 2) for n in range(1, 21)],
        )
    connection.close()
    return SqliteEngine(str(tmp_path / "shop.db"))


def checked(sql: str, rows: int = 1_000, result_bytes: int = RESULT_BYTES) -> CheckedSql:
    limits = Limits(rows=rows, result_bytes=result_bytes)
    verdict = check(SqlDraft(sql, Origin("sql")), MODEL, Policy(limits=limits), "sqlite")
    assert type(verdict) is CheckedSql, verdict
    return verdict


def test_what_the_guard_passes_runs_and_has_its_types(engine: SqliteEngine) -> None:
    result = engine.run(checked("SELECT id, price, at, sold FROM items ORDER BY id"))
    assert [pa.types.is_integer(kind) or str(kind) for kind in result.table.schema.types] == [
        True,
        "decimal128(38, 2)",
        "timestamp[us]",
        "bool",
    ]
    assert result.table["price"][0].as_py() == Decimal("1.10")
    assert not result.truncated


@pytest.mark.parametrize(("rows", "truncated"), [(19, True), (20, False), (21, False)])
def test_the_guards_row_limit_tells_the_truth(engine: SqliteEngine, rows: int, truncated: bool) -> None:
    result = engine.run(checked("SELECT id FROM items", rows))
    assert (result.row_count, result.truncated) == (min(rows, 20), truncated)


def test_the_policys_limit_on_the_size_of_a_result_cuts_it_and_says_so(engine: SqliteEngine, tmp_path: Path) -> None:
    result = engine.run(checked("SELECT id, price FROM items ORDER BY id", result_bytes=200))
    assert result.truncated
    assert 5 < result.row_count < 20
    own_bound = SqliteEngine(str(tmp_path / "shop.db"), result_bytes=200)
    assert own_bound.run(checked("SELECT id, price FROM items ORDER BY id", result_bytes=10**9)).truncated


def test_everything_the_guard_lets_through_is_let_through_here(engine: SqliteEngine) -> None:
    """The authorizer denies by default: an ordinary question must not meet it."""
    for sql in (
        "SELECT COUNT(*) AS n FROM items",
        "SELECT strftime('%Y-%m', at) AS month, SUM(price) AS total FROM items GROUP BY 1 ORDER BY 2 DESC",
        "WITH a AS (SELECT id, price FROM items) SELECT COUNT(*) AS n, AVG(price) AS mean FROM a"
        " WHERE id IN (SELECT id FROM items)",
        "SELECT id, ROW_NUMBER() OVER (ORDER BY price) AS place FROM items UNION ALL SELECT id, 0 AS place FROM items",
        "SELECT CASE WHEN sold THEN 'yes' ELSE 'no' END AS sold, ROUND(AVG(price), 2) AS mean FROM items GROUP BY 1",
    ):
        assert engine.run(checked(sql)).row_count > 0, sql
