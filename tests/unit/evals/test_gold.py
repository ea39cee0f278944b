from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from evals.cases import Case, Suite, load_suite
from evals.compare import Table, compare
from evals.errors import SuiteInvalid
from evals.gold import GoldDatabase, open_gold
from evals.score import rules_of
from nl2sql.errors import DatabaseMissing


def _case(sql: str, *columns: str, order: bool = True) -> Case:
    return Case(
        id="c", question="?", kind="answerable", tags=("list",), sql=sql, columns=columns, order=order or None
    )  # fmt: skip


def test_rows_that_tie_are_found_also_behind_the_limit(gold_database: GoldDatabase) -> None:
    gold = gold_database.gold(_case("SELECT name, age FROM users ORDER BY age DESC LIMIT 2", "name", "age"))
    assert gold.table.rows == (("ann", 60), ("bob", 50))
    assert gold.ranks == (0, 1)
    assert gold.tied == (("cid", 50),)


def test_a_tie_breaker_that_nobody_asked_for_leaves_the_tie(gold_database: GoldDatabase, suite: Suite) -> None:
    """The other winner of a tie at the LIMIT is right, anyone else is not."""
    case = suite.cases[2]
    gold = gold_database.gold(case)
    assert gold.tied == (("cid", 50),)
    rules = rules_of(case, suite)
    for name, years, equal in (("bob", 50, True), ("cid", 50, True), ("dan", 20, False), ("cid", 60, False)):
        answer = Table(("name", "years"), (("ann", 60), (name, years)))
        assert compare(gold, answer, rules).equal is equal


def test_an_order_by_what_no_column_shows_has_its_ties_too(gold_database: GoldDatabase) -> None:
    gold = gold_database.gold(
        _case("SELECT country FROM users GROUP BY country ORDER BY COUNT(*) DESC LIMIT 1", "country")
    )
    assert gold.ranks == (0,)
    assert {gold.table.rows, gold.tied} == {(("DE",),), (("FR",),)}


@pytest.mark.parametrize("order", ["years DESC", "2 DESC", "age DESC", "age DESC, name"])
def test_an_order_may_name_a_column_its_number_or_its_expression(order: str, gold_database: GoldDatabase) -> None:
    gold = gold_database.gold(_case(f"SELECT name, age AS years FROM users ORDER BY {order}", "years"))
    assert gold.ranks == (0, 1, 1, 2)
    assert gold.tied == ()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT name FROM users",
        "SELECT DISTINCT age AS name FROM users ORDER BY age",
        "SELECT name FROM users ORDER BY age LIMIT 2 OFFSET 1",
        "SELECT name FROM users UNION SELECT country FROM users ORDER BY name",
    ],
)
def test_where_ties_cannot_be_seen_the_rows_count_as_they_are(sql: str, gold_database: GoldDatabase) -> None:
    gold = gold_database.gold(_case(sql, "name"))
    assert (gold.ranks, gold.tied) == (None, ())


def test_an_order_that_changes_from_run_to_run_shows_no_ties(gold_database: GoldDatabase) -> None:
    ticks = iter([1, 2, 3, 4, 4, 3, 2, 1])
    gold_database.connection.create_function("tick", 0, lambda: next(ticks))
    gold = gold_database.gold(_case("SELECT name FROM users ORDER BY tick()", "name"))
    assert len(gold.table.rows) == 4
    assert (gold.ranks, gold.tied) == (None, ())


def test_a_gold_query_that_does_not_run_or_lacks_a_column_is_a_fault_of_the_suite(gold_database: GoldDatabase) -> None:
    with pytest.raises(SuiteInvalid, match="does not run: no such table: nowhere"):
        gold_database.gold(_case("SELECT name FROM nowhere", "name"))
    with pytest.raises(SuiteInvalid, match="must have one column “age”; it has name, country"):
        gold_database.gold(_case("SELECT name, country FROM users", "age"))


def test_gold_runs_on_a_connection_that_cannot_write(tmp_path: Path, suite: Suite) -> None:
    path = tmp_path / "a b.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE users (name TEXT)")
    connection.close()
    with (
        open_gold(f"sqlite:///{path}", suite) as gold,
        pytest.raises(SuiteInvalid, match="readonly"),
    ):
        gold.gold(_case("INSERT INTO users VALUES ('eve') RETURNING name", "name"))


def test_a_missing_file_is_not_made_and_a_server_is_declined(tmp_path: Path, suite: Suite) -> None:
    with pytest.raises(DatabaseMissing), open_gold(f"sqlite:///{tmp_path / 'no.db'}", suite):
        pass
    assert not (tmp_path / "no.db").exists()
    with pytest.raises(SuiteInvalid, match="SQLite files only") as caught, open_gold("mysql://u:secret@h/d", suite):
        pass
    assert "secret" not in str(caught.value)


def test_every_gold_of_the_smoke_suite_has_rows_and_equals_itself(auction_database: Path, repository: Path) -> None:
    suite = load_suite(repository / "evals" / "suites" / "auction" / "smoke.yaml")
    answerable = [case for case in suite.cases if not case.must_be_declined]
    with open_gold(f"sqlite:///{auction_database}", suite) as database:
        for case in answerable:
            gold = database.gold(case)
            assert gold.table.rows, case.id
            assert compare(gold, gold.table, rules_of(case, suite)).equal, case.id
            assert (gold.ranks is not None) == (case.order is True), case.id
