"""What is asked where two readings of a question give different results: pairs of SQL over the auction, both ways."""

from __future__ import annotations

import pytest

from nl2sql.answer.base import ReceiptLine
from nl2sql.candidates.difference import AskedBack, ask_about
from nl2sql.question import MAX_QUESTION_CHARS, Question
from tests.unit.candidates.auction import LABELS, reading


def in_may(column: str) -> str:
    return f"{column} >= '2026-05-01' AND {column} < '2026-06-01'"


def asked(question: str, *statements: str) -> AskedBack:
    return ask_about(question, [reading(sql).lines for sql in statements], LABELS)


ITEMS = "SELECT COUNT(*) AS n FROM listings"
USERS = "SELECT COUNT(*) AS n FROM users AS u"
BIDS = "SELECT bidder_id, COUNT(*) AS n FROM bids GROUP BY bidder_id"
TITLES = "SELECT title FROM listings"
SUBS = "SELECT c.name, COUNT(*) AS n FROM listings l JOIN categories c ON c.id = l.category_id"
SOLD = "SUM(CASE WHEN status = 'sold' THEN 1 ELSE 0 END)"

# the two statements; what is asked; how the question of each is settled
PAIRS = {
    "the date that is filtered": (
        f"{ITEMS} WHERE {in_may('created_at')}",
        f"{ITEMS} WHERE {in_may('closed_at')}",
        "Count listings by creation date or by closing date?",
        ("counted by creation date", "counted by closing date"),
    ),
    "the date that a sum is filtered by": (
        f"SELECT SUM(current_bid) AS a FROM listings WHERE status = 'sold' AND {in_may('created_at')}",
        f"SELECT SUM(current_bid) AS gmv FROM listings WHERE status = 'sold' AND {in_may('closed_at')}",
        "Sum of current bid by creation date or by closing date?",
        ("dated by creation date", "dated by closing date"),
    ),
    "the date, before a filter": (
        f"{ITEMS} WHERE {in_may('created_at')}",
        f"{ITEMS} WHERE status = 'sold' AND {in_may('closed_at')}",
        "Count listings by creation date or by closing date?",
        ("counted by creation date", "counted by closing date"),
    ),
    "a date bound": (
        f"{ITEMS} WHERE {in_may('closed_at')}",
        f"{ITEMS} WHERE closed_at >= '2026-05-01'",
        "Which time do you mean: closing date in May 2026, or closing date since 1 May 2026?",
        ("with closing date in May 2026", "with closing date since 1 May 2026"),
    ),
    "the last day": (
        f"{ITEMS} WHERE closed_at >= '2025-01-01' AND closed_at < '2026-01-01'",
        f"{ITEMS} WHERE closed_at >= '2025-01-01' AND closed_at < '2025-12-31'",
        "Which time do you mean: closing date 1 Jan – 31 Dec 2025, or closing date 1 Jan – 30 Dec 2025?",
        ("with closing date 1 Jan – 31 Dec 2025", "with closing date 1 Jan – 30 Dec 2025"),
    ),
    "a period, or none": (
        f"{ITEMS} WHERE {in_may('created_at')}",
        ITEMS,
        "Which time do you mean: creation date in May 2026, or any time?",
        ("with creation date in May 2026", "at any time"),
    ),
    "a status, or none": (
        f"{ITEMS} WHERE status = 'sold'",
        ITEMS,
        "Which rows should count: only sold listings, or others too?",
        ("only sold listings", "without the limit to sold listings"),
    ),
    "a literal": (
        f"{USERS} WHERE country = 'DE'",
        f"{USERS} WHERE country = 'FR'",
        "Which rows should count: country is Germany, or country is France?",
        ("only where country is Germany", "only where country is France"),
    ),
    "not sold, or unsold": (
        f"{ITEMS} WHERE status <> 'sold'",
        f"{ITEMS} WHERE status = 'unsold'",
        "Which rows should count: status is not “sold”, or only unsold listings?",
        ("only where status is not “sold”", "only unsold listings"),
    ),
    "a bound that is in or out": (
        f"{ITEMS} WHERE current_bid > 100",
        f"{ITEMS} WHERE current_bid >= 100",
        "Which rows should count: current bid is more than €100, or current bid is at least €100?",
        ("only where current bid is more than €100", "only where current bid is at least €100"),
    ),
    "NULL, or not": (
        f"{ITEMS} WHERE highest_bidder_id IS NULL",
        f"{ITEMS} WHERE highest_bidder_id IS NOT NULL",
        "Which rows should count: highest bidder id is empty, or highest bidder id is not empty?",
        ("only where highest bidder id is empty", "only where highest bidder id is not empty"),
    ),
    "NULL as 0": (
        "SELECT AVG(current_bid) AS a FROM listings",
        "SELECT AVG(COALESCE(current_bid, 0)) AS a FROM listings",
        "Which number do you mean: average of current bid, or average of current bid (or 0 when empty)?",
        ("measured as average of current bid", "measured as average of current bid (or 0 when empty)"),
    ),
    "DISTINCT in an aggregate": (
        "SELECT COUNT(*) AS n FROM bids",
        "SELECT COUNT(DISTINCT bidder_id) AS n FROM bids",
        "Which number do you mean: number of bids, or number of different bidders?",
        ("measured as number of bids", "measured as number of different bidders"),
    ),
    "another aggregate": (
        "SELECT AVG(amount) AS a FROM bids",
        "SELECT MAX(amount) AS a FROM bids",
        "Which number do you mean: average of bid amount, or highest of bid amount?",
        ("measured as average of bid amount", "measured as highest of bid amount"),
    ),
    "gross, or net": (
        "SELECT SUM(amount) AS total FROM payments",
        "SELECT SUM(fee) AS total FROM payments",
        "Which number do you mean: sum of payment amount, or sum of fee?",
        ("measured as sum of payment amount", "measured as sum of fee"),
    ),
    "what a share is of": (
        f"SELECT {SOLD} * 1.0 / COUNT(*) AS r FROM listings",
        f"SELECT {SOLD} * 1.0 / SUM(CASE WHEN status IN ('sold', 'unsold') THEN 1 ELSE 0 END) AS r FROM listings",
        "Which number do you mean: number of sold listings divided by number of listings, "
        "or number of sold listings divided by number of closed listings?",
        (
            "measured as number of sold listings divided by number of listings",
            "measured as number of sold listings divided by number of closed listings",
        ),
    ),
    "another table": (
        ITEMS,
        "SELECT COUNT(*) AS n FROM bids",
        "Which number do you mean: number of listings, or number of bids?",
        ("measured as number of listings", "measured as number of bids"),
    ),
    "at least one, or all": (
        f"{USERS} WHERE EXISTS (SELECT 1 FROM bids AS b WHERE b.bidder_id = u.id)",
        USERS,
        "Which rows should count: only users with at least one bid (as bidder), or others too?",
        (
            "only users with at least one bid (as bidder)",
            "without the limit to users with at least one bid (as bidder)",
        ),
    ),
    "the parent's name": (
        f"{SUBS} GROUP BY c.name",
        f"{SUBS} JOIN categories p ON p.id = c.parent_id GROUP BY c.name",
        "Which rows should count: only categories with a parent category, "
        "or without “only categories with a parent category”?",
        (
            "without “only categories with a parent category”",
            "only categories with a parent category",
        ),
    ),
    "the grain": (
        "SELECT strftime('%Y-%m', placed_at) AS m, COUNT(*) AS n FROM bids GROUP BY 1",
        "SELECT strftime('%Y', placed_at) AS y, COUNT(*) AS n FROM bids GROUP BY 1",
        "How should the result be split: by month (bid time), or by year (bid time)?",
        ("by month (bid time)", "by year (bid time)"),
    ),
    "the groups": (
        "SELECT item_condition, COUNT(*) AS n FROM listings GROUP BY item_condition",
        "SELECT status, COUNT(*) AS n FROM listings GROUP BY status",
        "How should the result be split: by condition, or by status?",
        ("by condition", "by status"),
    ),
    "DISTINCT rows": (
        "SELECT DISTINCT country FROM users",
        "SELECT country FROM users",
        "How should the result be split: each different row once, or with repeated rows kept?",
        ("each different row once", "with repeated rows kept"),
    ),
    "a HAVING": (
        f"{BIDS} HAVING COUNT(*) > 5",
        f"{BIDS} HAVING COUNT(*) > 10",
        "Which groups should be shown: only groups where number of bids is more than 5, "
        "or only groups where number of bids is more than 10?",
        ("only groups where number of bids is more than 5", "only groups where number of bids is more than 10"),
    ),
    "a HAVING, or none": (
        f"{BIDS} HAVING COUNT(*) > 5",
        BIDS,
        "Which groups should be shown: only groups where number of bids is more than 5, or others too?",
        (
            "only groups where number of bids is more than 5",
            "without the limit to groups where number of bids is more than 5",
        ),
    ),
    "what is shown": (
        TITLES,
        "SELECT title, status FROM listings",
        "What should be shown: title, or title and status?",
        ("showing title", "showing title and status"),
    ),
    "the direction of an order": (
        f"{TITLES} ORDER BY current_bid DESC",
        f"{TITLES} ORDER BY current_bid",
        "In which order: ordered by current bid (highest first), or ordered by current bid (lowest first)?",
        ("ordered by current bid (highest first)", "ordered by current bid (lowest first)"),
    ),
    "a LIMIT": (
        f"{TITLES} ORDER BY current_bid DESC LIMIT 5",
        f"{TITLES} ORDER BY current_bid DESC LIMIT 10",
        "How many rows should be shown: top 5 by current bid, or top 10 by current bid?",
        ("top 5 by current bid", "top 10 by current bid"),
    ),
    "a LIMIT, or none": (
        f"{TITLES} LIMIT 5",
        TITLES,
        "How many rows should be shown: at most 5 rows, in no particular order, or without a limit?",
        ("at most 5 rows, in no particular order", "without a limit"),
    ),
    "UNION, or UNION ALL": (
        "SELECT id FROM listings UNION SELECT id FROM bids",
        "SELECT id FROM listings UNION ALL SELECT id FROM bids",
        "Which of these do you mean: the rows of both parts together, each different row once, "
        "or the rows of both parts together, repeated rows kept?",
        (
            "the rows of both parts together, each different row once",
            "the rows of both parts together, repeated rows kept",
        ),
    ),
}


