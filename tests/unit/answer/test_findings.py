"""What is pointed out beside a result, and what is not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pyarrow as pa
import pytest

from nl2sql.answer.base import Answer

Ask = Callable[..., Answer]
SERIES = "SELECT STRFTIME('%Y-%m', placed_at) AS month, COUNT(*) AS bids FROM bids GROUP BY 1"


def _codes(answered: Answer) -> list[str]:
    return [finding.code for finding in answered.findings]


def _text(answered: Answer, code: str) -> str:
    return next(finding.text for finding in answered.findings if finding.code == code)


def test_a_healthy_result_has_no_findings(answer: Ask) -> None:
    assert answer(SERIES, {"month": ["2026-04", "2026-05"], "bids": [1, 2]}).findings == ()


def test_an_empty_result_with_an_unknown_value_offers_near_ones(answer: Ask) -> None:
    answered = answer("SELECT username FROM users WHERE country = 'Germny'", {"username": pa.array([], pa.string())})
    assert _codes(answered) == ["empty", "unknown_value"]
    assert "Near: “Germany”" in _text(answered, "unknown_value")


def test_a_known_value_that_finds_nothing_is_not_doubted(answer: Ask) -> None:
    answered = answer("SELECT username FROM users WHERE country = 'DE'", {"username": pa.array([], pa.string())})
    assert _codes(answered) == ["empty"]


def test_a_cut_result_is_called_cut(answer: Ask) -> None:
    answered = answer("SELECT username FROM users", {"username": ["a"] * 1000}, truncated=True)
    assert "Only the first 1,000 rows" in _text(answered, "truncated")


@pytest.mark.parametrize(
    ("last", "as_of", "unfinished"),
    [
        ("2026-06", date(2026, 6, 30), False),
        ("2026-06", date(2026, 6, 29), True),
        ("2026-07", date(2026, 6, 30), True),
        ("2026-05", date(2026, 6, 29), False),
    ],
)
def test_a_last_month_that_is_not_over_is_pointed_out(answer: Ask, last: str, as_of: date, unfinished: bool) -> None:
    answered = answer(SERIES, {"month": ["2026-01", last], "bids": [1, 2]}, as_of=as_of)
    assert ("period_not_over" in _codes(answered)) is unfinished


def test_a_period_asked_for_that_is_not_over_is_pointed_out(answer: Ask) -> None:
    sql = "SELECT COUNT(*) AS n FROM bids WHERE placed_at >= '2026-01-01' AND placed_at < '2027-01-01'"
    assert _text(answer(sql, {"n": [3]}), "period_not_over") == (
        "The period asked for (in 2026) is not over: today is 30 June 2026."
    )


def test_groups_without_a_name_are_pointed_out(answer: Ask) -> None:
    sql = "SELECT country, COUNT(*) AS n FROM users GROUP BY country"
    assert _codes(answer(sql, {"country": ["DE", None], "n": [1, 2]})) == ["null_group"]


def test_a_single_group_is_pointed_out(answer: Ask) -> None:
    sql = "SELECT country, COUNT(*) AS n FROM users GROUP BY country"
    assert _codes(answer(sql, {"country": ["DE"], "n": [1]})) == ["single_group"]


FAN_OUT = "SELECT SUM(l.current_bid) AS total FROM listings AS l JOIN bids AS b ON b.listing_id = l.id"


def test_a_sum_over_repeated_rows_is_warned_of(answer: Ask) -> None:
    assert _text(answer(FAN_OUT, {"total": [1.0]}), "fan_out") == (
        "“current bid” may be counted more than once: its rows repeat for each bid."
    )


@pytest.mark.parametrize(
    "sql",
    [
        FAN_OUT.replace("l.current_bid", "b.amount"),
        FAN_OUT.replace("SUM(l.current_bid)", "COUNT(*)"),
        FAN_OUT.replace("SUM(l.current_bid)", "MAX(l.current_bid)"),
        "SELECT SUM(l.current_bid) AS total FROM listings AS l JOIN users AS u ON l.seller_id = u.id",
    ],
)
def test_sums_that_count_each_row_once_are_not_warned_of(answer: Ask, sql: str) -> None:
    assert "fan_out" not in _codes(answer(sql, {"total": [1.0]}))


def test_a_last_day_cut_at_midnight_is_warned_of(answer: Ask) -> None:
    sql = "SELECT COUNT(*) AS n FROM bids WHERE placed_at BETWEEN '2025-01-01' AND '2025-12-31'"
    assert _text(answer(sql, {"n": [1]}), "last_day_left_out").startswith("31 December 2025 is left out")
    dates = "SELECT COUNT(*) AS n FROM users WHERE born_on BETWEEN '1990-01-01' AND '1990-12-31'"
    assert _codes(answer(dates, {"n": [1]})) == []
