"""Mutants on real databases: what the base tells apart, what others do, and what never ends."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from evals.cases.base import Case
from evals.compare import Gold, Rules, Table, compare
from evals.errors import SuiteInvalid
from evals.mutation.bench import Bench, Statement
from evals.mutation.known import known_columns
from evals.mutation.runs import MutantFailed, open_database, seconds_for
from evals.mutation.score import Judged

SCHEMA = "CREATE TABLE sales (id INTEGER PRIMARY KEY, amount INTEGER, day DATE, town TEXT);"


@dataclass(frozen=True)
class OneGold:
    """Accepts what equals its one gold, as a suite's golds do."""

    gold: Gold
    sql: str

    @property
    def statements(self) -> Sequence[Statement]:
        return [Statement(self.sql, 1.0)]

    @property
    def most_rows(self) -> int:
        return len(self.gold.table.rows)

    def equal(self, answer: Table) -> tuple[bool, ...]:
        return (compare(self.gold, answer, Rules()).equal,)


@dataclass(frozen=True)
class Sales:
    name: str
    url: str

    def accepted(self, case: Case) -> OneGold:
        sql = case.sql[0].sql
        with closing(sqlite3.connect(self.url.removeprefix("sqlite:///"))) as connection:
            try:
                cursor = connection.execute(sql)
            except sqlite3.Error as error:
                raise SuiteInvalid(f"{error}") from error
            table = Table(tuple(each[0] for each in cursor.description), tuple(cursor.fetchall()))
        return OneGold(Gold(table, table.columns), sql)


def _sales(folder: Path, name: str, *rows: tuple[int, int, str, str]) -> Sales:
    path = folder / f"{name}.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SCHEMA)
        connection.executemany("INSERT INTO sales VALUES (?, ?, ?, ?)", rows)
        connection.commit()
    return Sales(name, f"sqlite:///{path}")


@pytest.fixture
def pool(tmp_path: Path) -> list[Sales]:
    """The base has no sale of 5, the second has one."""
    base = _sales(tmp_path, "base", (1, 3, "2026-01-01", "Ghent"), (2, 9, "2026-02-01", "Liège"))
    return [base, _sales(tmp_path, "second", (1, 5, "2026-01-01", "Ghent"), (2, 9, "2026-02-01", "Liège"))]


@pytest.fixture
def bench(pool: list[Sales]) -> Iterator[Bench]:
    made = Bench(pool, known_columns(pool[0].url), limit=60)
    yield made
    made.close()


def _case(sql: str) -> Case:
    return Case.model_validate({"id": "sales", "question": "How many sales?", "sql": sql})


def _one(judged: list[Judged], operator: str) -> Judged:
    return next(each for each in judged if each.mutant.operator == operator)


def test_what_the_base_tells_apart_is_wrong(bench: Bench) -> None:
    judged = bench.judge(_case("SELECT COUNT(*) AS n FROM sales WHERE amount > 5"))
    assert _one(judged, "condition-dropped").told_apart_by == ("base",)


def test_what_only_another_database_tells_apart_is_wrong_too(bench: Bench) -> None:
    judged = bench.judge(_case("SELECT COUNT(*) AS n FROM sales WHERE amount > 5"))
    assert _one(judged, "boundary").told_apart_by == ("second",)


def test_what_none_tells_apart_is_not_wrong(bench: Bench) -> None:
    judged = bench.judge(_case("SELECT COUNT(id) AS n FROM sales"))
    assert [each.is_wrong for each in judged if each.mutant.operator == "count"] == [False, False]


def test_what_does_not_run_is_not_wrong(bench: Bench) -> None:
    gold = "SELECT town FROM sales JOIN (SELECT id AS amount FROM sales) AS x ON x.amount = sales.id WHERE id > 0"
    broken = [each for each in bench.judge(_case(gold)) if not each.ran]
    assert ["WHERE amount > 0" in each.mutant.sql for each in broken] == [True]
    assert not broken[0].is_wrong


def test_a_gold_that_does_not_run_is_told(bench: Bench) -> None:
    with pytest.raises(SuiteInvalid, match="no such table"):
        bench.judge(_case("SELECT COUNT(*) FROM elsewhere"))


def test_a_mutant_that_never_ends_is_stopped(pool: list[Sales]) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n"
    with open_database(pool[0].url) as database, pytest.raises(MutantFailed, match="interrupted"):
        database.run(endless, 10, seconds_for(0.0))


def test_of_a_long_result_no_more_rows_are_read_than_matter(pool: list[Sales]) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
    with open_database(pool[0].url) as database:
        assert len(database.run(endless, 10, 1.0).rows) == 10


@pytest.mark.parametrize(
    "sql", ["DELETE FROM sales", "CREATE TABLE x (a)", "ATTACH 'x.db' AS x", "PRAGMA user_version = 1"]
)
def test_nothing_but_reading_is_possible(pool: list[Sales], sql: str) -> None:
    with open_database(pool[0].url) as database, pytest.raises(MutantFailed, match="not authorized"):
        database.run(sql, 10, 1.0)


def test_a_database_that_is_no_file_is_refused() -> None:
    with pytest.raises(SuiteInvalid, match="SQLite files only"), open_database("mysql://root@localhost/x"):
        pass


def test_columns_are_known_with_their_kind_and_some_of_their_texts(pool: list[Sales]) -> None:
    columns = known_columns(pool[0].url)["sales"]
    assert [(each.name, each.kind) for each in columns] == [
        ("id", "number"), ("amount", "number"), ("day", "day"), ("town", "text"),
    ]  # fmt: skip
    assert columns[3].values == ("Ghent", "Liège")
