"""An error is an answer too: whether a statement fails must not depend on rows that its asker cannot see.

The hidden rows hold values at which an expression fails, the visible ones do not. Every statement here fails on the
whole database when it runs as it is; guarded, it answers as where the hidden rows never were.
"""

from __future__ import annotations

import pytest

from tests.integration.guard.answers import Finding, Trial
from tests.integration.guard.databases import Database, Refused

DIVISION = (
    "SELECT id FROM payments WHERE 1 / (amount - 500) > -1 ORDER BY id",
    "SELECT id, 1 / (amount - 500) AS x FROM payments ORDER BY id",
    "SELECT id FROM payments ORDER BY 1 / (amount - 500), id",
    "SELECT COUNT(*) AS n FROM payments GROUP BY 1 / (amount - 500) ORDER BY n",
    "SELECT SUM(1 / (amount - 500)) AS s FROM payments",
    "SELECT buyer_id FROM payments GROUP BY buyer_id HAVING MIN(1 / (amount - 500)) < 5 ORDER BY buyer_id",
    "SELECT id, SUM(1 / (amount - 500)) OVER (ORDER BY id) AS s FROM payments ORDER BY id",
    "SELECT p.id FROM payments p JOIN listings l ON l.id = p.listing_id AND 1 / (p.amount - 500) > -1 ORDER BY p.id",
    "SELECT l.id FROM listings l LEFT JOIN payments p ON p.listing_id = l.id AND 1 / (p.amount - 500) > 0",
    "SELECT u.id FROM users u WHERE EXISTS (SELECT 1 FROM payments p WHERE p.buyer_id = u.id "
    "AND 1 / (p.amount - 500) > -1) ORDER BY u.id",
    "SELECT id FROM users WHERE id IN (SELECT buyer_id FROM payments WHERE 1 / (amount - 500) > -1) ORDER BY id",
    "SELECT id FROM payments WHERE CASE WHEN status = 'pending' THEN 1 / (amount - 500) ELSE 1 END > 0 ORDER BY id",
    "SELECT id FROM payments WHERE status = 'pending' AND COALESCE(NULLIF(1 / (amount - 500), 2), 1) > -1 ORDER BY id",
    "WITH x AS (SELECT id, 1 / (amount - 500) AS q FROM payments) SELECT id FROM x WHERE q > -1 ORDER BY id",
    "SELECT t.id FROM (SELECT * FROM payments WHERE amount <> 3) t WHERE 1 / (t.amount - 500) > -1 ORDER BY t.id",
    "SELECT id FROM payments WHERE 1 / (amount - 500) > -1 UNION SELECT id FROM categories ORDER BY id",
    "SELECT id FROM payments WHERE id > 0 AND 1 / (amount - 500) IS NULL ORDER BY id",
    "SELECT DISTINCT 1 / (amount - 500) AS x FROM payments ORDER BY x",
)
CAST = (
    "SELECT id FROM reviews WHERE CAST(body AS INTEGER) > 10 ORDER BY id",
    "SELECT MAX(CAST(body AS INTEGER)) AS m FROM reviews",
    "SELECT r.id FROM reviews r JOIN listings l ON l.id = CAST(r.body AS INTEGER) ORDER BY r.id, l.id",
    "SELECT CAST(body AS INTEGER) AS n FROM reviews UNION SELECT id FROM bids ORDER BY n",
    "SELECT id FROM reviews WHERE body IN (SELECT body FROM reviews WHERE CAST(body AS INTEGER) > 20) ORDER BY id",
    "SELECT id FROM listings WHERE CAST(description AS INTEGER) > 0 ORDER BY id",
    "SELECT id FROM listings WHERE CAST(description AS DECIMAL(12, 2)) > 0 ORDER BY id",
    "SELECT l.id FROM listings l JOIN bids b ON b.id = CAST(l.description AS INTEGER) ORDER BY l.id, b.id",
    "SELECT t.id FROM (SELECT id, CAST(description AS INTEGER) AS n FROM listings) t WHERE t.n < 30 ORDER BY t.id",
    "SELECT id FROM users WHERE id IN (SELECT CAST(description AS INTEGER) FROM listings) ORDER BY id",
)
MAGNITUDE = (
    "SELECT id FROM reviews WHERE ABS(rating) > 2 ORDER BY id",
    "SELECT id FROM listings WHERE ABS(bid_count) > 2 ORDER BY id",
    "SELECT l.id FROM listings l JOIN bids b ON b.listing_id = l.id AND ABS(l.bid_count) < 3 ORDER BY l.id, b.id",
    "SELECT id FROM users WHERE id IN (SELECT seller_id FROM listings WHERE ABS(bid_count) > 1) ORDER BY id",
    "SELECT status, MIN(ABS(bid_count)) AS n FROM listings GROUP BY status HAVING MAX(ABS(bid_count)) > 1",
    "SELECT t.id FROM (SELECT id, ABS(bid_count) AS n FROM listings) t WHERE t.n > 2 ORDER BY t.id",
)
OVERFLOW = (
    *MAGNITUDE,
    "SELECT id FROM reviews WHERE rating - 1 > 2 ORDER BY id",
    "SELECT id FROM reviews WHERE -rating < -2 ORDER BY id",
    "SELECT rating - 1 AS r, COUNT(*) AS n FROM reviews GROUP BY rating - 1 ORDER BY r",
    "SELECT l.id FROM listings l JOIN bids b ON b.listing_id = l.id AND l.bid_count - 1 < 3 ORDER BY l.id, b.id",
)
SUMS = ("SELECT SUM(bid_count) AS n FROM listings", "SELECT status, SUM(bid_count) AS n FROM listings GROUP BY status")
# MariaDB reads bids before it looks up which of them are visible.
DOUBLES = (
    "SELECT b.id FROM bids b WHERE b.amount / 1e-300 > 0 ORDER BY b.id",
    "SELECT b.id FROM bids b WHERE EXP(b.amount) > 0 ORDER BY b.id",
    "SELECT b.id FROM bids b WHERE (SELECT MAX(c.id + EXP(b.amount)) FROM categories c) > 0 ORDER BY b.id",
    "SELECT b.id FROM bids b WHERE EXISTS (SELECT 1 FROM categories c GROUP BY c.parent_id "
    "HAVING MAX(c.id + EXP(b.amount)) > 0) ORDER BY b.id",
)
SECOND_ROW = (
    "SELECT (SELECT id FROM users WHERE id = 2 OR country = 'FR') AS one",
    "SELECT id FROM categories WHERE id = (SELECT id FROM users WHERE id = 2 OR country = 'US') ORDER BY id",
    "SELECT p.id, (SELECT id FROM listings WHERE id = 2 OR status = 'draft') AS l FROM payments p ORDER BY p.id",
)
# How many rows a subquery gives depends on the row around it; nothing in these fails but that.
SECOND_ROW_AROUND = (
    "SELECT p.id FROM payments p WHERE (SELECT c.id FROM categories c WHERE c.id < 3 AND p.amount > 5000) IS NULL "
    "ORDER BY p.id",
    "SELECT p.id FROM payments p JOIN listings l ON l.id = p.listing_id "
    "AND (SELECT c.id FROM categories c WHERE c.id < 3 AND p.amount > 5000) IS NULL ORDER BY p.id",
    "SELECT COUNT(*) AS n FROM listings l "
    "WHERE COALESCE((SELECT c.id FROM categories c WHERE c.id < 3 AND l.current_bid > 5000), 0) = 0",
    "SELECT t.id FROM (SELECT p.id, (SELECT c.id FROM categories c WHERE c.id < 3 AND p.amount > 5000) AS x "
    "FROM payments p) t WHERE t.x IS NULL ORDER BY t.id",
    "SELECT p.id, (SELECT c.id FROM categories c WHERE c.id < 3 AND p.amount > 5000) AS x FROM payments p ORDER BY 1",
)
ROOTS = (
    "SELECT id FROM payments WHERE SQRT(amount) > 3 ORDER BY id",
    "SELECT id FROM payments WHERE LN(amount) > 3 ORDER BY id",
)
LARGE = (
    "SELECT id FROM payments WHERE EXP(amount) > 5 ORDER BY id",
    "SELECT id FROM payments WHERE POWER(amount, 100) > 5 ORDER BY id",
)
PATTERNS = (
    "SELECT id FROM reviews WHERE 'abc' LIKE body ORDER BY id",
    "SELECT id FROM listings WHERE 'abc' LIKE description ORDER BY id",
    "SELECT r.id FROM reviews r JOIN listings l ON l.title LIKE r.body ORDER BY r.id, l.id",
    "SELECT c.id FROM comments c JOIN listings l ON c.body LIKE l.description ORDER BY c.id, l.id",
)
# DuckDB turns a text into a number to compare the two.
MIXED_TYPES = (
    "SELECT id FROM reviews WHERE body = 7 ORDER BY id",
    "SELECT id FROM listings WHERE description = 1 ORDER BY id",
    "SELECT id FROM listings WHERE description <> 1 ORDER BY id",
    "SELECT id FROM listings WHERE 1 = description ORDER BY id",
    "SELECT id FROM listings WHERE description IN (1, 8) ORDER BY id",
    "SELECT id FROM listings WHERE NOT description IN (1, 8) ORDER BY id",
    "SELECT id FROM listings WHERE CASE description WHEN 1 THEN TRUE ELSE FALSE END ORDER BY id",
    "SELECT id FROM listings WHERE description = bid_count ORDER BY id",
    "SELECT l.id FROM listings l JOIN bids b ON b.id = l.description ORDER BY l.id, b.id",
    "SELECT l.id FROM listings l LEFT JOIN bids b ON b.id = l.description ORDER BY l.id, b.id",
    "SELECT id FROM listings WHERE description = (SELECT MAX(id) FROM listings) ORDER BY id",
    "SELECT l.id FROM listings l WHERE EXISTS (SELECT 1 FROM bids b WHERE b.id = l.description) ORDER BY l.id",
    "SELECT COUNT(*) AS n FROM listings WHERE NULLIF(description, 1) IS NULL",
    "SELECT COUNT(*) AS n FROM listings WHERE description IS DISTINCT FROM 1",
    "SELECT COUNT(*) AS n FROM listings WHERE CASE WHEN id > 0 THEN description END = 1",
    "SELECT COUNT(*) AS n FROM listings WHERE LOWER(description) = 1",
    "SELECT COUNT(*) AS n FROM listings WHERE (SELECT description) = 1",
    "SELECT COUNT(*) AS n FROM (SELECT description AS d FROM listings) t WHERE d = 1",
    "WITH x AS (SELECT COALESCE(description, '1') AS d FROM listings) SELECT COUNT(*) AS n FROM x WHERE d = 1",
    # …or into true and false.
    "SELECT COUNT(*) AS n FROM listings WHERE description",
    "SELECT COUNT(*) AS n FROM listings WHERE NOT description",
    "SELECT COUNT(*) AS n FROM listings WHERE description IS TRUE",
    "SELECT COUNT(*) AS n FROM listings WHERE description = TRUE",
    "SELECT COUNT(*) AS n FROM listings WHERE description AND id > 0",
    "SELECT COUNT(*) AS n FROM listings WHERE id < 0 OR description",
    "SELECT COUNT(*) AS n FROM listings WHERE CASE WHEN description THEN 1 ELSE 0 END = 0",
    "SELECT COUNT(*) AS n FROM listings WHERE IF(description, 1, 0) = 0",
    "SELECT l.id FROM listings l JOIN bids b ON b.listing_id = l.id AND l.description ORDER BY l.id, b.id",
    "SELECT COUNT(*) AS n FROM listings WHERE COALESCE(description, '0')",
    "SELECT COUNT(*) AS n FROM listings WHERE LOWER(description)",
    "SELECT COUNT(*) AS n FROM listings WHERE NULLIF(description, '9')",
    "SELECT COUNT(*) AS n FROM listings WHERE CASE WHEN id > 0 THEN description END",
    "SELECT id FROM users WHERE EXISTS (SELECT 1 FROM listings WHERE description) ORDER BY id",
)
# The aggregate is over visible rows, what it adds up is of the row around it.
AROUND = (
    "SELECT l.id FROM listings l WHERE (SELECT MAX(ABS(l.bid_count) + c.id) FROM categories c) > -1000 ORDER BY l.id",
    "SELECT l.id FROM listings l WHERE (SELECT MIN(ABS(l.bid_count) + c.id) OVER () FROM categories c LIMIT 1) > -9 "
    "ORDER BY l.id",
    "SELECT l.id FROM listings l WHERE EXISTS (SELECT 1 FROM categories c GROUP BY c.parent_id "
    "HAVING MAX(ABS(l.bid_count) + c.id) > -1000) ORDER BY l.id",
    "SELECT l.id FROM listings l WHERE l.id IN (SELECT MAX(ABS(l.bid_count) + c.id) FROM categories c) ORDER BY l.id",
)
DIVISION_AROUND = (
    "SELECT p.id FROM payments p WHERE (SELECT MAX(c.id / (p.amount - 500)) FROM categories c) > -1000 ORDER BY p.id",
    "SELECT p.id FROM payments p WHERE (SELECT SUM(c.id / (p.amount - 500)) OVER () FROM categories c LIMIT 1) > -9999 "
    "ORDER BY p.id",
    "SELECT b.id FROM bids b WHERE (SELECT SUM(c.id / (b.amount - 500)) FROM categories c) > -1000 ORDER BY b.id",
    "SELECT p.id FROM payments p WHERE EXISTS (SELECT 1 FROM categories c GROUP BY c.parent_id "
    "HAVING MAX(1 / (p.amount - 500) + c.id) > -1000) ORDER BY p.id",
    "SELECT p.id FROM payments p JOIN LATERAL (SELECT SUM(c.id / (p.amount - 500)) AS s FROM categories c) x "
    "ON x.s > -1000 ORDER BY p.id",
)
ORACLES = {
    "sqlite": (*SUMS, *MAGNITUDE, *AROUND),
    "mariadb": (*DOUBLES, *SECOND_ROW, *SECOND_ROW_AROUND, *LARGE, *OVERFLOW, *AROUND),
    "postgres": (
        *(*DIVISION, *CAST, *OVERFLOW, *SECOND_ROW, *SECOND_ROW_AROUND, *ROOTS, *PATTERNS, *AROUND, *DIVISION_AROUND),
        LARGE[0],
        "SELECT id FROM reviews WHERE 'abc' ~ body ORDER BY id",
        "SELECT COUNT(*) FILTER (WHERE 1 / (amount - 500) > -1) AS n FROM payments",
        "SELECT u.id, x.q FROM users u CROSS JOIN LATERAL (SELECT MAX(1 / (p.amount - 500)) AS q FROM payments p "
        "WHERE p.buyer_id = u.id) x ORDER BY u.id",
        "SELECT DISTINCT ON (1 / (amount - 500)) id FROM payments ORDER BY 1 / (amount - 500), id",
    ),
    "duckdb": (
        *(*CAST, *MAGNITUDE, *SECOND_ROW, *SECOND_ROW_AROUND, *MIXED_TYPES, *AROUND),
        "SELECT COUNT(*) AS n FROM listings WHERE INTERVAL (bid_count) DAY IS NULL",
        "SELECT id FROM reviews WHERE regexp_matches('abc', body) ORDER BY id",
        "SELECT id FROM listings WHERE regexp_matches('abc', description) ORDER BY id",
        "SELECT id FROM reviews QUALIFY ROW_NUMBER() OVER (ORDER BY CAST(body AS INTEGER), id) < 4",
    ),
}


def test_a_statement_does_not_fail_for_what_is_hidden(database: Database) -> None:
    trial = Trial(database, "german")
    told = []
    for sql in ORACLES[database.dialect]:
        with pytest.raises(Refused):  # or the statement is no oracle
            trial.full.run(sql)
            pytest.fail(f"answers on the whole database: {sql}")
        trial.shadow.run(sql)
        outcome = trial.outcome(sql)
        if outcome.finding is not Finding.EQUAL:
            told.append(f"{outcome.finding}: {outcome.why}")
    assert told == []
