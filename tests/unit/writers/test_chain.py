from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest

from nl2sql import errors
from nl2sql.catalog.model import SemanticModel
from nl2sql.context.base import Context
from nl2sql.errors import (
    BudgetSpent,
    LanguageModelError,
    ModelCancelled,
    ModelTimedOut,
    ModelUnreachable,
    PromptInvalid,
)
from nl2sql.llm.base import NO_CALL, Call, Usage, charge, paid_for
from nl2sql.prompt.base import EarlierTry, Problem
from nl2sql.question import Question
from nl2sql.writers.base import CannotAnswer, CannotCode, Clarification, Draft, Origin, Repair, SqlDraft
from nl2sql.writers.chain import NOTES, ChainWriter

QUESTION = Question.parse("How many bids?")
CONTEXT = Context(SemanticModel("m", ()), "sqlite", date(2026, 6, 30), ())
UNREACHABLE = ModelUnreachable("The language model at h cannot be reached.")
UNREACHABLE_NOTE = "the language model cannot be reached"


class Fixed:
    """Says or raises one thing, and keeps what it was asked."""

    def __init__(self, name: str, says: Draft | Exception) -> None:
        self.name = name
        self.version = f"{name}-1"
        self.says = says
        self.repairs: list[Repair | None] = []
        self.calls: list[Call] = []

    def write(self, question: Question, context: Context, repair: Repair | None = None, call: Call = NO_CALL) -> Draft:
        self.repairs.append(repair)
        self.calls.append(call)
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


def sql(writer: str, confidence: float | None = None) -> SqlDraft:
    return SqlDraft("SELECT 1", Origin(writer), "one", confidence=confidence)


def cannot(writer: str, code: CannotCode) -> CannotAnswer:
    return CannotAnswer(f"{writer} cannot.", code, Origin(writer), ("foo",), ("Ask this",))


def ask(*writers: Fixed, repair: Repair | None = None, call: Call = NO_CALL, sure_from: float = 0.8) -> Draft:
    return ChainWriter(writers, sure_from).write(QUESTION, CONTEXT, repair, call)


def told(*writers: Fixed, repair: Repair | None = None) -> list[str]:
    """The remarks, in order."""
    remarks: list[str] = []
    ask(*writers, repair=repair, call=Call(remark=remarks.append))
    return remarks


@pytest.mark.parametrize(
    "draft",
    [
        sql("llm"),
        Clarification("Which?", Origin("llm")),
        cannot("llm", "unanswerable"),
        cannot("llm", "unsafe"),
        cannot("llm", "sensitive"),
    ],
    ids=lambda draft: f"{type(draft).__name__}-{getattr(draft, 'code', '')}",
)
def test_what_the_first_writer_decided_stands(draft: Draft) -> None:
    second = Fixed("offline", sql("offline"))
    assert ask(Fixed("llm", draft), second) == draft
    assert second.repairs == []


def language_model_errors() -> list[type[LanguageModelError]]:
    found = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, LanguageModelError)]
    assert len(found) >= 8
    return [each for each in found if each is not ModelCancelled]


@pytest.mark.parametrize("error", language_model_errors(), ids=lambda error: error.code)
def test_every_failure_of_the_model_hands_over_and_leaves_its_note(error: type[LanguageModelError]) -> None:
    draft = ask(Fixed("llm", error("secret detail")), Fixed("offline", sql("offline")))
    assert draft == replace(sql("offline"), origin=Origin("offline", note=NOTES[error.code]))


def test_a_writer_that_is_not_there_hands_over_and_leaves_its_note() -> None:
    draft = ask(Fixed("llm", cannot("llm", "unavailable")), Fixed("offline", sql("offline")))
    assert draft == replace(sql("offline"), origin=Origin("offline", note="the language model is not available"))


def test_a_writer_without_a_reading_hands_over_and_the_next_draft_is_as_good_as_any() -> None:
    """A draft with a note is not kept for the next time, and every repetition would be paid for."""
    first = Fixed("offline", cannot("offline", "not_understood"))
    assert ask(first, Fixed("llm", sql("llm"))) == sql("llm")
    assert told(first, Fixed("llm", sql("llm"))) == ["the offline writer did not understand the question"]


@pytest.mark.parametrize("code", ["not_understood", "unanswerable", "unavailable"])
def test_when_nobody_can_both_reasons_are_given(code: CannotCode) -> None:
    draft = ask(Fixed("llm", UNREACHABLE), Fixed("offline", cannot("offline", code)))
    assert draft == CannotAnswer(
        f"offline cannot. Nobody else could help: {UNREACHABLE_NOTE}.",
        code,
        Origin("offline", note=UNREACHABLE_NOTE),
        ("foo",),
        ("Ask this",),
    )


