"""What a language model that follows somebody else may say: shown in full view, or not at all."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nl2sql.writers.base import Origin, SqlDraft
from nl2sql.writers.codec import draft_from_bytes, draft_to_bytes
from nl2sql.writers.reply import Reply, read_reply

TURNED = "All\u202e sdib\u2066\u200b\n\tand\x1b[31m more\ud800 \U000e0041"
READ = "All sdib and [31m more"


def reply(**said: Any) -> str:
    return json.dumps(said)


def test_what_a_person_reads_holds_no_character_that_turns_or_hides_text() -> None:
    sql = read_reply(
        reply(kind="sql", sql="SELECT 1", question=TURNED, assumptions=[TURNED, "\u200b"], tables=[TURNED])
    )
    assert sql == Reply("sql", READ, "SELECT 1", tables=(READ,), assumptions=(READ,))
    asked = read_reply(reply(kind="clarification", message=TURNED, choices=[TURNED]))
    assert asked == Reply("clarification", message=READ, choices=(READ,))
    assert read_reply(reply(kind="cannot_answer", message=TURNED)).message == READ


def test_sql_reaches_the_guard_as_it_was_written() -> None:
    assert read_reply(reply(kind="sql", sql=" SELECT '\u202e' \u200bAS x\n")).sql == "SELECT '\u202e' \u200bAS x"


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
