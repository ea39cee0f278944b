"""Each kind of mistake has an example here; those without are found by the last test."""

from __future__ import annotations

import pytest
import sqlglot

from evals.mutation.base import Catalog, KnownColumn
from evals.mutation.mutants import MOST, SHARE, mutants
from evals.mutation.operators.every import OPERATORS

CATALOG: Catalog = {
    "orders": (
        KnownColumn("id", "number"),
        KnownColumn("buyer_id", "number"),
        KnownColumn("amount", "number"),
        KnownColumn("status", "text", ("lost", "paid", "sent")),
        KnownColumn("made_at", "day"),
        KnownColumn("paid_at", "day"),
    ),
    "buyers": (
        KnownColumn("id", "number"),
        KnownColumn("name", "text", ("Ann", "Bo")),
        KnownColumn("town", "text", ("Ghent", "Liège")),
        KnownColumn("made_at", "day"),
    ),
}
JOINED = "SELECT o.id FROM orders AS o LEFT JOIN buyers AS b ON b.id = o.buyer_id AND b.town = 'Ghent'"

# operator, gold, what one of its mutants must be
EXAMPLES = [
    ("condition-dropped", "SELECT id FROM orders WHERE a = 1 AND b = 2", "SELECT id FROM orders WHERE a = 1"),
    ("condition-dropped", "SELECT id FROM orders WHERE a = 1", "SELECT id FROM orders"),
    ("condition-dropped", "SELECT a FROM t GROUP BY a HAVING COUNT(*) > 1", "SELECT a FROM t GROUP BY a"),
    ("condition-dropped", "SELECT SUM(a) FILTER(WHERE b = 1) FROM t", "SELECT SUM(a) FROM t"),
    ("other-column", "SELECT made_at FROM orders", "SELECT paid_at FROM orders"),
    (
        "other-column",
        "SELECT o.made_at FROM orders AS o JOIN buyers AS b ON b.id = o.buyer_id",
        "SELECT b.made_at FROM orders AS o JOIN buyers AS b ON b.id = o.buyer_id",
    ),
    (
        "other-column",
        "WITH x AS (SELECT amount FROM orders) SELECT amount FROM x",
        "WITH x AS (SELECT buyer_id AS amount FROM orders) SELECT amount FROM x",
    ),
    ("aggregate", "SELECT SUM(amount) FROM orders", "SELECT AVG(amount) FROM orders"),
    ("aggregate", "SELECT MIN(amount) FROM orders", "SELECT MAX(amount) FROM orders"),
    ("count", "SELECT COUNT(DISTINCT buyer_id) FROM orders", "SELECT COUNT(buyer_id) FROM orders"),
    ("count", "SELECT COUNT(buyer_id) FROM orders", "SELECT COUNT(*) FROM orders"),
    ("count", "SELECT COUNT(*) FROM orders", "SELECT COUNT(DISTINCT orders.id) FROM orders"),
    ("join-kind", "SELECT 1 FROM a LEFT JOIN b ON a.x = b.x", "SELECT 1 FROM a JOIN b ON a.x = b.x"),
    ("join-kind", "SELECT 1 FROM a JOIN b ON a.x = b.x", "SELECT 1 FROM a LEFT JOIN b ON a.x = b.x"),
    ("boundary", "SELECT 1 FROM t WHERE a < 5", "SELECT 1 FROM t WHERE a <= 5"),
    ("boundary", "SELECT 1 FROM t WHERE a BETWEEN 1 AND 5", "SELECT 1 FROM t WHERE (a >= 1 AND a < 5)"),
    ("day", "SELECT 1 FROM t WHERE a < '2025-03-01'", "SELECT 1 FROM t WHERE a < '2025-02-28'"),
    ("day", "SELECT 1 FROM t WHERE a < '2024-02-29'", "SELECT 1 FROM t WHERE a < '2024-03-01'"),
    ("day", "SELECT 1 FROM t WHERE a = '2025-01'", "SELECT 1 FROM t WHERE a = '2024-12'"),
    ("day", "SELECT 1 FROM t WHERE a = '2025'", "SELECT 1 FROM t WHERE a = '2026'"),
    ("other-value", "SELECT 1 FROM orders WHERE status = 'paid'", "SELECT 1 FROM orders WHERE status = 'lost'"),
    (
        "other-value",
        "SELECT 1 FROM buyers WHERE LOWER(town) LIKE LOWER('%Ghent%')",
        "SELECT 1 FROM buyers WHERE LOWER(town) LIKE LOWER('%Liège%')",
    ),
    ("distinct", "SELECT DISTINCT a FROM t", "SELECT a FROM t"),
    ("distinct", "SELECT a FROM t", "SELECT DISTINCT a FROM t"),
    ("join-dropped", "SELECT a.x FROM a JOIN b ON a.x = b.x", "SELECT a.x FROM a"),
    ("date-part", "SELECT STRFTIME('%Y-%m', a) FROM t", "SELECT STRFTIME('%Y', a) FROM t"),
    ("date-part", "SELECT EXTRACT(YEAR FROM a) FROM t", "SELECT EXTRACT(MONTH FROM a) FROM t"),
    ("period", "SELECT 1 FROM t WHERE a > DATE('now', '-7 days')", "SELECT 1 FROM t WHERE a > DATE('now', '-6 days')"),
    ("period", "SELECT DATE(a, 'start of month') FROM t", "SELECT DATE(a, 'start of year') FROM t"),
    ("whole-division", "SELECT CAST(a AS REAL) / b FROM t", "SELECT a / b FROM t"),
    ("whole-division", "SELECT 100.0 * a / b FROM t", "SELECT a / b FROM t"),
    ("group-key", "SELECT a, b FROM t GROUP BY a, b", "SELECT a, b FROM t GROUP BY a"),
    ("limit", "SELECT a FROM t ORDER BY a LIMIT 5", "SELECT a FROM t ORDER BY a LIMIT 4"),
    ("direction", "SELECT a FROM t ORDER BY a DESC LIMIT 5", "SELECT a FROM t ORDER BY a ASC LIMIT 5"),
    ("direction", "SELECT RANK() OVER (ORDER BY a) FROM t", "SELECT RANK() OVER (ORDER BY a DESC) FROM t"),
    ("order-dropped", "SELECT a FROM t ORDER BY a DESC LIMIT 5", "SELECT a FROM t LIMIT 5"),
    ("number", "SELECT 1 FROM t WHERE a > 5", "SELECT 1 FROM t WHERE a > 6"),
    ("number", "SELECT 1 FROM t WHERE a > 4.5", "SELECT 1 FROM t WHERE a > 3.5"),
    (
        "window",
        "SELECT SUM(a) OVER (PARTITION BY b ORDER BY c) FROM t",
        "SELECT SUM(a) OVER (ORDER BY c) FROM t",
    ),
    (
        "window",
        "SELECT AVG(a) OVER (ORDER BY c ROWS BETWEEN 6 PRECEDING AND CURRENT ROW) FROM t",
        "SELECT AVG(a) OVER (ORDER BY c ROWS BETWEEN 5 PRECEDING AND CURRENT ROW) FROM t",
    ),
    ("ranking", "SELECT ROW_NUMBER() OVER (ORDER BY a) FROM t", "SELECT RANK() OVER (ORDER BY a) FROM t"),
    ("ranking", "SELECT LAG(b) OVER (ORDER BY a) FROM t", "SELECT LEAD(b) OVER (ORDER BY a) FROM t"),
    ("null-or-member", "SELECT 1 FROM t WHERE NOT a IN (1, 2)", "SELECT 1 FROM t WHERE a IN (1, 2)"),
    ("null-or-member", "SELECT 1 FROM t WHERE a IS NULL", "SELECT 1 FROM t WHERE NOT (a IS NULL)"),
    (
        "null-or-member",
        "SELECT 1 FROM t WHERE EXISTS(SELECT 1 FROM u)",
        "SELECT 1 FROM t WHERE NOT (EXISTS(SELECT 1 FROM u))",
    ),
    ("and-or", "SELECT 1 FROM t WHERE a = 1 OR b = 2", "SELECT 1 FROM t WHERE (a = 1 AND b = 2)"),
    (
        "other-column-everywhere",
        "SELECT made_at FROM orders GROUP BY made_at",
        "SELECT paid_at FROM orders GROUP BY paid_at",
    ),
    (
        "condition-moved",
        JOINED,
        "SELECT o.id FROM orders AS o LEFT JOIN buyers AS b ON b.id = o.buyer_id WHERE b.town = 'Ghent'",
    ),
    ("list-member", "SELECT 1 FROM t WHERE a IN (1, 2, 3)", "SELECT 1 FROM t WHERE a IN (1, 3)"),
    ("case", "SELECT CASE WHEN a THEN 1 ELSE 0 END FROM t", "SELECT CASE WHEN a THEN 0 ELSE 1 END FROM t"),
    ("case", "SELECT CASE WHEN a THEN 1 ELSE 0 END FROM t", "SELECT CASE WHEN a THEN 1 END FROM t"),
    ("arithmetic", "SELECT a - b FROM t", "SELECT a + b FROM t"),
    ("arithmetic", "SELECT a - b FROM t", "SELECT b - a FROM t"),
    ("arithmetic", "SELECT a - b - c FROM t", "SELECT (a + b) - c FROM t"),
    ("missing-values", "SELECT COALESCE(a, 0) FROM t", "SELECT a FROM t"),
    ("missing-values", "SELECT a / NULLIF(b, 0) FROM t", "SELECT a / b FROM t"),
    ("text-case", "SELECT 1 FROM t WHERE LOWER(a) = 'x'", "SELECT 1 FROM t WHERE a = 'x'"),
    ("capitals", "SELECT 1 FROM buyers WHERE name = 'Ann'", "SELECT 1 FROM buyers WHERE name = 'ann'"),
    ("text-match", "SELECT 1 FROM t WHERE a LIKE '%x%'", "SELECT 1 FROM t WHERE a LIKE 'x%'"),
    ("text-match", "SELECT 1 FROM t WHERE a LIKE '%x%'", "SELECT 1 FROM t WHERE a = 'x'"),
    ("distinct-inside", "SELECT SUM(a) FROM t", "SELECT SUM(DISTINCT a) FROM t"),
    ("union", "SELECT a FROM t UNION SELECT a FROM u", "SELECT a FROM t UNION ALL SELECT a FROM u"),
    ("union", "SELECT a FROM t EXCEPT SELECT a FROM u", "SELECT a FROM t INTERSECT SELECT a FROM u"),
    ("comparison", "SELECT 1 FROM t WHERE a = 1", "SELECT 1 FROM t WHERE a <> 1"),
    ("join-condition", "SELECT a.x, b.y FROM a JOIN b ON a.x = b.x", "SELECT a.x, b.y FROM a, b"),
    ("order-key", "SELECT a FROM t ORDER BY a, b LIMIT 1", "SELECT a FROM t ORDER BY a LIMIT 1"),
    ("rounding", "SELECT ROUND(a, 2) FROM t", "SELECT ROUND(a, 1) FROM t"),
]
OF_OTHER_DIALECTS = [
    (
        "interval",
        "postgres",
        "SELECT 1 FROM t WHERE a > CURRENT_DATE - INTERVAL '7 DAYS'",
        "SELECT 1 FROM t WHERE a > CURRENT_DATE - INTERVAL '7 MONTH'",
    ),
    ("date-part", "postgres", "SELECT DATE_TRUNC('MONTH', a) FROM t", "SELECT DATE_TRUNC('YEAR', a) FROM t"),
    ("date-part", "mysql", "SELECT YEAR(a) FROM t", "SELECT MONTH(a) FROM t"),
]


