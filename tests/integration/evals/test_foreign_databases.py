"""The offline writer on databases and models of other people: it may decline, and what it answers is right.

NL2SQL_DEFOG names a folder with `sqlite_dbs/<database>.db`, `exec_questions_gen_sqlite.jsonl` (lines with db, question
and variants of gold) and `unanswerable.csv`; NL2SQL_OSSIE_EXAMPLES one with the example models of the Ossie format.
"""

from __future__ import annotations

import csv
import json
import os
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
import yaml

from tests.integration.evals.foreign import Asked, Asker, Outcome, open_read_only, report, selective_accuracy

# Read when the module is imported: an autouse fixture clears the product's settings from every test.
DEFOG = os.environ.get("NL2SQL_DEFOG", "")
OSSIE = os.environ.get("NL2SQL_OSSIE_EXAMPLES", "")
AS_OF = date(2026, 6, 30)
HERE = Path(__file__).parent
# Answered rightly of all that is answered, and of 25 questions how many are answered rightly at least.
LEAST_ACCURACY = 0.9
LEAST_RIGHT = {"restaurants": 20, "geography": 15}

needs_defog = pytest.mark.skipif(not DEFOG, reason="NL2SQL_DEFOG names no folder with the question sets")
needs_ossie = pytest.mark.skipif(not OSSIE, reason="NL2SQL_OSSIE_EXAMPLES names no folder with the format's examples")


@pytest.fixture
def models(repository: Path) -> Path:
    return repository / "tests" / "fixtures" / "models"


def _asked_of(database: str, model: Path, questions: list[Asked]) -> list[Outcome]:
    with closing(open_read_only(Path(DEFOG) / "sqlite_dbs" / f"{database}.db")) as connection:
        asker = Asker(model, connection, AS_OF)
        return [asker.ask(each) for each in questions]


@needs_defog
@pytest.mark.parametrize("database", ["restaurants", "geography"])
def test_what_is_answered_of_a_foreign_database_is_right(database: str, models: Path) -> None:
    lines = (Path(DEFOG) / "exec_questions_gen_sqlite.jsonl").read_text(encoding="utf-8").splitlines()
    cases = [case for case in map(json.loads, lines) if case["db"] == database]
    questions = [
        Asked(case["question"], tuple(v["sql"] for v in case["variants"] if v["status"] == "ok")) for case in cases
    ]
    outcomes = _asked_of(database, models / f"{database}.yaml", [q for q in questions if q.golds])
    shown = report(database, outcomes)
    print(shown)  # noqa: T201 (the figures, with pytest -s)
    assert len(outcomes) == 25
    assert selective_accuracy(outcomes) >= LEAST_ACCURACY, shown
    assert sum(each.result == "right" for each in outcomes) >= LEAST_RIGHT[database], shown


@needs_defog
@pytest.mark.parametrize("database", ["restaurants", "geography"])
def test_what_the_database_cannot_answer_is_declined(database: str, models: Path) -> None:
    with (Path(DEFOG) / "unanswerable.csv").open(encoding="utf-8", newline="") as file:
        questions = [Asked(row["question"]) for row in csv.DictReader(file) if row["db_name"] == database]
    outcomes = _asked_of(database, models / f"{database}.yaml", questions)
    assert len(outcomes) == 15
    assert all(each.result == "declined" for each in outcomes), report(database, outcomes)


@needs_ossie
@pytest.mark.parametrize("name", ["sales", "tpcds"])
def test_a_model_written_elsewhere_answers_everyday_questions(name: str) -> None:
    suite = yaml.safe_load((HERE / "ossie" / f"{name}.yaml").read_text(encoding="utf-8"))
    questions = [Asked(each["question"], (each["sql"],)) for each in suite["questions"]]
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript((HERE / "ossie" / f"{name}.sql").read_text(encoding="utf-8"))
        asker = Asker(Path(OSSIE) / suite["model"], connection, AS_OF)
        outcomes = [asker.ask(each) for each in questions]
        declined = [asker.ask(Asked(question)) for question in suite["declined"]]
    shown = report(name, [*outcomes, *declined])
    print(shown)  # noqa: T201 (the figures, with pytest -s)
    assert len(outcomes) >= 20
    assert selective_accuracy(outcomes) >= LEAST_ACCURACY, shown
    assert sum(each.result == "right" for each in outcomes) >= suite["least_right"], shown
    assert all(each.result == "declined" for each in declined), shown
