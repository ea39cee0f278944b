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


MONTHS = [f"{year}-{month:02}" for year in (2024, 2025) for month in range(1, 13)]
FLAT = [100 + place % 7 for place in range(24)]


def with_point(place: int, value: int) -> dict[str, list[object]]:
    return {"month": list(MONTHS), "bids": [value if at == place else each for at, each in enumerate(FLAT)]}


def test_a_month_far_from_its_neighbours_is_named_with_what_is_usual_around_it(answer: Ask) -> None:
    answered = answer(SERIES, with_point(14, 400))
    assert _text(answered, "outlier") == "Mar 2025 stands out: bids is 400, against about 104 around it."


@pytest.mark.parametrize(
    "bids",
    [
        FLAT,
        [10 * 2**place for place in range(24)],  # growth
        [100 if place % 12 else 300 for place in range(24)],  # a season: every January
        [50 + 200 * (place % 2) for place in range(24)],  # it always jumps
        [0] * 24,
        [1, 2, 0, 3, 1, 1, 4, 0, 2, 1, 1, 0, 2, 1, 3, 0, 1, 2, 1, 0, 5, 1, 2, 1],  # few, so by chance
    ],
)
def test_trends_seasons_and_noise_are_no_outliers(answer: Ask, bids: list[int]) -> None:
    assert "outlier" not in _codes(answer(SERIES, {"month": list(MONTHS), "bids": bids}))


def test_a_short_series_has_no_outlier(answer: Ask) -> None:
    columns = {name: values[:11] for name, values in with_point(5, 9_000).items()}
    assert "outlier" not in _codes(answer(SERIES, columns))


def test_a_month_that_is_not_over_is_no_outlier(answer: Ask) -> None:
    answered = answer(SERIES, with_point(23, 0), as_of=date(2025, 12, 2))
    assert _codes(answered) == ["period_not_over"]


def test_the_largest_of_many_categories_is_no_outlier(answer: Ask) -> None:
    sql = "SELECT title, SUM(bid_count) AS bids FROM listings GROUP BY title"
    assert _codes(answer(sql, {"title": MONTHS, "bids": [9_000, *FLAT[1:]]})) == []


def test_rows_that_look_alike_are_counted(answer: Ask) -> None:
    sql = "SELECT username, country FROM users"
    answered = answer(sql, {"username": ["a", "a", "a", "b"], "country": ["DE", "DE", "DE", "DE"]})
    assert _text(answered, "repeated_rows") == "2 rows look like another one: nothing shown tells them apart."


@pytest.mark.parametrize(
    ("sql", "columns"),
    [
        ("SELECT username, country FROM users", {"username": ["a", "b"], "country": ["DE", "DE"]}),
        ("SELECT country FROM users", {"country": ["DE", "DE"]}),
    ],
)
def test_different_rows_and_plain_values_do_not_look_alike(
    answer: Ask, sql: str, columns: dict[str, list[str]]
) -> None:
    assert _codes(answer(sql, columns)) == []


def test_the_share_of_rows_without_a_group_is_told(answer: Ask) -> None:
    sql = "SELECT country, COUNT(*) AS n FROM users GROUP BY country"
    text = _text(answer(sql, {"country": ["DE", None], "n": [30, 10]}), "null_group")
    assert text == "One group has no country: rows where it is empty, 25 % of the number of users."


def test_averages_of_groups_have_no_share(answer: Ask) -> None:
    sql = "SELECT country, AVG(id) AS n FROM users GROUP BY country"
    assert _text(answer(sql, {"country": ["DE", None], "n": [3.0, 1.0]}), "null_group").endswith("where it is empty.")


def test_one_group_that_was_asked_for_by_its_place_is_no_surprise(answer: Ask) -> None:
    sql = """
        WITH counted AS (
            SELECT country, COUNT(*) AS n, RANK() OVER (ORDER BY COUNT(*) DESC) AS place FROM users GROUP BY country
        ) SELECT country, n FROM counted WHERE place = 1
    """
    assert _codes(answer(sql, {"country": ["DE"], "n": [3]})) == []


def test_a_value_is_not_called_unknown_where_the_model_lists_some_values_only(answer: Ask) -> None:
    sql = "SELECT username FROM users WHERE username = 'Germny'"
    assert _codes(answer(sql, {"username": pa.array([], pa.string())})) == ["empty"]
