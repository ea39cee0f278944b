"""Thumbs under an answer, and what was wrong in a few words: kept in the ledger beside the question."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from nl2sql.ledger.base import Verdict
from streamlit_app import widgets
from streamlit_app.asking.state import Entry

if TYPE_CHECKING:
    from nl2sql.pipeline import Pipeline

# A few sentences; whoever has more to say writes to a person.
MAX_COMMENT = 500
# What was refused, failed or not yet run is nothing that a person could judge.
JUDGED = ("answered", "declined")
VERDICTS: dict[int | None, Verdict] = {0: "bad", 1: "good", None: ""}


def feedback(entry: Entry, pipeline: Pipeline) -> None:
    if not entry.answer.id or entry.answer.outcome not in JUDGED:
        return
    key, comment_key = f"feedback-{entry.number}", f"comment-{entry.number}"

    def send() -> None:
        verdict = VERDICTS[st.session_state.get(key)]
        comment = str(st.session_state.get(comment_key) or "").strip() if verdict == "bad" else ""
        pipeline.give_feedback(entry.answer.id, verdict, comment[:MAX_COMMENT])

    with st.container(key=f"judge-{entry.number}", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            widgets.small("Was this right?", width="content")
            given = st.feedback("thumbs", key=key, on_change=send, persist_state="session")
            if VERDICTS[given] == "good":
                widgets.small("Thank you, noted.", width="content")
        if VERDICTS[given] != "bad":
            return
        told = st.text_input(
            "What was wrong?",
            placeholder="What was wrong? (optional)",
            label_visibility="collapsed",
            max_chars=MAX_COMMENT,
            key=comment_key,
            on_change=send,
            persist_state="session",
        )
        if told:
            widgets.small("Thank you, noted.")
