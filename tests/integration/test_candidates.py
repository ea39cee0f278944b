"""Drafts that vote over the auction's own database, with its model, its policy and its guard; the model is scripted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest

from nl2sql.answer.base import Answer
from nl2sql.bootstrap import policy_reader
from nl2sql.cache.memory import MemoryCache
from nl2sql.candidates.base import CandidateRules
from nl2sql.catalog.load import load_model
from nl2sql.context.base import Context
from nl2sql.engines.sqlite import SqliteEngine
from nl2sql.labels import labels_of
from nl2sql.llm.base import NO_CALL, Call
from nl2sql.pipeline import Pipeline
from nl2sql.question import Question
from nl2sql.settings import Settings
from nl2sql.stages import Stages
from nl2sql.wire import answer_to_json
from nl2sql.writers.base import Draft, Origin, Repair, SqlDraft

AS_OF = date(2026, 6, 30)
QUESTION = "How many listings were there last month?"
MAY = "{0} >= '2026-05-01' AND {0} < '2026-06-01'"
CREATED = f"SELECT COUNT(*) AS n FROM listings WHERE {MAY.format('created_at')}"
CLOSED = f"SELECT COUNT(*) AS n FROM listings WHERE {MAY.format('closed_at')}"
CLOSED_AGAIN = f"SELECT COUNT(l.id) AS listings FROM listings AS l WHERE {MAY.format('l.closed_at')} AND 1 = 1"


@dataclass
class Drawn:
    """Says of each sample what a test wants; a repair gets what comes after all samples."""

    statements: tuple[str, ...]
    confidence: float = 0.5
    name: str = "llm"
    version: str = "1"
    asked: list[tuple[int, Repair | None]] = field(default_factory=list)

    def write(self, question: Question, context: Context, repair: Repair | None = None, call: Call = NO_CALL) -> Draft:
        self.asked.append((call.sample, repair))
        sql = self.statements[-1 if repair else call.sample]
        return SqlDraft(sql, Origin("llm", "some-model"), confidence=self.confidence)


@dataclass
class House:
    writer: Drawn
    pipeline: Pipeline

    def ask(self, text: str = QUESTION) -> Answer:
        return self.pipeline.ask(Question.parse(text))


@pytest.fixture
def opened() -> Iterator[list[Pipeline]]:
    pipelines: list[Pipeline] = []
    yield pipelines
    for each in pipelines:
        each.close()


def house_of(
    opened: list[Pipeline], repository: Path, database: Path, *statements: str, confidence: float = 0.5
) -> House:
    model = load_model(repository / "schema/auction/model.yaml")
    writer = Drawn(statements, confidence)
    stages = Stages(
        model=model,
        labels=labels_of(model),
        policy_for=policy_reader(Settings(base=repository), model),
        retrieve=lambda question, view, dialect, as_of: Context(view, dialect, as_of, ("listings",)),
        writer=writer,
        engine=SqliteEngine(str(database)),
        today=lambda: AS_OF,
        cache=MemoryCache(),
        candidates=CandidateRules(count=1, when_unsure=3, unsure_below=0.6),
    )
    opened.append(Pipeline(stages))
    return House(writer, opened[-1])


def number(answer: Answer) -> object:
    assert answer.table is not None, answer
    return next(iter(answer.table.table.to_pylist()[0].values()))


def test_two_dates_are_a_question_back_whose_choices_give_either_number(
    opened: list[Pipeline], repository: Path, auction_database: Path
) -> None:
    house = house_of(opened, repository, auction_database, CREATED, CLOSED, CLOSED)
    back = house.ask()
    assert (back.outcome, back.headline) == (
        "clarification",
        "Count listings by closing date or by creation date?",
    )
    assert back.choices == (
        "How many listings were there last month, counted by closing date?",
        "How many listings were there last month, counted by creation date?",
    )
    assert len(house.writer.asked) == 3
    closed, created = house.ask(back.choices[0]), house.ask(back.choices[1])
    assert len(house.writer.asked) == 3, "no model was asked again"
    assert ("closed_at" in closed.sql, "created_at" in created.sql) == (True, True)
    assert number(closed) == number(house.pipeline.run_sql(CLOSED))
    assert number(created) == number(house.pipeline.run_sql(CREATED))
    assert number(closed) != number(created)


def test_drafts_that_say_the_same_in_other_words_are_one_answer(
    opened: list[Pipeline], repository: Path, auction_database: Path
) -> None:
    house = house_of(opened, repository, auction_database, CLOSED, CLOSED_AGAIN, CLOSED)
    answer = house.ask()
    assert number(answer) == number(house.pipeline.run_sql(CLOSED))
    assert "3 of 3 drafts of the language model gave this result." in [each.text for each in answer.findings]
    assert [stage.note for stage in answer.stages if stage.stage == "candidates"] == ["3 of 3 agree"]
    assert answer_to_json(answer)


def test_a_sure_draft_is_asked_for_once(opened: list[Pipeline], repository: Path, auction_database: Path) -> None:
    house = house_of(opened, repository, auction_database, CREATED, CLOSED, CLOSED, confidence=0.9)
    assert number(house.ask()) == number(house.pipeline.run_sql(CREATED))
    assert [sample for sample, _ in house.writer.asked] == [0]


def test_what_the_database_refuses_goes_back_with_its_own_words(
    opened: list[Pipeline], repository: Path, auction_database: Path
) -> None:
    broken = "SELECT ABS(-9223372036854775807 - id) AS n FROM listings"
    house = house_of(opened, repository, auction_database, broken, CLOSED, confidence=0.9)
    answer = house.ask()
    assert (answer.outcome, number(answer)) == ("answered", number(house.pipeline.run_sql(CLOSED)))
    repair = house.writer.asked[1][1]
    assert repair is not None
    assert (repair.tries[0].sql, repair.tries[0].problems[0].code) == (broken, "database")


def test_a_refused_draft_is_repaired_before_it_is_compared(
    opened: list[Pipeline], repository: Path, auction_database: Path
) -> None:
    house = house_of(opened, repository, auction_database, "SELECT email FROM users", CLOSED, CLOSED_AGAIN)
    answer = house.ask()
    assert (answer.outcome, number(answer)) == ("answered", number(house.pipeline.run_sql(CLOSED)))
    assert [stage.stage for stage in answer.stages] == [
        *("understand", "write", "check", "repair", "check", "run", "candidates", "explain")
    ]
