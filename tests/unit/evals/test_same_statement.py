"""An answer that the guard writes as it writes the gold: told only where the guard changes no row of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from evals.cases.base import Suite
from evals.gold.database import GoldDatabase, open_golds
from evals.gold.same_statement import says_the_same
from evals.judge import Check, Given, Judge
from evals.matching.rules import Table
from evals.runner.benches import InstanceBench
from nl2sql.catalog.model import Dataset, DataType, Field, SemanticModel
from nl2sql.engines.sqlite import SqliteEngine
from nl2sql.guard.check import check
from nl2sql.guard.checked import CheckedSql
from nl2sql.guard.policy import Limits, Policy
from nl2sql.guard.policy_file import default_policy
from nl2sql.guard.violation import Violations
from nl2sql.writers.base import Origin, SqlDraft

COLUMNS = {"id": DataType.INTEGER, "name": DataType.STRING, "country": DataType.STRING, "paid": DataType.DECIMAL}
MODEL = SemanticModel(
    "people",
    (Dataset("users", "users", tuple(Field(name, name, kind) for name, kind in COLUMNS.items()), primary_key=("id",)),),
    fingerprint="unit-same-statement",
)
ALL = default_policy(MODEL)
GOLD = "SELECT country, COUNT(*) AS users FROM users GROUP BY 1 -- by country"
FOUND = Table(("country", "users"), (("DE", 2), ("FR", 1)))


def check_for(policy: Policy) -> Check:
    def checks(sql: str) -> CheckedSql | Violations:
        return check(SqlDraft(sql, Origin("sql")), MODEL, policy, "sqlite")

    return checks


def checked(sql: str, policy: Policy = ALL) -> CheckedSql:
    found = check_for(policy)(sql)
    assert isinstance(found, CheckedSql)
    return found


def is_same(sql: str, gold: str = GOLD, policy: Policy = ALL, found: Table = FOUND) -> bool:
    return says_the_same(checked(sql, policy), gold, found, check_for(policy))


def test_the_same_statement_in_other_lines_and_spellings_is_the_same() -> None:
    assert is_same(GOLD)
    assert is_same("select users.country,\n  count(*) as users\nfrom users\ngroup by users.country")
    assert is_same(GOLD + "\nLIMIT 1001")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT country, COUNT(id) AS users FROM users GROUP BY 1",
        "SELECT country, COUNT(*) AS users FROM users WHERE id > 0 GROUP BY 1",
        "SELECT country, COUNT(*) AS users FROM users GROUP BY 1 LIMIT 1",
        "SELECT country, COUNT(*) AS people FROM users GROUP BY 1",
        "SELECT COUNT(*) AS users, country FROM users GROUP BY 2",
    ],
)
def test_another_statement_is_not(sql: str) -> None:
    assert not is_same(sql)


def test_where_the_role_sees_some_rows_only_it_is_not() -> None:
    assert not is_same(GOLD, policy=replace(ALL, rows={"users": "country = 'DE'"}))


@pytest.mark.parametrize("mask", ["hash", "partial"])
def test_where_a_column_is_masked_it_is_not(mask: str) -> None:
    names = "SELECT name FROM users"
    found = Table(("name",), (("ann",),))
    assert is_same(names, names, found=found)
    assert not is_same(names, names, replace(ALL, masks={"users.name": mask}), found)  # type: ignore[dict-item]


@pytest.mark.parametrize("having", ["", " HAVING COUNT(*) > 0"])
def test_where_small_groups_are_left_out_it_is_not(having: str) -> None:
    sums = f"SELECT country, SUM(paid) AS paid FROM users GROUP BY 1{having}"
    found = Table(("country", "paid"), (("DE", 2),))
    assert is_same(sums, sums, found=found)
    assert not is_same(sums, sums, replace(ALL, aggregate_only={"users.paid": 20}), found)


def test_a_gold_that_the_guard_refuses_is_no_answer() -> None:
    assert not is_same(GOLD, "SELECT country, COUNT(*) AS users FROM users, sqlite_master GROUP BY 1")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "people.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, country TEXT, paid DECIMAL(10, 2))")
        people = [(n, f"p{n}", ("DE", None, "FR")[n % 3], (1.5, 2, None, 0.1)[n % 4]) for n in range(30)]
        connection.executemany("INSERT INTO users VALUES (?, ?, ?, ?)", people)
        connection.commit()
    return path


@pytest.fixture
def golds(path: Path, suite: Suite) -> Iterator[GoldDatabase]:
    with open_golds(f"sqlite:///{path}", suite, today=date(2026, 6, 30)) as database:
        yield database


@pytest.mark.parametrize("rows", [7, 30, 1_000])
def test_its_rows_are_those_that_the_engine_gives(path: Path, golds: GoldDatabase, rows: int) -> None:
    sql = "SELECT id, name, paid, paid / 3 AS third FROM users ORDER BY id"
    limited = checked(sql, replace(ALL, limits=Limits(rows=rows)))
    with closing(SqliteEngine(str(path))) as engine:
        ran = engine.run(limited)
        again = InstanceBench("seed-2", golds, None).run_gold(sql, limited)
    assert again.table.equals(ran.table)
    assert (again.truncated, again.row_limit) == (ran.truncated, ran.row_limit)
    assert ran.truncated == (rows == 7)


def test_where_the_gold_does_not_run_the_engine_is_asked(path: Path, golds: GoldDatabase) -> None:
    sql = "SELECT COUNT(*) AS users FROM users"
    with closing(SqliteEngine(str(path))) as engine:
        found = InstanceBench("seed-2", golds, engine).run_gold("SELECT COUNT(*) AS users FROM nobody", checked(sql))
    assert found.table.to_pydict() == {"users": [30]}


def test_the_judge_reads_its_rows_once(path: Path, golds: GoldDatabase, suite: Suite) -> None:
    sql = "SELECT COUNT(*) AS users FROM users"
    with closing(SqliteEngine(str(path))) as engine:
        given = Given("answered", "ok", "Here.", sql, engine.run(checked(sql)), ran=True)
    without_engines = [InstanceBench("base", golds, None), InstanceBench("seed-2", golds, None)]
    judge = Judge(suite, without_engines, says_the_same=says_the_same)
    assert judge.judge(suite.cases[0], given, check_for(ALL)).outcome == "right"
    with pytest.raises(RuntimeError, match="before they are judged"):
        Judge(suite, without_engines).judge(suite.cases[0], given, check_for(ALL))
