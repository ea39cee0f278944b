"""What all rows of a base keep to holds in the databases that the fuzzer makes of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest

from evals.instances.base import prepare

TODAY = date(2026, 6, 30)
GOLDS = (
    "SELECT status, COUNT(*) FROM orders WHERE status = 'open' GROUP BY status",
    "SELECT name FROM customers WHERE city = 'Berlin' AND state = 'BE'",
    "SELECT c.id, c.name, SUM(o.total) FROM orders o JOIN customers c ON c.id = o.customer_id GROUP BY c.id, c.name",
    "SELECT COUNT(*) FROM orders WHERE ordered >= '2026-01-01' AND shipped < '2026-02-01'",
)
CITIES = (("Berlin", "BE"), ("Bonn", "NW"), ("Köln", "NW"), ("Munich", "BY"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[sqlite3.Connection]]:
    folder = tmp_path_factory.mktemp("habits")
    _base(folder / "base.db")
    instances = prepare(f"sqlite:///{folder}/base.db", today=TODAY, folder=folder / "made", golds=GOLDS, count=6)
    opened = [sqlite3.connect(each.url.removeprefix("sqlite:///")) for each in instances[1:]]
    assert len(opened) == 5
    yield opened
    for each in opened:
        each.close()


def _base(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, city TEXT, state TEXT, joined DATE);"
            "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (id), city TEXT,"
            " status TEXT, ordered DATE, shipped DATE, quantity INTEGER, price REAL, total REAL, gift INTEGER);"
        )
        for number in range(1, 25):
            city, state = CITIES[number % 4]
            joined = date(2025, 1, 1) + timedelta(days=number * 3)
            connection.execute(
                "INSERT INTO customers VALUES (?, ?, ?, ?, ?)",
                (number, f"Customer {'abcdefghijklmnopqrstuvwxyz'[number]}", city, state, joined.isoformat()),
            )
        for number in range(1, 61):
            customer = number % 20 + 1
            ordered = date(2025, 6, 1) + timedelta(days=number * 5 % 290)
            shipped = None if number % 3 == 0 else (ordered + timedelta(days=1 + number % 7)).isoformat()
            quantity, price = 1 + number % 5, round(9.5 + number * 1.25, 2)
            row = (number, customer, CITIES[customer % 4][0], "open" if shipped is None else "sent")
            row = (*row, ordered.isoformat(), shipped, quantity, price, round(quantity * price, 2), number % 2)
            connection.execute("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        connection.commit()


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param("orders WHERE shipped <= ordered", id="what is shipped was ordered before"),
        pytest.param("orders WHERE ABS(total - quantity * price) > 0.006", id="a total is a product"),
        pytest.param(
            "orders WHERE (status = 'open') IS NOT (shipped IS NULL)", id="a state says whether there is a day"
        ),
        pytest.param(
            "orders o JOIN customers c ON c.id = o.customer_id WHERE o.city IS NOT c.city", id="a copy of the parent's"
        ),
        pytest.param(
            "orders o JOIN customers c ON c.id = o.customer_id WHERE o.ordered < c.joined", id="no order before joining"
        ),
        pytest.param("orders WHERE ordered > '2026-06-30' OR shipped > '2026-06-30'", id="no day to come"),
        pytest.param("orders WHERE customer_id IS NULL OR price IS NULL OR gift IS NULL", id="no new NULL"),
        pytest.param("orders WHERE status NOT IN ('open', 'sent') OR gift NOT IN (0, 1)", id="no new word or flag"),
        pytest.param("(SELECT name FROM customers GROUP BY name HAVING COUNT(*) > 1)", id="a label is there once"),
    ],
)
def test_a_habit_of_the_base_is_kept(made: list[sqlite3.Connection], broken: str) -> None:
    found = [each.execute(f"SELECT COUNT(*) FROM {broken}").fetchone()[0] for each in made]
    assert found == [0] * 5


def test_a_city_lies_in_one_state(made: list[sqlite3.Connection]) -> None:
    several = "SELECT city FROM customers GROUP BY city HAVING COUNT(DISTINCT state) > 1"
    assert [each.execute(several).fetchall() for each in made] == [[]] * 5


def test_rows_are_others_all_the_same(made: list[sqlite3.Connection]) -> None:
    totals = {each.execute("SELECT COUNT(*), SUM(total) FROM orders").fetchone() for each in made}
    assert len(totals) == 5
    unsold = "SELECT COUNT(*) FROM customers WHERE id NOT IN (SELECT customer_id FROM orders)"
    assert all(each.execute(unsold).fetchone()[0] for each in made)


def test_columns_that_a_gold_query_compares_are_free(tmp_path: Path) -> None:
    """That late ones are asked for says that there may be some."""
    _base(tmp_path / "base.db")
    golds = (*GOLDS, "SELECT id FROM orders WHERE ordered > shipped")
    base = f"sqlite:///{tmp_path}/base.db"
    instances = prepare(base, today=TODAY, folder=tmp_path / "made", golds=golds, count=4)
    found = 0
    for each in instances[1:]:
        with closing(sqlite3.connect(each.url.removeprefix("sqlite:///"))) as connection:
            found += connection.execute("SELECT COUNT(*) FROM orders WHERE ordered > shipped").fetchone()[0]
    assert found > 0