def _made(operator: str, gold: str, dialect: str = "sqlite") -> list[str]:
    return [each.sql for each in mutants(gold, dialect, CATALOG) if each.operator == operator]


@pytest.mark.parametrize(("operator", "gold", "expected"), EXAMPLES)
def test_a_mistake_is_made(operator: str, gold: str, expected: str) -> None:
    assert expected in _made(operator, gold)


@pytest.mark.parametrize(("operator", "dialect", "gold", "expected"), OF_OTHER_DIALECTS)
def test_a_mistake_is_made_in_other_dialects(operator: str, dialect: str, gold: str, expected: str) -> None:
    assert expected in _made(operator, gold, dialect)


def test_every_kind_of_mistake_has_an_example() -> None:
    shown = {each[0] for each in (*EXAMPLES, *OF_OTHER_DIALECTS)}
    assert {name for name, _ in OPERATORS} == shown


@pytest.mark.parametrize("gold", [each[1] for each in EXAMPLES])
def test_no_mutant_is_the_gold_and_none_is_there_twice(gold: str) -> None:
    made = [each.sql for each in mutants(gold, "sqlite", CATALOG)]
    assert sqlglot.parse_one(gold, dialect="sqlite").sql(dialect="sqlite") not in made
    assert len(set(made)) == len(made)


