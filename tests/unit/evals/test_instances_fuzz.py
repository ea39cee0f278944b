"""What a made database has that its base has not, and what it leaves as it is."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from evals.errors import InstanceImpossible
from evals.instances.fuzz.make import Fuzzer, read_recipe
from nl2sql.catalog.model import Dataset, Relationship, SemanticModel

TODAY = date(2026, 6, 30)
SHOP = """
CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL, country TEXT NOT NULL, vip INTEGER);
CREATE TABLE sale (
  id INTEGER PRIMARY KEY AUTOINCREMENT, customer_id INTEGER REFERENCES customer(id), amount REAL NOT NULL,
  status TEXT NOT NULL, sold_at TEXT NOT NULL, doubled REAL AS (amount * 2) STORED
);
INSERT INTO customer VALUES (1, 'Ann Lee', 'DE', 1), (2, 'Bob Ray', 'FR', 0), (3, 'Cid Moe', 'DE', 0);
INSERT INTO sale (customer_id, amount, status, sold_at) VALUES
  (1, 10.5, 'paid', '2025-01-02 10:00:00'), (2, 20.25, 'paid', '2025-02-02 11:30:00'),
  (3, 5.0, 'open', '2025-03-03 12:00:00'), (1, 7.75, 'open', '2025-04-04 13:00:00');
