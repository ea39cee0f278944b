"""The kind of a statement: what it computes and in which form, alike for all who write it."""

from __future__ import annotations

import pytest

from nl2sql.answer.kinds import Kind, kind_of_sql


@pytest.mark.parametrize(
    ("sql", "measure", "form"),
    [
        ("SELECT COUNT(*) FROM bids LIMIT 1001", "count", "plain"),
        ("SELECT SUM(CASE WHEN status = 'sold' THEN 1 ELSE 0 END) FROM listings", "count", "plain"),
        ("SELECT COUNT(DISTINCT bidder_id) AS n FROM bids", "distinct", "plain"),
        ("SELECT SUM(amount) FROM payments", "sum", "plain"),
        ("SELECT ROUND(AVG(amount), 2) FROM payments", "average", "plain"),
        ("SELECT MAX(amount) FROM payments", "extreme", "plain"),
        ("SELECT SUM(fee) / NULLIF(SUM(amount), 0) FROM payments", "ratio", "plain"),
        ("SELECT AVG(CASE WHEN status = 'sold' THEN 1 ELSE 0 END) FROM listings", "ratio", "plain"),
        ("SELECT AVG(JULIANDAY(paid_at) - JULIANDAY(closed_at)) / 7 FROM sales", "average", "plain"),
        ("SELECT title, current_bid - starting_price FROM listings", "list", "plain"),
        ("SELECT title FROM listings ORDER BY id DESC LIMIT 5", "list", "top"),
        ("SELECT country, COUNT(*) FROM users GROUP BY country LIMIT 1001", "count", "groups"),
        ("SELECT country, COUNT(*) AS n FROM users GROUP BY 1 ORDER BY n DESC LIMIT 10", "count", "top"),
        ("SELECT STRFTIME('%Y-%m', placed_at) AS m, COUNT(*) FROM bids GROUP BY 1 ORDER BY 1", "count", "time"),
        ("SELECT STRFTIME('%w', placed_at) AS d, COUNT(*) FROM bids GROUP BY 1", "count", "groups"),
        ("WITH s AS (SELECT country AS c, SUM(x) AS t FROM u GROUP BY 1) SELECT c, t FROM s", "sum", "groups"),
        ("WITH s AS (SELECT y, SUM(x) AS t FROM u GROUP BY y) SELECT AVG(t) FROM s", "average", "plain"),
        (
            "WITH s AS (SELECT y, SUM(x) AS t FROM u GROUP BY y) SELECT y, t / LAG(t) OVER (ORDER BY y) - 1 FROM s",
            "ratio",
            "comparison",
        ),
        (
            "SELECT COUNT(CASE WHEN y = 1 THEN 1 END) AS a, COUNT(CASE WHEN y = 2 THEN 1 END) AS b FROM u",
            "count",
            "comparison",
        ),
        ("SELECT COUNT(*) FROM u WHERE NOT EXISTS (SELECT 1 FROM b WHERE b.u = u.id)", "count", "absence"),
        ("SELECT COUNT(*) FROM u LEFT JOIN b ON b.u = u.id WHERE b.u IS NULL", "count", "absence"),
        ("SELECT COUNT(*) FROM u WHERE NOT u.id IN (SELECT u FROM b GROUP BY u HAVING COUNT(*) > 9)", "count", "plain"),
        ("SELECT country FROM users UNION SELECT name FROM categories", "list", "plain"),
    ],
)
def test_what_is_computed_and_in_which_form(sql: str, measure: str, form: str) -> None:
    assert kind_of_sql(sql, "sqlite") == Kind(measure, form)  # type: ignore[arg-type]


@pytest.mark.parametrize("dialect", ["sqlite", "mysql", "mariadb", "postgres", "duckdb", "bigquery", "something else"])
def test_every_dialect_has_kinds(dialect: str) -> None:
    assert kind_of_sql("SELECT a, SUM(b) FROM c GROUP BY a", dialect) == Kind("sum", "groups")


@pytest.mark.parametrize("sql", ["", "SELEKT 1", "DROP TABLE users", "(" * 3000])
def test_what_is_no_query_has_no_kind(sql: str) -> None:
    assert kind_of_sql(sql, "sqlite") is None


def test_a_median_over_ranked_rows_is_an_average() -> None:
    sql = """
        WITH r AS (SELECT x, ROW_NUMBER() OVER (ORDER BY x) AS n, COUNT(x) OVER () AS c FROM t)
        SELECT AVG(CASE WHEN r.n BETWEEN r.c / 2.0 AND r.c / 2.0 + 1 THEN r.x END) FROM r
    """
    assert kind_of_sql(sql, "sqlite") == Kind("average", "plain")
