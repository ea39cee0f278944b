"""A gold that asks the clock is told the as-of day, in every dialect and spelling; nothing else of it changes."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from datetime import date

import pytest

from evals.gold.clock import freeze

TODAY = date(2026, 6, 30)

# Expression of SQLite, and what it is on the last second of the as-of day.
ON_SQLITE = [
    ("CURRENT_DATE", "2026-06-30"),
    ("CURRENT_TIMESTAMP", "2026-06-30 23:59:59"),
    ("CURRENT_TIME", "23:59:59"),
    ("date('now')", "2026-06-30"),
    ("DATE('NOW', '-30 days')", "2026-05-31"),
    ("date()", "2026-06-30"),
    ("datetime('now')", "2026-06-30 23:59:59"),
    ("datetime()", "2026-06-30 23:59:59"),
    ("datetime('now', 'localtime')", "2026-06-30 23:59:59"),
    ("time('now')", "23:59:59"),
    ("strftime('%Y', 'now')", "2026"),
    ("strftime('%Y-%m', 'now', 'start of month', '-1 month')", "2026-05"),
    ("strftime('%Y')", "2026"),
    ("CAST(julianday('now') - julianday('2026-06-01') AS INTEGER)", 29),
    ("CAST(julianday() - julianday(CURRENT_DATE, '-1 day') AS INTEGER)", 1),
    ("date(COALESCE(NULL, 'now'))", "2026-06-30"),
    ("(SELECT date('now'))", "2026-06-30"),
    # no clock
    ("'now'", "now"),
    ("'now' = 'now'", 1),
    ("upper('now')", "NOW"),
    ("date('2020-01-01')", "2020-01-01"),
]


@pytest.mark.parametrize(("asked", "expected"), ON_SQLITE, ids=lambda value: str(value))
def test_sqlite_is_told_the_as_of_day(asked: str, expected: object) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        assert connection.execute(freeze(f"SELECT {asked}", "sqlite", TODAY)).fetchone() == (expected,)


def test_the_zone_of_the_machine_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        with closing(sqlite3.connect(":memory:")) as connection:
            frozen = freeze("SELECT datetime('now', 'localtime')", "sqlite", TODAY)
            assert connection.execute(frozen).fetchone() == ("2026-06-30 23:59:59",)
    finally:
        monkeypatch.undo()
        time.tzset()


ELSEWHERE = [
    ("mysql", "NOW() - INTERVAL 1 DAY", "CAST('2026-06-30 23:59:59' AS DATETIME) - INTERVAL '1' DAY"),
    ("mysql", "CURDATE()", "CAST('2026-06-30' AS DATE)"),
    ("mysql", "CURRENT_TIMESTAMP(6)", "CAST('2026-06-30 23:59:59' AS DATETIME)"),
    ("mysql", "SYSDATE()", "CAST('2026-06-30 23:59:59' AS DATETIME)"),
    ("mysql", "UTC_TIMESTAMP", "CAST('2026-06-30 23:59:59' AS DATETIME)"),
    ("mysql", "LOCALTIME", "CAST('2026-06-30 23:59:59' AS DATETIME)"),
    ("mysql", "UNIX_TIMESTAMP()", "UNIX_TIMESTAMP('2026-06-30 23:59:59')"),
    ("mysql", "UTC_DATE()", "CAST('2026-06-30' AS DATE)"),
    ("postgres", "now()", "CAST('2026-06-30 23:59:59+00' AS TIMESTAMPTZ)"),
    ("postgres", "pg_catalog.now()", "CAST('2026-06-30 23:59:59+00' AS TIMESTAMPTZ)"),
    ("postgres", "clock_timestamp()", "CAST('2026-06-30 23:59:59+00' AS TIMESTAMPTZ)"),
    ("postgres", "CURRENT_DATE - 30", "CAST('2026-06-30' AS DATE) - 30"),
    ("postgres", "LOCALTIMESTAMP", "CAST('2026-06-30 23:59:59' AS TIMESTAMP)"),
    ("postgres", "LOCALTIME", "CAST('23:59:59' AS TIME)"),
    ("postgres", "DATE 'yesterday'", "CAST('2026-06-29' AS DATE)"),
    ("postgres", "'now'::timestamp", "CAST('2026-06-30 23:59:59' AS TIMESTAMP)"),
    ("postgres", "age(x)", "AGE(CAST('2026-06-30 00:00:00' AS TIMESTAMP), x)"),
    ("duckdb", "today()", "CAST('2026-06-30' AS DATE)"),
    ("duckdb", "get_current_timestamp()", "CAST('2026-06-30 23:59:59+00' AS TIMESTAMPTZ)"),
    ("bigquery", "CURRENT_DATE()", "CAST('2026-06-30' AS DATE)"),
    ("bigquery", "CURRENT_TIMESTAMP()", "CAST('2026-06-30 23:59:59+00' AS TIMESTAMP)"),
]


@pytest.mark.parametrize(("dialect", "asked", "expected"), ELSEWHERE)
def test_other_databases_are_told_it_with_its_type(dialect: str, asked: str, expected: str) -> None:
    assert freeze(f"SELECT {asked}", dialect, TODAY) == f"SELECT {expected}"


@pytest.mark.parametrize(
    "sql",
    [
        "select  name -- as it stands\nfrom t where at > '2026-01-01'",
        "SELECT 'now' AS word, now FROM t",
        "SELECT UNIX_TIMESTAMP(at), age(a, b) FROM t",
        "this is no SQL (",
    ],
)
@pytest.mark.parametrize("dialect", ["sqlite", "mysql", "postgres", "duckdb"])
def test_a_statement_that_asks_no_clock_stays_as_it_was_written(sql: str, dialect: str) -> None:
    assert freeze(sql, dialect, TODAY) == sql


def test_a_frozen_statement_stays_as_it_is() -> None:
    once = freeze("SELECT date('now', '-1 day'), CURRENT_TIMESTAMP", "sqlite", TODAY)
    assert freeze(once, "sqlite", TODAY) == once


def test_what_the_parser_cannot_read_is_read_word_by_word() -> None:
    """A median as SQLite needs it, with a remainder in its LIMIT."""
    sql = "SELECT a FROM t WHERE d = {} AND w = 'now' AND e < {} ORDER BY a LIMIT 2 - (SELECT 1) % 2 OFFSET 0"
    asks, frozen = ("date('now')", "CURRENT_DATE"), ("date('2026-06-30 23:59:59')", "'2026-06-30'")
    assert freeze(sql.format(*asks), "sqlite", TODAY) == sql.format(*frozen)
