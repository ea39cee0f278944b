"""What goes back to a language model, how often, and what is said where that does not help."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nl2sql.answer.base import Answer
from nl2sql.candidates.canonical import canonical
from nl2sql.errors import LanguageModelError, ModelBusy, ModelCancelled, QueryCancelled, QueryFailed, QueryTimedOut
from nl2sql.llm.base import Usage, charge
from nl2sql.question import Question
from nl2sql.writers.base import CannotAnswer, Clarification, Draft, Origin, Repair, SqlDraft
from tests.unit.scripted_house import COUNT, LLM, House, build

HIDDEN = "SELECT email FROM users"
WRONG = "SELECT contry FROM users"
ALSO_WRONG = "SELECT kountry FROM users"


def says(*drafts: Draft | LanguageModelError) -> Callable[[Question, Repair | None], Draft]:
    """One after the other; the last for ever."""
    left = list(drafts)

    def script(question: Question, repair: Repair | None) -> Draft:
        said = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(said, LanguageModelError):
            raise said
        return said

    return script


def llm(sql: str) -> SqlDraft:
    return SqlDraft(sql, LLM)


def ask(house: House) -> Answer:
    return house.pipeline.ask(Question.parse("How many users?"))


def remarks(answer: Answer) -> list[tuple[str, ...]]:
    return [stage.remarks for stage in answer.stages if stage.stage == "repair"]


def test_each_round_is_told_all_that_was_tried() -> None:
    house = build(says(llm(WRONG), llm(ALSO_WRONG), llm(COUNT)))
    assert ask(house).outcome == "answered"
    repairs = [repair for _, _, repair in house.writer.calls]
    assert [[each.sql for each in repair.tries] if repair else [] for repair in repairs] == [
        [],
        [WRONG],
        [WRONG, ALSO_WRONG],
    ]


def test_after_two_rounds_the_last_refusal_is_the_answer() -> None:
    house = build(says(llm(WRONG), llm(ALSO_WRONG), llm(HIDDEN), llm(COUNT)))
    answer = ask(house)
    assert (answer.outcome, answer.code, len(house.writer.calls)) == ("refused", "sensitive_column", 3)
    assert [stage.stage for stage in answer.stages] == [
        *("understand", "write", "check", "repair", "check", "repair", "check")
    ]


def test_each_round_says_which_problem_it_is_about() -> None:
    house = build(says(llm(WRONG), llm("SELECT MAX(id) AS n FROM users"), llm(COUNT)))
    house.engine.faults = [QueryFailed("No.", hint="disk")]
    answer = ask(house)
    assert answer.outcome == "answered"
    assert remarks(answer) == [("unknown column",), ("database",)]


@pytest.mark.parametrize(
    "again",
    [WRONG, "select  contry\nfrom users", "SELECT contry FROM users -- now correct", "SELECT contry FROM users;"],
)
def test_the_same_sql_again_ends_with_its_refusal(again: str) -> None:
    house = build(says(llm(WRONG), llm(again), llm(COUNT)))
    answer = ask(house)
    assert (answer.outcome, answer.code, len(house.writer.calls)) == ("refused", "unknown_column", 2)
    assert remarks(answer) == [("unknown column", "the same SQL again")]


def test_sql_that_failed_is_not_run_twice() -> None:
    house = build(says(llm(COUNT), llm("select count(*) as N from USERS /* again */")))
    house.engine.faults = [QueryFailed("The database refused.", hint="no such function")]
    answer = ask(house)
    assert (answer.outcome, answer.code, answer.headline) == ("failed", "query_failed", "The database refused.")
    assert (len(house.engine.ran), remarks(answer)) == (1, [("database", "the same SQL again")])


def test_what_ended_an_earlier_round_is_said_again_when_its_sql_comes_back() -> None:
    house = build(says(llm(WRONG), llm(HIDDEN), llm(WRONG)))
    assert (ask(house).code, len(house.writer.calls)) == ("unknown_column", 3)


def test_what_does_not_parse_is_compared_as_text() -> None:
    house = build(says(llm("SELECT FROM WHERE ("), llm("SELECT FROM   WHERE (")))
    answer = ask(house)
    assert (answer.outcome, len(house.writer.calls)) == ("refused", 2)
    assert remarks(answer)[0][1:] == ("the same SQL again",)


def test_a_literal_in_other_letters_is_another_statement() -> None:
    assert canonical("SELECT 'A' FROM t", "sqlite") != canonical("SELECT 'a' FROM t", "sqlite")


@pytest.mark.parametrize("fault", [QueryTimedOut("Stopped after 10 seconds."), QueryCancelled("Stopped.")])
def test_what_took_too_long_or_was_stopped_is_not_tried_again(fault: Exception) -> None:
    house = build(says(llm(COUNT)))
    house.engine.faults = [fault]
    assert (ask(house).headline, len(house.writer.calls)) == (str(fault), 1)


def test_a_stand_in_of_the_offline_writer_is_not_repaired() -> None:
    house = build(says(SqlDraft(WRONG, Origin("offline", note="the language model is busy"))))
    assert (ask(house).outcome, len(house.writer.calls)) == ("refused", 1)


def test_a_model_that_fails_at_a_repair_does_not_hide_the_refusal() -> None:
    busy = ModelBusy("The language model is busy.")
    charge(busy, Usage(7, 1))
    house = build(says(llm(HIDDEN), busy))
    answer = ask(house)
    assert (answer.outcome, answer.code, answer.usage) == ("refused", "sensitive_column", Usage(7, 1))
    assert remarks(answer) == [("sensitive column", "no other draft: llm busy")]


def test_a_model_that_fails_at_a_repair_does_not_hide_what_the_database_said() -> None:
    house = build(says(llm(COUNT), ModelBusy("The language model is busy.")))
    house.engine.faults = [QueryFailed("The database refused.")]
    answer = ask(house)
    assert (answer.code, answer.headline) == ("query_failed", "The database refused.")


def test_a_writer_that_is_not_available_for_a_repair_does_not_hide_the_refusal() -> None:
    house = build(says(llm(HIDDEN), CannotAnswer("Nobody is there.", "unavailable", LLM)))
    answer = ask(house)
    assert (answer.outcome, answer.code) == ("refused", "sensitive_column")
    assert remarks(answer) == [("sensitive column", "no other draft: unavailable")]


def test_a_repair_may_end_in_a_question_back_or_an_honest_no() -> None:
    assert ask(build(says(llm(WRONG), Clarification("Which?", LLM, ("A?", "B?"))))).choices == ("A?", "B?")
    assert ask(build(says(llm(WRONG), CannotAnswer("No.", "unanswerable", LLM)))).code == "unanswerable"


def test_a_repair_that_is_stopped_ends_the_question() -> None:
    house = build(says(llm(WRONG), ModelCancelled("Stopped.")))
    answer = ask(house)
    assert (answer.outcome, answer.code) == ("failed", "query_cancelled")


def test_a_repaired_draft_is_remembered() -> None:
    house = build(says(llm(WRONG), llm(COUNT)))
    assert [ask(house).cached, ask(house).cached, len(house.writer.calls)] == [False, True, 2]