@pytest.mark.parametrize("gold", [each[1] for each in EXAMPLES])
def test_mutants_are_the_same_each_time(gold: str) -> None:
    assert mutants(gold, "sqlite", CATALOG) == mutants(gold, "sqlite", CATALOG)


def test_the_gold_itself_stays_as_it_was() -> None:
    made = mutants(JOINED + " WHERE o.amount > 5 ORDER BY o.id LIMIT 3", "sqlite", CATALOG)
    conditions = [each for each in made if each.operator == "limit"]
    assert all("b.town = 'Ghent'" in each.sql and "o.amount > 5" in each.sql for each in conditions)


def test_a_long_query_has_no_more_mutants_than_the_limit_and_of_one_kind_a_fifth() -> None:
    values = ", ".join(f"'Sent {number}'" for number in range(40))
    made = mutants(f"SELECT id FROM orders WHERE status IN ({values}) AND amount > 5", "sqlite", CATALOG)
    assert len(made) <= MOST
    kinds = [each.operator for each in made]
    assert max(kinds.count(kind) for kind in kinds) == MOST // SHARE
    assert len(set(kinds)) >= 6


def test_a_limit_below_the_kinds_takes_the_most_common_mistakes() -> None:
    made = mutants("SELECT SUM(amount) FROM orders WHERE status = 'paid'", "sqlite", CATALOG, limit=2)
    assert [each.operator for each in made] == ["condition-dropped", "other-column"]


