"""Importing whole suites: what is written, what is left out and why, and that it is a suite like any other."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from evals.cases.base import Suite
from evals.cases.load import load_suite
from evals.cases.resolve import target_of
from evals.command.app import app
from evals.errors import SourceInvalid
from evals.outside.importing import Choices, ImportReport, import_suite
from evals.outside.read import read_outside
from nl2sql.catalog.load import load_model
from nl2sql.guard.policy_file import load_policy
from tests.integration.evals.outside_folders import make_bird, make_defog, make_spider


@pytest.fixture
def spider(tmp_path: Path) -> Path:
    return make_spider(tmp_path / "spider")


def _import(name: str, source: Path, **choices: object) -> ImportReport:
    out = source.parent / "out"
    return import_suite(read_outside(name, source), Choices(out=out, **choices))  # type: ignore[arg-type]


def _suite(source: Path, database: str) -> Suite:
    return load_suite(source.parent / "out" / f"{database}.yaml")


def test_each_database_becomes_a_suite(spider: Path) -> None:
    report = _import("spider", spider)
    assert [(each.name, each.cases) for each in report.databases] == [("library", 3), ("bakery", 1)]
    assert [case.id for case in _suite(spider, "library").cases] == ["library-1", "library-2", "library-3"]


def test_a_suite_finds_its_model_its_policy_and_its_database(spider: Path) -> None:
    _import("spider", spider)
    suite = _suite(spider, "library")
    target = target_of(suite.cases[0], suite)
    assert target.database == f"sqlite:///{spider / 'database' / 'library' / 'library.sqlite'}"
    assert isinstance(target.model, Path) and isinstance(target.policy, Path)
    model = load_model(target.model)
    assert {each.name for each in model.datasets} == {"members", "books"}
    assert [(each.source, each.target) for each in model.relationships] == [("books", "members")]
    assert "members.email" in load_policy(target.policy, model, "analyst").revealed


def test_what_cannot_be_used_is_left_out_with_its_reason(spider: Path) -> None:
    report = _import("spider", spider)
    reasons = {each.case: each.reason for each in report.left_out}
    assert reasons["bakery-5"] == "its gold finds no rows"
    assert reasons["bakery-6"] == "its gold does not run: no such column: weight"
    assert reasons["museum-7"].startswith("there is no database ")


def test_broken_golds_are_kept_when_asked(spider: Path) -> None:
    report = _import("spider", spider, keep_broken=True)
    assert [case.id for case in _suite(spider, "bakery").cases] == ["bakery-4", "bakery-5", "bakery-6"]
    assert {each.case for each in report.kept_broken} == {"bakery-5", "bakery-6"}


def test_an_order_counts_only_where_the_question_asks_for_one(spider: Path) -> None:
    _import("spider", spider)
    assert [case.order_by for case in _suite(spider, "library").cases] == [(), ("gold",), ()]


def test_evidence_is_a_comment_unless_it_is_to_stand_in_the_question(tmp_path: Path) -> None:
    bird = make_bird(tmp_path / "bird")
    _import("bird", bird)
    case = _suite(bird, "library").cases[0]
    assert (case.question, case.comment) == ("How many thick books are there?", "a thick book has at least 200 pages")
    _import("bird", bird, with_evidence=True, force=True)
    question = _suite(bird, "library").cases[0].question
    assert question == "How many thick books are there? (a thick book has at least 200 pages)"


def test_choices_of_columns_become_accepted_golds(tmp_path: Path) -> None:
    defog = make_defog(tmp_path / "defog")
    _import("defog", defog, as_of=date(2026, 6, 30))
    grains, today, inventor = _suite(defog, "bakery").cases
    assert [each.sql for each in grains.sql] == [
        "SELECT breads.grain FROM breads",
        "SELECT breads.bread_id FROM breads",
        "SELECT breads.grain, breads.bread_id FROM breads",
    ]
    assert today.comment == "Count loaves."
    assert (inventor.kind, inventor.sql) == ("unanswerable", ())


def test_the_clock_of_golds_is_the_day_that_was_named(tmp_path: Path) -> None:
    defog = make_defog(tmp_path / "defog")
    report = _import("defog", defog, as_of=date(2026, 1, 1))
    assert [(each.case, each.reason) for each in report.left_out] == [
        ("questions-sqlite-2", "its gold finds nothing but NULL")
    ]
    assert _suite(defog, "bakery").as_of == date(2026, 1, 1)


def test_golds_of_another_dialect_are_tried_on_the_same_rows(tmp_path: Path) -> None:
    defog = make_defog(tmp_path / "defog")
    rows = [
        "How many loaves were sold today?,SELECT SUM(loaves) FROM sales WHERE sold_on = CURRENT_DATE,bakery,dates,",
        "Which breads are dear?,SELECT name FROM breads WHERE price::int >= 5,bakery,filters,",
        "What is the middle price?,SELECT no_such_function(price) FROM breads,bakery,filters,",
    ]
    header = "question,query,db_name,query_category,instructions"
    (defog / "questions_postgres.csv").write_text("\n".join([header, *rows]), encoding="utf-8")
    choices = Choices(out=tmp_path / "out", as_of=date(2026, 6, 30))
    report = import_suite(read_outside("defog", defog, "postgres"), choices)
    suite = _suite(defog, "bakery")
    assert (suite.dialect, [case.id for case in suite.cases]) == (
        "postgres", ["questions-postgres-1", "questions-postgres-2"],
    )  # fmt: skip
    assert [each.case for each in report.left_out] == ["questions-postgres-3"]


def test_only_the_first_cases_are_imported_when_so_many_are_wanted(spider: Path) -> None:
    assert sum(each.cases for each in _import("spider", spider, limit=2).databases) == 2


def test_nothing_is_overwritten(spider: Path) -> None:
    _import("spider", spider)
    suite = spider.parent / "out" / "library.yaml"
    suite.write_text("mine", encoding="utf-8")
    with pytest.raises(SourceInvalid, match="is there already"):
        _import("spider", spider)
    assert suite.read_text(encoding="utf-8") == "mine"
    _import("spider", spider, force=True)
    assert suite.read_text(encoding="utf-8") != "mine"


def test_nothing_is_written_when_no_case_is_left(spider: Path) -> None:
    with pytest.raises(SourceInvalid, match="none can be imported"):
        _import("spider", spider, databases=spider)
    assert not (spider.parent / "out").exists()


def test_a_damaged_database_costs_its_own_cases_only(spider: Path) -> None:
    file = spider / "database" / "bakery" / "bakery.sqlite"
    file.write_bytes(file.read_bytes()[:100] + b"\x00" * 4000)
    report = _import("spider", spider)
    assert [each.name for each in report.databases] == ["library"]
    assert "cannot be used" in next(each.reason for each in report.left_out if each.case == "bakery-4")


def test_databases_are_left_as_they_are(spider: Path) -> None:
    files = sorted((spider / "database").rglob("*"))
    before = [each.read_bytes() for each in files if each.is_file()]
    _import("spider", spider)
    assert sorted((spider / "database").rglob("*")) == files
    assert [each.read_bytes() for each in files if each.is_file()] == before


def test_texts_that_yaml_would_read_otherwise_come_back_as_they_were(tmp_path: Path) -> None:
    folder = make_spider(tmp_path / "spider")
    questions = ["no", "5: 6 # {a}", "tab\there\nand a line", "“é” \x07 \u2028 '\"", "- x"]
    sql = "SELECT title,\n  '# not a comment' AS note \n\tFROM books -- all\n"
    entries = [{"db_id": "library", "question": each, "query": sql} for each in questions]
    (folder / "dev.json").write_text(json.dumps(entries), encoding="utf-8")
    _import("spider", folder)
    suite = _suite(folder, "library")
    assert [case.question for case in suite.cases] == questions
    assert suite.cases[0].sql[0].sql == sql.strip()


def test_the_command_prints_what_came_of_it(spider: Path) -> None:
    out = spider.parent / "suites"
    result = CliRunner().invoke(app, ["eval", "import", "spider", str(spider), "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert "Imported 4 cases of 2 databases; 3 left out." in result.output
    assert "its gold finds no rows: bakery-5" in result.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["squid", "."], "is not one of spider, bird, defog"),
        (["spider", ".", "--as-of", "May"], "as_of must be a day like"),
        (["defog", ".", "--dialect", "cobol"], "is not one of sqlite"),
    ],
)
def test_arguments_that_cannot_be_meant_are_usage_errors(tmp_path: Path, arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(app, ["eval", "import", *arguments, "--out", str(tmp_path / "out")])
    assert result.exit_code == 2
    assert said in " ".join(result.output.split())
