"""Date conditions as calendar words: inclusive, merged, and never rounder than the statement."""

from __future__ import annotations

from collections.abc import Callable

import pytest


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("b.placed_at >= '2026-06-01' AND b.placed_at < '2026-07-01'", "Placed in June 2026"),
        ("b.placed_at >= '2025-01-01' AND b.placed_at < '2026-01-01'", "Placed 1 Jan – 31 Dec 2025"),
        ("b.placed_at >= '2026-01-01' AND b.placed_at < '2026-04-01'", "Placed 1 Jan – 31 Mar 2026 (Q1)"),
        ("b.placed_at >= '2023-07-01' AND b.placed_at < '2026-07-01'", "Placed 1 Jul 2023 – 30 Jun 2026"),
        ("b.placed_at >= '2026-06-30' AND b.placed_at < '2026-07-01'", "Placed on 30 June 2026"),
        ("b.placed_at >= '2025-03-01'", "Placed since 1 March 2025"),
        ("'2025-03-01' <= b.placed_at", "Placed since 1 March 2025"),
        ("b.placed_at < '2025-03-01'", "Placed before 1 March 2025"),
        ("b.placed_at BETWEEN '2025-01-01' AND '2025-12-31 23:59:59'", "Placed 1 Jan – 31 Dec 2025"),
        ("b.placed_at < '2025-03-01 12:30:00'", "Placed before 1 March 2025, 12:30"),
        ("STRFTIME('%Y', b.placed_at) = '2025'", "Placed 1 Jan – 31 Dec 2025"),
        ("STRFTIME('%Y-%m', b.placed_at) = '2025-02'", "Placed in February 2025"),
        ("DATE(b.placed_at) <= '2025-12-31' AND DATE(b.placed_at) >= '2025-12-01'", "Placed in December 2025"),
        ("b.placed_at >= DATE('2026-06-30', '-29 days')", "Placed since 1 June 2026"),
        (
            "b.placed_at >= '2026-02-01' AND b.placed_at < '2026-01-01'",
            "Placed at no time (the bounds exclude each other)",
        ),
        ("b.placed_at >= '2025-01-01' AND b.placed_at >= '2025-06-01'", "Placed since 1 June 2025"),
    ],
)
def test_a_time_condition_becomes_a_period(said: Callable[..., list[str]], condition: str, words: str) -> None:
    lines = said(f"SELECT COUNT(*) FROM bids AS b WHERE {condition}")
    assert lines[-1] == words
    assert len(lines) == 3  # measure, source, period: both bounds are in the one line


@pytest.mark.parametrize(
    ("dialect", "condition", "words"),
    [
        ("mysql", "YEAR(b.placed_at) = 2025", "Placed 1 Jan – 31 Dec 2025"),
        (
            "postgres",
            "b.placed_at >= TIMESTAMP '2025-01-01' AND b.placed_at < DATE '2025-02-01'",
            "Placed in January 2025",
        ),
        (
            "postgres",
            "b.placed_at >= DATE '2025-01-01' AND b.placed_at < DATE '2025-01-01' + INTERVAL '1 month'",
            "Placed in January 2025",
        ),
        ("postgres", "DATE_TRUNC('month', b.placed_at) = '2025-02-01'", "Placed in February 2025"),
        ("bigquery", "DATE(b.placed_at) BETWEEN '2025-01-01' AND '2025-03-31'", "Placed 1 Jan – 31 Mar 2025 (Q1)"),
    ],
)
def test_periods_are_read_in_other_dialects(
    said: Callable[..., list[str]], dialect: str, condition: str, words: str
) -> None:
    assert said(f"SELECT COUNT(*) FROM bids AS b WHERE {condition}", dialect)[-1] == words


def test_the_last_day_is_not_promised_when_only_its_midnight_is_in(said: Callable[..., list[str]]) -> None:
    line = said("SELECT COUNT(*) FROM bids WHERE placed_at <= '2025-12-31'")[-1]
    assert line == "Placed at is at or before 31 December 2025, 00:00"


def test_the_last_day_is_whole_in_a_column_of_dates(said: Callable[..., list[str]]) -> None:
    line = said("SELECT COUNT(*) FROM users WHERE born_on >= '1990-01-01' AND born_on <= '1990-12-31'")[-1]
    assert line == "Born 1 Jan – 31 Dec 1990"


def test_periods_of_different_columns_are_not_merged(said: Callable[..., list[str]]) -> None:
    lines = said(
        "SELECT COUNT(*) FROM listings AS l JOIN users AS u ON l.seller_id = u.id "
        "WHERE l.closed_at >= '2025-01-01' AND u.created_at < '2025-02-01'"
    )
    assert lines[-2:] == ["Closed since 1 January 2025", "User created before 1 February 2025"]


def test_alternatives_are_not_merged_into_one_period(said: Callable[..., list[str]]) -> None:
    line = said("SELECT COUNT(*) FROM bids WHERE placed_at < '2025-01-01' OR placed_at >= '2026-01-01'")[-1]
    assert line == "Either placed before 1 January 2025 or placed since 1 January 2026"
