"""The SQL of an answer: to read, to have explained, and, for whoever may, to edit and run through the same checks."""

from __future__ import annotations

import re

import streamlit as st

from nl2sql.errors import Nl2SqlError
from nl2sql.guard.violation import Violations
from streamlit_app import widgets
from streamlit_app.asking.state import Entry, request
from streamlit_app.safe import shorten
from streamlit_app.services import Ready
from streamlit_app.words import say

# Of a fragment that was refused: enough to find it by.
_FRAGMENT_CHARACTERS = 80


def show_sql(entry: Entry, ready: Ready, title: str) -> None:
    """Nothing where there is no SQL. That of a refused statement is open, with what was refused beside the editor."""
    answer = entry.answer
    sql = answer.sql or (entry.request.text if entry.request.is_sql else "")
    if not sql:
        return
    is_refused = answer.outcome == "refused"
    with st.expander(title, key=f"sql-{entry.number}", expanded=is_refused):
        if not is_refused or "sql" not in ready.person.may:
            _read(entry, sql, ready)
        if "sql" in ready.person.may:
            _edit(entry, sql, ready, is_refused)


def _read(entry: Entry, sql: str, ready: Ready) -> None:
    answer = entry.answer
    st.code(sql, language="sql", wrap_lines=True)
    with st.container(horizontal=True, gap="medium"):
        executed = answer.executed_sql and st.toggle(say("sql.executed"), key=f"executed-{entry.number}")
        explained = answer.outcome == "answered" and st.toggle(say("sql.explain"), key=f"explain-{entry.number}")
    if executed:
        widgets.small(say("sql.executed_more"))
        st.code(answer.executed_sql, language="sql", wrap_lines=True)
    if explained:
        _explain(sql, ready)


def _explain(sql: str, ready: Ready) -> None:
    try:
        told = ready.pipeline.explain(sql, ready.principal)
    except Nl2SqlError as error:
        widgets.problem(error.user_message)
        return
    if told:
        widgets.steps(told)
    else:
        widgets.small(say("sql.no_steps"))


def _edit(entry: Entry, sql: str, ready: Ready, is_refused: bool) -> None:
    answer = entry.answer
    with st.form(key=f"edit-{entry.number}", border=False):
        edited = st.text_area(say("sql.edit"), sql, height="content", key=f"edited-{entry.number}")
        place = _place(sql, ready) if is_refused else ""
        if place:
            widgets.notice(place, warning=True)
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            run = st.form_submit_button(say("sql.run"), key=f"run-{entry.number}")
            widgets.small(say("sql.edit_more"), width="content")
        if run and edited:
            request(edited, is_sql=True, corrects=answer.id if edited.strip() != sql.strip() else "")
            st.rerun()


def _place(sql: str, ready: Ready) -> str:
    """Where the guard stumbled, as it sees it now; "" where it says no more than that it refuses."""
    try:
        verdict = ready.pipeline.check(sql, ready.principal)
    except Nl2SqlError:
        return ""
    if not isinstance(verdict, Violations) or not verdict.items[0].fragment.strip():
        return ""
    fragment = verdict.items[0].fragment
    line, said = line_of(fragment, sql), shorten(fragment, _FRAGMENT_CHARACTERS)
    return say("sql.refused_at_line", line=line, fragment=said) if line else say("sql.refused_at", fragment=said)


def line_of(fragment: str, sql: str) -> int:
    """Where `fragment` first stands in `sql`, as the number of its line from 1; 0 where it is not written like that."""
    words = r"\s+".join(re.escape(word) for word in fragment.split())
    found = re.search(rf"(?<!\w){words}(?!\w)", sql, re.IGNORECASE)
    return sql.count("\n", 0, found.start()) + 1 if found else 0
