"""Golds on SQLite: run, checked against the case, with their ties; nothing is written and nothing runs for ever."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from evals.cases.base import Case, Suite
from evals.compare import Table, compare, rules_of
from evals.errors import SuiteInvalid
from evals.gold import database as golds_module
from evals.gold.database import GoldDatabase, open_golds, verify_transpiled
from evals.gold.sqlite_reader import SqliteReader
from nl2sql.errors import DatabaseMissing, DatabaseUnreadable, QueryFailed, QueryTimedOut, SettingsInvalid

TODAY = date(2026, 6, 30)
PEOPLE = [(1, "ann", "DE", 60), (2, "bob", "DE", 50), (3, "cid", "FR", 50), (4, "dan", "FR", 20), (5, "eve", "IT", 20)]


def case_of(sql: Any, **more: Any) -> Case:
    return Case(id="c", question="?", sql=sql, **more)


def suite_of(*cases: Case, **more: Any) -> Suite:
    return Suite(name="s", cases=cases or (case_of("SELECT 1"),), **more)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "a b#c?.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE users (id INTEGER, name TEXT, country TEXT, age INTEGER)")
        connection.executemany("INSERT INTO users VALUES (?, ?, ?, ?)", PEOPLE)
    return path


@pytest.fixture
def golds(path: Path) -> Iterator[GoldDatabase]:
    with open_golds(f"sqlite:///{path}", suite_of(), today=TODAY) as opened:
        yield opened


# ---- ties ------------------------------------------------------------------------------------------------------------

TOPS = [
    # a top, and which rows may stand in for the last of it
    ("SELECT name FROM users ORDER BY age DESC LIMIT 2", [0, 1], ["cid"]),
    ("SELECT name FROM users ORDER BY age DESC, id LIMIT 2", [0, 1], []),
    ("SELECT name, age FROM users ORDER BY age DESC, id LIMIT 2", [0, 1], ["cid"]),
    ("SELECT name FROM users ORDER BY age DESC", [0, 1, 1, 2, 2], []),
    ("SELECT name, age AS years FROM users ORDER BY years DESC LIMIT 2", [0, 1], ["cid"]),
    ("SELECT name, age FROM users ORDER BY 2 DESC LIMIT 2", [0, 1], ["cid"]),
    ("SELECT name, age AS years FROM users ORDER BY -years LIMIT 2", [0, 1], ["cid"]),
    ("SELECT name FROM users AS u ORDER BY u.age DESC LIMIT 1 OFFSET 1", [1], ["cid"]),
    ("SELECT name FROM users ORDER BY age DESC LIMIT 1 OFFSET 2", [1], ["bob"]),
    ("SELECT name FROM users ORDER BY age DESC LIMIT 3 OFFSET 1", [1, 1, 2], ["eve"]),
    # the first tie is cut too, and another follows
    ("SELECT name FROM users ORDER BY age DESC LIMIT 2 OFFSET 2", [1, 2], ["eve"]),
    ("SELECT DISTINCT name, age FROM users ORDER BY age DESC LIMIT 2", [0, 1], ["cid"]),
    ("SELECT country FROM users GROUP BY country ORDER BY COUNT(*) DESC, country LIMIT 1", [0], []),
    ("SELECT MIN(name) AS n FROM users GROUP BY country ORDER BY COUNT(*) DESC LIMIT 2", [0, 0], []),
    ("SELECT MIN(name) AS n FROM users GROUP BY country ORDER BY COUNT(*) LIMIT 1", [0], []),
    ("SELECT name, age FROM users WHERE id < 3 UNION SELECT name, age FROM users WHERE id > 2 ORDER BY 2 DESC LIMIT 2",
     [0, 1], ["cid"]),
    ("WITH all_of_us AS (SELECT * FROM users) SELECT name FROM all_of_us ORDER BY age DESC LIMIT 2", [0, 1], ["cid"]),
    ("WITH top AS (SELECT name, age FROM users ORDER BY age DESC LIMIT 2) SELECT name FROM top", [0, 1], ["cid"]),
    ("SELECT name FROM (SELECT name FROM users ORDER BY age DESC LIMIT 2) AS top", [0, 1], ["cid"]),
    ("WITH r AS (SELECT name, ROW_NUMBER() OVER (ORDER BY age DESC) AS n FROM users) SELECT name FROM r WHERE n <= 2",
     [0, 1], ["cid"]),
    ("SELECT name FROM (SELECT name, ROW_NUMBER() OVER (ORDER BY age) AS n FROM users) WHERE n = 1", [0], ["eve"]),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "ranks", "tied"), TOPS, ids=lambda value: value if isinstance(value, str) else "")
def test_the_database_is_asked_what_ties(sql: str, ranks: list[int], tied: list[str], golds: GoldDatabase) -> None:
    (read,) = golds.golds(case_of(sql))
    assert read.gold.ranks == tuple(ranks)
    assert [row[0] for row in read.gold.tied] == tied
    assert (read.sql, read.ran, read.is_transpiled) == (sql, sql, False)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT name FROM users",
        "SELECT name FROM users LIMIT 2",
        "SELECT DISTINCT name FROM users ORDER BY age LIMIT 2",
        "SELECT * FROM users ORDER BY 4 LIMIT 2",
        "SELECT COUNT(*) AS n FROM (SELECT name FROM users ORDER BY age LIMIT 2)",
        "SELECT name FROM (SELECT name, age FROM users ORDER BY age LIMIT 2) WHERE age > 1",
        "SELECT name FROM (SELECT name, ROW_NUMBER() OVER (PARTITION BY id ORDER BY age) AS n FROM users) WHERE n = 1",
        "SELECT name FROM (SELECT name, ROW_NUMBER() OVER (ORDER BY age) AS n FROM users) WHERE n = 2",
        "SELECT name FROM users ORDER BY random()",
        "SELECT name FROM users WHERE id = 1 ORDER BY random()",
        "SELECT name FROM users WHERE 1 = 0 ORDER BY age",
    ],
)  # fmt: skip
def test_where_ties_cannot_be_told_there_are_none(sql: str, golds: GoldDatabase) -> None:
    (read,) = golds.golds(case_of(sql))
    assert (read.gold.ranks, read.gold.tied) == (None, ())


def test_a_tie_longer_than_what_is_looked_at_first_is_found_to_its_end(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany("INSERT INTO users VALUES (?, 'x', 'x', 99)", [(n,) for n in range(100, 700)])
    with open_golds(f"sqlite:///{path}", suite_of(), today=TODAY) as golds:
        (read,) = golds.golds(case_of("SELECT id FROM users ORDER BY age DESC LIMIT 5"))
    assert len(read.gold.tied) == 595


@pytest.mark.parametrize(("name", "is_right"), [("bob", True), ("cid", True), ("dan", False)])
def test_the_other_winner_of_a_tie_is_right_and_nobody_else(name: str, is_right: bool, golds: GoldDatabase) -> None:
    case = case_of("SELECT name FROM users ORDER BY age DESC LIMIT 2", order_by="gold")
    (read,) = golds.golds(case)
    answer = Table(("who",), (("ann",), (name,)))
    assert compare(read.gold, answer, rules_of(case, golds.suite)).equal is is_right


def test_an_order_by_columns_ties_rows_with_equal_values_in_them(golds: GoldDatabase) -> None:
    case = case_of("SELECT name, country FROM users ORDER BY country, name LIMIT 3", order_by="country")
    (read,) = golds.golds(case)
    assert read.gold.ranks == (0, 0, 1)
    assert read.gold.tied == (("dan", "FR"),)
    with pytest.raises(SuiteInvalid, match="must have one column “age”"):
        golds.golds(case_of("SELECT name FROM users", order_by="age"))


# ---- what a case requires --------------------------------------------------------------------------------------------


def test_a_case_that_must_be_declined_has_no_gold_and_another_needs_one(golds: GoldDatabase) -> None:
    assert golds.golds(Case(id="d", question="Delete it", kind="unsafe")) == ()
    with pytest.raises(SuiteInvalid, match="The case c has no gold query"):
        golds.golds(Case(id="c", question="?"))


def test_the_required_columns_are_the_query_s_else_the_case_s_else_all(golds: GoldDatabase) -> None:
    sql = "SELECT name, country AS Land, age FROM users"
    case = case_of([{"sql": sql, "required_columns": ["age"]}, sql], required_columns=["name", "land"])
    assert [read.gold.required for read in golds.golds(case)] == [("age",), ("name", "Land")]
    (read,) = golds.golds(case_of(sql))
    assert read.gold.required == ("name", "Land", "age")


def test_a_gold_that_does_not_run_or_lacks_a_column_is_a_fault_of_the_suite(golds: GoldDatabase) -> None:
    with pytest.raises(SuiteInvalid, match="The gold query of the case c does not run: no such table: nowhere"):
        golds.golds(case_of("SELECT name FROM nowhere"))
    with pytest.raises(SuiteInvalid, match="must have one column “age”; it has name, country"):
        golds.golds(case_of("SELECT name, country FROM users", required_columns=["age"]))
    with pytest.raises(SuiteInvalid, match="must have one column “name”; it has name, name"):
        golds.golds(case_of("SELECT name, name FROM users", required_columns=["name"]))


# ---- dialects --------------------------------------------------------------------------------------------------------


def test_queries_of_the_database_s_own_dialect_come_before_any_other(golds: GoldDatabase) -> None:
    case = case_of({"mysql": "SELECT 1 AS a", "sqlite": "SELECT 2 AS a"})
    assert [read.gold.table.rows for read in golds.golds(case)] == [((2,),)]


def test_a_query_of_another_dialect_is_transpiled_and_says_so(golds: GoldDatabase) -> None:
    (read,) = golds.golds(case_of({"mysql": "SELECT CONCAT(`name`, '!') AS n FROM users WHERE id = 1"}))
    assert read.is_transpiled
    assert read.gold.table == Table(("n",), (("ann!",),))
    with pytest.raises(SuiteInvalid, match=r"case c .* postgres and cannot be said in sqlite"):
        golds.golds(case_of({"postgres": "SELECT DISTINCT ON (country) name FROM users ("}))


def test_a_transpiled_gold_is_verified_on_two_databases_with_the_same_rows(golds: GoldDatabase) -> None:
    agrees = case_of({"mysql": "SELECT COUNT(*) AS n FROM users"})
    mysql = GoldDatabase(_Pretends(golds.reader, "mysql"), suite_of(), TODAY)
    assert verify_transpiled(agrees, mysql, golds) == ()
    other = GoldDatabase(_Pretends(golds.reader, "mysql", factor=2), suite_of(), TODAY)
    (said,) = verify_transpiled(agrees, other, golds)
    assert said.startswith("The gold query of the case c has other results on mysql and sqlite: no column holds")
    assert verify_transpiled(Case(id="d", question="?", kind="unsafe"), mysql, golds) == ()


class _Pretends:
    """The same rows under the name of another dialect, numbers multiplied."""

    def __init__(self, reader: Any, dialect: Any, factor: int = 1) -> None:
        self._reader, self.dialect, self._factor = reader, dialect, factor

    def run(self, sql: str, seconds: float = 1.0) -> Table:
        table = self._reader.run(sql, seconds)
        return Table(table.columns, tuple(tuple(cell * self._factor for cell in row) for row in table.rows))


# ---- the clock -------------------------------------------------------------------------------------------------------


def test_the_clock_of_a_gold_is_the_as_of_day_of_the_case_else_of_the_suite_else_today(path: Path) -> None:
    sql = "SELECT date('now') AS day, CURRENT_TIMESTAMP AS moment"
    own = case_of(sql, as_of="2025-02-03")
    for suite, case, day in (
        (suite_of(as_of="2024-01-02"), own, "2025-02-03"),
        (suite_of(as_of="2024-01-02"), case_of(sql), "2024-01-02"),
        (suite_of(), case_of(sql), "2026-06-30"),
    ):
        with open_golds(f"sqlite:///{path}", suite, today=TODAY) as golds:
            (read,) = golds.golds(case)
        assert read.gold.table.rows == ((day, f"{day} 23:59:59"),)
        assert read.sql == sql and "now" not in read.ran


# ---- what a gold must not do -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO users VALUES (9, 'x', 'x', 1) RETURNING name",
        "UPDATE users SET age = 1 RETURNING age",
        "UPDATE sqlite_master SET sql = '' RETURNING name",
        "DELETE FROM users",
        "DROP TABLE users",
        "CREATE TABLE more (a)",
        "CREATE TEMP TABLE more (a)",
        "ATTACH '{folder}/other.db' AS other",
        "VACUUM INTO '{folder}/other.db'",
        "PRAGMA query_only = OFF",
        "PRAGMA database_list",
        "SELECT load_extension('x')",
        "SELECT 1; DROP TABLE users",
        "BEGIN IMMEDIATE",
        "-- nothing",
    ],
)
def test_a_gold_cannot_write(sql: str, path: Path, golds: GoldDatabase) -> None:
    before = path.read_bytes()
    with pytest.raises(SuiteInvalid, match="The gold query of the case c does not run"):
        golds.golds(case_of(sql.format(folder=path.parent)))
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_gold_cannot_run_for_ever(golds: GoldDatabase) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n"
    with pytest.raises(QueryTimedOut):
        golds.run(endless, seconds=0.05)
    assert golds.run("SELECT COUNT(*) AS n FROM users").rows == ((5,),)


def test_a_result_that_is_too_large_is_refused(golds: GoldDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evals.gold.sqlite_reader.MAX_ROWS", 4)
    with pytest.raises(QueryFailed, match="more than"):
        golds.run("SELECT * FROM users")


def test_recursion_json_and_texts_in_double_quotes_may_be_used(golds: GoldDatabase) -> None:
    calendar = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT i FROM n"
    assert golds.run(calendar).rows == ((1,), (2,), (3,))
    assert golds.run("SELECT value FROM json_each('[1, 2]')").rows == ((1,), (2,))
    assert golds.run('SELECT name FROM users WHERE country = "IT"').rows == (("eve",),)


def test_a_text_that_is_not_utf_8_is_read_leniently(golds: GoldDatabase) -> None:
    assert golds.run("SELECT CAST(x'ff41' AS TEXT) AS t").rows == (("\ufffdA",),)


# ---- opening, keeping ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("sqlite:////nowhere/no.db", DatabaseMissing),
        ("duckdb:////nowhere/no.duckdb", DatabaseMissing),
        ("sqlite://", SettingsInvalid),
        ("sqlite:///:memory:", SettingsInvalid),
        ("bigquery://project/dataset", SettingsInvalid),
        ("oracle://u:secret@h/d", SettingsInvalid),
        ("mysql+other://u:secret@h/d", SettingsInvalid),
        ("postgresql://u:secret@h:port/d", SettingsInvalid),
        ("nothing", SettingsInvalid),
    ],
)
def test_an_address_that_cannot_be_read_is_told_without_its_password(url: str, error: type[Exception]) -> None:
    with pytest.raises(error) as caught, open_golds(url, suite_of(), today=TODAY):
        pass
    assert "secret" not in f"{caught.value} {getattr(caught.value, 'hint', '')}"


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    path = tmp_path / "no.db"
    path.write_text("nothing of the kind " * 100, encoding="utf-8")
    with pytest.raises(DatabaseUnreadable), open_golds(f"sqlite:///{path}", suite_of(), today=TODAY):
        pass


def test_a_result_is_kept_and_room_is_bounded(golds: GoldDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    run = golds.reader.run

    def counted(sql: str, seconds: float = 1.0) -> Table:
        asked.append(sql)
        return run(sql, seconds)

    monkeypatch.setattr(golds.reader, "run", counted)
    for _ in range(2):
        golds.run("SELECT name FROM users")
    assert len(asked) == 1
    monkeypatch.setattr(golds_module, "KEPT_RESULTS", 1)
    golds.run("SELECT age FROM users")
    golds.run("SELECT name FROM users")
    assert len(asked) == 3
    without = GoldDatabase(golds.reader, golds.suite, TODAY, kept_cells=0)
    without.run("SELECT id FROM users")
    without.run("SELECT id FROM users")
    assert len(asked) == 5


def test_a_reader_can_be_made_of_any_connection() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        golds = GoldDatabase(SqliteReader(connection), suite_of(), TODAY)
        assert golds.run("SELECT 1 AS a") == Table(("a",), ((1,),))
