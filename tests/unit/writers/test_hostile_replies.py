"""What a language model that follows somebody else may say: shown in full view, or not at all."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nl2sql.catalog.model import Dataset, Field, FieldValue, SemanticModel
from nl2sql.context.retrieve import retrieve
from nl2sql.errors import LanguageModelError, ModelReplyInvalid
from nl2sql.llm.recorded import ScriptedModel
from nl2sql.question import Question
from nl2sql.writers.base import CannotAnswer, Clarification, Origin, SqlDraft
from nl2sql.writers.codec import draft_from_bytes, draft_to_bytes
from nl2sql.writers.llm import MAX_PROMPT_CHARS, LlmWriter, read_reply

PROMPTS = Path(__file__).parents[3] / "prompts"
ORIGIN = Origin("llm", "m")
TURNED = "All\u202e sdib\u2066\u200b\n\tand\x1b[31m more\ud800 \U000e0041"
READ = "All sdib and [31m more"


def reply(**said: Any) -> str:
    return json.dumps(said)


def test_what_a_person_reads_holds_no_character_that_turns_or_hides_text() -> None:
    sql = read_reply(reply(kind="sql", sql="SELECT 1", interpretation=TURNED, assumptions=[TURNED, "\u200b"]), ORIGIN)
    assert sql == SqlDraft("SELECT 1", ORIGIN, READ, (READ,))
    asked = read_reply(reply(kind="clarification", message=TURNED, choices=[TURNED]), ORIGIN)
    assert asked == Clarification(READ, ORIGIN, (READ,))
    no = read_reply(reply(kind="cannot_answer", reason=TURNED), ORIGIN)
    assert no == CannotAnswer(READ, "unanswerable", ORIGIN)


def test_a_sentence_of_nothing_visible_is_none() -> None:
    with pytest.raises(ModelReplyInvalid):
        read_reply(reply(kind="cannot_answer", reason="\u200b\u2060 \n"), ORIGIN)


def test_sql_reaches_the_guard_as_it_was_written() -> None:
    draft = read_reply(reply(kind="sql", sql=" SELECT '\u202e' \u200bAS x\n"), ORIGIN)
    assert isinstance(draft, SqlDraft)
    assert draft.sql == "SELECT '\u202e' \u200bAS x"


@example(texts=["\ud800"] * 3)
@given(texts=st.lists(st.text(st.characters(exclude_categories=())), min_size=3, max_size=6))
def test_any_draft_can_be_kept_and_read_again(texts: list[str]) -> None:
    draft = SqlDraft(texts[0], Origin(texts[1], texts[2]), texts[-1], tuple(texts))
    # Halves of a pair that stood side by side come back as the one character they make: still the same bytes.
    assert draft_to_bytes(draft_from_bytes(draft_to_bytes(draft))) == draft_to_bytes(draft)


@pytest.mark.parametrize("spoilt", [b"", b"\xff", b"[]", b"{}", b'{"sql":' * 100_000, b"[" * 100_000])
def test_what_was_not_kept_by_us_is_no_draft(spoilt: bytes) -> None:
    with pytest.raises(ValueError):
        draft_from_bytes(spoilt)


def test_a_description_of_the_data_that_is_too_large_is_not_sent() -> None:
    value = FieldValue("v" * 200)
    fields = tuple(
        Field(f"field_{n}", f"field_{n}", values=(value,) * 40) for n in range(MAX_PROMPT_CHARS // 8_000 + 1)
    )
    model = SemanticModel("m", (Dataset("bids", "bids", fields),))
    question, language_model = Question("How many bids?"), ScriptedModel([])
    writer = LlmWriter(language_model, PROMPTS)
    context = retrieve(question, model, "sqlite", date(2026, 6, 30))
    with pytest.raises(LanguageModelError, match="more of the data's description than"):
        writer.write(question, context)
    assert language_model.prompts == []
    smaller = replace(context, model=replace(model, datasets=(Dataset("bids", "bids", fields[:-2]),)))
    with pytest.raises(LanguageModelError, match="nothing left to say"):
        writer.write(question, smaller)
