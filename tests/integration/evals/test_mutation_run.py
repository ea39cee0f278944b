"""A whole suite through the mutation, on one process and on several, and what the command says of it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from evals.command.app import app
from evals.errors import SuiteInvalid
from evals.mutation.pools import make_pool
from evals.mutation.run import Plan, mutate_suite
from tests.integration.evals.outside_folders import make_databases

SUITE = """\
name: library
database: {database}
dialect: sqlite
cases:
  - id: thick-books
    question: How many books have at least 200 pages?
    sql: SELECT COUNT(*) AS books FROM books WHERE pages >= 200
  - id: borrowers
    question: How many books does each member have?
    sql: |
      SELECT m.name, COUNT(b.book_id) AS books
      FROM members AS m
      LEFT JOIN books AS b ON b.lent_to = m.member_id
      GROUP BY m.member_id, m.name
  - id: joined-this-month
    question: Who joined this month?
    sql: SELECT name FROM members WHERE joined >= DATE('now', 'start of month')
  - id: nothing-known
    question: Who wrote Rivers?
    kind: unanswerable
"""
TODAY = date(2026, 6, 30)


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    database = make_databases(tmp_path / "databases") / "library" / "library.sqlite"
    path = tmp_path / "library.yaml"
    path.write_text(SUITE.format(database=database), encoding="utf-8")
    return path


@pytest.fixture
def plan(suite: Path, tmp_path: Path) -> Plan:
    url = f"sqlite:///{tmp_path / 'databases' / 'library' / 'library.sqlite'}"
    golds = ["SELECT COUNT(*) AS books FROM books WHERE pages >= 200"]
    cases = ("thick-books", "borrowers", "joined-this-month")
    pool, chosen = make_pool(url, cases, golds, today=TODAY, folder=tmp_path / "instances", size=7)
    return Plan(suite, (pool,), chosen, TODAY)


def test_the_suite_runs_on_the_first_of_the_pool(plan: Plan) -> None:
    names = [name for name, _ in plan.pools[0].databases]
    assert plan.chosen == tuple(names[:6])
    assert names[0] == "base" and len(names) == 8 and len(set(names)) == 8


def test_each_case_with_a_gold_is_mutated(plan: Plan) -> None:
    report = mutate_suite(plan, processes=1)
    assert {each.case for each in report.judged} == {"thick-books", "borrowers", "joined-this-month"}
    assert report.not_mutated == ()
    assert report.base.caught <= report.total.caught <= report.total.wrong


def test_instances_see_what_the_base_does_not(plan: Plan) -> None:
    report = mutate_suite(plan, processes=1)
    boundary = next(each for each in report.judged if each.case == "thick-books" and each.mutant.operator == "boundary")
    assert boundary.is_wrong and not boundary.is_caught_by({"base"})


def test_the_clock_of_a_gold_stands_still(plan: Plan) -> None:
    report = mutate_suite(plan, processes=1)
    golds = {each.gold for each in report.judged if each.case == "joined-this-month"}
    assert len(golds) == 1 and "2026-06-30" in golds.pop()


def test_several_processes_find_the_same(plan: Plan) -> None:
    done: list[int] = []
    plan = replace(plan, limit=8)
    assert mutate_suite(plan, done.append, processes=2).judged == mutate_suite(plan, processes=1).judged
    assert done == [1, 2, 3]


def test_a_gold_that_does_not_run_is_named(plan: Plan, suite: Path) -> None:
    suite.write_text(suite.read_text(encoding="utf-8").replace("pages >= 200", "weight >= 200"), encoding="utf-8")
    report = mutate_suite(plan, processes=1)
    assert [case for case, _ in report.not_mutated] == ["thick-books"]
    assert "no such column: weight" in report.not_mutated[0][1]


def test_a_suite_without_golds_is_refused(suite: Path) -> None:
    with pytest.raises(SuiteInvalid, match="no gold query"):
        mutate_suite(Plan(suite, (), ("base",), TODAY))


def test_a_database_that_is_no_sqlite_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SuiteInvalid, match="SQLite files only"):
        make_pool("mysql://reader@localhost/shop", ("a",), (), today=TODAY, folder=tmp_path, size=3)


def _invoke(suite: Path, *arguments: str) -> tuple[int, str]:
    environ = {"NL2SQL_EVALS": str(suite.parent / "evals"), "NL2SQL_AS_OF": "2026-06-30"}
    result = CliRunner().invoke(app, ["eval", "mutate", str(suite), "--pool", "6", *arguments], env=environ)
    return result.exit_code, result.stdout


def test_the_command_prints_the_score_by_mistake_and_what_to_pick(suite: Path) -> None:
    code, printed = _invoke(suite, "--target", "0.5")
    assert code == 0
    assert "condition-dropped" in printed
    assert "Mutation score on base alone: " in printed
    assert "Mutation score on 6 databases: " in printed
    assert "95 % interval" in printed


def test_the_command_prints_json_with_all_survivors(suite: Path) -> None:
    _, printed = _invoke(suite, "--json")
    made = json.loads(printed)
    assert set(made["summary"]["by_case"]) == {"thick-books", "borrowers", "joined-this-month"}
    assert len(made["survivors"]) == made["summary"]["wrong"] - made["summary"]["caught"]


def test_a_target_that_is_missed_is_an_exit_code(suite: Path) -> None:
    code, printed = _invoke(suite, "--target", "1", "--json")
    score = json.loads(printed)["summary"]["score"]
    assert code == (0 if score == 1 else 1)
