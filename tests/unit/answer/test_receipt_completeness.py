"""No condition is lost: every predicate of a statement is in a line, in words or as SQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
import sqlglot
import yaml
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp
from sqlglot.optimizer.qualify import qualify

from nl2sql.answer.base import Labels, Receipt
from nl2sql.answer.receipt import predicate_leaves, read_receipt, speaker_for, unsaid

SUITE = Path(__file__).parents[3] / "evals" / "suites" / "auction" / "smoke.yaml"
STATEMENTS = [
    "SELECT COUNT(*) FROM listings AS l WHERE l.status = 'sold' AND (l.id > 7 OR NOT (l.id < 3 AND l.title LIKE 'a%'))",
    "SELECT u.username FROM users AS u LEFT JOIN bids AS b ON b.bidder_id = u.id AND b.amount > 5 WHERE b.id IS NULL",
    "SELECT l.title FROM listings AS l JOIN bids AS b ON b.listing_id = l.id GROUP BY l.title HAVING COUNT(*) > 20",
    "SELECT SUM(CASE WHEN l.status = 'sold' AND l.id > 4 THEN l.current_bid ELSE 0 END) FROM listings AS l",
    "SELECT COUNT(*) FILTER (WHERE b.amount > 3) FROM bids AS b WHERE b.placed_at BETWEEN '2025-01-01' AND '2025-02-01'"
    " AND b.id <> 4",
    "WITH t AS (SELECT bidder_id, COUNT(*) AS n FROM bids WHERE amount > 5 GROUP BY 1 HAVING COUNT(*) > 2) "
    "SELECT AVG(n) FROM t WHERE n < 99",
    "SELECT title FROM listings WHERE id = 3 UNION SELECT username FROM users WHERE country = 'DE' OR id = 8",
    "SELECT u.username FROM users AS u WHERE EXISTS (SELECT 1 FROM bids AS b JOIN listings AS l ON b.listing_id = l.id "
    "WHERE b.bidder_id = u.id AND l.status <> 'draft') AND u.id NOT IN (SELECT seller_id FROM listings WHERE id > 5)",
    "SELECT CASE WHEN u.id > 10 THEN 'new' WHEN u.country IS NULL THEN 'x' ELSE 'old' END AS band FROM users AS u",
    "SELECT title FROM listings WHERE current_bid > (SELECT AVG(current_bid) FROM listings WHERE status = 'sold')",
    "SELECT x.n FROM (SELECT id AS n FROM bids WHERE amount BETWEEN 5 AND 6) AS x WHERE x.n <> 4",
    "SELECT COUNT(*) FROM listings AS l WHERE l.title LIKE 'x!%' ESCAPE '!' AND l.title GLOB 'a*'",
    "SELECT a.username FROM users AS a, users AS b WHERE a.country = b.country AND a.id < b.id",
]


AUCTION = {
    "users": "id username email country created_at last_seen_at is_active",
    "categories": "id name parent_id",
    "listings": "id seller_id category_id title description item_condition starting_price buy_now_price current_bid "
    "highest_bidder_id bid_count status created_at starts_at ends_at closed_at",
    "bids": "id listing_id bidder_id amount placed_at",
    "comments": "id listing_id user_id body created_at",
    "watchlist": "user_id listing_id created_at",
    "payments": "id listing_id buyer_id amount fee method status created_at paid_at",
    "reviews": "id listing_id reviewer_id reviewee_id rating body created_at",
}
SCHEMA = {table: dict.fromkeys(columns.split(), "text") for table, columns in AUCTION.items()}


def _suite() -> list[str]:
    cases = yaml.safe_load(SUITE.read_text(encoding="utf-8"))["cases"]
    written = (case["sql"] for case in cases if case.get("sql"))
    return [each if isinstance(each, str) else each["sqlite"] for each in written]


def _missing(tree: exp.Expr, receipt: Receipt) -> list[str]:
    said = "\n".join(line.sql.lower() for line in receipt.lines)
    return [sql for leaf in predicate_leaves(tree) if (sql := _plain(leaf).lower()) not in said]


def _plain(leaf: exp.Expr) -> str:
    copied = leaf.copy()
    for identifier in copied.find_all(exp.Identifier):
        if identifier.name.isidentifier():
            identifier.set("quoted", False)
    return copied.sql(dialect="sqlite")


def _qualified(sql: str) -> exp.Expr:
    return qualify(sqlglot.parse_one(sql, dialect="sqlite"), schema=SCHEMA, dialect="sqlite")


@pytest.mark.parametrize("sql", STATEMENTS)
def test_every_predicate_stands_in_a_line(tree: Callable[..., exp.Expr], labels: Labels, sql: str) -> None:
    qualified = tree(sql)
    receipt = read_receipt(qualified, labels, date(2026, 6, 30), dialect="sqlite")
    assert predicate_leaves(qualified)
    assert _missing(qualified, receipt) == []
    assert not any(line.text.startswith("Also, in SQL") for line in receipt.lines)  # the last net had nothing to catch


@pytest.mark.parametrize("sql", _suite())
def test_every_predicate_of_the_evaluation_suite_stands_in_a_line(labels: Labels, sql: str) -> None:
    qualified = _qualified(sql)
    receipt = read_receipt(qualified, labels, date(2026, 6, 30), dialect="sqlite")
    assert _missing(qualified, receipt) == []


def test_a_clause_nobody_thought_of_is_shown_as_sql(labels: Labels, tree: Callable[..., exp.Expr]) -> None:
    sampled = tree("SELECT COUNT(*) FROM listings AS l WHERE l.id > 3", "duckdb")
    sampled.set("sample", exp.TableSample(percent=exp.Literal.number(10)))
    texts = [line.text for line in read_receipt(sampled, labels, date(2026, 6, 30), dialect="duckdb").lines]
    assert any(text.startswith("Also, in SQL") and "10" in text for text in texts)


# Each leaf compares with a number of its own, written without separators (below 1,000), so that it can be found again
# in the words, not only in the SQL beside them.
COLUMNS = st.sampled_from(["l.id", "l.bid_count", "l.seller_id", "LENGTH(l.title)", "ABS(l.id)"])
SHAPES = st.sampled_from(
    [
        "{c} = {n}", "{c} <> {n}", "{c} > {n}", "{c} >= {n}", "{c} < {n}", "{c} <= {n}", "{n} < {c}",
        "{c} IN ({n}, {n})", "{c} NOT IN ({n}, {n})", "{c} BETWEEN {n} AND {n}", "NOT {c} BETWEEN {n} AND {n}",
        "{c} IS NOT {n}", "l.title LIKE '%{n}%'", "l.title NOT LIKE '{n}%'", "COALESCE({c}, {n}) = {n}",
        "CASE WHEN {c} > {n} THEN {n} ELSE {n} END = {n}", "json_extract(l.title, '$.a') = {n}",
        "EXISTS (SELECT 1 FROM bids AS b WHERE b.listing_id = l.id AND b.id > {n})",
        "NOT EXISTS (SELECT 1 FROM bids AS b WHERE b.listing_id = l.id AND (b.id > {n} OR b.id = {n}))",
        "{c} IN (SELECT b.listing_id FROM bids AS b WHERE b.id > {n})",
        "{c} > (SELECT COUNT(*) FROM bids AS b WHERE b.listing_id = l.id AND b.id < {n})",
        "l.closed_at < '2{n}-01-01'", "l.closed_at BETWEEN '2{n}-01-01' AND '2{n}-07-01'", "l.status = 's{n}'",
    ]
)  # fmt: skip
LEAVES = st.builds(lambda shape, column: shape.replace("{c}", column), SHAPES, COLUMNS)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds("({} AND {})".format, inner, inner),
        st.builds("({} OR {})".format, inner, inner),
        st.builds("NOT ({})".format, inner),
    ),
    max_leaves=12,
)


def _numbered(template: str) -> tuple[str, list[str]]:
    numbers: list[str] = []
    parts = template.split("{n}")
    sql = parts[0]
    for part in parts[1:]:
        numbers.append(str(101 + len(numbers)))
        sql += numbers[-1] + part
    return sql, numbers


@given(TREES)
def test_no_leaf_of_any_condition_is_lost_from_the_words(labels: Labels, template: str) -> None:
    condition, numbers = _numbered(template)
    qualified = _qualified(f"SELECT COUNT(*) FROM listings AS l WHERE {condition}")
    words = "\n".join(line.text for line in read_receipt(qualified, labels, date(2026, 6, 30), dialect="sqlite").lines)
    periods_merge = template.count("l.closed_at") > 1  # a narrower bound may swallow a wider one of the same column
    lost = [n for n in numbers if n not in words and not (periods_merge and f"'2{n}-" in condition)]
    assert lost == [], words


@given(st.lists(LEAVES, min_size=1, max_size=5))
def test_every_condition_of_a_having_a_join_and_a_case_is_said(labels: Labels, leaves: list[str]) -> None:
    condition, numbers = _numbered(" AND ".join(leaves))
    for sql in (
        f"SELECT SUM(CASE WHEN {condition} THEN l.id ELSE 0 END) FROM listings AS l",
        f"SELECT COUNT(*) FROM users AS u LEFT JOIN listings AS l ON l.seller_id = u.id AND {condition}",
        f"WITH t AS (SELECT l.id AS n FROM listings AS l WHERE {condition}) SELECT COUNT(*) FROM t",
    ):
        receipt = read_receipt(_qualified(sql), labels, date(2026, 6, 30), dialect="sqlite")
        words = "\n".join(line.text for line in receipt.lines)
        merged = sql.count("l.closed_at") > 1
        assert [n for n in numbers if n not in words and not (merged and f"'2{n}-" in condition)] == [], words


def test_the_last_net_shows_a_predicate_that_no_line_was_read_from(
    labels: Labels, tree: Callable[..., exp.Expr]
) -> None:
    qualified = tree("SELECT COUNT(*) FROM listings AS l WHERE l.id > 3")
    notes = unsaid(qualified, [], speaker_for(qualified, labels, date(2026, 6, 30), "sqlite"))
    assert [note.text for note in notes] == ["also, in SQL: `l.id > 3`"]
