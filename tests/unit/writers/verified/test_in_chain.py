"""Verified queries in front of other writers: they stand where they match, and are not heard where they do not."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest

from nl2sql.answer.base import Answer
from nl2sql.context.base import Context
from nl2sql.errors import ModelUnreachable
from nl2sql.llm.base import NO_CALL, Call
from nl2sql.provenance import provenance
from nl2sql.question import Question
from nl2sql.wire import answer_to_json
from nl2sql.writers.base import CannotAnswer, Draft, Origin, Repair, SqlDraft
from nl2sql.writers.chain import ChainWriter
from nl2sql.writers.verified.writer import VerifiedWriter
from tests.unit.writers.verified.shop import MODEL

CONTEXT = Context(MODEL, "sqlite", date(2026, 6, 30), ())


class Second:
    name = version = "second"

    def __init__(self, says: Draft | Exception) -> None:
        self.says = says

    def write(self, question: Question, context: Context, repair: Repair | None = None, call: Call = NO_CALL) -> Draft:
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


def ask(writer: VerifiedWriter, says: Draft | Exception, text: str) -> Draft:
    return ChainWriter([writer, Second(says)]).write(Question.parse(text), CONTEXT)


OTHER = SqlDraft("SELECT 2", Origin("second"))


def test_a_verified_question_is_not_asked_of_the_next_writer(writer: VerifiedWriter) -> None:
    draft = ask(writer, RuntimeError("must not be asked"), "share of phones in 2025")
    assert draft.origin.writer == "verified"


def test_a_draft_of_the_next_writer_bears_no_note_and_can_be_kept(writer: VerifiedWriter) -> None:
    assert ask(writer, OTHER, "share of phones in 2024") == OTHER


def test_what_the_next_writer_cannot_do_is_told_in_its_words_alone(writer: VerifiedWriter) -> None:
    cannot = CannotAnswer("I cannot.", "not_understood", Origin("second"))
    assert ask(writer, cannot, "share of phones in 2024") == cannot


def test_a_failure_of_the_next_writer_is_raised(writer: VerifiedWriter) -> None:
    with pytest.raises(ModelUnreachable):
        ask(writer, ModelUnreachable("gone"), "share of phones in 2024")


def test_alone_it_says_that_this_is_no_verified_question(writer: VerifiedWriter) -> None:
    draft = ChainWriter([writer]).write(Question.parse("share of phones in 2024"), CONTEXT)
    assert isinstance(draft, CannotAnswer)
    assert draft.message == "This is no verified question."


ANSWER = Answer(Question("Sold?"), "answered", "7 were sold.")
VERIFIED = Origin("verified", "sold · the shop's maintainers · 2026-07-05")


def test_an_answer_of_a_verified_query_says_by_whom_and_when() -> None:
    answer = replace(ANSWER, origin=VERIFIED)
    assert provenance(answer) == ("Verified by the shop's maintainers on 5 July 2026",)
    assert json.loads(answer_to_json(answer))["verified"] is True


@pytest.mark.parametrize("origin", [replace(VERIFIED, writer="llm"), Origin("offline"), Origin("verified", "torn")])
def test_no_other_answer_bears_the_words(origin: Origin) -> None:
    assert provenance(replace(ANSWER, origin=origin)) == ()
    assert json.loads(answer_to_json(replace(ANSWER, origin=origin)))["verified"] is (origin.writer == "verified")
