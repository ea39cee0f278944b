"""A question has one answer, on whichever database the rows are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
import yaml

from nl2sql.answer.base import Answer
from nl2sql.engines.base import ResultTable
from nl2sql.question import Question
from tests.integration.evals.same_answers import (
    DIFFERENCES,
    ENGINES,
    LAST_DIGITS,
    Difference,
    allowance,
    answers,
    difference,
)

MARKS = {"mariadb": pytest.mark.mysql, "postgres": pytest.mark.postgres}


@pytest.fixture(scope="module", autouse=True)
def in_the_repository(repository: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(repository)
        yield


@pytest.fixture(scope="module")
def smoke(repository: Path) -> list[str]:
    """And the questions that are listed as different somewhere."""
    suite = yaml.safe_load((repository / "evals" / "suites" / "auction" / "smoke.yaml").read_text())
    return [*(case["question"] for case in suite["cases"]), *(ask for each in DIFFERENCES for ask in each.questions)]


@pytest.fixture(scope="module")
def table_of_questions(repository: Path) -> list[str]:
    """Of every kind the offline writer reads, and of those it declines."""
    path = repository / "tests" / "unit" / "writers" / "offline" / "questions.yaml"
    sections = yaml.safe_load(path.read_text())
    return [case["ask"] for section in ("answered", "refused", "not_yet") for case in sections[section]]


@pytest.fixture(scope="module")
def on_sqlite(auction_database: Path, smoke: list[str]) -> list[Answer]:
    return answers(f"sqlite:///{auction_database}", smoke)


def not_the_same(engine: str, questions: list[str], expected: list[Answer], given: list[Answer]) -> dict[str, str]:
    found = {
        question: difference(left, right, allowance(engine, question))
        for question, left, right in zip(questions, expected, given, strict=True)
    }
    return {question: what for question, what in found.items() if what}


def differing(engine: str, questions: list[str], expected: list[Answer], given: list[Answer]) -> set[str]:
    """Apart from the digits of floats."""
    digits = allowance(engine, "").digits
    pairs = zip(questions, expected, given, strict=True)
    return {ask for ask, left, right in pairs if difference(left, right, replace(LAST_DIGITS, digits=digits))}


def listed(engine: str) -> set[str]:
    return {ask for each in DIFFERENCES if engine in each.engines for ask in each.questions}


@pytest.mark.timeout(400)
@pytest.mark.parametrize("engine", [pytest.param(name, marks=MARKS.get(name, ())) for name in ENGINES])
def test_the_smoke_suite_has_the_same_answers_on_every_database(
    engine: str, smoke: list[str], on_sqlite: list[Answer], auction_database: Path, tmp_path: Path
) -> None:
    """Outcome, names and Arrow types of the columns, rows and their order."""
    assert sum(answer.outcome == "answered" for answer in on_sqlite) > 30
    with ENGINES[engine](auction_database, tmp_path) as url:
        given = answers(url, smoke)
    assert not_the_same(engine, smoke, on_sqlite, given) == {}
    assert differing(engine, smoke, on_sqlite, given) == listed(engine), "what is listed as a difference is one"


@pytest.mark.timeout(400)
def test_hundreds_of_questions_have_the_same_answers_in_both_embedded_databases(
    table_of_questions: list[str], auction_database: Path, tmp_path: Path
) -> None:
    expected = answers(f"sqlite:///{auction_database}", table_of_questions)
    assert sum(answer.outcome == "answered" for answer in expected) > 400
    with ENGINES["duckdb"](auction_database, tmp_path) as url:
        given = answers(url, table_of_questions)
    assert not_the_same("duckdb", table_of_questions, expected, given) == {}
    assert differing("duckdb", table_of_questions, expected, given) == listed("duckdb")


def test_every_difference_is_explained_in_the_docs(repository: Path) -> None:
    docs = " ".join((repository / "docs" / "databases.md").read_text().split())
    assert [each.reason for each in DIFFERENCES if each.reason not in docs] == []


def _answered(*rows: tuple[object, ...], kind: pa.DataType | None = None) -> Answer:
    column = pa.array([row[0] for row in rows], kind)
    table = ResultTable(pa.table({"x": column}), 1_000, False, 0.0)
    return Answer(Question("?"), "answered", "", "ok", table=table)


EXACT = Difference("", ("test",))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (_answered((1,)), _answered((2,))),
        (_answered((1,)), _answered((1,), (1,))),
        (_answered((1,)), _answered((1.0,))),
        (_answered((1,)), _answered((Decimal("1.00"),))),
        (_answered(("a",), ("b",)), _answered(("b",), ("a",))),
        (_answered(("a",)), _answered(("A",))),
        (_answered((0.5,)), _answered((0.50001,))),
        (_answered((0.25,), (0.5,)), _answered((0.5,), (0.25,))),
        (_answered((None,)), _answered((None,), kind=pa.int64())),
        (_answered((1,)), Answer(Question("?"), "refused", "", "function")),
    ],
)
def test_answers_that_are_not_the_same_are_told_apart(left: Answer, right: Answer) -> None:
    """Else the comparison above would hold for anything."""
    assert difference(left, left, EXACT) == ""
    assert difference(left, right, EXACT) != ""


def test_the_last_digits_of_floats_may_differ() -> None:
    assert difference(_answered((0.2260222773564107,)), _answered((0.22602227735641087,)), EXACT) == ""
