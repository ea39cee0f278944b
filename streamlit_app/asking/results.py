"""One answer on screen, whatever its outcome. What can be clicked inside it does not ask again."""

from __future__ import annotations

import re
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
from streamlit_app.asking.follow_ups import show_follow_ups
from streamlit_app.asking.sql_box import show_sql
from streamlit_app.asking.state import Entry, link_to, request
from streamlit_app.asking.trust import trust_label
from streamlit_app.boards.pin import pin_popover
from streamlit_app.safe import as_markdown, shorten
from streamlit_app.services import Ready, shielded
from streamlit_app.showing.results import show_result
from streamlit_app.words import say

# "[unknown_column] Did you mean …? (at: users.mail)"
_FOR_A_MODEL = re.compile(r"^\[\w+\] | \(at: .*\)$")


def show_entry(entry: Entry, ready: Ready) -> None:
    with st.container(key=f"entry-{entry.number}"), shielded(widgets.problem):
        show = _priced if entry.answer.code == "over_soft_limit" else SHOW[entry.answer.outcome]
        show(entry, ready)
        _footer(entry)
        if ready.takes_feedback:
            feedback(entry, ready.pipeline)
        show_follow_ups(entry, ready)


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
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key=f"reading-{entry.number}"):
        show_chips(entry, ready)
        trust_label(answer, ready, str(entry.number))
    widgets.findings(answer.findings)
    if answer.table is not None and answer.table.row_count and not _is_missing(answer.table):
        show_result(answer, f"{entry.number}", may_export="export" in ready.person.may)
    _actions(entry, ready)
    if answer.receipt is not None and answer.receipt.lines:
        widgets.receipt(answer.receipt)
    show_sql(entry, ready, say("sql.sql"))


def _actions(entry: Entry, ready: Ready) -> None:
    """To keep it, to send it, to have it anew. Taking the data along stands at the result itself."""
    answer, asked = entry.answer, entry.request
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key=f"actions-{entry.number}"):
        pin_popover(asked, answer, str(entry.number), ready)
        if answer.id:
            _link(answer.id, entry.number)
        st.button(
            say("answer.run_again"),
            key=f"fresh-{entry.number}",
            type="tertiary",
            icon=":material/refresh:",
            help=say("answer.run_again_help"),
            on_click=request,
            args=(asked.text, asked.is_sql, True, False, asked.plan, asked.corrects),
        )


@st.fragment
def _link(answer_id: str, number: int) -> None:
    opened = st.popover(
        say("answer.link"), type="tertiary", icon=":material/link:", key=f"link-{number}", on_change="rerun"
    )
    if opened.open:
        with opened:
            widgets.small(say("answer.link_more"))
            st.code(link_to(answer_id), language=None, wrap_lines=True)


def _is_missing(result: ResultTable) -> bool:
    """A single empty cell: the headline says that there is no value, and a table would only say None."""
    return result.table.num_columns == 1 and result.row_count == 1 and result.table.column(0).null_count == 1


def _clarification(entry: Entry, ready: Ready) -> None:
    answer = entry.answer
    widgets.headline(asked_text(entry, 300), answer.headline, calm=True)
    widgets.small(say("answer.pick_one"))
    choices(answer.choices, key=str(entry.number))


def _explanation(entry: Entry, ready: Ready) -> None:
    answer = entry.answer
    first, *more = answer.headline.splitlines() or [""]
    widgets.headline(asked_text(entry, 300), first, calm=True)
    for line in filter(None, more):
        widgets.small(line)
    _answerable(entry)


def _priced(entry: Entry, ready: Ready) -> None:
    """Nothing ran yet: it costs more than this role spends without being asked."""
    answer, asked = entry.answer, entry.request
    widgets.headline(asked_text(entry, 300), say("answer.costs_more"), calm=True)
    widgets.notice(answer.headline, more=answer.hint)
    told = spoken(answer.estimate) if answer.estimate is not None else ""
    st.button(
        as_markdown(say("answer.run_anyway_for", price=told) if told else say("answer.run_anyway")),
        key=f"accept-{entry.number}",
        type="primary",
        on_click=request,
        args=(asked.text, asked.is_sql, asked.fresh, True, asked.plan, asked.corrects),
    )
    show_sql(entry, ready, say("sql.would_run"))


def _declined(entry: Entry, ready: Ready) -> None:
    answer = entry.answer
    said = widgets.say_or(f"answer.declined.{answer.code}", say("answer.none"))
    widgets.headline(asked_text(entry, 300), said, calm=True)
    widgets.notice(answer.headline, more=" ".join(part for part in (_unknown_words(answer), answer.hint) if part))
    _answerable(entry)
    if answer.code == "unavailable":
        _retry(entry)


def _answerable(entry: Entry) -> None:
    if entry.answer.choices:
        widgets.label(say("answer.can_be_answered"))
        choices(entry.answer.choices, key=str(entry.number))


def _unknown_words(answer: Answer) -> str:
    """Nothing when the reason itself names them."""
    words = [word for word in answer.unknown_words if word not in answer.headline]
    if answer.code != "not_understood" or not words:
        return ""
    return say("answer.not_understood_words", words=", ".join(say("answer.quoted", word=word) for word in words))


def _refused(entry: Entry, ready: Ready) -> None:
    answer = entry.answer
    widgets.headline(asked_text(entry, 300), say("answer.not_run"), calm=True)
    widgets.notice(answer.headline, more=plain_hint(answer.hint), warning=True)
    show_sql(entry, ready, say("sql.refused"))


def plain_hint(hint: str) -> str:
    """What the guard tells a model is as good for whoever wrote the SQL, without its codes and fragments."""
    return " ".join(_FOR_A_MODEL.sub("", line) for line in hint.splitlines())


def _failed(entry: Entry, ready: Ready) -> None:
    answer = entry.answer
    widgets.headline(asked_text(entry, 300), say("answer.none_this_time"), calm=True)
    widgets.notice(answer.headline, more=answer.hint, warning=True)
    _retry(entry)
    show_sql(entry, ready, say("sql.sql"))


def _retry(entry: Entry) -> None:
    asked = entry.request
    again = (asked.text, asked.is_sql, True, asked.accept_cost, asked.plan, asked.corrects)
    st.button(say("answer.try_again"), key=f"retry-{entry.number}", type="primary", on_click=request, args=again)


SHOW: dict[str, Callable[[Entry, Ready], None]] = {
    "answered": _answered,
    "explanation": _explanation,
    "clarification": _clarification,
    "declined": _declined,
    "refused": _refused,
    "failed": _failed,
}


def asked_text(entry: Entry, limit: int) -> str:
    text = entry.request.text
    return shorten(say("answer.sql_asked", sql=text) if entry.request.is_sql else text, limit)


def _footer(entry: Entry) -> None:
    """Up to when the data is there, how old the result is, what it cost, who answered, and how long that took."""
    answer = entry.answer
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"provenance-{entry.number}"):
        parts = provenance(answer) if answer.outcome == "answered" else ()
        if parts:
            widgets.provenance(parts)
        widgets.meta(answer, entry.seconds)
        if answer.stages:
            with st.popover(say("answer.steps"), type="tertiary", key=f"how-{entry.number}"):
                widgets.label(say("answer.steps_title"))
                widgets.stages(answer.stages)
