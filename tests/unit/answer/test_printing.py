"""Fragments are printed without a copy only where the printer changes nothing."""

from __future__ import annotations

import pytest
import sqlglot
from sqlglot import exp

from nl2sql.answer.printing import sql_of

DIALECTS = ("sqlite", "mysql", "postgres", "duckdb", "bigquery")
FRAGMENTS = (
    "l.current_bid",
    '"l"."status" = \'sold\'',
    "(a.x >= 3 OR NOT b.y < 1.5) AND c.z <> 'it''s' AND d.w IS NULL AND e.v IS NOT TRUE",
    "l.closes_at > CAST('2026-01-01' AS DATE)",
    "STRFTIME('%Y-%m', l.created_at)",
    "COUNT(DISTINCT b.user_id) FILTER (WHERE b.amount > 5)",
    "x IN (SELECT id FROM t FULL JOIN s ON t.a = s.a ORDER BY id LIMIT 3)",
    "a / b + DATE_DIFF('day', c, d)",
)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("sql", FRAGMENTS)
def test_a_fragment_reads_as_sqlglot_prints_it_and_stays_as_it_was(sql: str, dialect: str) -> None:
    node = sqlglot.parse_one(sql, dialect="duckdb", into=exp.Condition)
    before = repr(node)

    printed = [sql_of(node, dialect), sql_of(node, dialect)]

    assert printed == [node.sql(dialect=dialect)] * 2
    assert repr(node) == before


def test_what_a_printer_rewrites_is_copied_first() -> None:
    """DISTINCT ON becomes a subquery with a window on MySQL: in place, if it is let."""
    query = sqlglot.parse_one("SELECT DISTINCT ON (a) a, b FROM t ORDER BY a, b", dialect="postgres")
    before = repr(query)

    sql_of(query, "mysql")

    assert repr(query) == before
