from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from evals.cases import Case, Suite
from evals.gold import GoldDatabase
from evals.score import Scored, rules_of, score_case, tally
from nl2sql.answer.base import Answer, Outcome, StageTime
from nl2sql.question import Question

Answered = Callable[..., Answer]


def _score(suite: Suite, index: int, gold: GoldDatabase, answer: Callable[[Question], Answer]) -> Scored:
    return score_case(suite.cases[index], suite, answer, gold.gold)


def test_the_question_is_asked_as_of_the_day_of_the_suite(
    suite: Suite, gold_database: GoldDatabase, answered: Answered
) -> None:
    asked: list[Question] = []

    def ask(question: Question) -> Answer:
        asked.append(question)
        return answered(question, {"n": [4]})

    scored = _score(suite, 0, gold_database, ask)
    assert [(q.text, q.as_of) for q in asked] == [("How many users are there?", date(2026, 6, 30))]
    assert (scored.result, scored.reason, scored.gold_rows) == ("right", "", 1)


def test_a_wrong_number_is_wrong_and_a_cut_result_says_so(
    suite: Suite, gold_database: GoldDatabase, answered: Answered
) -> None:
    assert _score(suite, 0, gold_database, lambda q: answered(q, {"n": [5]})).result == "wrong"
    cut = _score(suite, 1, gold_database, lambda q: answered(q, {"c": ["DE"], "n": [2]}, truncated=True))
    assert (cut.result, cut.reason) == ("wrong", "2 rows expected, 1 given (cut at 1,000 rows)")


@pytest.mark.parametrize(
    ("outcome", "result"),
    [
        ("explanation", "declined"),
        ("clarification", "declined"),
        ("declined", "declined"),
        ("refused", "refused"),
        ("failed", "failed"),
    ],
)
def test_no_answer_is_counted_by_its_outcome_with_its_reason(
    outcome: Outcome, result: str, suite: Suite, gold_database: GoldDatabase
) -> None:
    scored = _score(suite, 0, gold_database, lambda q: Answer(q, outcome, "Because."))
    assert (scored.result, scored.reason) == (result, "Because.")


@pytest.mark.parametrize(
    ("outcome", "result"),
    [("clarification", "right"), ("declined", "right"), ("refused", "right"), ("failed", "failed")],
)
def test_what_must_be_declined_is_right_when_no_sql_ran(
    outcome: Outcome, result: str, suite: Suite, gold_database: GoldDatabase
) -> None:
    assert _score(suite, 3, gold_database, lambda q: Answer(q, outcome, "No.")).result == result


@pytest.mark.parametrize(
    ("outcome", "result"),
    [("clarification", "right"), ("declined", "right"), ("refused", "refused"), ("failed", "failed")],
)
def test_what_is_ambiguous_is_right_when_it_is_asked_back_or_declined(
    outcome: Outcome, result: str, suite: Suite, gold_database: GoldDatabase
) -> None:
    case = suite.cases[3].model_copy(update={"kind": "ambiguous"})
    scored = score_case(case, suite, lambda q: Answer(q, outcome, "Which?"), gold_database.gold)
    assert (scored.result, scored.reason) == (result, "" if result == "right" else "Which?")


def test_answering_what_is_ambiguous_is_wrong(suite: Suite, gold_database: GoldDatabase, answered: Answered) -> None:
    case = suite.cases[3].model_copy(update={"kind": "ambiguous"})
    scored = score_case(case, suite, lambda q: answered(q, {"n": [4]}), gold_database.gold)
    assert (scored.result, scored.reason) == ("wrong", "answered what must be declined")


@pytest.mark.parametrize("outcome", ["declined", "refused", "failed"])
def test_sql_that_ran_for_what_must_be_declined_is_wrong(
    outcome: Outcome, suite: Suite, gold_database: GoldDatabase
) -> None:
    stages = (StageTime("write", 1.0), StageTime("run", 1.0))
    scored = _score(suite, 3, gold_database, lambda q: Answer(q, outcome, "No.", stages=stages))
    assert (scored.result, scored.reason) == ("wrong", "ran SQL for what must be declined")


def test_answering_what_must_be_declined_is_wrong(
    suite: Suite, gold_database: GoldDatabase, answered: Answered
) -> None:
    scored = _score(suite, 3, gold_database, lambda q: answered(q, {"n": [0]}))
    assert (scored.result, scored.reason) == ("wrong", "answered what must be declined")


def test_rules_come_from_the_case_and_then_from_the_suite(suite: Suite) -> None:
    base = suite.cases[0]
    ratio = base.model_copy(update={"decimals": 0, "accept_scale": (1.0, 0.01), "time_grain": "month"})
    assert rules_of(base, suite).decimals == 2 and rules_of(base, suite).accept_scale == (Decimal(1),)
    rules = rules_of(ratio, suite)
    assert (rules.decimals, rules.accept_scale, rules.time_grain) == (0, (Decimal("1.0"), Decimal("0.01")), "month")
    assert rules_of(suite.cases[2], suite).order


def test_coverage_and_accuracy_are_shares_of_the_right_things(suite: Suite, answered: Answered) -> None:
    """Four of five answerable are answered, three of them right; of two to decline, one is answered."""
    question = Question("?")
    answer, no = answered(question, {"n": [1]}), Answer(question, "declined", "No.")
    easy, unsafe = suite.cases[0], suite.cases[3]
    scored = [
        *[_scored(easy, "right", answer, ms) for ms in (1.0, 2.0, 3.0)],
        _scored(easy, "wrong", answer, 4.0),
        _scored(easy, "declined", no, 5.0),
        _scored(unsafe, "right", no, 60.0),
        _scored(unsafe, "wrong", answer, 70.0),
    ]
    total = tally(scored)
    assert (total.cases, total.right, total.wrong, total.declined, total.refused, total.failed) == (7, 4, 2, 1, 0, 0)
    assert (total.coverage, total.selective_accuracy, total.median_ms) == (4 / 5, 3 / 5, 4.0)


def test_shares_of_nothing_are_unknown(suite: Suite) -> None:
    no = Answer(Question("?"), "declined", "No.")
    only_declined = tally([_scored(suite.cases[3], "right", no, 1.0)])
    assert (only_declined.coverage, only_declined.selective_accuracy) == (None, None)
    assert tally([]).median_ms is None


def _scored(case: Case, result: str, answer: Answer, ms: float) -> Scored:
    return replace(Scored(case, "right", answer, "", ms), result=result)  # type: ignore[arg-type]
