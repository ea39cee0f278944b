"""One answer on screen, whatever its outcome. What can be clicked inside it does not ask again."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from nl2sql.answer.base import Answer
from nl2sql.engines.base import ResultTable
from nl2sql.price_tag import spoken
from nl2sql.provenance import provenance, reading, stands_in, whole_question
from streamlit_app import widgets
from streamlit_app.asking.chips import show_chips
from streamlit_app.asking.choices import choices
from streamlit_app.asking.feedback import feedback
from streamlit_app.asking.state import Entry, request
from streamlit_app.safe import as_markdown, shorten
from streamlit_app.services import Ready, shielded
from streamlit_app.showing.results import show_result

DECLINED_WORDS = {
    "not_understood": "No answer, rather than a guess",
    "unanswerable": "The data does not hold this",
    "unsafe": "Nothing here changes data",
    "sensitive": "This is protected",
    "unavailable": "No answer this time",
}


def show_entry(entry: Entry, ready: Ready) -> None:
    with st.container(key=f"entry-{entry.number}"), shielded(widgets.problem):
        show = _priced if entry.answer.code == "over_soft_limit" else SHOW[entry.answer.outcome]
        show(entry, ready)
        _footer(entry)
        if ready.takes_feedback:
            feedback(entry, ready.pipeline)


def _answered(entry: Entry, ready: Ready) -> None:
    answer = entry.answer
    widgets.headline(
        asked_text(entry, 300),
        answer.headline,
        whole=shorten(whole_question(answer), 300),
        interpretation=reading(answer),
        instead=stands_in(answer),
        assumptions=answer.assumptions,
    )
    show_chips(entry, ready)
    _provenance(entry)
    widgets.findings(answer.findings)
    if answer.table is not None and answer.table.row_count and not _is_missing(answer.table):
        show_result(answer, f"{entry.number}")
    if answer.receipt is not None and answer.receipt.lines:
        widgets.receipt(answer.receipt)
    _sql(entry, "SQL")


def _provenance(entry: Entry) -> None:
    """Up to when the data is there, how old the result is, and what it cost; with a way to a new one."""
    answer, asked = entry.answer, entry.request
    parts = provenance(answer)
    if not parts:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key=f"provenance-{entry.number}"):
        widgets.provenance(parts)
        if answer.cached:
            st.button(
                "Run again",
                key=f"fresh-{entry.number}",
                type="tertiary",
                icon=":material/refresh:",
                help="Reads the database again, instead of the cache.",
                on_click=request,
                args=(asked.text, asked.is_sql, True, False, asked.plan, asked.corrects),
            )


def _is_missing(result: ResultTable) -> bool:
    """A single empty cell: the headline says that there is no value, and a table would only say None."""
    return result.table.num_columns == 1 and result.row_count == 1 and result.table.column(0).null_count == 1


def _clarification(entry: Entry, ready: Ready) -> None:
    answer = entry.answer
    widgets.headline(asked_text(entry, 300), answer.headline, calm=True)
    widgets.small("Pick the one you mean, or ask again in other words.")
    choices(answer.choices, key=str(entry.number))


def _explanation(entry: Entry, ready: Ready) -> None:
    answer = entry.answer
    first, *more = answer.headline.splitlines() or [""]
    widgets.headline(asked_text(entry, 300), first, calm=True)
    for line in filter(None, more):
        widgets.small(line)
    if answer.choices:
        widgets.label("Questions that can be answered")
        choices(answer.choices, key=str(entry.number))


def _priced(entry: Entry, ready: Ready) -> None:
    """Nothing ran yet: it costs more than this role spends without being asked."""
    answer, asked = entry.answer, entry.request
    widgets.headline(asked_text(entry, 300), "This costs more than usual. Run it?", calm=True)
    widgets.notice(answer.headline, more=answer.hint)
    told = spoken(answer.estimate) if answer.estimate is not None else ""
    st.button(
        as_markdown(f"Run it anyway: {told}" if told else "Run it anyway"),
        key=f"accept-{entry.number}",
        type="primary",
        on_click=request,
        args=(asked.text, asked.is_sql, asked.fresh, True, asked.plan, asked.corrects),
    )
    _sql(entry, "SQL that would run")


def _declined(entry: Entry, ready: Ready) -> None:
    answer = entry.answer
    widgets.headline(asked_text(entry, 300), DECLINED_WORDS.get(answer.code, "Not answered"), calm=True)
    widgets.notice(answer.headline, more=" ".join(part for part in (_unknown_words(answer), answer.hint) if part))
    if answer.choices:
        widgets.label("Questions that can be answered")
        choices(answer.choices, key=str(entry.number))
    if answer.code == "unavailable":
        _retry(entry)


def _unknown_words(answer: Answer) -> str:
    """Nothing when the reason itself names them."""
    words = [word for word in answer.unknown_words if word not in answer.headline]
    if answer.code != "not_understood" or not words:
        return ""
    return f"Not understood: {', '.join(f'“{word}”' for word in words)}."


def _refused(entry: Entry, ready: Ready) -> None:
    answer = entry.answer
    widgets.headline(asked_text(entry, 300), "This was not run", calm=True)
    widgets.notice(answer.headline, more=answer.hint, warning=True)
    _sql(entry, "SQL that was refused")


def _failed(entry: Entry, ready: Ready) -> None:
    answer = entry.answer
    widgets.headline(asked_text(entry, 300), "No answer this time", calm=True)
    widgets.notice(answer.headline, more=answer.hint, warning=True)
    _retry(entry)
    _sql(entry, "SQL")


def _retry(entry: Entry) -> None:
    asked = entry.request
    again = (asked.text, asked.is_sql, True, asked.accept_cost, asked.plan, asked.corrects)
    st.button("Try again", key=f"retry-{entry.number}", type="primary", on_click=request, args=again)


SHOW: dict[str, Callable[[Entry, Ready], None]] = {
    "answered": _answered,
    "explanation": _explanation,
    "clarification": _clarification,
    "declined": _declined,
    "refused": _refused,
    "failed": _failed,
}


def asked_text(entry: Entry, limit: int) -> str:
    return shorten(f"SQL: {entry.request.text}" if entry.request.is_sql else entry.request.text, limit)


def _sql(entry: Entry, title: str) -> None:
    answer = entry.answer
    sql = answer.sql or (entry.request.text if entry.request.is_sql else "")
    if not sql:
        return
    with st.expander(title, key=f"sql-{entry.number}"):
        st.code(sql, language="sql", wrap_lines=True)
        if answer.executed_sql and st.toggle("As executed", key=f"executed-{entry.number}"):
            widgets.small("Each table as the database was given it: with the rows and columns your role may see.")
            st.code(answer.executed_sql, language="sql", wrap_lines=True)
        with st.form(key=f"edit-{entry.number}", border=False):
            edited = st.text_area("Edit and run", sql, height="content", key=f"edited-{entry.number}")
            widgets.small("What you change passes the same checks before it runs.")
            if st.form_submit_button("Run this SQL", key=f"run-{entry.number}") and edited:
                request(edited, is_sql=True, corrects=answer.id if edited.strip() != sql.strip() else "")
                st.rerun()


def _footer(entry: Entry) -> None:
    answer = entry.answer
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        widgets.meta(answer, entry.seconds)
        if answer.stages:
            with st.popover("Steps and times", type="tertiary", key=f"how-{entry.number}"):
                widgets.label("How this was answered, step by step")
                widgets.stages(answer.stages)
