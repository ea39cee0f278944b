"""Several drafts of one question, from the asking to the answer; writers and engine are scripted."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from threading import Barrier

import pytest

from nl2sql.answer.base import Answer
from nl2sql.candidates.base import CandidateRules
from nl2sql.engines.base import Estimate, Job
from nl2sql.errors import LanguageModelError, ModelBusy, ModelCancelled, QueryFailed, RowQuotaReached
from nl2sql.llm.base import Call, Usage, charge
from nl2sql.question import Principal, Question, Turn
from nl2sql.writers.base import CannotAnswer, Clarification, Draft, Origin, SqlDraft
from tests.unit.scripted_house import COUNT, LLM, House, build

ALL = COUNT
GERMANS = "SELECT COUNT(*) AS n FROM users WHERE country = 'DE'"
FRENCH = "SELECT COUNT(*) AS n FROM users WHERE country = 'FR'"
SAME_AS_ALL = "SELECT COUNT(id) AS c FROM users"
ASKS = Clarification("Which?", LLM, ("A?", "B?"))
THREE = CandidateRules(count=3)


def llm(sql: str, confidence: float | None = None, tokens: int = 0) -> SqlDraft:
    return SqlDraft(sql, LLM, confidence=confidence, usage=Usage(tokens, tokens))


def drawing(*drafts: Draft | Exception, rules: CandidateRules = THREE) -> House:
    """The drafts of sample 0, 1, 2 …; each statement has its own number, and COUNT(id) that of COUNT(*)."""

    def said(draft: Draft | Exception) -> Callable[[Call], Draft]:
        def say(call: Call) -> Draft:
            if isinstance(draft, Exception):
                raise draft
            return draft

        return say

    house = build(lambda question, repair: llm(ALL), rules)
    house.writer.samples = {sample: said(draft) for sample, draft in enumerate(drafts)}
    house.engine.rows = {"'DE'": {"n": [2]}, "'FR'": {"n": [3]}, "COUNT": {"n": [9]}}
    return house


def ask(house: House, text: str = "How many users?", role: str = "analyst", **how: bool) -> Answer:
    return house.pipeline.ask(Question.parse(text, principal=Principal(role=role)), **how)


def remarks(answer: Answer) -> set[str]:
    return {remark for stage in answer.stages if stage.stage == "candidates" for remark in stage.remarks}


def findings(answer: Answer) -> list[str]:
    return [finding.text for finding in answer.findings if finding.code == "drafts_agree"]


def numbers(answer: Answer) -> list[object]:
    assert answer.table is not None, answer
    return [row["n"] for row in answer.table.table.to_pylist()]


def test_what_all_drafts_go_through_is_remarked_once() -> None:
    def say(call: Call) -> Draft:
        call.remark("no verified query matches")
        call.remark(f"try {call.sample}")
        return llm(ALL)

    house = drawing()
    house.writer.samples = dict.fromkeys(range(3), say)
    told = next(stage.remarks for stage in ask(house).stages if stage.stage == "candidates")
    assert sorted(told) == ["no verified query matches", "try 1", "try 2"]


def test_drafts_that_agree_are_an_answer_that_says_so() -> None:
    house = drawing(llm(ALL), llm(SAME_AS_ALL), llm(ALL))
    answer = ask(house)
    assert (answer.outcome, numbers(answer)) == ("answered", [9])
    assert findings(answer) == ["3 of 3 drafts of the language model gave this result."]
    assert [(stage.stage, stage.note) for stage in answer.stages if stage.stage == "candidates"] == [
        ("candidates", "3 of 3 agree")
    ]
    assert sorted(call.sample for call in house.writer.told) == [0, 1, 2]


def test_the_same_statement_runs_once() -> None:
    house = drawing(llm(ALL), llm("select count(*) AS n from users"), llm(SAME_AS_ALL), rules=THREE)
    ask(house)
    assert len(house.engine.ran) == 2


def test_the_surest_of_those_that_agree_is_shown_kept_and_told_to_the_ledger() -> None:
    house = drawing(llm(ALL, 0.3), llm(SAME_AS_ALL, 0.9), llm(ALL, 0.5))
    house.engine.rows = {"COUNT": {"c": [9]}}
    answer = ask(house)
    assert (answer.confidence, "COUNT(users.id)" in answer.sql) == (0.9, True)
    assert "COUNT(users.id)" in house.ledger.rows[0].sql
    assert len(house.ledger.rows) == 1
    assert (ask(house).sql, len(house.writer.calls)) == (answer.sql, 3)


def test_a_sure_draft_is_alone_and_an_unsure_one_is_not() -> None:
    rules = CandidateRules(count=1, when_unsure=3, unsure_below=0.6)
    sure, unsure = (drawing(*[llm(ALL, confidence)] * 3, rules=rules) for confidence in (0.6, 0.5))
    assert (findings(ask(sure)), len(sure.writer.calls)) == ([], 1)
    assert (len(findings(ask(unsure))), len(unsure.writer.calls)) == (1, 3)


def test_drafts_that_differ_are_a_question_back_the_majority_first() -> None:
    answer = ask(drawing(llm(FRENCH), llm(GERMANS), llm(GERMANS)))
    assert (answer.outcome, answer.code) == ("clarification", "results_differ")
    assert answer.headline == "Which rows should count: country is “DE”, or country is “FR”?"
    assert answer.choices == (
        "How many users, only where country is “DE”?",
        "How many users, only where country is “FR”?",
    )


@pytest.mark.parametrize(("place", "number"), [(0, 2), (1, 3)])
def test_a_clicked_choice_is_the_draft_it_stands_for_and_asks_no_model(place: int, number: int) -> None:
    house = drawing(llm(FRENCH), llm(GERMANS), llm(GERMANS))
    choice = ask(house).choices[place]
    house.writer.calls.clear()
    clicked = ask(house, choice)
    assert (clicked.outcome, numbers(clicked), house.writer.calls) == ("answered", [number], [])
    assert (GERMANS, FRENCH)[place][-4:] in clicked.sql
    assert clicked.standalone == ""


def test_a_choice_after_earlier_turns_is_kept_beside_them_and_is_a_whole_question() -> None:
    house = drawing(*(replace(llm(sql), standalone="How many users in 2025?") for sql in (FRENCH, GERMANS, GERMANS)))
    asked = Question.parse("and in 2025?", history=(Turn("How many users?", ALL, shape="1 row: n"),))
    back = house.pipeline.ask(asked)
    assert back.choices[0] == "How many users in 2025, only where country is “DE”?"
    house.writer.calls.clear()
    clicked = house.pipeline.ask(replace(asked, text=back.choices[0]))
    assert (numbers(clicked), house.writer.calls) == ([2], [])


def test_a_question_whose_drafts_differ_is_not_remembered_as_answered() -> None:
    house = drawing(llm(FRENCH), llm(GERMANS), llm(GERMANS))
    assert [ask(house).outcome, ask(house).outcome] == ["clarification", "clarification"]


def test_a_choice_is_kept_for_its_role_alone() -> None:
    house = drawing(llm(FRENCH), llm(GERMANS), llm(GERMANS))
    choice = ask(house).choices[0]
    house.writer.calls.clear()
    assert ask(house, choice, role="sampler").outcome == "clarification"
    assert len(house.writer.calls) == 3


def test_drafts_that_are_refused_or_fail_drop_out_and_are_not_repaired() -> None:
    house = drawing(llm(ALL), llm("SELECT email FROM users"), llm(GERMANS))
    faults: list[Exception] = [QueryFailed("No.", hint="disk")]

    def running(job: Job) -> None:
        if "'DE'" in house.engine.ran[-1].sql:
            raise faults[0]

    house.engine.running = running
    answer = ask(house)
    assert (answer.outcome, numbers(answer), len(house.writer.calls)) == ("answered", [9], 3)
    assert remarks(answer) == {"draft 2: refused (sensitive column)", "draft 3: query failed"}
    assert findings(answer) == ["Only one of 3 drafts gave a result, so none could be compared."]


def test_what_failed_before_the_first_draft_was_repaired_does_not_run_again() -> None:
    house = drawing(llm(ALL), llm(GERMANS), llm(SAME_AS_ALL))
    house.writer.samples[0] = lambda call: llm(GERMANS if len(house.writer.calls) == 1 else ALL)
    house.engine.faults = [QueryFailed("No.", hint="disk")]
    answer = ask(house)
    assert (answer.outcome, numbers(answer), remarks(answer)) == ("answered", [9], {"draft 2: the same SQL again"})
    assert len([checked for checked in house.engine.ran if "'DE'" in checked.sql]) == 1


def test_a_model_that_fails_for_one_draft_is_paid_for_and_leaves_the_others() -> None:
    busy = ModelBusy("Busy.")
    charge(busy, Usage(100, 10))
    house = drawing(llm(ALL, tokens=1), busy, llm(SAME_AS_ALL, tokens=5))
    answer = ask(house)
    assert (answer.outcome, answer.usage) == ("answered", Usage(106, 16))
    assert findings(answer) == ["2 of 3 drafts of the language model gave this result."]
    assert "draft 2: llm busy" in remarks(answer)


def test_something_unforeseen_in_one_draft_leaves_the_others_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "nl2sql.candidates.gather"):
        answer = ask(drawing(llm(ALL), ZeroDivisionError("surprise"), llm(SAME_AS_ALL)))
    assert (answer.outcome, numbers(answer)) == ("answered", [9])
    assert "surprise" in caplog.text


def test_what_another_writer_says_instead_of_the_model_is_no_ballot() -> None:
    stand_in = SqlDraft(GERMANS, Origin("offline", note="the language model is busy"))
    answer = ask(drawing(llm(ALL), stand_in, llm(SAME_AS_ALL)))
    assert (answer.outcome, numbers(answer)) == ("answered", [9])


def test_a_question_back_that_most_drafts_ask_is_asked() -> None:
    assert ask(drawing(llm(ALL), ASKS, ASKS)).choices == ("A?", "B?")
    assert numbers(ask(drawing(llm(ALL), ASKS, llm(ALL)))) == [9]
    assert numbers(ask(drawing(ASKS, llm(ALL), llm(ALL)))) == [9]


def test_a_lone_no_is_passed_over_with_a_remark() -> None:
    no = CannotAnswer("No such data.", "unanswerable", LLM)
    answer = ask(drawing(llm(ALL), no, llm(ALL)))
    assert (numbers(answer), remarks(answer)) == ([9], {"draft 2: cannot answer"})
    assert ask(drawing(llm(ALL), no, no)).code == "unanswerable"


def test_the_drafts_are_written_side_by_side() -> None:
    house, together = drawing(), Barrier(2, timeout=10)

    def wait(call: Call) -> Draft:
        together.wait()
        return llm(ALL)

    house.writer.samples = {1: wait, 2: wait}
    assert findings(ask(house)) == ["3 of 3 drafts of the language model gave this result."]


def test_a_question_that_is_stopped_while_drafts_are_written_ends_as_stopped() -> None:
    house = drawing()

    def stop(call: Call) -> Draft:
        call.cancelled.set()
        raise ModelCancelled("Stopped.")

    house.writer.samples = {1: stop}
    answer = ask(house)
    assert (answer.outcome, answer.code) == ("failed", "query_cancelled")


def charging(*drafts: Draft, bytes_each: int) -> House:
    house = drawing(*drafts)
    house.engine.costs = Estimate(scanned_bytes=bytes_each, price=Decimal("0.01"))
    return house


def test_where_reading_costs_all_drafts_together_stay_below_what_is_asked_about() -> None:
    cheap = charging(llm(ALL), llm(SAME_AS_ALL), llm(SAME_AS_ALL), bytes_each=500)
    assert len(findings(ask(cheap, role="saver"))) == 1
    assert len(cheap.engine.ran) == 2
    dear = charging(llm(ALL), llm(SAME_AS_ALL), llm(GERMANS), bytes_each=400)
    answer = ask(dear, role="saver")
    assert (answer.outcome, numbers(answer), len(dear.engine.ran)) == ("answered", [9], 1)
    assert remarks(answer) == {"the other drafts were not run: together they would cost too much"}


def test_a_draft_that_is_asked_about_first_is_not_compared() -> None:
    house = charging(llm(ALL), llm(GERMANS), bytes_each=5_000)
    assert (ask(house, role="saver").code, len(house.writer.calls)) == ("over_soft_limit", 1)
    assert ask(house, role="saver", accept_cost=True).outcome == "answered"


def test_a_yes_to_the_price_of_one_is_none_to_that_of_all() -> None:
    house = charging(llm(ALL), llm(GERMANS), llm(FRENCH), bytes_each=5_000)
    answer = ask(house, role="saver", accept_cost=True)
    assert (answer.outcome, len(house.engine.ran)) == ("answered", 1)


def test_a_yes_to_one_long_statement_is_none_to_the_next() -> None:
    house = drawing(llm(ALL), llm(GERMANS), llm(FRENCH))
    house.engine.costs = Estimate(rows=100)
    answer = ask(house, role="counter", accept_cost=True)
    assert (answer.outcome, len(house.engine.ran)) == ("answered", 1)
    assert remarks(answer) == {"draft 2: not run, too costly", "draft 3: not run, too costly"}


def test_a_draft_that_would_pass_the_limit_of_rows_drops_out() -> None:
    house = drawing(llm(ALL), llm(GERMANS), llm(GERMANS))
    house.engine.rows = {"'DE'": {"n": [2]}, "COUNT": {"n": [1, 2]}}
    answer = ask(house, role="reader")
    assert (answer.outcome, remarks(answer)) == ("answered", {f"draft 2: {RowQuotaReached.code.replace('_', ' ')}"})


def test_errors_of_models_are_all_caught() -> None:
    for kind in LanguageModelError.__subclasses__():
        assert ask(drawing(llm(ALL), kind("x"), llm(ALL))).outcome == "answered", kind
