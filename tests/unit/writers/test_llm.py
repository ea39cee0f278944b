from __future__ import annotations

import json
import time
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from nl2sql.catalog.model import Dataset, Field, SemanticModel
from nl2sql.context.base import Context
from nl2sql.context.retrieve import retrieve
from nl2sql.errors import ModelReplyInvalid, ModelUnreachable, PromptInvalid
from nl2sql.llm.recorded import ScriptedModel
from nl2sql.prompt.base import EarlierTry, Problem
from nl2sql.question import Question
from nl2sql.writers.base import CannotAnswer, Clarification, Origin, Repair, SqlDraft
from nl2sql.writers.llm import MAX_REPLY_CHARS, REPLY_SCHEMA, LlmWriter, read_reply

PROMPTS = Path(__file__).parents[3] / "prompts"
ORIGIN = Origin("llm", "m · sql_writer@v1")
QUESTION = Question.parse("How many bids?")
EMPTY: dict[str, Any] = {
    "interpretation": "",
    "assumptions": [],
    "sql": None,
    "message": None,
    "choices": [],
    "reason": None,
    "code": None,
}
SQL = EMPTY | {
    "kind": "sql",
    "sql": "SELECT COUNT(*) AS bids FROM bids",
    "interpretation": "All bids",
    "assumptions": ["a"],
}
ASK = EMPTY | {"kind": "clarification", "message": "By what?", "choices": ["Top bids by amount", "Top bids by date"]}
CANNOT = EMPTY | {"kind": "cannot_answer", "reason": "No weather.", "code": "unanswerable"}
DRAFT = SqlDraft("SELECT COUNT(*) AS bids FROM bids", ORIGIN, "All bids", ("a",))


def context() -> Context:
    model = SemanticModel("m", (Dataset("bids", "bids", (Field("id", "id"),)),))
    return retrieve(QUESTION, model, "sqlite", date(2026, 6, 30))


def test_each_kind_of_reply_becomes_its_draft() -> None:
    model = ScriptedModel([json.dumps(SQL), json.dumps(ASK), json.dumps(CANNOT)], name="m")
    writer = LlmWriter(model, PROMPTS)
    assert writer.write(QUESTION, context()) == DRAFT
    assert writer.write(QUESTION, context()) == Clarification(
        "By what?", ORIGIN, ("Top bids by amount", "Top bids by date")
    )
    assert writer.write(QUESTION, context()) == CannotAnswer("No weather.", "unanswerable", ORIGIN)


def test_the_schema_allows_what_the_writer_reads_and_requires_every_key() -> None:
    validator = jsonschema.Draft202012Validator(dict(REPLY_SCHEMA))
    for reply in (SQL, ASK, CANNOT):
        validator.validate(reply)
    assert not validator.is_valid(SQL | {"kind": "python"})
    assert not validator.is_valid(SQL | {"extra": 1})
    assert not validator.is_valid(CANNOT | {"code": "unavailable"})
    # Strict mode refuses schemas with optional keys or open objects.
    assert list(REPLY_SCHEMA["required"]) == list(REPLY_SCHEMA["properties"])
    assert REPLY_SCHEMA["additionalProperties"] is False


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(SQL),
        f"```json\n{json.dumps(SQL, indent=2)}\n```",
        f"Sure! Here it is:\n\n{json.dumps(SQL)}\n\nLet me know {{if}} it helps.",
        f"<think>{json.dumps(ASK)} or rather</think>{json.dumps(SQL)}",
        f"{json.dumps(SQL)}\n{json.dumps(SQL)}",
        json.dumps({key: value for key, value in SQL.items() if value}),
        "\ufeff" + json.dumps(SQL),
        json.dumps(SQL | {"sql": "SELECT COUNT(*) AS bids FROM bids "}),
        json.dumps(SQL).replace(" AS bids", " AS bids"),
    ],
)
def test_a_reply_is_found_in_whatever_stands_around_it(text: str) -> None:
    assert read_reply(text, ORIGIN) == DRAFT


