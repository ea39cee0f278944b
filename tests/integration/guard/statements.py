"""Statements to put to the worlds, and how each is said to another database."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import sqlglot
from sqlglot.errors import ErrorLevel, SqlglotError

from evals.cases.load import load_suite
from nl2sql.guard.corpus import package_corpus, read_corpus
from tests.integration.guard.auction import REPOSITORY

# Read at import: tests themselves see no NL2SQL_ variable.
CORPUS = os.environ.get("NL2SQL_GUARD_CORPUS", "")
# What the guard and this library's grammars call a database.
_GRAMMARS = {"mariadb": "mysql"}


@dataclass(frozen=True)
class Question:
    """A statement as its author wrote it, and the database it was written for."""

    name: str
    dialect: str
    sql: str

    def said_to(self, dialect: str) -> str:
        """The same text for its own database; for another one a translation. Empty where there is none."""
        own, other = _GRAMMARS.get(self.dialect, self.dialect), _GRAMMARS.get(dialect, dialect)
        return self.sql if own == other else _translated(self.sql, own, other)


@cache
def _translated(sql: str, own: str, other: str) -> str:
    try:
        return sqlglot.transpile(sql, read=own, write=other, unsupported_level=ErrorLevel.RAISE)[0]
    except (SqlglotError, RecursionError, AttributeError):  # some trees it cannot write for some dialects
        return ""


@cache
def gold() -> tuple[Question, ...]:
    """Every gold query of the auction's suites, once."""
    found: dict[str, Question] = {}
    for path in sorted((REPOSITORY / "evals" / "suites" / "auction").glob("*.yaml")):
        suite = load_suite(path)
        for each in suite.cases:
            for query in each.sql:
                dialect = query.dialect or suite.dialect
                found.setdefault(query.sql, Question(f"{path.stem}/{each.id}", dialect, query.sql))
    return tuple(found.values())


@cache
def corpus() -> tuple[Question, ...]:
    """Honest statements of the product's own corpus and, where one is named, of another."""
    lines = [*package_corpus("benign"), *package_corpus("row_filters")]
    for name in ("benign", "neutralise"):
        path = Path(CORPUS) / f"{name}.jsonl"
        lines += read_corpus(path) if CORPUS and path.exists() else []
    return tuple(Question(each.id, each.dialect, each.sql) for each in lines)


