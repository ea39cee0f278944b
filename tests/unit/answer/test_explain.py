"""A statement in steps: in the order in which it is worked out, query by query, with nothing left out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from nl2sql.answer.base import Labels
from nl2sql.answer.explain import explain
from nl2sql.guard.check import check
from nl2sql.guard.checked import CheckedSql
from nl2sql.guard.policy import Policy
from nl2sql.writers.base import Origin, SqlDraft
from tests.unit.answer.conftest import AS_OF, MODEL

Steps = Callable[..., list[str]]


@pytest.fixture
def steps(labels: Labels) -> Steps:
    def explained(sql: str, dialect: str = "sqlite", as_of: date = AS_OF) -> list[str]:
        verdict = check(SqlDraft(sql, Origin("sql")), MODEL, Policy(), dialect)
        assert isinstance(verdict, CheckedSql), verdict
        return list(explain(verdict, labels, as_of))

    return explained


def test_the_clauses_stand_in_the_order_of_evaluation(steps: Steps) -> None:
    assert steps("""
        SELECT u.country, COUNT(*) AS bids FROM bids AS b JOIN users AS u ON u.id = b.bidder_id
        WHERE b.amount > 5 AND b.placed_at >= '2025-01-01' AND b.placed_at < '2026-01-01'
        GROUP BY u.country HAVING COUNT(*) > 3 ORDER BY bids DESC LIMIT 5
    """) == [
        "Start from bids",
        "Join: only bids with a user (as bidder)",
        "Keep only rows where bid amount is more than €5",
        "Keep only this period: placed 1 Jan – 31 Dec 2025",
        "Group the rows by country",
        "For each group, work out: bids: number of bids",
        "Keep only groups where bids is more than 3",
        "Keep the top 5 by bids",
    ]


def test_each_step_of_a_with_is_worked_out_before_what_reads_it(steps: Steps) -> None:
    assert steps("""
        WITH monthly AS (
            SELECT STRFTIME('%Y-%m', paid_at) AS month, SUM(amount) AS total
            FROM payments WHERE status = 'paid' GROUP BY 1
        )
        SELECT month, total, total - LAG(total) OVER (ORDER BY month) AS change FROM monthly ORDER BY month
    """) == [
        "“monthly”: start from payments",
        "“monthly”: keep only paid payments",
        "“monthly”: group the rows by month (paid at)",
        "“monthly”: for each group, work out: “total”: sum of amount",
        "Start from step “monthly”",
        "Work out, looking across the rows: “change”: “total” minus “total” of the month shown before",
        "Show month and “total”",
        "Sort by month (ascending)",
        "Hand back at most 1,000 rows",
    ]


def test_parts_of_a_union_and_derived_tables_are_named(steps: Steps) -> None:
    said = steps("SELECT country FROM users UNION SELECT n.name FROM (SELECT name FROM categories) AS n")
    assert said == [
        "Part 1: start from users",
        "Part 1: show country",
        "“n”: start from categories",
        "“n”: show name",
        "Part 2: start from step “n”",
        "Part 2: show name",
        "Keep the rows of both parts together, each different row once",
        "Hand back at most 1,000 rows",
    ]


def test_repeats_are_removed_after_what_is_shown(steps: Steps) -> None:
    assert steps("SELECT DISTINCT country FROM users LIMIT 3")[1:] == [
        "Show country",
        "Keep each different row once",
        "Keep at most 3 rows, in no particular order",
    ]


def test_the_clock_of_the_database_is_pointed_out(steps: Steps) -> None:
    assert any("database's own clock" in step for step in steps("SELECT id FROM bids WHERE placed_at < CURRENT_DATE"))


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT id FROM users WHERE country = 'DE' OR (born_on < '1990-01-01' AND NOT username LIKE 'a%')",
        "SELECT COUNT(*) FROM users u WHERE EXISTS (SELECT 1 FROM bids AS b WHERE b.bidder_id = u.id AND amount > 9)",
        "SELECT title FROM listings WHERE seller_id IN (SELECT id FROM users WHERE country = 'FR')",
    ],
)
def test_every_condition_is_said_somewhere(steps: Steps, sql: str) -> None:
    said = " ".join(steps(sql)).lower()
    words = {"'DE'": "germany", "'FR'": "france", "1990": "1990", "a%": "“a”", "> 9": "9"}
    for fragment, word in words.items():
        assert fragment not in sql or word in said, (fragment, said)
