"""What the stand-in and a real project must both do. A real one is asked only when NL2SQL_TEST_BIGQUERY names it, like
bigquery://project/dataset: its account needs the right to run jobs, and no table is read."""

from __future__ import annotations

import _socket
import datetime
import os
import socket
from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest

from nl2sql.catalog.model import DataType
from nl2sql.engines.base import Engine, Job
from nl2sql.engines.registry import open_engine
from nl2sql.errors import QueryFailed, QueryTimedOut
from nl2sql.guard.checked import CheckedSql

pytestmark = pytest.mark.xdist_group("bigquery")

REAL = os.environ.get("NL2SQL_TEST_BIGQUERY", "")
Mint = Callable[..., CheckedSql]


@pytest.fixture(params=["stand-in", *(["real"] if REAL else [])])
def either(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    if request.param == "real":  # the one test that may leave this machine, because it was told to
        monkeypatch.setattr(socket.socket, "connect", _socket.socket.connect)
        monkeypatch.setattr(socket, "getaddrinfo", _socket.getaddrinfo)
    made = open_engine(REAL if request.param == "real" else request.getfixturevalue("fake").url_with_storage)
    yield made
    made.close()


def test_values_of_each_type(either: Engine, mint: Mint) -> None:
    sql = """SELECT 9223372036854775807 AS whole, NUMERIC '12.50' AS money, TRUE AS flag, 0.1 AS ratio, 'ü' AS said,
    DATE '2026-06-30' AS day, TIME '07:05:00' AS clock, DATETIME '2026-06-30 23:59:59.000001' AS moment,
    TIMESTAMP '2026-06-30 23:59:59+02:00' AS zoned, b'text' AS raw, JSON '{"a": [1, 2.5]}' AS document,
    CAST(NULL AS INT64) AS nothing"""
    found = either.run(mint(sql, dialect="bigquery", seconds=30.0)).table
    assert found.to_pylist() == [
        {
            "whole": 2**63 - 1,
            "money": Decimal("12.5"),
            "flag": True,
            "ratio": 0.1,
            "said": "ü",
            "day": datetime.date(2026, 6, 30),
            "clock": datetime.time(7, 5),
            "moment": datetime.datetime.fromisoformat("2026-06-30T23:59:59.000001"),
            "zoned": datetime.datetime.fromisoformat("2026-06-30T21:59:59"),
            "raw": "text",
            "document": '{"a": [1, 2.5]}',
            "nothing": None,
        }
    ]


def test_rows_are_cut_where_there_is_one_more(either: Engine, mint: Mint) -> None:
    sql = "SELECT x FROM UNNEST(GENERATE_ARRAY(1, 10)) AS x ORDER BY x"
    for limit, truncated in ((9, True), (10, False)):
        found = either.run(mint(sql, ("x", DataType.INTEGER), dialect="bigquery", row_limit=limit, seconds=30.0))
        assert (found.row_count, found.truncated) == (limit, truncated)


def test_a_large_result_is_whole_and_in_order(either: Engine, mint: Mint) -> None:
    sql = "SELECT x, NUMERIC '1.5' AS half FROM UNNEST(GENERATE_ARRAY(1, 25000)) AS x ORDER BY x"
    found = either.run(mint(sql, dialect="bigquery", row_limit=25_000, seconds=60.0))
    assert (found.row_count, found.truncated) == (25_000, False)
    assert found.table.column("x").to_pylist() == list(range(1, 25_001))
    assert set(found.table.column("half").to_pylist()) == {Decimal("1.5")}


def test_what_reads_no_table_costs_nothing(either: Engine, mint: Mint) -> None:
    checked = mint("SELECT 1 AS one", dialect="bigquery", seconds=30.0)
    estimate = either.estimate(checked)
    assert (estimate.scanned_bytes, estimate.price) == (0, 0)
    assert either.run(checked, Job("q1", "ada")).billed_bytes == 0


def test_what_is_no_query_does_not_run(either: Engine, mint: Mint) -> None:
    for sql in ("CREATE TEMP TABLE t AS SELECT 1 AS one", "DECLARE n INT64", "SELECT 1; SELECT 2"):
        with pytest.raises(QueryFailed):
            either.run(mint(sql, dialect="bigquery", seconds=30.0))
    with pytest.raises(QueryFailed) as caught:
        either.run(mint("SELECT no_such_name", dialect="bigquery", seconds=30.0))
    assert "Unrecognized name" in caught.value.hint


def test_what_takes_too_long_is_stopped(either: Engine, mint: Mint) -> None:
    numbers = "UNNEST(GENERATE_ARRAY(1, 1000000))"
    sql = f"SELECT COUNT(*) AS n FROM {numbers} AS a, {numbers} AS b WHERE MOD(a * b, 7) = 3"
    with pytest.raises(QueryTimedOut):
        either.run(mint(sql, dialect="bigquery", seconds=3.0))


def test_its_sessions_have_no_fault(either: Engine) -> None:
    assert either.session_faults() == ()