# Shapes that a corpus of honest questions may lack, each a way in which a hidden row could still make itself felt.
PROBES = (
    "SELECT * FROM users ORDER BY id",
    "SELECT u.*, p.* FROM payments p JOIN users u ON u.id = p.buyer_id ORDER BY p.id",
    "SELECT COUNT(*) AS n FROM users a NATURAL JOIN users b",
    "SELECT COUNT(*) AS n FROM listings a JOIN listings b USING (id)",
    "SELECT id FROM users a LEFT JOIN users b USING (id) ORDER BY id",
    "SELECT COUNT(*) AS n FROM listings l LEFT JOIN users u ON u.id = l.highest_bidder_id WHERE u.id IS NULL",
    "SELECT b.id, u.username FROM bids b LEFT JOIN users u ON u.id = b.bidder_id ORDER BY b.id",
    "SELECT b.id, u.username FROM bids b LEFT JOIN users u ON u.id = b.bidder_id AND u.country = 'FR' ORDER BY b.id",
    "SELECT b.id FROM bids b WHERE b.bidder_id NOT IN (SELECT id FROM users) ORDER BY b.id",
    "SELECT b.id FROM bids b WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.id = b.bidder_id) ORDER BY b.id",
    "SELECT p.id FROM payments p WHERE p.amount >= ALL (SELECT amount FROM payments) ORDER BY p.id",
    "SELECT id FROM payments ORDER BY amount DESC, id LIMIT 3",
    "SELECT id FROM payments ORDER BY paid_at, id LIMIT 3",
    "SELECT MIN(amount) AS a, MAX(amount) AS b, AVG(amount) AS c, SUM(amount) AS d, COUNT(*) AS n FROM payments",
    "SELECT MIN(created_at) AS a, MAX(created_at) AS b, MIN(id) AS c, MAX(id) AS d FROM users",
    "SELECT COUNT(DISTINCT country) AS n, COUNT(country) AS m FROM users",
    "SELECT id, ROW_NUMBER() OVER (ORDER BY amount DESC, id) AS r, SUM(amount) OVER (ORDER BY id) AS s, "
    "LAG(id) OVER (ORDER BY id) AS before FROM payments ORDER BY id",
    "SELECT id, FIRST_VALUE(id) OVER (PARTITION BY buyer_id ORDER BY id) AS f, COUNT(*) OVER () AS n FROM payments",
    "SELECT country, COUNT(*) AS n FROM users GROUP BY country HAVING COUNT(*) < 3 ORDER BY n",
    "SELECT id FROM users UNION SELECT bidder_id FROM bids",
    "SELECT bidder_id FROM bids EXCEPT SELECT id FROM users",
    "SELECT bidder_id FROM bids INTERSECT SELECT id FROM users",
    "SELECT 'n' AS what, COUNT(*) AS n FROM users UNION ALL SELECT 'm', COUNT(*) FROM payments",
    "SELECT l.id, (SELECT MAX(b.amount) FROM bids b WHERE b.listing_id = l.id) AS top FROM listings l ORDER BY l.id",
    "SELECT l.id, (SELECT u.username FROM users u WHERE u.id = l.highest_bidder_id) AS name FROM listings l",
    "SELECT u.id FROM users u WHERE (SELECT COUNT(*) FROM payments p WHERE p.buyer_id = u.id) = 0 ORDER BY u.id",
    "WITH users AS (SELECT id, username FROM users WHERE id > 3) SELECT COUNT(*) AS n FROM users",
    "WITH x AS (SELECT * FROM payments), y AS (SELECT * FROM x WHERE status = 'pending') SELECT COUNT(*) AS n FROM y",
    "SELECT users.id FROM payments AS users WHERE users.status = 'pending' ORDER BY users.id",
    "SELECT a.id, b.id AS other FROM payments a JOIN payments b ON b.buyer_id = a.buyer_id AND b.status = 'pending'",
    "SELECT p.id FROM payments p JOIN users u ON u.id = p.buyer_id OR p.amount > 0 WHERE u.id = 2",
    "SELECT id FROM payments WHERE status = 'pending' OR NOT status = 'pending' OR status IS NULL ORDER BY id",
    "SELECT c.name, p.name AS parent, COUNT(l.id) AS n FROM categories c LEFT JOIN categories p ON p.id = c.parent_id "
    "LEFT JOIN listings l ON l.category_id = c.id GROUP BY c.id, c.name, p.name ORDER BY c.id",
    "SELECT u.id, u.username, COUNT(b.id) AS n FROM users u LEFT JOIN bids b ON b.bidder_id = u.id "
    "GROUP BY u.id, u.username ORDER BY n DESC, u.id",
    "SELECT u.id, u.username, COUNT(b.id) AS n FROM users u LEFT JOIN bids b ON b.bidder_id = u.id GROUP BY u.id",
    "SELECT t.n, COUNT(*) AS m FROM (SELECT listing_id, COUNT(*) AS n FROM bids GROUP BY listing_id) t GROUP BY t.n",
    "SELECT COUNT(*) AS n FROM (SELECT DISTINCT buyer_id, status FROM payments) t",
    "SELECT w.user_id, u.username FROM watchlist w LEFT JOIN users u ON u.id = w.user_id ORDER BY 1, 2",
    "SELECT r.rating, COUNT(*) AS n, MIN(r.body) AS b FROM reviews r GROUP BY r.rating ORDER BY r.rating",
    "SELECT CASE WHEN EXISTS (SELECT 1 FROM payments WHERE amount > 1000) THEN 1 ELSE 0 END AS rich FROM categories",
    "SELECT id FROM listings WHERE seller_id IN (SELECT id FROM users WHERE country <> 'DE' OR country IS NULL)",
    "SELECT COALESCE(u.country, 'none') AS c, COUNT(*) AS n FROM bids b LEFT JOIN users u ON u.id = b.bidder_id "
    "GROUP BY COALESCE(u.country, 'none') ORDER BY n DESC, c",
    "SELECT l.id FROM users u RIGHT JOIN listings l ON l.seller_id = u.id ORDER BY l.id",
    "SELECT l.id, p.id AS payment FROM listings l FULL JOIN payments p ON p.listing_id = l.id ORDER BY l.id, p.id",
    "SELECT x.n FROM users u CROSS JOIN LATERAL (SELECT COUNT(*) AS n FROM payments p WHERE p.buyer_id = u.id) x",
    "SELECT * FROM (SELECT * FROM users) AS payments ORDER BY id",
    "SELECT bids.id FROM listings AS bids WHERE bids.status = 'sold' ORDER BY bids.id",
    "SELECT id AS amount, amount AS id FROM payments ORDER BY 1",
    'SELECT "Users"."id" FROM "users" AS "Users" ORDER BY "Users"."id"',
)  # fmt: skip


def probes(dialect: str) -> tuple[Question, ...]:
    """The same for every database; MariaDB quotes names its own way, BigQuery has words of its own."""
    if dialect == "bigquery":
        written = [_translated(sql, "postgres", dialect) for sql in PROBES]
    else:
        written = [sql.replace('"', "`" if dialect == "mariadb" else '"') for sql in PROBES]
    return tuple(Question(f"probe-{n}", dialect, sql) for n, sql in enumerate(written, 1))
