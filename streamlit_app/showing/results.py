"""A result on screen: its chart, its table, and how to take them along. What is clicked here does not ask again."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Literal

import streamlit as st

from nl2sql.answer.base import Answer, ChartKind, ChartSpec
from nl2sql.answer.chart import MAX_BARS
from nl2sql.answer.export import to_csv
from nl2sql.answer.figure import Theme, figure
from nl2sql.engines.base import ResultTable
from streamlit_app import widgets
from streamlit_app.services import shielded
from streamlit_app.showing.tables import show_table

View = Literal["bar", "line", "table"]
VIEW_WORDS: dict[View, str] = {"bar": "Bars", "line": "Line", "table": "Table only"}

# The two kinds that show the same data; scatter and number have no other honest form.
AS_VIEW: dict[View, dict[ChartKind, ChartKind]] = {
    "bar": {"bar": "bar", "line": "bar", "grouped_bar": "grouped_bar", "multi_line": "grouped_bar"},
    "line": {"bar": "line", "line": "line", "grouped_bar": "multi_line", "multi_line": "multi_line"},
}
PAGE_FONT = '"Source Sans", sans-serif'  # the page's own, which Streamlit serves
PLOT_CONFIG = {"displaylogo": False, "modeBarButtons": [["toImage"]]}


@st.fragment
def show_result(answer: Answer, key: str) -> None:
    """A fragment: switching the view draws this part again and nothing else. `key` names its widgets."""
    with shielded(widgets.problem):
        if answer.table is None:
            return
        view = _pick_view(key, answer.chart, answer.table)
        if answer.chart is not None and view != "table" and answer.chart.kind != "number":
            _chart(answer, key, replace(answer.chart, kind=AS_VIEW[view].get(answer.chart.kind, answer.chart.kind)))
        show_table(answer.table, answer.columns, key=f"table-{key}", alt=f"Result: {answer.headline}")
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            widgets.small(_size(answer))
            st.download_button(
                "Download CSV",
                partial(_csv, answer.table),
                file_name=f"answer-{key}.csv",
                mime="text/csv",
                key=f"csv-{key}",
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


def _pick_view(key: str, chart: ChartSpec | None, result: ResultTable) -> View:
    if chart is None or chart.kind not in AS_VIEW["bar"]:
        return "bar"
    natural: View = "line" if chart.kind in ("line", "multi_line") else "bar"
    picked = st.segmented_control(
        "Show as",
        _views(natural, chart, result),
        default=natural,
        required=True,
        format_func=VIEW_WORDS.__getitem__,
        key=f"view-{key}",
        label_visibility="collapsed",
        persist_state="session",
    )
    return picked


def _views(natural: View, chart: ChartSpec, result: ResultTable) -> list[View]:
    """Only what shows the same data: no line between categories, no more bars than the eye can tell apart."""
    few = not chart.series and result.row_count * len(chart.y) <= MAX_BARS
    return [natural, "bar", "table"] if natural == "line" and few else [natural, "table"]


def _chart(answer: Answer, key: str, spec: ChartSpec) -> None:
    if answer.table is None:
        return
    theme: Theme = "dark" if st.context.theme.type == "dark" else "light"
    drawn = figure(spec, answer.table.table, theme)
    paper = st.get_option(f"theme.{theme}.backgroundColor")
    if paper:
        drawn.update_layout(paper_bgcolor=paper, plot_bgcolor=paper, font_family=PAGE_FONT)
    st.plotly_chart(
        drawn,
        theme=None,
        key=f"chart-{key}-{spec.kind}",
        config=PLOT_CONFIG,
        alt=spec.title or answer.headline,
    )