"""
Made = Callable[..., list[sqlite3.Connection]]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Made]:
    """Databases beside the one of a script, one for each seed."""
    opened: list[sqlite3.Connection] = []

    def made(
        script: str, golds: Sequence[str] = (), *, model: SemanticModel | None = None, seeds: Sequence[int] = (1, 2, 3)
    ) -> list[sqlite3.Connection]:
        base = tmp_path / "base.db"
        with closing(sqlite3.connect(base)) as connection:
            connection.executescript(script)
        fuzzer = Fuzzer(read_recipe(base, golds, model, TODAY))
        for seed in seeds:
            fuzzer.make(tmp_path / f"{seed}.db", seed)
            opened.append(sqlite3.connect(tmp_path / f"{seed}.db"))
        fuzzer.close()
        return opened

    yield made
    for each in opened:
        each.close()


def _all(connections: Sequence[sqlite3.Connection], sql: str) -> list[list[tuple[Any, ...]]]:
    return [each.execute(sql).fetchall() for each in connections]


def test_a_conjunction_across_a_join_that_no_row_of_the_base_meets_is_met(make: Made) -> None:
    gold = (
        "SELECT s.id FROM sale AS s JOIN customer AS c ON c.id = s.customer_id "
        "WHERE c.country = 'SE' AND s.status = 'refunded' AND s.sold_at >= '2024-05-01' AND s.sold_at < '2024-06-01'"
    )
    assert all(_all(make(SHOP, [gold]), gold))


def test_rows_stand_on_both_sides_of_an_edge(make: Made) -> None:
    made = make(SHOP, ["SELECT COUNT(*) FROM sale WHERE amount > 33.5 AND sold_at < '2024-05-01'"])
    for rows in _all(made, "SELECT amount, sold_at FROM sale"):
        assert {33.5, 33.51} <= {amount for amount, _ in rows}
        assert {"2024-05-01 00:00:00", "2024-04-30 00:00:00"} <= {moment for _, moment in rows}


def test_a_relative_day_is_counted_from_the_as_of_day(make: Made) -> None:
    gold = "SELECT COUNT(*) FROM sale WHERE DATE(sold_at) = DATE('now', '-45 days')"
    counts = _all(make(SHOP, [gold]), "SELECT COUNT(*) FROM sale WHERE DATE(sold_at) = '2026-05-16'")
    assert all(count > 0 for ((count,),) in counts)


def test_a_group_of_as_many_rows_as_a_having_asks_for_is_there(make: Made) -> None:
    gold = "SELECT customer_id FROM sale GROUP BY customer_id HAVING COUNT(*) = 9"
    assert any(_all(make(SHOP, [gold], seeds=range(1, 9)), gold))


def test_parents_without_children_and_children_without_parents_are_there(make: Made) -> None:
    made = make(SHOP)
    assert all(
        _all(made, "SELECT 1 FROM customer WHERE id NOT IN (SELECT customer_id FROM sale WHERE customer_id > 0)")
    )
    assert any(_all(made, "SELECT 1 FROM sale WHERE customer_id IS NULL"))


def test_values_stay_like_those_of_the_base(make: Made) -> None:
    for made in make(SHOP):
        assert {status for (status,) in made.execute("SELECT status FROM sale")} <= {"paid", "open"}
        assert made.execute("SELECT MIN(amount) >= 5.0 AND MAX(amount) <= 20.25 FROM sale").fetchone() == (1,)
        assert made.execute("SELECT COUNT(*) FROM sale WHERE DATETIME(sold_at) IS NOT sold_at").fetchone() == (0,)
        assert made.execute("SELECT COUNT(*) FROM sale WHERE doubled IS NOT amount * 2").fetchone() == (0,)


def test_keys_that_only_the_model_knows_are_kept(make: Made) -> None:
    bare = "CREATE TABLE a (id INTEGER, x TEXT); CREATE TABLE b (a_id INTEGER, y TEXT);" + "".join(
        f"INSERT INTO a VALUES ({n}, 'x'); INSERT INTO b VALUES ({n % 4}, 'y');" for n in range(12)
    )
    model = SemanticModel(
        "m",
        (Dataset("as", "a", (), ("id",)), Dataset("bs", "b", ())),
        (Relationship("r", "bs", "as", ("a_id",), ("id",)),),
    )
    made = make(bare, model=model)
    assert _all(made, "SELECT id FROM a GROUP BY id HAVING COUNT(*) > 1 OR id IS NULL") == [[], [], []]
    assert _all(made, "SELECT a_id FROM b WHERE a_id NOT IN (SELECT id FROM a)") == [[], [], []]


def test_a_link_that_the_base_breaks_may_be_broken(make: Made) -> None:
    script = (
        SHOP
        + "INSERT INTO sale (customer_id, amount, status, sold_at) VALUES (99, 1.5, 'paid', '2025-05-05 14:00:00');"
    )
    orphans = "SELECT 1 FROM sale WHERE customer_id NOT IN (SELECT id FROM customer)"
    assert any(_all(make(script), orphans))


def test_a_link_that_the_base_keeps_is_kept(make: Made) -> None:
    orphans = "SELECT 1 FROM sale WHERE customer_id NOT IN (SELECT id FROM customer)"
    gold = "SELECT COUNT(*) FROM sale WHERE customer_id = 77"
    made = make(SHOP, [gold])
    assert not any(_all(made, orphans))
    assert [count > 0 for ((count,),) in _all(made, gold)] == [True] * 3


def test_a_tree_stays_a_tree(make: Made) -> None:
    tree = "CREATE TABLE node (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES node(id));" + "".join(
        f"INSERT INTO node VALUES ({n}, {n // 2 or 'NULL'});" for n in range(1, 20)
    )
    walk = (
        "WITH RECURSIVE t(id) AS (SELECT id FROM node WHERE parent IS NULL UNION ALL "
        "SELECT node.id FROM node JOIN t ON node.parent = t.id) SELECT COUNT(*) FROM t"
    )
    made = make(tree, [walk])
    assert _all(made, walk) == _all(made, "SELECT COUNT(*) FROM node")


def test_tables_that_need_each_other_are_both_filled(make: Made) -> None:
    circle = (
        "CREATE TABLE hen (id INTEGER PRIMARY KEY, egg INTEGER NOT NULL REFERENCES egg(id));"
        "CREATE TABLE egg (id INTEGER PRIMARY KEY, hen INTEGER NOT NULL REFERENCES hen(id));"
        "INSERT INTO hen VALUES (1, 2), (2, 1); INSERT INTO egg VALUES (1, 2), (2, 1);"
    )
    for made in make(circle):
        assert made.execute("PRAGMA foreign_key_check").fetchall() == []
        assert [made.execute(f"SELECT COUNT(*) FROM {name}").fetchone()[0] for name in ("hen", "egg")] == [30, 30]


def test_rows_whose_parent_was_refused_go_too(make: Made) -> None:
    script = (
        "CREATE TABLE parent (id INTEGER PRIMARY KEY CHECK (id <= 12));"
        "CREATE TABLE child (id INTEGER PRIMARY KEY, p INTEGER NOT NULL REFERENCES parent(id));"
        "INSERT INTO parent VALUES (1), (2), (3); INSERT INTO child VALUES (1, 1), (2, 2);"
    )
    for made in make(script):
        assert made.execute("PRAGMA foreign_key_check").fetchall() == []
        assert 0 < made.execute("SELECT COUNT(*) FROM child").fetchone()[0] < 30


def test_views_stand_and_triggers_did_not_fire(make: Made) -> None:
    script = SHOP + (
        "CREATE TABLE log (id INTEGER PRIMARY KEY, what TEXT); INSERT INTO log VALUES (1, 'start');"
        "CREATE VIEW paid AS SELECT * FROM sale WHERE status = 'paid';"
        "CREATE TRIGGER logged AFTER INSERT ON sale BEGIN INSERT INTO log (what) VALUES ('fired'); END;"
    )
    for made in make(script):
        assert made.execute("SELECT COUNT(*) FROM paid").fetchone()[0] > 0
        assert made.execute("SELECT COUNT(*) FROM log WHERE what = 'fired'").fetchone() == (0,)
        assert made.execute("SELECT COUNT(*) FROM sqlite_master WHERE type = 'trigger'").fetchone() == (1,)


def test_full_text_search_finds_what_it_finds_in_the_base(make: Made) -> None:
    script = "CREATE VIRTUAL TABLE doc USING fts5(title); INSERT INTO doc VALUES ('red fox'), ('blue whale');"
    found = "SELECT title FROM doc WHERE doc MATCH 'fox'"
    assert _all(make(script, [found]), found) == [[("red fox",)]] * 3


@pytest.mark.parametrize(
    "script",
    [
        "CREATE TABLE blank (id INTEGER PRIMARY KEY, day DATE, word TEXT NOT NULL);",
        "CREATE TABLE bits (b BLOB, x); INSERT INTO bits VALUES (x'00ff', 9e999), (NULL, -9e999);",
        "CREATE TABLE far (id INTEGER PRIMARY KEY); INSERT INTO far VALUES (9223372036854775807);",
        "CREATE TABLE s (a INT PRIMARY KEY, b ANY, c BLOB) STRICT; INSERT INTO s VALUES (1, 'x', x'01'), (2, 3, NULL);",
        "CREATE TABLE low (x TEXT COLLATE NOCASE UNIQUE); INSERT INTO low VALUES ('Ann'), ('bob');",
        "CREATE TABLE day (d DATE PRIMARY KEY); INSERT INTO day VALUES ('9999-12-31'), ('0001-01-01');",
        "CREATE TABLE only (x AS (1) STORED, y); INSERT INTO only (y) VALUES (NULL);",
        "PRAGMA user_version = 1;",
    ],
    ids=lambda script: script.split("(")[0],
)
def test_odd_databases_are_made_too(make: Made, script: str) -> None:
    for made in make(script):
        assert made.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.mark.parametrize(
    "gold",
    [
        "DROP TABLE sale",
        "not a query",
        "SELECT * FROM nowhere WHERE x = 1",
        "SELECT " + "(" * 500 + "1" + ")" * 500,
        "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT COUNT(*) FROM t",
        "SELECT * FROM sale WHERE amount > randomblob(1000000000)",
        "SELECT * FROM sale WHERE status = 'a' || char(0) AND sold_at > DATE('now', status)",
    ],
    ids=["writes", "no-query", "no-table", "deep", "endless", "huge", "odd"],
)
def test_a_gold_that_cannot_be_used_does_no_harm(make: Made, gold: str) -> None:
    for made in make(SHOP, [gold], seeds=(1,)):
        assert made.execute("SELECT COUNT(*) > 0 FROM sale").fetchone() == (1,)


def test_a_schema_that_needs_a_function_of_the_application_is_told(tmp_path: Path) -> None:
    base = tmp_path / "base.db"
    with closing(sqlite3.connect(base)) as connection:
        connection.create_function("ours", 1, lambda x: x, deterministic=True)
        connection.executescript("CREATE TABLE t (a, b AS (ours(a)) STORED); INSERT INTO t (a) VALUES (1);")
    fuzzer = Fuzzer(read_recipe(base, (), None, TODAY))
    with pytest.raises(InstanceImpossible, match="ours"):
        fuzzer.make(tmp_path / "1.db", 1)
    fuzzer.close()


def test_of_a_long_table_rows_of_all_its_length_are_looked_at(tmp_path: Path) -> None:
    base = tmp_path / "base.db"
    with closing(sqlite3.connect(base)) as connection:
        connection.execute("CREATE TABLE long (id INTEGER PRIMARY KEY, x TEXT)")
        connection.executemany("INSERT INTO long VALUES (?, ?)", ((n, f"w{n}") for n in range(1, 50_001)))
        connection.commit()
    sample = read_recipe(base, (), None, TODAY).sample
    ids = sample.values("long", "id")
    assert (len(ids), min(map(int, map(str, ids))), max(map(int, map(str, ids)))) == (1_000, 1, 50_000)