@pytest.mark.parametrize("code", ["unsafe", "sensitive"])
def test_a_refusal_needs_no_further_reason(code: CannotCode) -> None:
    draft = ask(Fixed("llm", UNREACHABLE), Fixed("offline", cannot("offline", code)))
    assert isinstance(draft, CannotAnswer)
    assert draft.message == "offline cannot."
    assert draft.origin.note == UNREACHABLE_NOTE


def test_the_last_one_who_did_not_understand_is_heard_with_the_failures_as_notes() -> None:
    draft = ask(
        Fixed("a", cannot("a", "not_understood")), Fixed("b", cannot("b", "not_understood")), Fixed("llm", UNREACHABLE)
    )
    assert isinstance(draft, CannotAnswer)
    assert draft.origin == Origin("b", note=UNREACHABLE_NOTE)
    assert draft.message == f"b cannot. Nobody else could help: {UNREACHABLE_NOTE}."


def test_a_writer_that_is_not_there_is_not_named_twice() -> None:
    draft = ask(Fixed("a", cannot("a", "unavailable")), Fixed("llm", UNREACHABLE))
    assert isinstance(draft, CannotAnswer)
    assert draft.message == f"a cannot. Nobody else could help: {UNREACHABLE_NOTE}."


def test_what_an_earlier_writer_suggests_is_not_lost_when_the_last_suggests_nothing() -> None:
    silent = CannotAnswer("The reply was not about the data.", "not_understood", Origin("llm"))
    draft = ask(Fixed("offline", cannot("offline", "not_understood")), Fixed("llm", silent))
    assert draft == replace(silent, suggestions=("Ask this",))


def test_all_failures_are_noted_in_order_and_each_once() -> None:
    draft = ask(
        Fixed("a", ModelTimedOut("slow")),
        Fixed("b", cannot("b", "unavailable")),
        Fixed("c", ModelTimedOut("slow again")),
        Fixed("d", sql("d")),
    )
    assert draft.origin.note == "the language model did not answer in time; the b writer is not available"


def test_when_every_writer_failed_the_first_failure_is_raised() -> None:
    with pytest.raises(ModelUnreachable) as caught:
        ask(Fixed("llm", UNREACHABLE), Fixed("other", ModelTimedOut("slow")))
    assert caught.value is UNREACHABLE


def test_a_defect_is_no_reason_to_hand_over() -> None:
    with pytest.raises(PromptInvalid):
        ask(Fixed("llm", PromptInvalid("v1.md:3: broken")), Fixed("offline", sql("offline")))


REPAIR = Repair((EarlierTry("SELECT x", (Problem("database", "no x"),)),))


def test_a_repair_reaches_language_models_alone() -> None:
    offline, llm = Fixed("offline", sql("offline")), Fixed("llm", sql("llm"))
    assert ask(offline, llm, repair=REPAIR) == sql("llm")
    assert (offline.repairs, llm.repairs) == ([], [REPAIR])


def test_a_failure_in_a_repair_is_raised_and_nobody_stands_in() -> None:
    """The SQL that was to be mended has its own reason; another writer's draft would answer another question."""
    with pytest.raises(ModelUnreachable):
        ask(Fixed("llm", UNREACHABLE), Fixed("offline", sql("offline")), repair=REPAIR)


def test_a_repair_of_a_chain_without_a_language_model_goes_to_whoever_is_there() -> None:
    other = Fixed("other", sql("other"))
    assert ask(other, repair=REPAIR) == sql("other")
    assert other.repairs == [REPAIR]


def test_a_mended_draft_stands_however_unsure_it_is() -> None:
    assert ask(Fixed("llm", sql("llm", 0.1)), Fixed("offline", sql("offline")), repair=REPAIR) == sql("llm", 0.1)


def test_name_and_version_are_those_of_all_writers_and_of_the_threshold() -> None:
    writers = [Fixed("llm", sql("llm")), Fixed("offline", sql("offline"))]
    chain = ChainWriter(writers, 0.8)
    assert (chain.name, chain.version) == ("llm>offline", "llm-1>offline-1>0.8")
    assert ChainWriter(writers, 0.75).version != chain.version


@pytest.mark.parametrize("confidence", [0.8, 0.95, None])
def test_a_sure_draft_is_not_left_to_the_language_model(confidence: float | None) -> None:
    llm = Fixed("llm", sql("llm"))
    assert ask(Fixed("offline", sql("offline", confidence)), llm) == sql("offline", confidence)
    assert llm.calls == []


@pytest.mark.parametrize("confidence", [0.0, 0.79])
def test_an_unsure_draft_makes_room_for_the_language_model(confidence: float) -> None:
    offline = Fixed("offline", sql("offline", confidence))
    assert ask(offline, Fixed("llm", sql("llm"))) == sql("llm")
    assert told(offline, Fixed("llm", sql("llm"))) == [
        f"the offline writer is not sure ({confidence:.2f}), so the next is asked"
    ]


