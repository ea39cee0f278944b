"""What a receipt says about statements as people and models write them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nl2sql.answer.base import Receipt

Said = Callable[..., list[str]]

TOP_5 = """
    SELECT c.name AS category, SUM(l.current_bid) AS gmv FROM listings AS l
    JOIN categories AS s ON l.category_id = s.id JOIN categories AS c ON COALESCE(s.parent_id, s.id) = c.id
    WHERE l.status = 'sold' AND l.closed_at >= '2025-01-01 00:00:00.000000'
    AND l.closed_at < '2026-01-01 00:00:00.000000' GROUP BY c.name ORDER BY gmv DESC, category LIMIT 5
"""


def test_a_whole_statement_reads_like_a_description(said: Said) -> None:
    assert said(TOP_5) == [
        "GMV: sum of current bid",
        "From listings",
        "Only listings with a category",
        "Only categories with a category (as parent, or itself when it has none)",
        "Only sold listings",
        "Closed 1 Jan – 31 Dec 2025",
        "By parent category name",
        "Top 5 by GMV, then parent category name (ascending)",
    ]


def test_each_line_carries_the_sql_it_was_read_from(receipt: Callable[..., Receipt]) -> None:
    by_text = {line.text: line.sql for line in receipt(TOP_5).lines}
    assert by_text["Only sold listings"] == "l.status = 'sold'"
    assert "l.closed_at < '2026-01-01 00:00:00.000000'" in by_text["Closed 1 Jan – 31 Dec 2025"]


def test_the_alias_of_a_plain_column_does_not_become_a_metric(said: Said) -> None:
    assert said("SELECT l.bid_count AS gmv FROM listings AS l")[0] == "Shows bid count"


@pytest.mark.parametrize(
    ("measure", "words"),
    [
        ("COUNT(*)", "Number of listings"),
        ("COUNT(DISTINCT l.seller_id)", "Number of different sellers"),
        ("COUNT(l.closed_at)", "Number of listings with closed at filled in"),
        ("ROUND(AVG(l.current_bid), 2)", "Average of current bid (rounded to 2 decimals)"),
        ("SUM(CASE WHEN l.status = 'sold' THEN 1 ELSE 0 END)", "Number of sold listings"),
        ("COUNT(CASE WHEN l.status = 'sold' THEN 1 END)", "Number of sold listings"),
        ("COUNT(*) FILTER (WHERE l.status = 'sold')", "Number of sold listings"),
        ("SUM(CASE WHEN l.status = 'sold' THEN l.bid_count END)", "Sum of bid count, counting only sold listings"),
        (
            "SUM(CASE WHEN l.bid_count > 3 THEN 1 ELSE 0 END)",
            "Number of listings counting only those where bid count is more than 3",
        ),
        (
            "SUM(CASE WHEN l.status = 'sold' THEN 1 ELSE 0 END) * 1.0 / NULLIF(COUNT(*), 0) AS rate",
            "“rate”: number of sold listings divided by number of listings",
        ),
        # A default that is not zero counts too: no short form may hide it.
        ("SUM(CASE WHEN l.status = 'sold' THEN 1 ELSE 2 END)", "Sum of (1 if status is “sold”; otherwise 2)"),
    ],
)
def test_measures_are_said_in_words(said: Said, measure: str, words: str) -> None:
    assert said(f"SELECT {measure} FROM listings AS l")[0] == words


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("u.country = 'DE'", "Country is Germany"),
        ("u.country <> 'DE'", "Country is not Germany"),
        ("u.country IN ('DE', 'FR')", "Country is Germany or France"),
        ("u.country NOT IN ('DE', 'FR')", "Country is none of Germany and France"),
        ("u.username LIKE 'a%'", "Username starts with “a”"),
        ("u.username LIKE '%a'", "Username ends with “a”"),
        ("u.username NOT LIKE '%a%'", "Username does not contain “a”"),
        ("u.username LIKE 'a_b%'", "Username matches the pattern “a_b%”"),
        ("u.country IS NULL", "Country is empty"),
        ("u.country IS NOT NULL", "Country is not empty"),
        ("u.id BETWEEN 3 AND 7", "ID is between 3 and 7"),
        ("NOT u.id BETWEEN 3 AND 7", "ID is not between 3 and 7"),
        ("3 < u.id", "ID is more than 3"),
        ("(u.id = 1 OR u.id = 2)", "Either ID is 1 or ID is 2"),
        ("(u.id = 1 OR (u.id > 5 AND u.id < 9))", "Either ID is 1 or (ID is more than 5 and ID is less than 9)"),
        ("NOT (u.id = 1 OR u.id = 2)", "Not (either ID is 1 or ID is 2)"),
        ("LENGTH(u.username) > 5", "Length of username is more than 5"),
    ],
)
def test_filters_are_said_in_words(said: Said, condition: str, words: str) -> None:
    assert said(f"SELECT COUNT(*) FROM users AS u WHERE {condition}")[-1] == words


def test_amounts_carry_the_unit_of_their_column(said: Said) -> None:
    assert "Current bid is more than €500" in said("SELECT title FROM listings WHERE current_bid > 500")
    assert "Only groups where sum of current bid is at least €1,000.50" in said(
        "SELECT status FROM listings GROUP BY status HAVING SUM(current_bid) >= 1000.5"
    )


def test_a_named_filter_of_another_table_is_not_mistaken(said: Said) -> None:
    assert "Status is “sold”" in said("SELECT COUNT(*) FROM payments WHERE status = 'sold'")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT u.username FROM users AS u WHERE NOT EXISTS (SELECT 1 FROM bids AS b WHERE b.bidder_id = u.id)",
        "SELECT u.username FROM users AS u LEFT JOIN bids AS b ON b.bidder_id = u.id WHERE b.id IS NULL",
    ],
)
def test_both_spellings_of_an_anti_join_read_the_same(said: Said, sql: str) -> None:
    assert "Only users without any bid (as bidder)" in said(sql)


def test_not_in_a_query_says_what_is_left_out(said: Said) -> None:
    lines = said("SELECT username FROM users WHERE id NOT IN (SELECT bidder_id FROM bids WHERE amount > 5)")
    assert "ID is not among: [shows bidder ID; from bids; amount is more than €5]" in lines


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("id IN (SELECT bidder_id FROM bids)", "Users with at least one bid (as bidder)"),
        (
            "id NOT IN (SELECT bidder_id FROM bids WHERE NOT bidder_id IS NULL AND amount > 5)",
            "Users without any bid (as bidder) where amount is more than €5",
        ),
        (
            "id IN (SELECT bidder_id FROM bids GROUP BY bidder_id HAVING COUNT(*) >= 2)",
            "Users with at least 2 bids (as bidder)",
        ),
        (
            "NOT id IN (SELECT bidder_id FROM bids WHERE bidder_id IS NOT NULL GROUP BY bidder_id HAVING COUNT(*) > 9)",
            "Users without more than 9 bids (as bidder)",
        ),
        ("country IN (SELECT country FROM users)", "Country is among: [shows country; from users]"),
    ],
)
def test_keys_among_the_foreign_keys_of_a_table_are_rows_that_have_one(said: Said, condition: str, words: str) -> None:
    assert words in said(f"SELECT username FROM users WHERE {condition}")


def test_conditions_inside_not_exists_are_kept(said: Said) -> None:
    lines = said(
        "SELECT u.username FROM users AS u WHERE NOT EXISTS "
        "(SELECT 1 FROM bids AS b WHERE b.bidder_id = u.id AND b.amount > 5)"
    )
    assert "Only users without any bid (as bidder) where amount is more than €5" in lines


def test_joins_say_which_rows_they_keep_and_whether_they_repeat_them(said: Said) -> None:
    kept = said("SELECT COUNT(*) FROM listings AS l LEFT JOIN users AS u ON l.highest_bidder_id = u.id")
    assert "Listings with their user (as highest bidder), if any" in kept
    many = said("SELECT COUNT(*) FROM users AS u LEFT JOIN bids AS b ON b.bidder_id = u.id")
    assert "Users with their bids (as bidder), if any, one row for each" in many
    repeated = said("SELECT COUNT(*) FROM listings AS l JOIN bids AS b ON b.listing_id = l.id")
    assert repeated[0] == "Number of bids"
    assert "Only listings with a bid, one row for each bid" in repeated
    assert any("every combination" in line.lower() for line in said("SELECT 1 FROM users AS a, bids AS b"))


def test_steps_and_inner_queries_have_their_own_lines(said: Said) -> None:
    lines = said("WITH t AS (SELECT bidder_id, COUNT(*) AS n FROM bids GROUP BY bidder_id) SELECT AVG(t.n) FROM t")
    assert lines == ["Average of “n”", "Step “t”: “n”: number of bids; from bids; by bidder ID", "From step “t”"]


def test_a_union_says_both_parts_and_what_happens_to_repeated_rows(said: Said) -> None:
    lines = said("SELECT title FROM listings UNION ALL SELECT username FROM users WHERE id = 3")
    assert lines[0] == "The rows of both parts together, repeated rows kept"
    assert lines[2] == "Part 2: shows username; from users; ID is 3"


def test_windows_and_distinct_are_said(said: Said) -> None:
    lines = said(
        "SELECT DISTINCT RANK() OVER (PARTITION BY l.status ORDER BY l.current_bid DESC) AS place FROM listings l"
    )
    assert lines[0] == "“place”: rank within each status, in order of current bid (descending)"
    assert "Each different row once" in lines


def test_a_window_frame_without_words_is_shown_as_sql(said: Said) -> None:
    frame = "ROWS BETWEEN 3 PRECEDING AND 1 FOLLOWING"
    line = said(f"SELECT SUM(b.amount) OVER (ORDER BY b.placed_at {frame}) AS moving FROM bids AS b")[0]
    assert "SQL `" in line
    assert "3 preceding" in line.lower()


@pytest.mark.parametrize(
    ("dialect", "condition"),
    [
        ("sqlite", "json_extract(l.title, '$.a') = 5"),
        ("postgres", "l.title ~ 'abc'"),
        ("duckdb", "regexp_matches(l.title, 'a.*')"),
    ],
)
def test_what_has_no_words_is_shown_as_sql_and_marked(said: Said, dialect: str, condition: str) -> None:
    line = said(f"SELECT COUNT(*) FROM listings AS l WHERE {condition}", dialect)[-1]
    assert "SQL `" in line
    assert "title" in line


def test_order_and_limit_are_one_line(said: Said) -> None:
    assert said("SELECT title FROM listings ORDER BY closed_at DESC LIMIT 10")[-1] == (
        "The first 10 rows by closed at (latest first)"
    )
    assert said("SELECT title FROM listings LIMIT 10")[-1] == "At most 10 rows, in no particular order"
    assert said("SELECT title FROM listings ORDER BY title")[-1] == "Ordered by title (ascending)"
    assert said("SELECT title FROM listings ORDER BY title LIMIT 5 OFFSET 10")[-1] == "Leaving out the first 10"


def test_the_cap_of_the_guard_is_a_line_and_not_a_limit_of_the_question(receipt: Callable[..., Receipt]) -> None:
    lines = [
        line.text for line in receipt("SELECT title FROM listings LIMIT 1001", row_limit=1000, limit_added=True).lines
    ]
    assert lines[-1] == "At most 1,000 rows"
    assert not any("1,001" in line for line in lines)


def test_the_database_clock_is_pointed_out(said: Said) -> None:
    lines = said("SELECT COUNT(*) FROM bids WHERE placed_at >= CURRENT_DATE", "postgres")
    assert lines[-1] == "“now” is the database's own clock, which need not be 30 June 2026"


@pytest.mark.parametrize(
    ("dialect", "bucket", "grain"),
    [
        ("sqlite", "STRFTIME('%Y-%m', b.placed_at)", "month"),
        ("sqlite", "STRFTIME('%Y', b.placed_at)", "year"),
        ("sqlite", "DATE(b.placed_at)", "day"),
        ("sqlite", "DATE(b.placed_at, 'start of month')", "month"),
        ("sqlite", "DATE(b.placed_at, '-6 days', 'weekday 1')", "week"),
        (
            "sqlite",
            "STRFTIME('%Y', b.placed_at) || '-Q' || ((CAST(STRFTIME('%m', b.placed_at) AS INTEGER) + 2) / 3)",
            "quarter",
        ),
        ("sqlite", "STRFTIME('%H', b.placed_at)", "hour of the day"),
        ("mysql", "DATE_FORMAT(b.placed_at, '%Y-%m')", "month"),
        ("mysql", "CONCAT(YEAR(b.placed_at), '-Q', QUARTER(b.placed_at))", "quarter"),
        ("mysql", "DATE(b.placed_at)", "day"),
        ("postgres", "DATE_TRUNC('month', b.placed_at)", "month"),
        ("postgres", "DATE_TRUNC('week', b.placed_at)::date", "week"),
        ("postgres", "TO_CHAR(b.placed_at, 'YYYY-MM')", "month"),
        ("postgres", "EXTRACT(YEAR FROM b.placed_at)", "year"),
        ("duckdb", "STRFTIME(b.placed_at, '%Y-%m')", "month"),
        ("bigquery", "TIMESTAMP_TRUNC(b.placed_at, QUARTER)", "quarter"),
        ("bigquery", "FORMAT_TIMESTAMP('%Y-%m', b.placed_at)", "month"),
    ],
)
def test_time_buckets_are_named_in_every_dialect(said: Said, dialect: str, bucket: str, grain: str) -> None:
    lines = said(f"SELECT {bucket} AS bucket, COUNT(*) AS bids FROM bids AS b GROUP BY 1", dialect)
    assert any(line.startswith(f"By {grain} (placed at)") for line in lines), lines


def test_a_bucket_of_two_different_times_is_not_called_one(said: Said) -> None:
    lines = said(
        "SELECT STRFTIME('%Y', u.created_at) || '-' || STRFTIME('%m', u.born_on), COUNT(*) FROM users u GROUP BY 1"
    )
    assert not any(line.startswith("By month") for line in lines)


def test_a_join_on_columns_that_are_no_ids_says_them(said: Said) -> None:
    lines = said("SELECT COUNT(*) FROM users AS u JOIN listings AS l ON u.username = l.title AND l.seller_id = u.id")
    assert any("where username is listing title" in line for line in lines), lines
