"""Thumbs under an answer, and what was wrong in a few words: kept in the ledger beside the question."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import streamlit as st

from nl2sql.ledger.base import Verdict
from streamlit_app import widgets
from streamlit_app.asking.state import Entry
from streamlit_app.words import say

if TYPE_CHECKING:
    from nl2sql.pipeline import Pipeline

Reason = Literal["wrong_number", "wrong_period", "wrong_filter", "other_question", "too_slow", "other"]
REASONS: tuple[Reason, ...] = get_args(Reason)
# A few sentences; whoever has more to say writes to a person.
MAX_COMMENT = 500
# What was refused, failed or not yet run is nothing that a person could judge.
JUDGED = ("answered", "declined")
VERDICTS: dict[int | None, Verdict] = {0: "bad", 1: "good", None: ""}


def feedback(entry: Entry, pipeline: Pipeline) -> None:
    if not entry.answer.id or entry.answer.outcome not in JUDGED:
        return
    key, reason_key, comment_key = (f"{each}-{entry.number}" for each in ("feedback", "reason", "comment"))

    def send() -> None:
        verdict = VERDICTS[st.session_state.get(key)]
        told = comment_text(st.session_state.get(reason_key), str(st.session_state.get(comment_key) or ""))
        pipeline.give_feedback(entry.answer.id, verdict, told if verdict == "bad" else "")

    with st.container(key=f"judge-{entry.number}", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            widgets.small(say("feedback.ask"), width="content")
            given = st.feedback("thumbs", key=key, on_change=send, persist_state="session")
            if VERDICTS[given] == "good":
                widgets.small(say("feedback.thanks"), width="content")
        if VERDICTS[given] != "bad":
            return
        reason = st.pills(
            say("feedback.reasons"),
            REASONS,
            format_func=lambda each: say(f"feedback.reason.{each}"),
            key=reason_key,
            on_change=send,
            label_visibility="collapsed",
            persist_state="session",
        )
        told = st.text_input(
            say("feedback.wrong"),
            placeholder=say("feedback.wrong_optional"),
            label_visibility="collapsed",
            max_chars=MAX_COMMENT,
            key=comment_key,
            on_change=send,
            persist_state="session",
        )
        if told or reason:
            widgets.small(say("feedback.thanks"))


def comment_text(reason: str | None, comment: str) -> str:
    """As the ledger keeps it: `reason: wrong_period; Only paid orders, please`, one of `REASONS` before the first
    semicolon; without a comment `reason: wrong_period`, without a reason the comment alone. At most `MAX_COMMENT`
    characters of comment."""
    said = comment.strip()[:MAX_COMMENT]
    if reason not in REASONS:
        return said
    return f"reason: {reason}; {said}" if said else f"reason: {reason}"
