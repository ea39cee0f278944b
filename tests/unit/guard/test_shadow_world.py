"""SQLite itself as the second opinion: what the text that runs really reads, and what it gives.

Everything is in memory. The full database holds hidden columns and one that the model does not mention; the shadow
database lacks both. A statement that the guard accepts must give on the full one what it gives on the shadow.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from nl2sql.guard.checked import CheckedSql

HIDDEN = {"users.email", "users.password_hash", "listings.reserve_price"}
QUESTIONS = [
    "SELECT * FROM users",
    "SELECT u.*, p.* FROM payments p JOIN users u ON u.id = p.buyer_id",
    "SELECT COUNT(*) AS n FROM users a NATURAL JOIN users b",
    "SELECT COUNT(*) AS n FROM listings a JOIN listings b USING (id)",
    "SELECT id, a.country FROM users a LEFT JOIN users b USING (id) ORDER BY id",
    "SELECT id FROM listings EXCEPT SELECT listing_id FROM bids",
    "SELECT 1 AS a, 'x' AS b, 'y' AS c, NULL AS d UNION ALL SELECT * FROM users",
    "SELECT l.id, (SELECT COUNT(*) FROM bids WHERE listing_id = l.id) AS n FROM listings l "
    "ORDER BY n DESC, l.id LIMIT 5",
    "SELECT strftime('%Y-%m', placed_at) AS month, COUNT(*) AS n FROM bids GROUP BY month HAVING n > 1 ORDER BY month",
    "SELECT country, COUNT(*) AS n FROM users WHERE id IN (SELECT bidder_id FROM bids) GROUP BY 1 ORDER BY 2 DESC, 1",
    "SELECT b.id FROM bids b, (SELECT AVG(amount) AS m FROM bids) x WHERE b.amount > x.m ORDER BY 1",
    "SELECT id, RANK() OVER (PARTITION BY status ORDER BY current_bid DESC) AS r FROM listings ORDER BY id",
    "WITH a AS (SELECT * FROM listings), b AS (SELECT seller_id, COUNT(*) AS n FROM a GROUP BY 1) SELECT * FROM b",
    "SELECT CASE WHEN amount > 25 THEN 'high' ELSE 'low' END AS band, SUM(amount) AS s FROM bids GROUP BY band",
    "SELECT id FROM users u WHERE EXISTS (SELECT * FROM listings WHERE seller_id = u.id) ORDER BY id",
    "SELECT COALESCE(p.name, 'top') AS parent, COUNT(*) AS n FROM categories c "
    "LEFT JOIN categories p ON p.id = c.parent_id GROUP BY parent",
]


def value_of(column: str, row: int, dice: random.Random) -> object:
    if column == "id":
        return row
    if column.endswith("_id"):
        return dice.randint(1, 12)
    if column.endswith("_at"):
        return f"2025-{dice.randint(1, 9):02d}-{dice.randint(10, 28)} 12:00:00"
    if column in {"amount", "starting_price", "reserve_price", "current_bid"}:
        return dice.randint(1, 5_000) / 100
    return dice.choice(["paid", "pending", "sold", "DE", "FR", "Vase"])


@pytest.fixture(scope="module")
def worlds(tables: dict[str, list[str]]) -> Iterator[tuple[sqlite3.Connection, sqlite3.Connection]]:
    with closing(sqlite3.connect(":memory:")) as full, closing(sqlite3.connect(":memory:")) as shadow:
        dice = random.Random(7)  # noqa: S311 - repeatable, not secret
        for table, columns in tables.items():
            visible = [column for column in columns if f"{table}.{column}" not in HIDDEN]
            full.execute(f"CREATE TABLE {table} ({', '.join(columns)}, unmentioned)")
            shadow.execute(f"CREATE TABLE {table} ({', '.join(visible)})")
            for row in range(1, 31):
                values = {column: value_of(column, row, dice) for column in columns}
                marks = ", ".join("?" * (len(columns) + 1))
                full.execute(f"INSERT INTO {table} VALUES ({marks})", [*values.values(), "unmentioned"])
                marks = ", ".join("?" * len(visible))
                shadow.execute(f"INSERT INTO {table} VALUES ({marks})", [values[column] for column in visible])
        yield full, shadow


def columns_read(connection: sqlite3.Connection, sql: str) -> set[str]:
    """Which columns SQLite's own compiler says the statement reads."""
    read: set[str] = set()

    def note(action: int, table: str | None, column: str | None, *_: object) -> int:
        if action == sqlite3.SQLITE_READ and column:
            read.add(f"{table}.{column}".lower())
        return sqlite3.SQLITE_OK

    connection.set_authorizer(note)
    try:
        connection.execute(f"EXPLAIN {sql}").fetchall()
    finally:
        connection.set_authorizer(None)
    return read


@pytest.mark.parametrize("sql", QUESTIONS)
def test_an_accepted_statement_gives_what_a_world_without_the_hidden_gives(sql: str, worlds, accepted) -> None:
    full, shadow = worlds
    checked = accepted(sql)
    assert full.execute(checked.executed).fetchall() == shadow.execute(sql).fetchall()


@pytest.mark.parametrize("sql", QUESTIONS)
def test_the_database_reads_only_the_columns_the_verdict_lists(sql: str, worlds, accepted) -> None:
    checked = accepted(sql)
    assert columns_read(worlds[0], checked.executed) <= set(checked.columns)


@pytest.mark.parametrize("sql", QUESTIONS)
def test_the_database_names_the_outputs_as_the_verdict_does(sql: str, worlds, accepted) -> None:
    checked = accepted(sql)
    names = [column[0] for column in worlds[0].execute(checked.executed).description]
    assert names == [output.name for output in checked.outputs]


def test_no_mutation_that_is_accepted_reads_a_hidden_column(worlds, guard) -> None:
    """Words that fish for hidden columns, put anywhere: 1,500 statements, the same ones each time."""
    bait = ["email", "u", "users", "'email'", '"email"', "[email]", "*", "users.*", "unmentioned", "rowid", "AS email"]
    bait += ["ORDER BY email", "GROUP BY 1", "NATURAL JOIN users", "USING (email)", "--", "/*", "'", '"', ",", "(", ")"]
    dice, passed = random.Random(11), 0  # noqa: S311 - repeatable, not secret
    for _ in range(1_500):
        words = dice.choice(QUESTIONS).split(" ")
        for _ in range(dice.randint(1, 2)):
            words.insert(dice.randint(0, len(words)), dice.choice(bait))
        verdict = guard(" ".join(words))
        if not isinstance(verdict, CheckedSql):
            continue
        passed += 1
        try:
            read = columns_read(worlds[0], verdict.executed)
        except sqlite3.Error:
            continue  # not SQL for SQLite after all
        assert read <= set(verdict.columns), verdict.sql
    assert passed > 20
