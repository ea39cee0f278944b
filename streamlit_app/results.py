"""One answer on screen, whatever its outcome. What can be clicked inside it does not ask again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Literal

import streamlit as st

from nl2sql.answer.base import Answer, ChartKind, ChartSpec
from nl2sql.answer.chart import MAX_BARS
from nl2sql.answer.export import to_csv
from nl2sql.answer.figure import Theme, figure
from nl2sql.engines.base import ResultTable
from nl2sql.price_tag import spoken
from nl2sql.provenance import provenance, reading, stands_in, whole_question
from streamlit_app import widgets
from streamlit_app.chips import show_chips
from streamlit_app.feedback import feedback
from streamlit_app.safe import as_markdown, shorten
from streamlit_app.services import Ready, shielded
from streamlit_app.state import Entry, request
from streamlit_app.tables import show_table

View = Literal["bar", "line", "table"]
VIEW_WORDS: dict[View, str] = {"bar": "Bars", "line": "Line", "table": "Table only"}

DECLINED_WORDS = {
    "not_understood": "No answer, rather than a guess",
    "unanswerable": "The data does not hold this",
    "unsafe": "Nothing here changes data",
    "sensitive": "This is protected",
    "unavailable": "No answer this time",
}

# The two kinds that show the same data; scatter and number have no other honest form.
AS_VIEW: dict[View, dict[ChartKind, ChartKind]] = {
    "bar": {"bar": "bar", "line": "bar", "grouped_bar": "grouped_bar", "multi_line": "grouped_bar"},
    "line": {"bar": "line", "line": "line", "grouped_bar": "multi_line", "multi_line": "multi_line"},
}
PAGE_FONT = '"Source Sans", sans-serif'  # the page's own, which Streamlit serves
PLOT_CONFIG = {"displaylogo": False, "modeBarButtons": [["toImage"]]}


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
        _result(entry)
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
    widgets.choices(answer.choices, key=str(entry.number))


def _explanation(entry: Entry, ready: Ready) -> None:
    answer = entry.answer
    first, *more = answer.headline.splitlines() or [""]
    widgets.headline(asked_text(entry, 300), first, calm=True)
    for line in filter(None, more):
        widgets.small(line)
    if answer.choices:
        widgets.label("Questions that can be answered")
        widgets.choices(answer.choices, key=str(entry.number))


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
        widgets.choices(answer.choices, key=str(entry.number))
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


@st.fragment
def _result(entry: Entry) -> None:
    """A fragment: switching the view draws this part again and nothing else."""
    with shielded(widgets.problem):
        answer = entry.answer
        if answer.table is None:
            return
        view = _pick_view(entry.number, answer.chart, answer.table)
        if answer.chart is not None and view != "table" and answer.chart.kind != "number":
            _chart(entry, replace(answer.chart, kind=AS_VIEW[view].get(answer.chart.kind, answer.chart.kind)))
        show_table(answer.table, answer.columns, key=f"table-{entry.number}", alt=f"Result: {answer.headline}")
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            widgets.small(_size(answer))
            st.download_button(
                "Download CSV",
                partial(_csv, answer.table),
                file_name=f"answer-{entry.number}.csv",
                mime="text/csv",
                key=f"csv-{entry.number}",
                on_click="ignore",
                type="tertiary",
                icon=":material/download:",
            )


def _csv(result: ResultTable) -> bytes:
    return to_csv(result.table)


def _size(answer: Answer) -> str:
    if answer.table is None:
        return ""
    count = answer.table.row_count
    rows = f"{count:,} row" if count == 1 else f"{count:,} rows"
    return f"The first {rows} of more" if answer.table.truncated else rows


def _pick_view(number: int, chart: ChartSpec | None, result: ResultTable) -> View:
    if chart is None or chart.kind not in AS_VIEW["bar"]:
        return "bar"
    natural: View = "line" if chart.kind in ("line", "multi_line") else "bar"
    picked = st.segmented_control(
        "Show as",
        _views(natural, chart, result),
        default=natural,
        required=True,
        format_func=VIEW_WORDS.__getitem__,
        key=f"view-{number}",
        label_visibility="collapsed",
        persist_state="session",
    )
    return picked


def _views(natural: View, chart: ChartSpec, result: ResultTable) -> list[View]:
    """Only what shows the same data: no line between categories, no more bars than the eye can tell apart."""
    few = not chart.series and result.row_count * len(chart.y) <= MAX_BARS
    return [natural, "bar", "table"] if natural == "line" and few else [natural, "table"]


def _chart(entry: Entry, spec: ChartSpec) -> None:
    if entry.answer.table is None:
        return
    theme: Theme = "dark" if st.context.theme.type == "dark" else "light"
    drawn = figure(spec, entry.answer.table.table, theme)
    paper = st.get_option(f"theme.{theme}.backgroundColor")
    if paper:
        drawn.update_layout(paper_bgcolor=paper, plot_bgcolor=paper, font_family=PAGE_FONT)
    st.plotly_chart(
        drawn,
        theme=None,
        key=f"chart-{entry.number}-{spec.kind}",
        config=PLOT_CONFIG,
        alt=spec.title or entry.answer.headline,
    )


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
