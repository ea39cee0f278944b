"""Headlines: one true sentence, in good English, that claims nothing the rows do not show."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pyarrow as pa
import pytest

from nl2sql.answer.base import Answer

Ask = Callable[..., Answer]
GMV = "SELECT SUM(current_bid) AS gmv FROM listings WHERE status = 'sold'"
IN_2025 = " AND closed_at >= '2025-01-01' AND closed_at < '2026-01-01'"
RANKING = (
    "SELECT c.name AS category, SUM(l.current_bid) AS gmv FROM listings AS l "
    "JOIN categories AS c ON l.category_id = c.id GROUP BY c.name ORDER BY gmv DESC LIMIT 5"
)
SERIES = "SELECT STRFTIME('%Y-%m', placed_at) AS month, COUNT(*) AS bids FROM bids GROUP BY 1 ORDER BY 1"


def _money(*values: str) -> pa.Array:
    return pa.array([Decimal(v) for v in values], pa.decimal128(14, 2))


def test_a_scalar_is_said_with_its_period_and_unit(answer: Ask) -> None:
    assert answer(GMV + IN_2025, {"gmv": _money("1234567.89")}).headline == "GMV in 2025 was €1,234,567.89."
    assert answer(GMV, {"gmv": _money("5")}).headline == "GMV is €5.00."


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        ("2026-06-01", "2026-07-01", "in June 2026"),
        ("2026-01-01", "2026-04-01", "in Q1 2026"),
        ("2026-06-30", "2026-07-01", "on 30 June 2026"),
        ("2023-07-01", "2026-07-01", "from 1 July 2023 to 30 June 2026"),
    ],
)
def test_periods_are_named_in_the_sentence(answer: Ask, start: str, end: str, words: str) -> None:
    sql = f"SELECT COUNT(*) AS n FROM bids WHERE placed_at >= '{start}' AND placed_at < '{end}'"
    assert answer(sql, {"n": [7]}).headline == f"Number of bids {words} was 7."


def test_other_conditions_are_not_hidden(answer: Ask) -> None:
    sql = "SELECT COUNT(*) AS n FROM users WHERE country = 'DE'"
    assert answer(sql, {"n": [3]}).headline == "Number of users (country is Germany) was 3."
    many = "SELECT COUNT(*) AS n FROM users WHERE country = 'DE' AND id > 3 AND username LIKE 'a%'"
    assert answer(many, {"n": [3]}).headline == "Number of users (under the conditions in the receipt) was 3."


def test_sold_listings_are_called_so(answer: Ask) -> None:
    sql = "SELECT COUNT(*) AS items FROM listings WHERE status = 'sold'"
    assert answer(sql, {"items": [3]}).headline == "Number of sold listings is 3."


def test_a_missing_value_is_not_a_zero(answer: Ask) -> None:
    told = answer(GMV + IN_2025, {"gmv": pa.array([None], pa.decimal128(14, 2))}).headline
    assert told == "There is no value for GMV in 2025: no row had one."


def test_a_rate_is_a_percentage(answer: Ask) -> None:
    sql = "SELECT SUM(CASE WHEN status = 'sold' THEN 1 ELSE 0 END) * 1.0 / COUNT(*) AS share FROM listings"
    assert answer(sql, {"share": [0.123]}).headline == "Share is 12.3 %."
    in_percent = "SELECT 100.0 * SUM(CASE WHEN status = 'sold' THEN 1 ELSE 0 END) / COUNT(*) AS share FROM listings"
    assert answer(in_percent, {"share": [12.3]}).headline == "Share is 12.3 %."
    no_share = "SELECT SUM(CASE WHEN status = 'sold' THEN 1 ELSE 0 END) * 1.0 / SUM(bid_count) AS ratio FROM listings"
    assert answer(no_share, {"ratio": [0.123]}).headline == "Ratio is 0.123."


WHOLE = RANKING.partition(" LIMIT")[0]


def test_a_ranking_names_the_leader_and_its_share(answer: Ask) -> None:
    told = answer(WHOLE, {"category": ["Art", "Books"], "gmv": _money("75", "25")})
    assert told.headline == "Art leads with €75.00 GMV, 75.0 % of the total."


@pytest.mark.parametrize("some", [RANKING, WHOLE.replace("ORDER BY", "HAVING COUNT(*) > 1 ORDER BY")])
def test_no_share_is_claimed_where_groups_are_left_out(answer: Ask, some: str) -> None:
    assert some != WHOLE
    told = answer(some, {"category": ["Art", "Books"], "gmv": _money("75", "25")})
    assert "%" not in told.headline


@pytest.mark.parametrize(
    ("condition", "count", "told"),
    [
        (
            "NOT EXISTS (SELECT 1 FROM bids AS b WHERE b.bidder_id = u.id)",
            500,
            "500 users without any bid (as bidder).",
        ),
        (
            "u.id IN (SELECT bidder_id FROM bids GROUP BY bidder_id HAVING COUNT(*) >= 2)",
            1,
            "1 user with at least 2 bids (as bidder).",
        ),
    ],
)
def test_a_count_of_rows_with_something_is_said_as_such(answer: Ask, condition: str, count: int, told: str) -> None:
    assert answer(f"SELECT COUNT(*) AS n FROM users AS u WHERE {condition}", {"n": [count]}).headline == told


@pytest.mark.parametrize(
    ("columns", "truncated", "additive"),
    [
        ({"category": ["Art", "Books"], "gmv": _money("75", "25")}, True, None),
        ({"category": ["Art", "Books"], "gmv": _money("75", "-25")}, False, None),
        ({"category": ["Art", "Books"], "gmv": pa.array([Decimal("75"), None], pa.decimal128(14, 2))}, False, None),
    ],
)
def test_no_share_is_claimed_of_what_is_cut_negative_or_missing(
    answer: Ask, columns: dict[str, object], truncated: bool, additive: frozenset[str] | None
) -> None:
    told = answer(WHOLE, columns, truncated=truncated, additive=additive).headline
    assert told == "Art leads with €75.00 GMV."


@pytest.mark.parametrize("measure", ["AVG(l.current_bid)", "COUNT(DISTINCT l.seller_id)", "MAX(l.current_bid)"])
def test_no_share_is_claimed_of_what_does_not_add_up(answer: Ask, measure: str) -> None:
    sql = WHOLE.replace("SUM(l.current_bid) AS gmv", f"{measure} AS result").replace("gmv", "result")
    told = answer(sql, {"category": ["Art", "Books"], "result": [75, 25]}).headline
    assert "Art leads" in told
    assert "%" not in told


def test_a_tie_has_no_single_leader(answer: Ask) -> None:
    told = answer(RANKING, {"category": ["Art", "Books"], "gmv": _money("75", "75")}).headline
    assert told == "2 of 2 rows share the highest GMV: €75.00."


def test_an_ascending_ranking_names_the_lowest(answer: Ask) -> None:
    told = answer(RANKING.replace("DESC", "ASC"), {"category": ["Art", "Books"], "gmv": _money("25", "75")}).headline
    assert told == "Art has the lowest GMV: €25.00."


@pytest.mark.parametrize(("stored", "said"), [("ben_z", "ben_z"), ("anna23", "anna23"), ("card", "Card")])
def test_a_name_that_is_no_word_is_spelled_as_it_is_stored(answer: Ask, stored: str, said: str) -> None:
    columns = {"category": [stored, "Books"], "gmv": _money("75", "25")}
    assert answer(RANKING, columns).headline.startswith(f"{said} leads with")


def test_stored_codes_are_said_in_words(answer: Ask) -> None:
    sql = "SELECT country, COUNT(*) AS n FROM users GROUP BY country"
    told = answer(sql, {"country": ["DE", "US"], "n": [3, 1]}).headline
    assert told == "Germany leads with 3 users, 75.0 % of the total."


def test_a_series_tells_its_ends_and_its_last_full_month(answer: Ask) -> None:
    told = answer(SERIES, {"month": ["2026-03", "2026-04", "2026-05"], "bids": [1203, 4301, 2000]}).headline
    assert (
        told
        == "Bids per month: lowest 1,203 in Mar 2026, highest 4,301 in Apr 2026; last full month 2,000 in May 2026."
    )


def test_an_unfinished_month_is_neither_lowest_nor_last(answer: Ask) -> None:
    told = answer(SERIES, {"month": ["2026-04", "2026-05", "2026-06", "2026-07"], "bids": [30, 10, 20, 1]}).headline
    assert told == "Bids per month: lowest 10 in May 2026, highest 30 in Apr 2026; last full month 20 in Jun 2026."


def test_lists_are_counted_in_the_words_of_their_table(answer: Ask) -> None:
    sql = "SELECT username FROM users AS u WHERE NOT EXISTS (SELECT 1 FROM bids AS b WHERE b.bidder_id = u.id)"
    assert answer(sql, {"username": ["a", "b"]}).headline == "2 users match."
    assert answer(sql, {"username": ["a"]}).headline == "One user: a."
    cut = answer(sql, {"username": ["a"] * 1000}, truncated=True).headline
    assert cut == "More than 1,000 users match; the first 1,000 are shown."


def test_an_empty_result_is_said_plainly(answer: Ask) -> None:
    none = pa.array([], pa.string())
    assert answer("SELECT username FROM users WHERE id = 3", {"username": none}).headline == (
        "No users match these conditions."
    )
    assert answer("SELECT username FROM users", {"username": none}).headline == "There are no users."


def test_several_measures_are_listed(answer: Ask) -> None:
    sql = "SELECT COUNT(*) AS n, MAX(current_bid) AS highest FROM listings"
    assert answer(sql, {"n": [3], "highest": _money("9.5")}).headline == (
        "Number of listings 3 and highest of current bid €9.50."
    )


def test_two_dimensions_name_the_cell_that_is_highest(answer: Ask) -> None:
    sql = (
        "SELECT c.name AS category, STRFTIME('%Y', l.closed_at) AS year, SUM(l.current_bid) AS gmv FROM listings AS l "
        "JOIN categories AS c ON l.category_id = c.id GROUP BY 1, 2"
    )
    told = answer(sql, {"category": ["Art", "Art"], "year": ["2024", "2025"], "gmv": _money("1", "2")}).headline
    assert told == "GMV by category and year: the highest is €2.00 for Art / 2025, of 2 rows."


def test_two_columns_of_one_name_do_no_harm(answer: Ask) -> None:
    sql = "SELECT a.username, b.username FROM users AS a JOIN users AS b ON a.id = b.id"
    told = answer(sql, {"username": ["x", "y"], "username_2": ["x", "z"]})
    assert told.headline == "2 rows."
