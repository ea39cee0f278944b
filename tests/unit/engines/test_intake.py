"""Limits on rows and bytes while rows are taken."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from decimal import Decimal

import pytest

from nl2sql.engines.intake import Row, take_capped
from nl2sql.errors import QueryFailed


def counted(rows: list[Row], taken: list[Row]) -> Iterator[Row]:
    for row in rows:
        taken.append(row)
        yield row


@pytest.mark.parametrize(("there", "limit"), [(0, 5), (4, 5), (5, 5), (6, 5), (5000, 4999), (1, 0), (100, 0)])
def test_truncated_is_a_fact(there: int, limit: int) -> None:
    rows: list[Row] = [(n,) for n in range(there)]
    assert take_capped(rows, limit, 10**9) == (rows[:limit], there > limit)


def test_never_more_than_one_row_over_the_limit_is_taken() -> None:
    taken: list[Row] = []
    take_capped(counted([(n,) for n in range(10_000)], taken), 3_000, 10**9)
    assert len(taken) == 3_001


def test_rows_beyond_the_byte_limit_are_not_kept() -> None:
    rows, truncated = take_capped([("x" * 1000,)] * 100, 1_000, 50_000)
    assert truncated
    assert 45 <= len(rows) <= 50


def test_one_row_that_is_too_large_is_said_and_not_shown_as_nothing_found() -> None:
    with pytest.raises(QueryFailed, match="larger than an answer may be"):
        take_capped([("x" * 1000,)], 10, 500)
    assert take_capped([("x",), ("x" * 1000,)], 10, 500) == ([("x",)], True)


def test_a_giant_among_small_rows_ends_the_result_at_once() -> None:
    taken: list[Row] = []
    rows, truncated = take_capped(counted([(1,)] * 700 + [("x" * 1_000_000,)] * 300, taken), 1_000, 500_000)
    assert (len(rows), truncated, len(taken)) == (700, True, 701)


@pytest.mark.parametrize(
    "row",
    [
        ("x" * 1000, Decimal("1.5")),
        (b"x" * 1000, datetime.datetime.fromisoformat("2026-01-01")),
        ("x" * 500, {"a": "x" * 500}),
        (["x" * 500, "x" * 500],),
    ],
)
def test_values_of_servers_are_weighed_too(row: Row) -> None:
    assert take_capped([row], 1, 1_100) == ([row], False)
    with pytest.raises(QueryFailed):
        take_capped([row], 1, 999)


def test_the_caller_can_stop_between_rows() -> None:
    def stop() -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        take_capped([(1,)] * 100, 100, 10**9, stop)
