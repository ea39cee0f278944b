from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from nl2sql import errors
from nl2sql.catalog.model import SemanticModel
from nl2sql.context.base import Context
from nl2sql.errors import LanguageModelError, ModelTimedOut, ModelUnreachable, PromptInvalid
from nl2sql.llm.base import NO_CALL, Call
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

    def write(self, question: Question, context: Context, repair: Repair | None = None, call: Call = NO_CALL) -> Draft:
        self.repairs.append(repair)
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


def sql(writer: str) -> SqlDraft:
    return SqlDraft("SELECT 1", Origin(writer), "one")


def cannot(writer: str, code: CannotCode) -> CannotAnswer:
    return CannotAnswer(f"{writer} cannot.", code, Origin(writer), ("foo",), ("Ask this",))


def ask(*writers: Fixed, repair: Repair | None = None, call: Call = NO_CALL) -> Draft:
    return ChainWriter(writers).write(QUESTION, CONTEXT, repair)


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
    assert len(found) >= 6
    return found


@pytest.mark.parametrize("error", language_model_errors(), ids=lambda error: error.code)
def test_every_failure_of_the_model_hands_over_and_leaves_its_note(error: type[LanguageModelError]) -> None:
    draft = ask(Fixed("llm", error("secret detail")), Fixed("offline", sql("offline")))
    assert draft == replace(sql("offline"), origin=Origin("offline", note=NOTES[error.code]))


@pytest.mark.parametrize(
    ("code", "note"),
    [
        ("unavailable", "the llm writer is not available"),
        ("not_understood", "the llm writer did not understand the question"),
    ],
)
def test_a_writer_that_did_not_judge_hands_over(code: CannotCode, note: str) -> None:
    draft = ask(Fixed("llm", cannot("llm", code)), Fixed("offline", sql("offline")))
    assert draft == replace(sql("offline"), origin=Origin("offline", note=note))


@pytest.mark.parametrize("code", ["not_understood", "unanswerable", "unavailable"])
def test_when_nobody_can_both_reasons_are_given(code: CannotCode) -> None:
    draft = ask(Fixed("llm", UNREACHABLE), Fixed("offline", cannot("offline", code)))
    assert draft == CannotAnswer(
        f"offline cannot. (Also, {UNREACHABLE_NOTE}.)",
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


def test_the_last_one_who_did_not_understand_is_heard_with_the_others_as_notes() -> None:
    draft = ask(
        Fixed("a", cannot("a", "not_understood")), Fixed("b", cannot("b", "not_understood")), Fixed("llm", UNREACHABLE)
    )
    assert isinstance(draft, CannotAnswer)
    assert draft.origin == Origin("b", note=f"the a writer did not understand the question; {UNREACHABLE_NOTE}")
    assert draft.message == f"b cannot. (Also, {draft.origin.note}.)"


def test_all_hand_overs_are_noted_in_order() -> None:
    draft = ask(
        Fixed("llm", ModelTimedOut("slow")), Fixed("offline", cannot("offline", "not_understood")), Fixed("c", sql("c"))
    )
    assert draft.origin.note == (
        "the language model did not answer in time; the offline writer did not understand the question"
    )


def test_when_every_writer_failed_the_first_failure_is_raised() -> None:
    with pytest.raises(ModelUnreachable) as caught:
        ask(Fixed("llm", UNREACHABLE), Fixed("other", ModelTimedOut("slow")))
    assert caught.value is UNREACHABLE


def test_a_defect_is_no_reason_to_hand_over() -> None:
    with pytest.raises(PromptInvalid):
        ask(Fixed("llm", PromptInvalid("v1.md:3: broken")), Fixed("offline", sql("offline")))


def test_a_repair_reaches_each_writer_that_is_tried() -> None:
    repair = Repair((EarlierTry("SELECT x", (Problem("database", "no x"),)),))
    first, second = Fixed("llm", UNREACHABLE), Fixed("offline", sql("offline"))
    ask(first, second, repair=repair)
    assert first.repairs == second.repairs == [repair]


def test_name_and_version_are_those_of_all_writers() -> None:
    chain = ChainWriter([Fixed("llm", sql("llm")), Fixed("offline", sql("offline"))])
    assert (chain.name, chain.version) == ("llm>offline", "llm-1>offline-1")


def test_a_chain_of_nobody_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        ChainWriter([])
