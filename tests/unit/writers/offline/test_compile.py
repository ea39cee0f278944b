"""The same plans on every engine: valid SQL everywhere, right rows on a small database in memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import pytest
import sqlglot
from sqlglot import exp

from nl2sql.writers.base import Draft, SqlDraft

DIALECTS = ("sqlite", "mysql", "postgres", "duckdb", "bigquery")
QUESTIONS = (
    "How many users do we have?",
    "GMV by category and year",
    "Revenue by quarter since 2024",
    "bids per week in June 2026",
    "bids per day in June 2026",
    "Top 5 sellers by GMV in 2025",
    "What percent of sold listings were sniped?",
    "Share of users by country",
    "Which users never placed a bid?",
    "How many listings have at most 2 bids?",
    "Which sellers have sold more than 10 items?",
    "Conversion to payment by category",
    "Premium by category",
    "Latest 10 bids",
    "List all countries",
)
Ask = Callable[..., Draft]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("question", QUESTIONS)
def test_sql_parses_back_in_its_own_dialect(question: str, dialect: str, ask: Ask) -> None:
    draft = ask(question, dialect)
    assert isinstance(draft, SqlDraft), draft
    tree = sqlglot.parse_one(draft.sql, read=dialect)
    assert isinstance(tree, exp.Select)
    assert not list(tree.find_all(exp.Command))
    assert sqlglot.parse_one(tree.sql(dialect), read=dialect) == tree


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_engine_is_asked_for_the_same_columns_and_tables(question: str, ask: Ask) -> None:
    shapes = set()
    for dialect in DIALECTS:
        draft = ask(question, dialect)
        assert isinstance(draft, SqlDraft)
        tree = sqlglot.parse_one(draft.sql, read=dialect)
        assert isinstance(tree, exp.Select)
        tables = tuple(sorted(t.name for t in tree.find_all(exp.Table)))
        shapes.add((tuple(tree.named_selects), tables, len(list(tree.find_all(exp.Join)))))
    assert len(shapes) == 1


@pytest.mark.parametrize("dialect", DIALECTS)
def test_no_table_of_a_many_side_is_joined(dialect: str, ask: Ask) -> None:
    draft = ask("Which users never placed a bid?", dialect)
    assert isinstance(draft, SqlDraft)
    tree = sqlglot.parse_one(draft.sql, read=dialect)
    assert list(tree.find_all(exp.Exists)) and not list(tree.find_all(exp.Join))


@pytest.fixture
def shop_days() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.executescript(
        """
        CREATE TABLE bids (id INTEGER, listing_id INTEGER, bidder_id INTEGER, amount NUMERIC, placed_at TEXT);
        INSERT INTO bids VALUES
          (1, 1, 1, 10, '2026-01-01 00:00:00'), (2, 1, 2, 20, '2026-01-04 23:59:59.999'),
          (3, 1, 1, 30, '2026-01-05 00:00:00'), (4, 1, 2, 40, '2026-12-31 23:00:00');
        """
    )
    return connection


@pytest.mark.parametrize(
    ("grain", "groups"),
    [
        ("day", [("2026-01-01", 1), ("2026-01-04", 1), ("2026-01-05", 1), ("2026-12-31", 1)]),
        ("week", [("2025-12-29", 2), ("2026-01-05", 1), ("2026-12-28", 1)]),
        ("month", [("2026-01", 3), ("2026-12", 1)]),
        ("quarter", [("2026-Q1", 3), ("2026-Q4", 1)]),
        ("year", [("2026", 4)]),
    ],
)
def test_a_grain_cuts_time_at_its_borders(
    grain: str, groups: list[tuple[str, int]], ask: Ask, shop_days: sqlite3.Connection
) -> None:
    draft = ask(f"number of bids by {grain}")
    assert isinstance(draft, SqlDraft)
    assert shop_days.execute(draft.sql).fetchall() == groups


def test_a_period_holds_its_first_moment_and_none_after_its_last(ask: Ask, shop_days: sqlite3.Connection) -> None:
    draft = ask("How many bids were placed between 2026-01-01 and 2026-01-04?")
    assert isinstance(draft, SqlDraft)
    assert shop_days.execute(draft.sql).fetchall() == [(2,)]