@pytest.mark.parametrize("case", PAIRS)
def test_the_one_difference_is_asked_about_and_each_choice_settles_it(case: str) -> None:
    first, second, message, endings = PAIRS[case]
    back = asked("And what is it?", first, second)
    assert back.message == message
    assert back.choices == tuple(f"And what is it, {ending}?" for ending in endings)


@pytest.mark.parametrize("case", PAIRS)
def test_the_other_way_round_the_choices_change_places(case: str) -> None:
    first, second, _, _ = PAIRS[case]
    one, other = asked("What?", first, second), asked("What?", second, first)
    assert one.choices == other.choices[::-1]
    assert sorted(one.message) == sorted(other.message)


def test_a_join_that_keeps_everybody_is_told_from_one_that_does_not() -> None:
    grouped = "SELECT u.country, COUNT(b.id) AS n FROM users u {} bids b ON b.bidder_id = u.id GROUP BY u.country"
    back = asked("Bids by country?", grouped.format("LEFT JOIN"), grouped.format("JOIN"))
    assert back.message.startswith("Which rows should count: users with their bid")
    assert back.choices[1] == "Bids by country, only users with a bid (as bidder), one row for each bid?"


def test_names_that_a_statement_gives_are_no_difference() -> None:
    back = asked(
        "x?",
        "SELECT SUM(current_bid) AS gmv FROM listings WHERE status = 'sold'",
        "SELECT SUM(l.current_bid) AS t FROM listings AS l",
    )
    assert back.message == "Which rows should count: only sold listings, or others too?"