def test_an_order_that_nobody_asked_for_is_not_lost() -> None:
    assert not _made("order-dropped", "SELECT a FROM t ORDER BY a")
    assert not _made("direction", "SELECT a FROM t ORDER BY a")


def test_an_order_that_the_case_declares_is() -> None:
    made = mutants("SELECT a FROM t ORDER BY a", "sqlite", CATALOG, ordered=True)
    assert {"order-dropped", "direction"} <= {each.operator for each in made}


def test_where_says_what_changed_and_in_which_clause() -> None:
    made = mutants("SELECT id FROM orders WHERE amount < 5", "sqlite", CATALOG)
    assert "amount < 5 → amount <= 5, in WHERE" in [each.where for each in made]


def test_tables_are_not_joined_by_what_differs() -> None:
    assert not _made("comparison", "SELECT a.x, b.y FROM a JOIN b ON a.x = b.x")


def test_a_column_of_an_unknown_subquery_is_left_alone() -> None:
    assert not _made("other-column", "WITH x AS (SELECT 1 AS amount) SELECT amount FROM x")


def test_a_subquery_of_a_condition_sees_the_columns_around_it() -> None:
    gold = (
        "SELECT b.name FROM buyers AS b WHERE EXISTS(SELECT 1 FROM unknown AS u WHERE u.x = b.id AND b.town = 'Ghent')"
    )
    assert any("b.name = 'Ghent'" in sql for sql in _made("other-column", gold))


@pytest.mark.parametrize("text", ["", "not sql at all (", "DELETE FROM t", "SELECT 1; SELECT 2", "(" * 5000])
def test_text_that_is_not_one_query_has_no_mutants(text: str) -> None:
    assert mutants(text, "sqlite", CATALOG) == []
