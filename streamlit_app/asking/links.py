"""Questions that arrive in the address of the page: `?q=Turnover+by+country`."""

from __future__ import annotations

import streamlit as st

from nl2sql.question import MAX_QUESTION_CHARS, looks_like_sql
from streamlit_app.asking.state import Conversation
from streamlit_app.services import Ready
from streamlit_app.store.base import Request
from streamlit_app.words import say

_LINES = "\n\r\t"  # of SQL that was laid out


def take_question(talk: Conversation, ready: Ready, box: str) -> None:
    """Asks it, once: the address is clean afterwards, so that the page can be loaded again. Before the box is drawn.

    SQL from elsewhere is not run but put into the box (by its key, `box`), for a person to read and send.
    """
    text = st.query_params.get("q")
    if text is None:
        return
    del st.query_params["q"]
    if not text.strip():
        return
    if len(text) > MAX_QUESTION_CHARS:
        talk.notice = say("ask.link.too_long", count=f"{len(text):,}", limit=f"{MAX_QUESTION_CHARS:,}")
    elif any(not (each.isprintable() or each in _LINES) for each in text):
        talk.notice = say("ask.link.unreadable")
    elif not _is_sql(text):
        talk.ask(Request(" ".join(text.split())))
    elif "sql" in ready.person.may:
        st.session_state[box] = text
        talk.notice = say("ask.link.sql")
    else:
        talk.notice = say("ask.no_sql")


def _is_sql(text: str) -> bool:
    """A question may begin with “select” too; then it is a person who sends it."""
    return looks_like_sql(text) or text.split()[0].lower() == "select"