def test_three_readings_have_three_choices() -> None:
    back = asked("How many?", *(f"{USERS} WHERE country = '{code}'" for code in ("DE", "FR", "NL")))
    assert (
        back.message == "Which rows should count: country is Germany, or country is France, or country is Netherlands?"
    )
    assert len(set(back.choices)) == 3


def test_three_readings_that_no_single_aspect_tells_apart_are_told_in_full() -> None:
    back = asked("How many?", ITEMS, f"{ITEMS} WHERE status = 'sold'", f"{ITEMS} WHERE {in_may('created_at')}")
    assert back.message == (
        "Three readings give different results: “number of listings; from listings”, “number of listings; from "
        "listings; only sold listings” or “number of listings; from listings; creation date in May 2026”?"
    )
    assert len(set(back.choices)) == 3


def test_readings_that_are_described_alike_are_not_told_apart_by_a_lie() -> None:
    back = asked("Twice?", "SELECT current_bid * 2 AS x FROM listings", "SELECT current_bid * 2 AS y FROM listings")
    assert back.message.startswith("Two readings that are described in the same words give different results.")
    assert back.choices == ("Twice, in reading 1?", "Twice, in reading 2?")


@pytest.mark.parametrize("question", ["x" * MAX_QUESTION_CHARS, "How many…", "How many", "Ｈow many ﬁles?", "a?!. "])
def test_a_choice_is_the_very_text_that_its_click_asks(question: str) -> None:
    back = asked(question, ITEMS, f"{ITEMS} WHERE title = '{'ﬁ' * 900}'")
    assert len(set(back.choices)) == 2
    for choice in back.choices:
        assert Question.parse(choice).text == choice


def test_choices_that_would_be_cut_to_the_same_text_are_numbered() -> None:
    lines = [[ReceiptLine("filter", "a" * 900 + end, "x")] for end in "bc"]
    back = ask_about("How many?", lines, LABELS)
    assert [choice[-12:] for choice in back.choices] == ["(reading 1)?", "(reading 2)?"]
