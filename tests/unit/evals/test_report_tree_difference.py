from __future__ import annotations

import pytest

from evals.report.tree_difference import MAX_CHARACTERS, MAX_DIFFERENCES, describe_difference

# What was answered, the gold, and what is said of the two.
PAIRS = [
    (
        "SELECT COUNT(*) FROM listings",
        "SELECT COUNT(*) AS n FROM listings WHERE status = 'sold'",
        ["filter status = 'sold' missing"],
    ),
    (
        "SELECT COUNT(*) FROM users WHERE country = 'DE' AND is_active",
        "SELECT COUNT(*) FROM users WHERE country = 'DE'",
        ["filter is_active added"],
    ),
    (
        "SELECT COUNT(*) FROM listings WHERE status = 'active'",
        "SELECT COUNT(*) FROM listings WHERE status = 'sold'",
        ["filter status = 'active' instead of = 'sold'"],
    ),
    ("SELECT COUNT(fee) FROM payments p", "SELECT SUM(fee) FROM payments", ["COUNT(fee) instead of SUM(fee)"]),
    (
        "SELECT COUNT(bidder_id) FROM bids",
        "SELECT COUNT(DISTINCT bidder_id) FROM bids",
        ["COUNT(bidder_id) instead of COUNT(DISTINCT bidder_id)"],
    ),
    (
        "SELECT COUNT(*) FROM listings l JOIN categories c ON c.id = l.category_id",
        "SELECT COUNT(*) FROM listings",
        ["join to categories added"],
    ),
    (
        "SELECT COUNT(*) FROM listings",
        "SELECT COUNT(*) FROM listings l JOIN categories c ON c.id = l.category_id WHERE c.name = 'Art'",
        ["join to categories missing", "filter name = 'Art' missing"],
    ),
    (
        "SELECT u.country, COUNT(*) FROM users u JOIN reviews r ON r.reviewee_id = u.id GROUP BY 1",
        "SELECT u.country, COUNT(*) FROM users u LEFT JOIN reviews r ON r.reviewee_id = u.id GROUP BY 1",
        ["JOIN to reviews instead of LEFT JOIN"],
    ),
    (
        "SELECT COUNT(*) FROM users u JOIN listings l ON l.seller_id = u.id",
        "SELECT COUNT(*) FROM users u JOIN listings l ON l.highest_bidder_id = u.id",
        ["join on seller_id instead of highest_bidder_id (= id)"],
    ),
    ("SELECT SUM(amount) FROM bids", "SELECT SUM(amount) FROM payments", ["reads bids instead of payments"]),
    (
        "SELECT SUM(p) FROM l WHERE made >= '2025-01-01' AND made < '2026-01-01'",
        "SELECT SUM(p) FROM l WHERE closed >= '2025-01-01' AND closed < '2026-01-01'",
        ["filter on made instead of closed (>= '2025-01-01' and < '2026-01-01')"],
    ),
    (
        "SELECT SUM(p) FROM l WHERE closed >= '2024-01-01' AND closed < '2025-01-01'",
        "SELECT SUM(p) FROM l WHERE closed >= '2025-01-01' AND closed < '2026-01-01'",
        ["filter closed >= '2024-01-01' and < '2025-01-01' instead of >= '2025-01-01' and < '2026-01-01'"],
    ),
    (
        "SELECT country, COUNT(*) FROM users GROUP BY country ORDER BY 2 LIMIT 10",
        "SELECT country, COUNT(*) AS n FROM users GROUP BY 1 ORDER BY n DESC LIMIT 5",
        ["ordered ascending instead of descending by COUNT(*)", "limit 10 instead of 5"],
    ),
    ("SELECT a FROM t LIMIT 3", "SELECT a FROM t", ["limit 3 added"]),
    ("SELECT a FROM t", "SELECT a FROM t LIMIT 3", ["limit none instead of 3"]),
    ("SELECT a FROM t", "SELECT a FROM t ORDER BY b", ["not ordered by b ascending"]),
    (
        "SELECT a FROM t ORDER BY b DESC",
        "SELECT a FROM t ORDER BY c DESC",
        ["ordered by b descending instead of c descending"],
    ),
    (
        "SELECT ROUND(SUM(fee)) FROM payments",
        "SELECT ROUND(SUM(fee), 2) FROM payments",
        ["SUM(fee) rounded to 0 decimals instead of rounded to 2 decimals"],
    ),
    ("SELECT a FROM t", "SELECT a, b FROM t", ["column b missing"]),
    ("SELECT a, b FROM t", "SELECT a FROM t", ["column b added"]),
    (
        "SELECT name, SUM(x) FROM t GROUP BY name",
        "SELECT name, SUM(x) FROM t GROUP BY name, year",
        ["not grouped by year"],
    ),
    (
        "SELECT country FROM users GROUP BY country HAVING COUNT(*) > 5",
        "SELECT country FROM users GROUP BY country HAVING COUNT(*) >= 10",
        ["filter on groups (HAVING) COUNT(*) > 5 instead of >= 10"],
    ),
    ("SELECT DISTINCT country FROM users", "SELECT country FROM users", ["DISTINCT added"]),
    (
        "SELECT a FROM s UNION SELECT a FROM t",
        "SELECT a FROM s UNION ALL SELECT a FROM t",
        ["UNION instead of UNION ALL"],
    ),
    (
        "SELECT name FROM users WHERE id IN (SELECT seller_id FROM listings WHERE status = 'active')",
        "SELECT name FROM users WHERE id IN (SELECT seller_id FROM listings WHERE status = 'sold')",
        ["filter status = 'active' instead of = 'sold'"],
    ),
    (
        "WITH t AS (SELECT c, AVG(p) AS a FROM l GROUP BY 1) SELECT MAX(a) FROM t",
        "SELECT MAX(b) FROM (SELECT c, SUM(p) AS b FROM l GROUP BY c) AS s",
        ["MAX(AVG(p)) instead of MAX(SUM(p))"],
    ),
    (
        "SELECT own.name, COUNT(*) FROM l JOIN c AS own ON own.id = l.cid GROUP BY 1",
        "SELECT up.name, COUNT(*) FROM l JOIN c AS own ON own.id = l.cid JOIN c AS up ON up.id = own.up GROUP BY 1",
        [
            "reads c once instead of twice",
            "join condition c (2).id = up missing",
            "name instead of c (2).name",
            "grouped by name instead of c (2).name",
        ],
    ),
]
SAME = [
    (
        "SELECT count(1) FROM listings WHERE 'sold' = status AND bid_count > 0",
        "SELECT COUNT(*) AS n FROM LISTINGS L WHERE (L.STATUS = 'sold') AND NOT (bid_count <= 0)",
    ),
    (
        "SELECT SUM(x) FROM t WHERE d BETWEEN '2025-01-01' AND '2025-12-31'",
        "SELECT SUM(t.x) FROM t WHERE d >= DATE '2025-01-01' AND d <= '2025-12-31 00:00:00'",
    ),
    ("SELECT a FROM t WHERE b IN ('y', 'x')", "SELECT a FROM t WHERE b IN ('x', 'y')"),
    ("SELECT a FROM t WHERE b IN ('x')", "SELECT a FROM t WHERE b = 'x'"),
    ("SELECT a FROM t WHERE b = 1 OR c = 2", "SELECT a FROM t WHERE (c = 2 OR b = 1)"),
    ("SELECT a FROM s, t WHERE s.id = t.id", "SELECT t.a FROM t JOIN s ON t.id = s.id"),
    (
        "SELECT COALESCE(p.name, o.name), COUNT(*) FROM l JOIN c o ON o.id = l.cid LEFT JOIN c p ON p.id = o.up"
        " GROUP BY 1",
        "SELECT COALESCE(x.name, y.name) AS n, COUNT(*) FROM c y LEFT JOIN c x ON x.id = y.up JOIN l ON l.cid = y.id"
        " GROUP BY n",
    ),
    (
        "SELECT COALESCE(p.name, o.name) FROM c p RIGHT JOIN c o ON p.id = o.up",
        "SELECT COALESCE(p.name, o.name) FROM c p RIGHT JOIN c o ON p.id = o.up",
    ),
]
UNREADABLE = [
    "",
    "no SQL at all",
    "SELECT FROM WHERE",
    "DROP TABLE users",
    "SELECT '" + "x" * MAX_CHARACTERS + "'",
    "(" * 5_000,
]


