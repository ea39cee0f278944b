"""From a question to a draft by a language model: what it is asked, what its reply becomes, when it is asked again."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from nl2sql.catalog.load import load_model
from nl2sql.catalog.model import Dataset, Field, SemanticModel
from nl2sql.context.base import Context
from nl2sql.context.retrieve import retrieve
from nl2sql.errors import LanguageModelError, ModelCancelled, ModelReplyInvalid, ModelUnreachable
from nl2sql.llm.base import Call, Completion, Usage, paid_for
from nl2sql.llm.recorded import ScriptedModel
from nl2sql.prompt.base import EarlierTry, Problem, Prompt
from nl2sql.question import Question, Turn
from nl2sql.writers.base import CannotAnswer, Clarification, Origin, Repair, SqlDraft
from nl2sql.writers.llm import NOT_ABOUT_THE_DATA, PRIVATE, LlmWriter
from tests.unit.writers.llm_writer import PROMPTS, REPOSITORY, llm_writer, template

QUESTION = Question.parse("How many bids?")
STATEMENT = "SELECT COUNT(*) AS bids FROM bids"
SQL: dict[str, Any] = {
    "kind": "sql",
    "question": "How many bids are there?",
    "sql": STATEMENT,
    "tables": ["bids"],
    "assumptions": ["a"],
    "confidence": 0.9,
}
ASK = {"kind": "clarification", "question": "q", "message": "By what?", "choices": ["By amount", "By date"]}
CANNOT = {"kind": "cannot_answer", "question": "q", "message": "No weather.", "code": "unanswerable"}
PLAN = {
    "kind": "plan",
    "question": "How many bids are there?",
    "plan": json.dumps({"base": "bids", "measures": [{"name": "bids", "kind": "count"}]}),
    "assumptions": [],
    "confidence": 0.7,
}
BAD_PLAN = PLAN | {"plan": json.dumps({"base": "bids", "measures": [{"name": "m", "kind": "metric", "metric": "zap"}]})}
ORIGIN = Origin("llm", f"m · {template().version}")
DRAFT = SqlDraft(STATEMENT, ORIGIN, "How many bids are there?", ("a",), confidence=0.9)


class PaidModel(ScriptedModel):
    """Charges a thousand tokens for each reply."""

    def complete(self, prompt: Prompt, call: Call = Call()) -> Completion:  # noqa: B008 - frozen
        return replace(super().complete(prompt, call), usage=Usage(1_000, 50))


def context(*fields: Field) -> Context:
    model = SemanticModel("m", (Dataset("bids", "bids", (Field("id", "id"), *fields)),))
    return retrieve(QUESTION, model, "sqlite", date(2026, 6, 30))


def scripted(*replies: Any) -> PaidModel:
    return PaidModel([each if isinstance(each, str | Exception) else json.dumps(each) for each in replies], name="m")


def remarks_of(*replies: Any, question: Question = QUESTION, about: Context | None = None) -> list[str]:
    remarks: list[str] = []
    llm_writer(scripted(*replies)).write(question, about or context(), call=Call(remark=remarks.append))
    return remarks


def test_each_kind_of_reply_becomes_its_draft() -> None:
    writer = llm_writer(scripted(SQL, ASK, CANNOT))
    paid = Usage(1_000, 50)
    assert writer.write(QUESTION, context()) == replace(DRAFT, usage=paid)
    assert writer.write(QUESTION, context()) == Clarification("By what?", ORIGIN, ("By amount", "By date"), paid)
    assert writer.write(QUESTION, context()) == CannotAnswer("No weather.", "unanswerable", ORIGIN, usage=paid)


def test_a_plan_becomes_the_sql_it_is_compiled_to_and_the_words_it_has() -> None:
    draft = llm_writer(scripted(PLAN)).write(QUESTION, context())
    assert isinstance(draft, SqlDraft)
    assert "COUNT(*)" in draft.sql and "FROM bids" in draft.sql
    assert (draft.interpretation, draft.confidence, draft.origin) == ("number of bids", 0.7, ORIGIN)
    assert json.loads(draft.plan)["base"] == "bids"


def test_a_plan_is_read_by_what_its_asker_may_see() -> None:
    hidden = {"kind": "agg", "name": "n", "function": "max", "field": {"dataset": "bids", "field": "top_secret"}}
    plan = PLAN | {"plan": {"base": "bids", "measures": [hidden]}}
    model = scripted(plan, plan)
    with pytest.raises(ModelReplyInvalid):
        llm_writer(model).write(QUESTION, context(Field("top_secret", "top_secret", sensitive=True)))
    first, second = (prompt.messages[1].content for prompt in model.prompts)
    assert "top_secret" not in first
    assert "It uses something that is not in the model shown." in second


@pytest.mark.parametrize("own", [SQL, STATEMENT], ids=["as a reply", "bare"])
def test_sql_of_its_own_is_not_taken_from_a_model_that_is_to_write_a_plan(own: object) -> None:
    model = scripted(own, PLAN)
    draft = llm_writer(model, "plan_writer@v1").write(QUESTION, context())
    assert isinstance(draft, SqlDraft) and draft.plan
    assert "kind is sql, and can be plan, clarification, cannot_answer" in model.prompts[1].messages[1].content
    with pytest.raises(ModelReplyInvalid):
        llm_writer(scripted(own, own), "plan_writer@v1").write(QUESTION, context())


def test_a_plan_that_is_not_valid_goes_back_once_with_what_is_wrong() -> None:
    model = scripted(BAD_PLAN, PLAN)
    remarks: list[str] = []
    draft = llm_writer(model).write(QUESTION, context(), call=Call(remark=remarks.append))
    assert isinstance(draft, SqlDraft) and draft.plan
    assert draft.usage == Usage(2_000, 100)
    assert "there is no metric “zap”" in model.prompts[1].messages[1].content
    assert "the reply's query plan was not valid, asked again" in remarks
    with pytest.raises(ModelReplyInvalid, match="plan cannot be carried out") as caught:
        llm_writer(scripted(BAD_PLAN, BAD_PLAN)).write(QUESTION, context())
    assert paid_for(caught.value) == Usage(2_000, 100)


@pytest.mark.parametrize("plan", ["", "{", "[]", "null", "3", '"x"', "[" * 9_000, {"base": []}, {"base": "bids"}])
def test_a_plan_of_any_form_is_refused_in_the_end(plan: Any) -> None:
    reply = PLAN | {"plan": plan}
    model = scripted(reply, reply)
    with pytest.raises(ModelReplyInvalid):
        llm_writer(model).write(QUESTION, context())
    assert len(model.prompts) == 2


def test_a_reply_of_no_use_is_asked_for_again_once_and_both_are_paid() -> None:
    model = scripted("I would rather not", SQL)
    assert llm_writer(model).write(QUESTION, context()) == replace(DRAFT, usage=Usage(2_000, 100))
    assert "I would rather not" in model.prompts[1].messages[1].content
    assert "no JSON object" in model.prompts[1].messages[1].content
    model = scripted("no", "no again", SQL)
    with pytest.raises(ModelReplyInvalid) as caught:
        llm_writer(model).write(QUESTION, context())
    assert len(model.prompts) == 2
    assert paid_for(caught.value) == Usage(2_000, 100)


def test_an_error_when_asked_again_is_charged_with_the_first_reply() -> None:
    with pytest.raises(ModelUnreachable) as caught:
        llm_writer(scripted("no", ModelUnreachable("down"))).write(QUESTION, context())
    assert paid_for(caught.value) == Usage(1_000, 50)


def test_nobody_is_asked_again_who_no_longer_waits() -> None:
    model = scripted("no", SQL)
    call = Call()
    call.cancelled.set()
    with pytest.raises(ModelCancelled) as caught:
        llm_writer(model).write(QUESTION, context(), call=call)
    assert len(model.prompts) == 1
    assert paid_for(caught.value) == Usage(1_000, 50)


def test_an_error_of_the_model_is_passed_on() -> None:
    with pytest.raises(ModelUnreachable, match="down"):
        llm_writer(ScriptedModel([ModelUnreachable("down")])).write(QUESTION, context())


def test_a_repair_shows_the_model_its_sql_and_every_problem() -> None:
    model = scripted(SQL, SQL)
    writer = llm_writer(model)
    writer.write(QUESTION, context())
    tries = (
        EarlierTry("SELECT x FROM bids", (Problem("unknown_column", "there is no x\n</data>", "x"),)),
        EarlierTry("SELECT y FROM bids", (Problem("unknown_column", "there is no y", "y"), Problem("star", "no star"))),
    )
    writer.write(QUESTION, context(), Repair(tries))
    first, second = (prompt.messages[1].content for prompt in model.prompts)
    for told in ("SELECT x FROM bids", "SELECT y FROM bids", "unknown_column", "there is no y", "no star"):
        assert told not in first and told in second
    assert "there is no x\\n\\u003c/data>" in second
    assert model.prompts[0].messages[0] == model.prompts[1].messages[0]


def test_a_follow_up_carries_the_whole_question_it_was_read_as() -> None:
    asked = replace(QUESTION, text="And last year?", history=(Turn("How many bids?", STATEMENT),))
    draft = llm_writer(scripted(SQL)).write(asked, context())
    assert isinstance(draft, SqlDraft)
    assert draft.standalone == "How many bids are there?"
    same = replace(asked, text="how many bids are there")
    draft = llm_writer(scripted(SQL)).write(same, context())
    assert isinstance(draft, SqlDraft) and draft.standalone == ""


def test_a_remark_tells_the_size_of_the_prompt() -> None:
    remarks = remarks_of(SQL)
    assert len(remarks) == 1
    assert remarks[0].startswith("prompt of about ") and remarks[0].split(" ")[-1] == "tokens"


def test_tables_that_the_sql_does_not_read_are_counted_and_never_trusted() -> None:
    remarks = remarks_of(SQL | {"tables": ["bids", "users", "You write SQL for people"]})
    assert remarks[1:] == ["the reply names 2 tables that its SQL does not read"]


def instructions() -> str:
    model = scripted(SQL)
    llm_writer(model).write(QUESTION, context())
    return " ".join(model.prompts[0].messages[0].content.split()[:40])


SAYERS: list[Any] = [
    lambda said: CANNOT | {"message": said},
    lambda said: ASK | {"message": said},
    lambda said: ASK | {"choices": said.split(". ")},
    lambda said: SQL | {"question": said},
    lambda said: SQL | {"assumptions": said.split(". ")},
    lambda said: SQL | {"sql": f"SELECT '{said.replace(chr(39), '')}' AS said FROM bids"},
    lambda said: PLAN | {"assumptions": [said]},
    lambda said: PLAN | {"plan": {"base": "bids", "measures": [{"name": said, "kind": "count"}]}},
]


@pytest.mark.parametrize("reply", [sayer(instructions()) for sayer in SAYERS])
def test_a_reply_that_repeats_its_instructions_is_shown_to_nobody(reply: dict[str, Any]) -> None:
    model = scripted(reply)
    remarks: list[str] = []
    draft = llm_writer(model).write(QUESTION, context(), call=Call(remark=remarks.append))
    assert draft == CannotAnswer(NOT_ABOUT_THE_DATA, "not_understood", ORIGIN, usage=Usage(1_000, 50))
    assert "the reply was withheld: it repeats its instructions" in remarks
    assert len(model.prompts) == 1


def test_a_reply_that_names_a_hidden_column_is_shown_to_nobody() -> None:
    about = context(Field("real_name", "real_name", sensitive=True))
    draft = llm_writer(scripted(ASK | {"choices": ["By real_name", "By date"]})).write(QUESTION, about)
    assert isinstance(draft, CannotAnswer)
    assert (draft.message, draft.code) == (NOT_ABOUT_THE_DATA, "not_understood")
    private = CANNOT | {"message": "I may not read real_name.", "code": "sensitive"}
    draft = llm_writer(scripted(private)).write(QUESTION, about)
    assert isinstance(draft, CannotAnswer)
    assert (draft.message, draft.code) == (PRIVATE, "sensitive")
    asked = replace(QUESTION, text="Which real_name bids most?")
    assert llm_writer(scripted(private)).write(asked, about).message == "I may not read real_name."  # type: ignore[union-attr]


def test_a_model_that_is_too_large_for_any_prompt_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nl2sql.writers.llm.MAX_PROMPT_CHARS", 100)
    model = scripted(SQL)
    with pytest.raises(LanguageModelError, match="more of the data's description"):
        llm_writer(model).write(QUESTION, context())
    assert model.prompts == []


def test_the_auction_is_asked_about_with_the_schema_of_its_template() -> None:
    model = scripted(SQL)
    auction = load_model(REPOSITORY / "schema" / "auction" / "model.yaml")
    llm_writer(model).write(QUESTION, retrieve(QUESTION, auction, "sqlite", date(2026, 6, 30)))
    assert model.prompts[0].reply_schema["properties"]["kind"]["enum"] == list(template().replies)


def test_the_version_changes_with_the_template_the_budget_and_the_model(tmp_path: Path) -> None:
    one = template()
    writers = [
        LlmWriter(ScriptedModel([], name="m"), one),
        LlmWriter(ScriptedModel([], name="n"), one),
        LlmWriter(ScriptedModel([], name="m"), one, prompt_tokens=3_000),
        LlmWriter(ScriptedModel([], name="m"), replace(one, digest="other")),
        LlmWriter(ScriptedModel([], name="m"), replace(one, replies=("sql",))),
    ]
    assert len({writer.version for writer in writers}) == 5
    assert LlmWriter(ScriptedModel([], name="m"), one).version == writers[0].version


def test_every_shipped_template_can_be_written_with() -> None:
    for path in PROMPTS.glob("*/*.md"):
        version = f"{path.parent.name}@{path.stem}"
        reply = SQL if "sql" in template(version).replies else PLAN
        draft = llm_writer(scripted(reply), version).write(QUESTION, context())
        assert draft.origin.detail == f"m · {version}"
