"""Golds on a DuckDB file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from evals.cases.base import Case, Suite
from evals.compare import Table, compare, rules_of
from evals.errors import SuiteInvalid
from evals.gold.database import GoldDatabase, open_golds
from nl2sql.errors import QueryFailed, QueryTimedOut

duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed")

TODAY = date(2026, 6, 30)


def case_of(sql: Any, **more: Any) -> Case:
    return Case(id="c", question="?", sql=sql, **more)


@pytest.fixture
def golds(tmp_path: Path) -> Iterator[GoldDatabase]:
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "CREATE TABLE items AS SELECT i AS id, 'Thing ' || i AS title, (i // 2)::DECIMAL(9, 2) AS price, "
            "TIMESTAMP '2026-06-01' + to_days(i) AS at, [i, 2] AS pair FROM range(1, 41) AS r(i)"
        )
    suite = Suite(name="s", dialect="duckdb", cases=(case_of("SELECT 1"),))
    with open_golds(f"duckdb:///{path}", suite, today=TODAY) as opened:
        yield opened


def test_a_gold_runs_with_its_ties(golds: GoldDatabase) -> None:
    case = case_of("SELECT title, price FROM items WHERE id < 40 ORDER BY price DESC LIMIT 1", order_by="gold")
    (read,) = golds.golds(case)
    assert {row[0] for row in (*read.gold.table.rows, *read.gold.tied)} == {"Thing 38", "Thing 39"}
    assert read.gold.table.rows[0][1] == Decimal("19.00")
    for title, is_right in (("Thing 38", True), ("Thing 39", True), ("Thing 37", False)):
        answer = Table(("t", "p"), ((title, 19),))
        assert compare(read.gold, answer, rules_of(case, golds.suite)).equal is is_right


def test_a_gold_of_another_dialect_is_transpiled(golds: GoldDatabase) -> None:
    (read,) = golds.golds(
        case_of({"mysql": "SELECT DATE_FORMAT(at, '%Y-%m') AS m, COUNT(*) AS n FROM items GROUP BY 1"})
    )
    assert read.is_transpiled
    assert sorted(read.gold.table.rows) == [("2026-06", 29), ("2026-07", 11)]


def test_the_clock_is_the_as_of_day(golds: GoldDatabase) -> None:
    assert golds.run("SELECT COUNT(*) AS n FROM items WHERE at <= today()").rows == ((29,),)
    ((now,),) = golds.run("SELECT now() AS n").rows
    assert now in (datetime(2026, 6, 30, 23, 59, 59, tzinfo=UTC), datetime(2026, 6, 30, 23, 59, 59))  # noqa: DTZ001


def test_a_list_can_be_compared(golds: GoldDatabase) -> None:
    case = case_of("SELECT pair FROM items WHERE id < 3")
    (read,) = golds.golds(case)
    assert compare(read.gold, Table(("p",), (([1, 2],), ([2, 2],))), rules_of(case, golds.suite)).equal


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO items (id) VALUES (900)",
        "COPY items TO 'items.csv'",
        "SELECT * FROM read_csv('/etc/passwd')",
        "ATTACH 'other.duckdb' AS other",
        "SELECT 1; SELECT 2",
        "SET memory_limit = '1TB'",
        "",
    ],
)
def test_a_gold_cannot_write_or_read_elsewhere(sql: str, golds: GoldDatabase) -> None:
    with pytest.raises(QueryFailed):
        golds.run(sql)
    with pytest.raises(SuiteInvalid, match="The gold query of the case c does not run"):
        golds.golds(case_of(sql or "nothing"))


def test_a_gold_cannot_run_for_ever(golds: GoldDatabase) -> None:
    with pytest.raises(QueryTimedOut):
        golds.run(
            "SELECT COUNT(*) FROM range(1000000) a, range(1000000) b WHERE a.range % 7 = b.range % 5", seconds=0.2
        )
    assert golds.run("SELECT COUNT(*) AS n FROM items").rows == ((40,),)


def test_a_result_that_is_too_large_is_refused(golds: GoldDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evals.gold.duckdb_reader.MAX_ROWS", 10)
    with pytest.raises(QueryFailed, match="more than"):
        golds.run("SELECT id FROM items")