def test_line_breaks_inside_a_text_are_understood() -> None:
    raw = json.dumps(SQL).replace("COUNT(*) AS", "COUNT(*)\n AS")
    draft = read_reply(raw, ORIGIN)
    assert isinstance(draft, SqlDraft)
    assert draft.sql == "SELECT COUNT(*)\n AS bids FROM bids"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no JSON object"),
        ("SELECT COUNT(*) FROM bids", "no JSON object"),
        ("```sql\nSELECT 1\n```", "no JSON object"),
        ('{"sql": "SELECT 1"}', "no JSON object"),
        (json.dumps(SQL)[:-20], "breaks off"),
        (json.dumps([SQL])[:-10], "breaks off"),
        (f"{json.dumps(SQL)} or {json.dumps(ASK)}", "2 different objects"),
        (json.dumps(SQL | {"kind": "python"}), "kind is 'python'"),
        (json.dumps(SQL | {"kind": None}), "kind is None"),
        (json.dumps(SQL | {"sql": "  "}), "sql is missing"),
        (json.dumps(SQL | {"sql": ["SELECT 1"]}), "sql is missing or not a text"),
        (json.dumps(SQL | {"assumptions": "a"}), "assumptions is not a list"),
        (json.dumps(SQL | {"assumptions": [1]}), "assumptions is not a list"),
        (json.dumps(SQL | {"interpretation": {}}), "interpretation"),
        (json.dumps(ASK | {"message": ""}), "message is missing"),
        (json.dumps(CANNOT | {"reason": None}), "reason is missing"),
        (json.dumps(CANNOT | {"code": "unavailable"}), "not one of unanswerable, unsafe, sensitive"),
        (json.dumps(CANNOT | {"code": ["unsafe"]}), "not one of"),
        ('{"a":' * 3_000, "breaks off|deeply"),
        ("x" * (MAX_REPLY_CHARS + 1), f"{MAX_REPLY_CHARS + 1:,} characters"),
    ],
)
def test_anything_but_one_well_formed_reply_is_invalid(text: str, why: str) -> None:
    with pytest.raises(ModelReplyInvalid) as caught:
        read_reply(text, ORIGIN)
    assert any(each in caught.value.hint for each in why.split("|"))


@pytest.mark.parametrize(
    "piece", ['{"a":', '{"a":' * 900 + "!", '{"a":[' + "1," * 99, "{", '{"kind":"', "[{", '{"a":"{']
)
def test_a_hostile_reply_is_refused_quickly(piece: str) -> None:
    begun = time.process_time()
    with pytest.raises(ModelReplyInvalid):
        read_reply(piece * (MAX_REPLY_CHARS // len(piece)), ORIGIN)
    assert time.process_time() - begun < 1.0


def test_what_a_person_reads_is_bounded() -> None:
    long = SQL | {"interpretation": "x" * 5_000, "assumptions": ["y" * 500, " "] * 20}
    draft = read_reply(json.dumps(long), ORIGIN)
    assert isinstance(draft, SqlDraft)
    assert len(draft.interpretation) == 400
    assert [len(each) for each in draft.assumptions] == [400] * 8


def test_a_repair_shows_the_model_its_sql_and_the_problem() -> None:
    model = ScriptedModel([json.dumps(SQL)] * 2, name="m")
    writer = LlmWriter(model, PROMPTS)
    writer.write(QUESTION, context())
    writer.write(
        QUESTION,
        context(),
        Repair((EarlierTry("SELECT x FROM bids", (Problem("unknown_column", "there is no x\n</data>"),)),)),
    )
    first, second = (prompt.messages[1].content for prompt in model.prompts)
    assert "earlier try" not in first
    assert '"SELECT x FROM bids"\n"[unknown_column] there is no x\\n\\u003c/data>"' in second
    assert model.prompts[0].messages[0] == model.prompts[1].messages[0]


def test_an_error_of_the_model_is_passed_on() -> None:
    with pytest.raises(ModelUnreachable, match="down"):
        LlmWriter(ScriptedModel([ModelUnreachable("down")]), PROMPTS).write(QUESTION, context())


def test_the_version_changes_with_the_template_and_the_model(tmp_path: Path) -> None:
    shipped = (PROMPTS / "sql_writer" / "v1.md").read_text(encoding="utf-8")
    copy = tmp_path / "sql_writer" / "v1.md"
    copy.parent.mkdir()
    copy.write_text(shipped, encoding="utf-8")
    one = LlmWriter(ScriptedModel([], name="m"), PROMPTS).version
    assert LlmWriter(ScriptedModel([], name="m"), tmp_path).version == one
    copy.write_text(shipped.replace("A wrong number", "A bad number"), encoding="utf-8")
    others = {
        LlmWriter(ScriptedModel([], name="m"), tmp_path).version,
        LlmWriter(ScriptedModel([], name="n"), PROMPTS).version,
    }
    assert len(others | {one}) == 3


def test_a_missing_template_is_said_when_the_writer_is_made(tmp_path: Path) -> None:
    with pytest.raises(PromptInvalid):
        LlmWriter(ScriptedModel([]), tmp_path)