@pytest.mark.parametrize(
    "said", [cannot("llm", "unanswerable"), cannot("llm", "unsafe"), Clarification("?", Origin("llm"))]
)
def test_what_the_language_model_judged_stands_above_an_unsure_draft(said: Draft) -> None:
    assert ask(Fixed("offline", sql("offline", 0.5)), Fixed("llm", said)) == said


@pytest.mark.parametrize("error", language_model_errors(), ids=lambda error: error.code)
def test_an_unsure_draft_is_better_than_none_and_says_why_it_stands(error: type[LanguageModelError]) -> None:
    draft = ask(Fixed("offline", sql("offline", 0.5)), Fixed("llm", error("secret detail")))
    assert draft == replace(sql("offline", 0.5), origin=Origin("offline", note=NOTES[error.code]))


def test_an_unsure_draft_stands_too_where_the_language_model_did_not_understand() -> None:
    draft = ask(Fixed("offline", sql("offline", 0.5)), Fixed("llm", cannot("llm", "not_understood")))
    note = "the language model did not understand it"
    assert draft == replace(sql("offline", 0.5), origin=Origin("offline", note=note))


def test_without_a_language_model_after_it_an_unsure_draft_stands_at_once() -> None:
    verified = Fixed("verified", sql("verified"))
    assert ask(Fixed("offline", sql("offline", 0.1)), verified) == sql("offline", 0.1)
    assert ask(Fixed("llm", UNREACHABLE), Fixed("offline", sql("offline", 0.1))).origin.note == UNREACHABLE_NOTE
    assert verified.calls == []


def test_the_doubts_of_a_language_model_are_not_settled_by_a_lesser_writer() -> None:
    offline = Fixed("offline", sql("offline", 1.0))
    assert ask(Fixed("llm", sql("llm", 0.2)), offline, Fixed("llm", sql("llm"))) == sql("llm", 0.2)
    assert offline.calls == []


def test_a_question_goes_to_verified_then_offline_then_llm_with_the_same_call() -> None:
    writers = [
        Fixed("verified", cannot("verified", "not_understood")),
        Fixed("offline", sql("offline", 0.4)),
        Fixed("llm", UNREACHABLE),
    ]
    call = Call("ada", sample=2)
    ask(*writers, call=call)
    assert [each.calls for each in writers] == [[call]] * 3


def test_every_hand_over_is_a_remark_in_order() -> None:
    remarks = told(
        Fixed("verified", cannot("verified", "not_understood")),
        Fixed("offline", sql("offline", 0.4)),
        Fixed("llm", BudgetSpent("Ada's budget of 5,000 tokens is spent.")),
    )
    assert remarks == [
        "no verified query matches the question",
        "the offline writer is not sure (0.40), so the next is asked",
        "today's budget for the language model is spent",
        "the offline writer answers all the same",
    ]


@pytest.mark.parametrize("order", [("verified", "offline"), ("offline", "verified")])
def test_a_question_without_an_entry_is_told_in_the_words_of_whoever_reads(order: Sequence[str]) -> None:
    draft = ask(*[Fixed(name, cannot(name, "not_understood")) for name in order])
    assert draft == cannot("offline", "not_understood")


def test_whoever_stopped_the_question_is_heard_at_once() -> None:
    offline = Fixed("offline", sql("offline"))
    with pytest.raises(ModelCancelled):
        ask(Fixed("llm", ModelCancelled("stopped")), offline)
    assert offline.calls == []
    with pytest.raises(ModelCancelled):
        ask(Fixed("offline", sql("offline", 0.1)), Fixed("llm", ModelCancelled("stopped")))


def costly(error: LanguageModelError, tokens: int) -> LanguageModelError:
    charge(error, Usage(tokens, 1))
    return error


def test_what_was_paid_before_is_paid_whoever_answers_and_also_when_nobody_does() -> None:
    timed_out = Fixed("llm", costly(ModelTimedOut("slow"), 100))
    answered = ask(timed_out, Fixed("offline", replace(sql("offline"), usage=Usage(5, 1))))
    assert answered.usage == Usage(105, 2)
    unsure = ask(Fixed("offline", replace(sql("offline", 0.1), usage=Usage(5, 1))), timed_out)
    assert unsure.usage == Usage(105, 2)
    for last in (ModelTimedOut("slow too"), ModelCancelled("stopped")):
        with pytest.raises(type(last)) as caught:
            ask(Fixed("llm", costly(ModelTimedOut("slow"), 100)), Fixed("llm", costly(last, 7)))
        assert paid_for(caught.value) == Usage(107, 2)


def test_a_chain_of_nobody_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        ChainWriter([])
