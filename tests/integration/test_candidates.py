"""Drafts that vote over the auction's own database, with its model, its policy and its guard; the model is scripted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, cast

import pytest

from nl2sql.answer.base import Answer
from nl2sql.bootstrap import policy_reader
from nl2sql.cache.memory import MemoryCache
from nl2sql.candidates.base import CandidateRules
from nl2sql.catalog.load import load_model
from nl2sql.context.base import Context
from nl2sql.engines.base import NO_JOB, Engine, Job, ResultTable
from nl2sql.engines.sqlite import SqliteEngine
from nl2sql.errors import BudgetSpent, QueryTimedOut
from nl2sql.guard.checked import CheckedSql
from nl2sql.labels import labels_of
from nl2sql.llm.base import NO_CALL, NO_USAGE, Call, Usage
from nl2sql.pipeline import Pipeline
from nl2sql.question import Principal, Question
from nl2sql.settings import Settings
from nl2sql.stages import Stages
from nl2sql.wire import answer_to_json
from nl2sql.writers.base import Draft, Origin, Repair, SqlDraft
from tests.unit.scripted_house import RecordingLedger

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
    usage: Usage = NO_USAGE
    budget: int = 99  # calls, after which it is spent
    asked: list[tuple[int, Repair | None]] = field(default_factory=list)

    def write(self, question: Question, context: Context, repair: Repair | None = None, call: Call = NO_CALL) -> Draft:
        self.asked.append((call.sample, repair))
        if len(self.asked) > self.budget:
            raise BudgetSpent("Today's budget is spent.")
        sql = self.statements[-1 if repair else call.sample]
        return SqlDraft(sql, Origin("llm", "some-model"), confidence=self.confidence, usage=self.usage)


class Watched:
    """The real engine; what a test says happens when a statement with a certain text is about to run."""

    charges = False
    dialect = "sqlite"

    def __init__(self, engine: SqliteEngine) -> None:
        self._engine = engine
        self.before: dict[str, Callable[[Job], None]] = {}

    def run(self, checked: CheckedSql, job: Job = NO_JOB) -> ResultTable:
        for part, happens in self.before.items():
            if part in checked.sql:
                happens(job)
        return self._engine.run(checked, job)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)


@dataclass
class House:
    writer: Drawn
    pipeline: Pipeline
    engine: Watched
    ledger: RecordingLedger

    def ask(self, text: str = QUESTION, principal: Principal = Principal()) -> Answer:  # noqa: B008 - a value
        return self.pipeline.ask(Question.parse(text, principal=principal))


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
    engine, ledger = Watched(SqliteEngine(str(database))), RecordingLedger()
    stages = Stages(
        model=model,
        labels=labels_of(model),
        policy_for=policy_reader(Settings(base=repository), model),
        retrieve=lambda question, view, dialect, as_of: Context(view, dialect, as_of, ("listings",)),
        writer=writer,
        engine=cast(Engine, engine),
        ledger=ledger,
        today=lambda: AS_OF,
        cache=MemoryCache(),
        candidates=CandidateRules(count=1, when_unsure=3, unsure_below=0.6),
    )
    opened.append(Pipeline(stages))
    return House(writer, opened[-1], engine, ledger)


def remarks(answer: Answer) -> set[str]:
    return {remark for stage in answer.stages if stage.stage == "candidates" for remark in stage.remarks}


def agreement(answer: Answer) -> list[tuple[str, str]]:
    return [(each.severity, each.text) for each in answer.findings if each.code == "drafts_agree"]


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


NOTHING = "SELECT id FROM listings WHERE {0} >= '1999-01-01' AND {0} < '1999-02-01'"
NO_COUNT = "SELECT COUNT(*) AS n FROM listings WHERE {0} >= '1999-01-01' AND {0} < '1999-02-01'"
NO_SUM = "SELECT SUM(starting_price) AS n FROM listings WHERE {0} >= '1999-01-01' AND {0} < '1999-02-01'"


@pytest.mark.parametrize("sql", [NOTHING, NO_COUNT, NO_SUM])
def test_readings_that_differ_and_find_nothing_vouch_little_for_each_other(
    sql: str, opened: list[Pipeline], repository: Path, auction_database: Path
) -> None:
    created, closed = sql.format("created_at"), sql.format("closed_at")
    answer = house_of(opened, repository, auction_database, created, closed, closed).ask()
    assert answer.outcome == "answered"
    said = "They read the question in different ways, so it may be there all the same."
    assert agreement(answer) == [("warning", f"3 of 3 drafts of the language model found nothing. {said}")]


@pytest.mark.parametrize("sql", [NOTHING, NO_COUNT])
def test_one_reading_that_finds_nothing_is_an_agreement_like_any_other(
    sql: str, opened: list[Pipeline], repository: Path, auction_database: Path
) -> None:
    one = sql.format("created_at")
    again = sql.format("l.created_at").replace(" listings ", " listings AS l ").replace("SELECT id", "SELECT l.id")
    answer = house_of(opened, repository, auction_database, one, again, one).ask()
    assert agreement(answer) == [("info", "3 of 3 drafts of the language model gave this result.")]


def test_nothing_and_something_are_two_results(
    opened: list[Pipeline], repository: Path, auction_database: Path
) -> None:
    some = "SELECT id FROM listings WHERE created_at >= '2026-05-01'"
    answer = house_of(opened, repository, auction_database, NOTHING.format("created_at"), some, some).ask()
    assert (answer.outcome, answer.code) == ("clarification", "results_differ")


def test_results_that_differ_only_past_the_row_limit_are_not_called_equal(
    opened: list[Pipeline], repository: Path, auction_database: Path
) -> None:
    """The first thousand bids are the same; only the last one tells the two lists apart."""
    everything = "SELECT id FROM bids ORDER BY id"
    all_but_one = "SELECT id FROM bids WHERE id <> 1500 ORDER BY id"
    house = house_of(opened, repository, auction_database, everything, all_but_one, everything)
    first, second = (house.pipeline.run_sql(sql).table for sql in (everything, all_but_one))
    assert first is not None and second is not None
    assert first.truncated and first.table.equals(second.table), "they look alike"
    assert house.ask("Which bids were there?").code == "results_differ"


MINE = {country: Principal("mara", "country_manager", {"country": country}) for country in ("DE", "FR")}


@pytest.mark.parametrize(
    "other",
    [
        Principal("kim"),
        Principal("mara", "auction_support"),
        MINE["DE"],
    ],
)
def test_a_choice_is_found_by_nobody_but_whoever_was_offered_it(
    other: Principal, opened: list[Pipeline], repository: Path, auction_database: Path
) -> None:
    house = house_of(opened, repository, auction_database, CREATED, CLOSED, CLOSED)
    choice = house.ask(principal=Principal("mara")).choices[0]
    assert house.ask(choice, Principal("mara")).outcome == "answered"
    assert len(house.writer.asked) == 3
    house.ask(choice, other)
    assert len(house.writer.asked) == 6, "whoever types the same words gets a draft, and a vote, of their own"


def test_a_choice_of_one_country_is_not_served_to_another(
    opened: list[Pipeline], repository: Path, auction_database: Path
) -> None:
    house = house_of(opened, repository, auction_database, CREATED, CLOSED, CLOSED)
    choice = house.ask(principal=MINE["DE"]).choices[0]
    german = house.ask(choice, MINE["DE"])
    assert (german.outcome, len(house.writer.asked)) == ("answered", 3)
    house.ask(choice, MINE["FR"])
    assert len(house.writer.asked) == 6


def test_a_choice_stands_above_what_is_kept_for_the_same_words(
    opened: list[Pipeline], repository: Path, auction_database: Path
) -> None:
    house = house_of(opened, repository, auction_database, CREATED, CLOSED, CLOSED)
    text = "How many listings were there last month, counted by creation date?"
    house.writer.confidence = 0.9
    house.writer.statements = (CLOSED,)
    assert "closed_at" in house.ask(text).sql
    house.writer.confidence, house.writer.statements = 0.5, (CREATED, CLOSED, CLOSED)
    assert text in house.ask().choices
    assert "created_at" in house.ask(text).sql


def test_a_draft_that_takes_too_long_drops_out(
    opened: list[Pipeline], repository: Path, auction_database: Path
) -> None:
    def late(job: Job) -> None:
        raise QueryTimedOut("The database took too long.")

    house = house_of(opened, repository, auction_database, CREATED, CLOSED, CREATED)
    house.engine.before = {"closed_at": late}
    answer = house.ask()
    assert (answer.outcome, number(answer)) == ("answered", number(house.pipeline.run_sql(CREATED)))
    assert remarks(answer) == {"draft 2: query timed out"}
    assert agreement(answer) == [("info", "2 of 3 drafts of the language model gave this result.")]


def test_a_question_that_is_stopped_while_its_drafts_run_ends_as_stopped(
    opened: list[Pipeline], repository: Path, auction_database: Path
) -> None:
    house = house_of(opened, repository, auction_database, CREATED, CLOSED, CLOSED_AGAIN)
    house.engine.before = {"closed_at": lambda job: cast(None, house.pipeline.cancel(job.question_id))}
    answer = house.ask()
    assert (answer.outcome, answer.code) == ("failed", "query_cancelled")


def test_a_budget_that_ends_among_the_drafts_leaves_the_first_which_says_that_it_is_alone(
    opened: list[Pipeline], repository: Path, auction_database: Path
) -> None:
    house = house_of(opened, repository, auction_database, CREATED, CLOSED, CLOSED)
    house.writer.budget, house.writer.usage = 1, Usage(100, 10)
    answer = house.ask()
    assert number(answer) == number(house.pipeline.run_sql(CREATED))
    assert remarks(answer) == {"draft 2: llm budget spent", "draft 3: llm budget spent"}
    assert agreement(answer) == [("info", "Only one of 3 drafts gave a result, so none could be compared.")]
    assert (answer.usage, house.ledger.rows[0].prompt_tokens) == (Usage(100, 10), 100)


def test_the_ledger_has_the_tokens_of_all_drafts(
    opened: list[Pipeline], repository: Path, auction_database: Path
) -> None:
    house = house_of(opened, repository, auction_database, CREATED, CLOSED, "SELECT email FROM users")
    house.writer.usage = Usage(100, 10)
    back = house.ask()
    assert (back.code, back.usage, house.ledger.rows[0].prompt_tokens) == ("results_differ", Usage(300, 30), 300)
    assert house.ask(back.choices[0]).usage == NO_USAGE
