"""Measures what the guard costs, as ratios to the same compiled parser at work by itself. Asserts nothing.

The two are timed in turns, in CPU time, so that a busy machine slows both alike.
"""

from __future__ import annotations

import resource
import statistics
import sys
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path
from time import process_time

import sqlglot
from sqlglot.optimizer.qualify import qualify

from benches.costly import families
from nl2sql.catalog.load import load_model
from nl2sql.catalog.model import Dataset, DataType, Field, SemanticModel
from nl2sql.guard.check import check
from nl2sql.guard.checked import CheckedSql
from nl2sql.guard.physical import physical_tables
from nl2sql.guard.policy import Policy
from nl2sql.guard.policy_file import default_policy, load_policy
from nl2sql.terminal import Page
from nl2sql.writers.base import Origin, SqlDraft

ROOT = Path(__file__).parents[1]
ROUNDS = 40
DIALECTS = ("sqlite", "mysql", "postgres", "duckdb", "bigquery")
TABLES = 1_000  # of a large catalog; each with as many columns as the auction's have on average

# Fifteen lines each: joins, WITH queries, windows, subqueries, conditional sums.
QUERIES = (
    """WITH monthly AS (
  SELECT DATE(l.closed_at) AS day, c.name AS category, SUM(l.current_bid) AS gmv, COUNT(*) AS sold
  FROM listings l
  JOIN categories c ON c.id = l.category_id
  JOIN users u ON u.id = l.seller_id
  LEFT JOIN payments p ON p.listing_id = l.id
  WHERE l.status = 'sold' AND l.closed_at >= '2025-01-01' AND u.country IN ('DE', 'FR', 'US')
  GROUP BY DATE(l.closed_at), c.name
)
SELECT day, category, gmv, sold,
  SUM(gmv) OVER (PARTITION BY category ORDER BY day) AS running,
  RANK() OVER (PARTITION BY day ORDER BY gmv DESC) AS place
FROM monthly
WHERE gmv > 100
ORDER BY day, place LIMIT 500""",
    """SELECT u.country, COUNT(DISTINCT u.id) AS buyers,
  SUM(CASE WHEN p.status = 'paid' THEN p.amount ELSE 0 END) AS paid,
  SUM(CASE WHEN p.status = 'refunded' THEN p.amount ELSE 0 END) AS refunded,
  AVG(p.fee) AS mean_fee,
  MAX(p.paid_at) AS last_payment
FROM payments p
JOIN users u ON u.id = p.buyer_id
JOIN listings l ON l.id = p.listing_id
LEFT JOIN categories c ON c.id = l.category_id
WHERE p.created_at BETWEEN '2025-01-01' AND '2025-12-31'
  AND c.name <> 'Art'
GROUP BY u.country
HAVING COUNT(DISTINCT u.id) > 10
ORDER BY paid DESC
LIMIT 20""",
    """WITH best AS (
  SELECT listing_id, MAX(amount) AS top, COUNT(*) AS bids
  FROM bids
  GROUP BY listing_id
),
busy AS (
  SELECT seller_id, COUNT(*) AS listings
  FROM listings
  WHERE status <> 'draft'
  GROUP BY seller_id
)
SELECT l.title, u.username, best.top, best.bids, busy.listings
FROM listings l JOIN best ON best.listing_id = l.id
JOIN users u ON u.id = l.seller_id JOIN busy ON busy.seller_id = u.id
ORDER BY best.bids DESC, l.title LIMIT 50""",
    """SELECT l.id, l.title,
  l.current_bid / NULLIF(l.starting_price, 0) - 1 AS premium,
  (SELECT COUNT(*) FROM watchlist w WHERE w.listing_id = l.id) AS watchers,
  (SELECT MAX(b.placed_at) FROM bids b WHERE b.listing_id = l.id) AS last_bid,
  ROW_NUMBER() OVER (PARTITION BY l.category_id ORDER BY l.current_bid DESC) AS place
FROM listings l
WHERE l.status = 'sold'
  AND EXISTS (SELECT 1 FROM comments c WHERE c.listing_id = l.id AND c.created_at >= '2026-01-01')
  AND NOT EXISTS (
    SELECT 1 FROM payments p
    WHERE p.listing_id = l.id AND p.status = 'failed'
  )
  AND l.current_bid > 10
ORDER BY premium DESC
LIMIT 100""",
)


