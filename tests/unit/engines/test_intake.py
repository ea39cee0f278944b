"""Limits on rows and bytes while fetching."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from decimal import Decimal

import pytest

from nl2sql.engines.intake import FIRST_BATCH, LARGEST_BATCH, Row, fetch_capped, weigh


def source(rows: list[Row], asked: list[int] | None = None) -> Callable[[int], list[Row]]:
    left = list(rows)

    def fetchmany(size: int) -> list[Row]:
        if asked is not None:
            asked.append(size)
        batch = left[:size]
        del left[:size]
        return batch

    return fetchmany


@pytest.mark.parametrize(("there", "limit"), [(0, 5), (4, 5), (5, 5), (6, 5), (5000, 4999), (1, 0), (100, 0)])
def test_truncated_is_a_fact(there: int, limit: int) -> None:
    rows: list[Row] = [(n,) for n in range(there)]
    assert fetch_capped(source(rows), limit, 10**9) == (rows[:limit], there > limit)


def test_never_more_than_one_row_over_the_limit_is_fetched() -> None:
    asked: list[int] = []
    fetch_capped(source([(n,) for n in range(10_000)], asked), 3_000, 10**9)
    assert sum(asked) == 3_001
    assert asked[0] == FIRST_BATCH
    assert max(asked) <= LARGEST_BATCH


def test_rows_beyond_the_byte_limit_are_not_kept() -> None:
    rows, truncated = fetch_capped(source([("x" * 1000,)] * 100), 1_000, 50_000)
    assert truncated
    assert 45 <= len(rows) <= 50


def test_one_row_that_is_too_large_leaves_nothing() -> None:
    assert fetch_capped(source([("x" * 1000,)]), 10, 500) == ([], True)


def test_a_batch_of_large_rows_does_not_pass_the_limit_by_more_than_a_row() -> None:
    asked: list[int] = []
    fetch_capped(source([("x" * 100_000,)] * 1000, asked), 1_000, 5_000_000, None)
    assert sum(asked) <= 51


@pytest.mark.parametrize(
    "row",
    [
        ("x" * 1000, Decimal("1.5")),
        (b"x" * 1000, datetime.datetime.fromisoformat("2026-01-01")),
        ("x" * 500, {"a": "x" * 500}),
    ],
)
def test_values_of_servers_are_weighed_too(row: Row) -> None:
    assert 1_000 <= weigh([row]) <= 1_100


def test_the_caller_can_stop_between_batches() -> None:
    def stop() -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        fetch_capped(source([(1,)] * 100), 100, 10**9, stop)
