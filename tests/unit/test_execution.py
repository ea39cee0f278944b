"""Running for a price, once for all who ask at once, and stopping; and what the ledger is told of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest

from nl2sql.cache.base import Entry
from nl2sql.cache.memory import MemoryCache
from nl2sql.engines.base import Estimate, Job
from nl2sql.engines.deadline import query_cancelled
from nl2sql.errors import LanguageModelError, QueryCancelled, QueryFailed
from nl2sql.llm.base import Usage
from nl2sql.pipeline import Pipeline
from nl2sql.question import Principal, Question
from nl2sql.writers.base import Draft, Repair, SqlDraft
from tests.unit.scripted_house import COUNT, LLM, House, build

USERS = "How many users?"
SAVER = Question.parse(USERS, principal=Principal(role="saver"))


@pytest.fixture
def house() -> House:
    return build(lambda question, repair: SqlDraft(COUNT, LLM, usage=Usage(700, 30)))


def costing(scanned: int) -> Estimate:
    return Estimate(scanned_bytes=scanned, price=Decimal(scanned) / 100_000, advice=("Ask about one day.",))


def test_a_price_above_the_soft_limit_is_asked_about_and_nothing_runs(house: House) -> None:
    house.engine.costs = costing(2_000)
    asked = house.pipeline.ask(SAVER)
    assert (asked.outcome, asked.code, asked.estimate) == ("clarification", "over_soft_limit", house.engine.costs)
    assert "Ask about one day." in asked.hint
    assert (asked.sql != "", house.engine.ran) == (True, [])


def test_a_yes_to_the_price_runs_it_without_writing_it_again(house: House) -> None:
    house.engine.costs = costing(2_000)
    house.pipeline.ask(SAVER)
    agreed = house.pipeline.ask(SAVER, accept_cost=True)
    assert (agreed.outcome, agreed.estimate, agreed.cached) == ("answered", house.engine.costs, False)
    assert (len(house.writer.calls), len(house.engine.ran)) == (1, 1)


def test_what_was_paid_for_is_not_asked_about_again(house: House) -> None:
    house.engine.costs = costing(2_000)
    house.pipeline.ask(SAVER, accept_cost=True)
    assert (house.pipeline.ask(SAVER).outcome, house.pipeline.ask(SAVER).cached) == ("answered", True)


def test_a_price_above_the_hard_limit_is_refused_whatever_was_agreed(house: House) -> None:
    house.engine.costs = costing(2_000_000)
    refused = house.pipeline.ask(SAVER, accept_cost=True)
    assert (refused.outcome, refused.code, refused.table) == ("refused", "too_costly", None)
    assert house.engine.ran == []


def test_the_database_may_bill_no_more_than_the_hard_limit(house: House) -> None:
    house.pipeline.ask(SAVER)
    assert [checked.billed_bytes for checked in house.engine.ran] == [1_000_000]


def test_who_asks_is_told_to_the_database(house: House) -> None:
    question = Question.parse(USERS, principal=Principal(user="mira"))
    answer = house.pipeline.ask(question, question_id="q-1")
    assert (answer.id, house.engine.jobs) == ("q-1", [Job("q-1", "mira")])


def in_threads(count: int, work: Callable[[int], object]) -> None:
    threads = [threading.Thread(target=work, args=(each,)) for each in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert not any(thread.is_alive() for thread in threads)


def test_of_sixteen_who_ask_the_same_at_once_one_runs_and_all_get_its_rows(house: House) -> None:
    house.pipeline.check(COUNT)
    house.engine.running = lambda job: time.sleep(0.3)
    answers = []
    in_threads(16, lambda place: answers.append(house.pipeline.run_sql(COUNT, Principal(f"user {place}"))))
    assert len(house.engine.ran) == 1
    assert [answer.table.table.to_pydict() for answer in answers if answer.table] == [{"n": [1]}] * 16
    assert sum(not answer.cached for answer in answers) == 1


def test_a_cancelled_question_says_so_and_another_who_waited_for_its_rows_gets_them(house: House) -> None:
    started, stop = threading.Event(), threading.Event()

    def running(job: Job) -> None:
        if job.question_id == "first":
            started.set()
            assert stop.wait(10)
            raise query_cancelled()

    house.engine.running = running
    answers = {}

    def first(place: int) -> None:
        answers["first"] = house.pipeline.run_sql(COUNT, question_id="first")

    def second(place: int) -> None:
        answers["second"] = house.pipeline.run_sql(COUNT, question_id="second")

    threads = [threading.Thread(target=first, args=(0,)), threading.Thread(target=second, args=(0,))]
    threads[0].start()
    assert started.wait(10)
    threads[1].start()
    assert house.pipeline.cancel("first")
    stop.set()
    for thread in threads:
        thread.join(20)
    assert (answers["first"].outcome, answers["first"].code) == ("failed", "query_cancelled")
    assert answers["second"].outcome == "answered"
    assert house.engine.cancelled == ["first"]


def test_a_question_that_is_not_under_way_cannot_be_cancelled(house: House) -> None:
    answer = house.pipeline.ask(SAVER)
    assert not house.pipeline.cancel(answer.id)
    assert house.engine.cancelled == []


def test_a_question_that_is_cancelled_while_it_is_written_is_never_run() -> None:
    def script(question: Question, repair: Repair | None) -> Draft:
        house.pipeline.cancel("q")
        return SqlDraft(COUNT, LLM)

    house = build(script)
    answer = house.pipeline.ask(SAVER, question_id="q")
    assert (answer.code, house.engine.ran) == (QueryCancelled.code, [])


class Noting(MemoryCache):
    """Remembers how long each kind of value was to be kept."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[str, float | None] = {}

    def set(self, key: str, value: bytes, *, seconds: float | None = None) -> None:
        self.kept[key.partition(":")[0]] = seconds
        super().set(key, value, seconds=seconds)

    def get(self, key: str) -> Entry | None:
        return super().get(key)