def large_model(model: SemanticModel) -> SemanticModel:
    """The auction and some hundred tables more."""
    fields = tuple(Field(f"field_{i}", f"field_{i}", DataType.STRING) for i in range(10))
    more = tuple(Dataset(f"table_{i}", f"table_{i}", fields, ("field_0",)) for i in range(TABLES - len(model.datasets)))
    return SemanticModel(model.name, (*model.datasets, *more), fingerprint=f"{model.fingerprint}-large")


def bare(sql: str, dialect: str, schema: dict[str, dict[str, str]]) -> str:
    tree = qualify(sqlglot.parse_one(sql, read=dialect), schema=schema, dialect=dialect)
    return str(tree.sql(dialect))


def judged(sql: str, dialect: str, model: SemanticModel, policy: Policy, blanks: Iterator[int]) -> None:
    """The guard remembers verdicts by text: each further blank makes a statement it has not seen."""
    verdict = check(SqlDraft(sql + " " * next(blanks), Origin("sql")), model, policy, dialect)
    if not isinstance(verdict, CheckedSql):
        raise SystemExit(f"{dialect}: {verdict.message}")


def in_turns(*calls: Callable[[], object]) -> list[float]:
    """Median CPU milliseconds of each."""
    spent: list[list[float]] = [[] for _ in calls]
    for turn in range(ROUNDS + 3):
        for call, times in zip(calls, spent, strict=True):
            begun = process_time()
            call()
            if turn > 2:
                times.append((process_time() - begun) * 1000)
    return [statistics.median(times) for times in spent]


def bench_checks() -> Iterator[tuple[str, str, str]]:
    model = load_model(ROOT / "schema/auction/model.yaml")
    large, policy = large_model(model), default_policy(model)
    manager = load_policy(ROOT / "schema/auction/policy.yaml", model, "country_manager").bound_to({"country": "DE"})
    schema = {each.name: dict.fromkeys(each.columns, "TEXT") for each in physical_tables(model).values()}
    checks, sizes, known, filtered, blanks = [], [], [], [], count(1)
    for dialect in DIALECTS:
        ratios = []
        for sql in QUERIES:
            seen = sql + f"/* {dialect} */"
            judged(seen, dialect, model, policy, iter([0]))
            times = in_turns(
                partial(bare, sql, dialect, schema),
                partial(judged, sql, dialect, model, policy, blanks),
                partial(judged, sql, dialect, large, policy, blanks),
                partial(check, SqlDraft(seen, Origin("sql")), model, policy, dialect),
            )
            ratios.append(times[1] / times[0])
            sizes.append(times[2] / times[1])
            known.append(times[3] / times[0])
            if "watchlist" not in sql and "comments" not in sql:
                pair = in_turns(
                    partial(bare, sql, dialect, schema), partial(judged, sql, dialect, model, manager, blanks)
                )
                filtered.append(pair[1] / pair[0])
        checks += ratios
        yield f"new statement, {dialect}", f"{statistics.median(ratios):.2f} ×", ""
    yield "new statement, all", f"{statistics.median(checks):.2f} ×", "of parse + qualify + generate; target 3"
    yield "  the dearest of them", f"{max(checks):.2f} ×", ""
    yield f"the same with {TABLES:,} tables", f"{statistics.median(sizes):.2f} ×", "of that with 9; target 1.2"
    yield "statement seen before", f"{statistics.median(known):.4f} ×", "of parse + qualify + generate; target 0.05"
    yield "new statement, with row filters", f"{statistics.median(filtered):.2f} ×", "of parse + qualify + generate"


def bench_costly() -> Iterator[tuple[str, str, str]]:
    """The slowest of the statements made to be slow, and how much memory all of them take."""
    model = load_model(ROOT / "schema/auction/model.yaml")
    policy = default_policy(model)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    spent = []
    for dialect in (*DIALECTS, "mariadb"):
        for name, sql in families():
            begun = process_time()
            check(SqlDraft(sql, Origin("sql")), model, policy, dialect)
            spent.append(((process_time() - begun) * 1000, name, dialect))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    ms, name, dialect = max(spent)
    yield "costly statement, slowest", f"{ms:.0f} ms", f"{name}, {dialect}; target 250"
    yield "  median of them", f"{statistics.median(each[0] for each in spent):.1f} ms", f"{len(spent)} statements"
    yield "memory all of them took", f"{grown:.0f} MB", "target 200"


def main() -> None:
    page = Page(sys.stdout)
    for name, figure, remark in (*bench_checks(), *bench_costly()):
        page.line(f"{name:<34} {figure:>9}  {remark}".rstrip())


if __name__ == "__main__":
    main()
