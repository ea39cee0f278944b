"""Texts that a statement makes longer and longer: bounded before a database starts to build them."""

from __future__ import annotations

import pytest

from nl2sql.guard.dialects import DIALECTS

JOINED = sorted(set(DIALECTS) - {"mysql", "mariadb"})  # there || is a logical OR


def levels(count: int, expression: str) -> str:
    sql = "SELECT title AS c FROM listings"
    for level in range(count):
        sql = f"SELECT {expression} AS c FROM ({sql}) AS q{level}"
    return sql


def times(text: str, count: int, between: str) -> str:
    return between.join([text] * count)


GROWING = {
    "joined": levels(3, times("c", 20, " || ")),
    "joined in WITH queries": f"WITH a AS (SELECT {times('title', 40, ' || ')} AS c FROM listings), "
    f"b(d) AS (SELECT {times('c', 40, ' || ')} FROM a) SELECT d FROM b",
    "joined in a condition": f"SELECT id FROM (SELECT id, {times('title', 40, ' || ')} AS c FROM listings) AS q "
    f"WHERE LENGTH({times('c', 40, ' || ')}) > 5",
    "joined by one part of a union": f"SELECT {times('c', 40, ' || ')} AS d FROM (SELECT title AS c FROM listings "
    f"UNION ALL SELECT {times('title', 40, ' || ')} FROM listings) AS q",
}
REPLACING = {
    "concatenated": levels(3, f"CONCAT({times('c', 15, ', ')})"),
    "replaced": levels(4, f"REPLACE(c, 'a', '{'x' * 400}')"),
    "replaced by a column": levels(2, "REPLACE(c, 'a', c)"),
}


@pytest.mark.parametrize("dialect", JOINED)
@pytest.mark.parametrize("how", GROWING)
def test_a_text_that_is_joined_again_and_again_is_refused(refused, how: str, dialect: str) -> None:
    assert refused(GROWING[how], dialect).items[0].code == "too_large"


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("how", REPLACING)
def test_a_text_that_is_replaced_again_and_again_is_refused(refused, how: str, dialect: str) -> None:
    assert refused(REPLACING[how], dialect).items[0].code == "too_large"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_texts_that_people_put_together_are_fine(accepted, dialect: str) -> None:
    who = "CONCAT(username, ' (', country, ')')"
    accepted(f"SELECT {who} AS who, REPLACE(username, '_', ' ') AS plain FROM users", dialect)
    long = " AND ".join(f"CONCAT(username, '{number}') <> 'x'" for number in range(150))
    accepted(f"SELECT id FROM users WHERE {long}", dialect)