def test_a_result_is_kept_no_longer_than_its_tables_stay_as_they_are(house: House) -> None:
    cache = Noting()
    Pipeline(replace(house.stages, cache=cache)).ask(SAVER)
    assert cache.kept["result"] == 600
    Pipeline(replace(house.stages, cache=cache, longest_seconds=60)).ask(SAVER, fresh=True)
    assert cache.kept["result"] == 60


def test_a_cached_answer_says_since_when_it_is_kept(house: House) -> None:
    first, again = house.pipeline.ask(SAVER), house.pipeline.ask(SAVER)
    assert first.stored_at is None
    assert isinstance(again.stored_at, datetime)


def test_every_question_is_a_row_of_the_ledger_however_it_ends(house: House) -> None:
    house.pipeline.ask(SAVER)
    house.pipeline.ask(SAVER)
    house.engine.faults = [QueryFailed("No."), QueryFailed("No.")]
    house.pipeline.ask(SAVER, fresh=True)
    house.pipeline.run_sql("SELECT email FROM users")
    rows = house.ledger.rows
    assert [(row.outcome, row.cached, row.verdict) for row in rows] == [
        ("answered", False, "passed"),
        ("answered", True, "passed"),
        ("failed", False, "passed"),
        ("refused", False, rows[3].code),
    ]
    assert [row.prompt_tokens for row in rows] == [700, 0, 1_400, 0]  # the failed one was repaired once
    assert len({row.id for row in rows}) == 4
    assert all("users" in row.sql for row in rows)


def test_tokens_of_a_useless_reply_are_counted() -> None:
    def script(question: Question, repair: Repair | None) -> Draft:
        error = LanguageModelError("Not in the agreed form.")
        error.prompt_tokens, error.completion_tokens = 900, 40
        raise error

    house = build(script)
    answer = house.pipeline.ask(SAVER)
    assert (answer.outcome, answer.usage) == ("failed", Usage(900, 40))
    assert house.ledger.rows[0].completion_tokens == 40


def test_the_ledger_keeps_the_sql_of_a_refused_draft_that_the_answer_hides() -> None:
    house = build(lambda question, repair: SqlDraft("SELECT email FROM users", LLM))
    answer = house.pipeline.ask(SAVER)
    assert (answer.outcome, answer.sql) == ("refused", "")
    assert house.ledger.rows[0].sql == "SELECT email FROM users"


def test_feedback_reaches_the_ledger(house: House) -> None:
    answer = house.pipeline.ask(SAVER)
    house.pipeline.give_feedback(answer.id, "bad", "too low")
    assert house.ledger.feedback == [(answer.id, "bad", "too low")]


def test_who_waits_for_the_rows_of_another_and_is_cancelled_waits_no_longer(house: House) -> None:
    started, finish = threading.Event(), threading.Event()

    def running(job: Job) -> None:
        started.set()
        assert finish.wait(20)

    house.engine.running = running
    answers = {}

    def ask(name: str) -> None:
        answers[name] = house.pipeline.run_sql(COUNT, question_id=name)

    threads = {name: threading.Thread(target=ask, args=(name,)) for name in ("first", "second")}
    threads["first"].start()
    assert started.wait(10)
    threads["second"].start()
    while not house.pipeline.cancel("second"):
        time.sleep(0.01)
    threads["second"].join(10)
    assert answers["second"].code == "query_cancelled"
    finish.set()
    threads["first"].join(10)
    assert answers["first"].outcome == "answered"
