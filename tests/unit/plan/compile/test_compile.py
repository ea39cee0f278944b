"""Every plan means in SQL what it means in plain Python, on SQLite and DuckDB; every engine's guard lets it pass."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from nl2sql.guard.check import check
from nl2sql.guard.checked import CheckedSql
from nl2sql.guard.policy import Policy
from nl2sql.plan.base import QueryPlan
from nl2sql.plan.compile.select import compile_plan
from nl2sql.writers.base import Origin, SqlDraft
from tests.unit.plan.compile.market import GRAPH, MODEL, statements
from tests.unit.plan.compile.plans import PLANS, REFERENCE
from tests.unit.plan.compile.reference import same_rows

DIALECTS = ("sqlite", "mysql", "postgres", "duckdb", "bigquery")
each_plan = pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)


def checked(plan: QueryPlan, dialect: str) -> CheckedSql:
    draft = SqlDraft(compile_plan(plan, MODEL, GRAPH, dialect), Origin("offline"))
    verdict = check(draft, MODEL, Policy(), dialect)
    assert isinstance(verdict, CheckedSql), (verdict, draft.sql)
    return verdict


@pytest.fixture(scope="module")
def sqlite() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    for statement in statements("TEXT"):
        connection.execute(statement)
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def duck() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect(":memory:")
    for statement in statements():
        connection.execute(statement)
    yield connection
    connection.close()


@each_plan
def test_sqlite_gives_the_rows_that_the_plan_means(plan: QueryPlan, sqlite: sqlite3.Connection) -> None:
    assert_rows(plan, sqlite.execute(checked(plan, "sqlite").executed).fetchall())


@each_plan
def test_duckdb_gives_the_rows_that_the_plan_means(plan: QueryPlan, duck: duckdb.DuckDBPyConnection) -> None:
    assert_rows(plan, duck.execute(checked(plan, "duckdb").executed).fetchall())


def assert_rows(plan: QueryPlan, rows: list[Any]) -> None:
    expected = REFERENCE.answer(plan)
    assert same_rows(rows, expected), (rows, expected)


@pytest.mark.parametrize("dialect", DIALECTS)
@each_plan
def test_the_guard_lets_every_plan_pass(plan: QueryPlan, dialect: str) -> None:
    checked(plan, dialect)
