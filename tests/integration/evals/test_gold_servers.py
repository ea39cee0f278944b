"""Golds on MySQL or MariaDB, PostgreSQL and DuckDB: the same answers, ties and clock, and no way to write."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from evals.cases.base import Case, Suite
from evals.compare import Table, compare, rules_of
from evals.errors import SuiteInvalid
from evals.gold.database import GoldDatabase, open_golds, verify_transpiled
from nl2sql.errors import DatabaseMissing, DatabaseUnreadable, EngineError, QueryFailed, QueryTimedOut
from tests.integration.conftest import Server, execute, server_address

TODAY = date(2026, 6, 30)


def case_of(sql: Any, **more: Any) -> Case:
    return Case(id="c", question="?", sql=sql, **more)


def suite_of(dialect: Any) -> Suite:
    return Suite(name="s", dialect=dialect, cases=(case_of("SELECT 1"),))


@pytest.fixture
def golds(server: Server, admin: sqlalchemy.Engine) -> Iterator[GoldDatabase]:
    """300 items: the first of NULL, of the others number n costs n.10."""
    with open_golds(server_address(admin), suite_of(server.dialect), today=TODAY) as opened:
        yield opened


def test_a_gold_runs_with_its_ties(golds: GoldDatabase) -> None:
    case = case_of("SELECT title, sold FROM items WHERE id > 1 ORDER BY sold DESC LIMIT 2", order_by="gold")
    (read,) = golds.golds(case)
    assert read.gold.ranks == (0, 0)
    assert len(read.gold.tied) == 147
    assert not read.is_transpiled
    answer = Table(("a", "b"), (("Thing 299%", True), ("Thing 255%", True)))
    assert compare(read.gold, answer, rules_of(case, golds.suite)).equal


def test_values_come_as_python_s_own(golds: GoldDatabase) -> None:
    table = golds.run("SELECT price, day, at, title FROM items WHERE id IN (1, 2) ORDER BY id")
    assert table.rows[0] == (None, None, None, None)
    assert table.rows[1][0] == Decimal("2.10")
    assert table.rows[1][1] == date(2026, 6, 30)
    assert table.rows[1][3] == "Thing 2%"


@pytest.mark.parametrize("asked", ["CURRENT_DATE", "CURRENT_TIMESTAMP", "NOW()", "LOCALTIMESTAMP"])
def test_the_clock_is_the_as_of_day(asked: str, golds: GoldDatabase) -> None:
    ((then,),) = golds.run(f"SELECT CAST({asked} AS DATE) AS d").rows
    assert then == TODAY


def test_a_gold_of_sqlite_is_transpiled_and_verified(golds: GoldDatabase, server: Server, tmp_path: Path) -> None:
    path = tmp_path / "twin.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE items (id INTEGER, title TEXT, price REAL)")
        rows = [(n, f"Thing {n}%", n + 0.1) for n in range(2, 301)]
        connection.executemany("INSERT INTO items VALUES (?, ?, ?)", [*rows, (1, None, None)])
    agrees = case_of({"sqlite": "SELECT title, price FROM items WHERE id <= 5 ORDER BY price DESC LIMIT 3"})
    capitals = case_of({"sqlite": "SELECT COUNT(*) AS n FROM items WHERE title = 'THING 2%'"})
    with open_golds(f"sqlite:///{path}", suite_of("sqlite"), today=TODAY) as twin:
        (read,) = golds.golds(agrees)
        assert read.is_transpiled
        assert verify_transpiled(agrees, twin, golds) == ()
        found = verify_transpiled(capitals, twin, golds)
        assert len(found) == (1 if server.dialect == "mysql" else 0)  # MySQL's texts are equal whatever their capitals


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO items VALUES (900, 'x', 1, NULL, NULL, NULL)",
        "UPDATE items SET price = 1",
        "DELETE FROM items",
        "DROP TABLE items",
        "CREATE TABLE more (a INTEGER)",
        "SELECT * FROM items FOR UPDATE",
        "SELECT 1; DELETE FROM items",
        "WITH gone AS (DELETE FROM items RETURNING id) SELECT COUNT(*) FROM gone",
        "SELECT * INTO more FROM items",
        "SELECT 1 INTO OUTFILE '/tmp/nl2sql_gold_out'",
        "SELECT 1 /*!50000 INTO OUTFILE '/tmp/nl2sql_gold_out' */",
        "SELECT setval('s', 1)",
        "SELECT 'open",
    ],
)
def test_a_gold_cannot_write(sql: str, golds: GoldDatabase) -> None:
    with pytest.raises(SuiteInvalid, match="The gold query of the case c does not run"):
        golds.golds(case_of(sql))
    assert golds.run("SELECT COUNT(*) AS n FROM items").rows == ((300,),)
    assert not Path("/tmp/nl2sql_gold_out").exists()  # noqa: S108


def test_a_gold_cannot_run_for_ever_and_leaves_nothing_running(
    golds: GoldDatabase, server: Server, admin: sqlalchemy.Engine
) -> None:
    with pytest.raises(QueryTimedOut):
        golds.run(server.endless, seconds=0.3)
    until = time.monotonic() + 20
    with admin.connect() as connection:
        while connection.exec_driver_sql(server.kill_marker.replace("%", "%%")).scalar():
            assert time.monotonic() < until
            time.sleep(0.05)
    assert golds.run("SELECT 1 AS a").rows == ((1,),)


def test_a_result_that_is_too_large_is_refused(golds: GoldDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evals.gold.server_reader.MAX_ROWS", 100)
    with pytest.raises(QueryFailed, match="more than"):
        golds.run("SELECT id FROM items")
    assert len(golds.run("SELECT id FROM items WHERE id <= 100").rows) == 100


def test_a_database_that_is_not_there_and_an_account_that_is_wrong_are_told(
    server: Server, admin: sqlalchemy.Engine
) -> None:
    nowhere = admin.url.set(database="nl2sql_nowhere").render_as_string(hide_password=False)
    with pytest.raises(DatabaseMissing), open_golds(nowhere, suite_of(server.dialect), today=TODAY):
        pass
    stranger = admin.url.set(username="nobody_here", password="a-secret").render_as_string(hide_password=False)
    with (
        pytest.raises(EngineError) as caught,
        open_golds(stranger, suite_of(server.dialect), today=TODAY),
    ):
        pass
    assert isinstance(caught.value, DatabaseUnreadable)
    assert "a-secret" not in f"{caught.value} {caught.value.hint}"


def test_a_gold_that_failed_leaves_a_connection_that_works(golds: GoldDatabase, admin: sqlalchemy.Engine) -> None:
    with pytest.raises(QueryFailed):
        golds.run("SELECT nothing FROM nowhere")
    execute(admin, "SELECT 1")
    assert golds.run("SELECT MAX(id) AS n FROM items").rows == ((300,),)