@pytest.mark.parametrize(("answer", "gold", "said"), PAIRS, ids=[pair[2][0] for pair in PAIRS])
def test_a_difference_is_said_in_words(answer: str, gold: str, said: list[str]) -> None:
    assert list(describe_difference(answer, gold)) == said


@pytest.mark.parametrize(("answer", "gold"), SAME)
def test_what_is_only_spelled_otherwise_is_no_difference(answer: str, gold: str) -> None:
    assert describe_difference(answer, gold) == ()
    assert describe_difference(gold, answer) == ()


@pytest.mark.parametrize("sql", UNREADABLE, ids=lambda sql: sql[:12])
def test_of_what_cannot_be_read_nothing_is_said(sql: str) -> None:
    assert describe_difference(sql, "SELECT 1") == ()
    assert describe_difference("SELECT 1", sql) == ()


def test_a_further_key_that_breaks_ties_is_no_other_order() -> None:
    by_count = "SELECT a, COUNT(*) AS n FROM t GROUP BY a ORDER BY n"
    assert describe_difference(f"{by_count}, a", by_count) == ()
    assert describe_difference(by_count, f"{by_count}, a") == (
        "ordered by COUNT(*) ascending instead of COUNT(*) ascending, a ascending",
    )


def test_a_list_without_end_is_cut() -> None:
    many = ", ".join(f"a{i}" for i in range(40))
    found = describe_difference("SELECT x FROM t", f"SELECT x, {many} FROM t")
    assert len(found) == MAX_DIFFERENCES + 1
    assert found[-1] == f"and {40 - MAX_DIFFERENCES} more"


def test_names_that_two_tables_share_keep_their_table() -> None:
    joined = "FROM users u JOIN listings l ON l.seller_id = u.id"
    found = describe_difference(
        f"SELECT COUNT(*) {joined} WHERE u.created_at > '2025-01-01'",
        f"SELECT COUNT(*) {joined} WHERE l.created_at > '2025-01-01'",
    )
    assert found == ("filter on users.created_at instead of listings.created_at (> '2025-01-01')",)


def test_statements_are_read_in_the_dialect_of_the_database() -> None:
    answer = "SELECT DATE_FORMAT(`made_at`, '%Y') FROM t"
    gold = "SELECT DATE_FORMAT(`made_at`, '%m') FROM t"
    assert describe_difference(answer, gold, "mysql") == (
        "DATE_FORMAT(made_at, '%Y') instead of DATE_FORMAT(made_at, '%m')",
    )
