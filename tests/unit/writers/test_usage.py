"""What language models were paid: on the draft, on the error, and added up along a chain."""

from __future__ import annotations

import json
from datetime import date

import pytest

from nl2sql.catalog.model import SemanticModel
from nl2sql.context.base import Context
from nl2sql.errors import LanguageModelError, ModelReplyInvalid, ModelUnreachable
from nl2sql.llm.base import NO_CALL, NO_USAGE, Call, Completion, Usage, charge, paid_for
from nl2sql.llm.openai import OpenAIModel
from nl2sql.prompt.base import Prompt
from nl2sql.question import Question
from nl2sql.writers.base import CannotAnswer, Clarification, Draft, Origin, Repair, SqlDraft
from nl2sql.writers.chain import ChainWriter
from nl2sql.writers.codec import draft_from_bytes, draft_to_bytes
from tests.unit.writers.llm_writer import llm_writer

QUESTION = Question.parse("How many bids?")
CONTEXT = Context(SemanticModel("m", ()), "sqlite", date(2026, 6, 30), ())
PAID = Usage(900, 60)
SQL = {"kind": "sql", "sql": "SELECT 1", "interpretation": "one"}
ASK = {"kind": "clarification", "message": "By what?", "choices": ["a", "b"]}
CANNOT = {"kind": "cannot_answer", "reason": "No weather.", "code": "unanswerable"}


class PaidModel:
    name = "m"

    def __init__(self, text: str) -> None:
        self.text = text

    def complete(self, prompt: Prompt, call: Call = NO_CALL) -> Completion:
        return Completion(self.text, "m-2026", PAID)


class Fixed:
    version = "1"

    def __init__(self, name: str, says: Draft | LanguageModelError) -> None:
        self.name = name
        self.says = says

    def write(self, question: Question, context: Context, repair: Repair | None = None, call: Call = NO_CALL) -> Draft:
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


def failed(error: LanguageModelError, usage: Usage) -> LanguageModelError:
    charge(error, usage)
    return error


def ask(*writers: Fixed) -> Draft:
    return ChainWriter(writers).write(QUESTION, CONTEXT)


def cannot(usage: Usage = NO_USAGE) -> CannotAnswer:
    return CannotAnswer("No.", "not_understood", Origin("llm"), usage=usage)


@pytest.mark.parametrize("reply", [SQL, ASK, CANNOT], ids=lambda reply: reply["kind"])
def test_every_kind_of_draft_says_what_it_cost(reply: dict[str, object]) -> None:
    assert llm_writer(PaidModel(json.dumps(reply))).write(QUESTION, CONTEXT).usage == PAID


@pytest.mark.parametrize("reply", ["", "I would rather not", '{"kind": "sql", "sql": 3}', "x" * 30_000])
def test_a_reply_that_cannot_be_used_was_paid_for_all_the_same(reply: str) -> None:
    with pytest.raises(ModelReplyInvalid) as caught:
        llm_writer(PaidModel(reply)).write(QUESTION, CONTEXT)
    assert paid_for(caught.value) == PAID + PAID  # it is asked again, once


def test_an_error_costs_nothing_unless_it_was_charged() -> None:
    assert paid_for(ModelUnreachable("away")) == NO_USAGE
    assert paid_for(failed(ModelReplyInvalid("bad"), PAID)) == PAID
    assert paid_for(ModelReplyInvalid("another")) == NO_USAGE


def test_a_chain_adds_what_the_failed_writers_spent() -> None:
    first = Fixed("a", failed(ModelReplyInvalid("bad"), Usage(100, 10)))
    second = Fixed("b", cannot(Usage(20, 2)))
    given = ask(first, second, Fixed("c", SqlDraft("SELECT 1", Origin("llm"), usage=Usage(3, 4))))
    assert isinstance(given, SqlDraft)
    assert given.usage == Usage(123, 16)


def test_a_chain_that_falls_back_on_an_earlier_draft_counts_it_once() -> None:
    first = Fixed("a", cannot(Usage(20, 2)))
    given = ask(first, Fixed("b", failed(ModelReplyInvalid("bad"), Usage(100, 10))))
    assert given == CannotAnswer(given.message, "not_understood", given.origin, usage=Usage(120, 12))  # type: ignore[union-attr]


def test_a_chain_in_which_all_failed_raises_the_first_error_with_all_that_was_spent() -> None:
    first = ModelUnreachable("away")
    with pytest.raises(ModelUnreachable) as caught:
        ask(Fixed("a", first), Fixed("b", failed(ModelReplyInvalid("bad"), PAID)))
    assert caught.value is first
    assert paid_for(caught.value) == PAID


def test_a_chain_leaves_a_draft_that_came_first_as_it_is() -> None:
    draft = Clarification("Which?", Origin("llm"), usage=PAID)
    assert ask(Fixed("a", draft), Fixed("b", cannot())) == draft


def test_a_cached_draft_costs_nothing() -> None:
    draft = SqlDraft("SELECT 1", Origin("llm", "m", "n"), "one", ("a",), usage=PAID)
    stored = draft_to_bytes(draft)
    assert json.loads(stored) == {
        "sql": "SELECT 1",
        "origin": {"writer": "llm", "detail": "m", "note": "n"},
        "interpretation": "one",
        "assumptions": ["a"],
        "plan": "",
        "confidence": None,
        "standalone": "",
    }
    assert draft_from_bytes(stored) == SqlDraft("SELECT 1", Origin("llm", "m", "n"), "one", ("a",))


def test_what_a_provider_sent_and_nobody_can_use_was_paid_for_and_is_not_asked_for_again() -> None:
    class Refusing(PaidModel):
        asked = 0

        def complete(self, prompt: Prompt, call: Call = NO_CALL) -> Completion:
            self.asked += 1
            raise failed(ModelReplyInvalid("The language model refused."), PAID)

    model = Refusing("")
    with pytest.raises(ModelReplyInvalid, match="refused") as caught:
        llm_writer(model).write(QUESTION, CONTEXT)
    assert paid_for(caught.value) == PAID
    assert model.asked == 1


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("http://u:hunter2@127.0.0.1:8080/v1", ("127.0.0.1", 8080)),
        ("https://models.example/v1", ("models.example", 443)),
        ("http://[::1]/v1", ("::1", 80)),
    ],
)
def test_a_model_tells_where_it_is_and_no_password(url: str, server: tuple[str, int]) -> None:
    assert OpenAIModel("m", base_url=url).server == server
