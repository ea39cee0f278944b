"""A result on screen: its chart, its table, and how to take them along. What is clicked here does not ask again."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from nl2sql.answer.base import Answer, ChartSpec
from nl2sql.answer.chart_options import AUTOMATIC, ChartOptions
from nl2sql.answer.charting.apply import apply_options, family
from nl2sql.engines.base import ResultTable
from streamlit_app import widgets
from streamlit_app.services import shielded
from streamlit_app.showing.chart_controls import choose, chosen_options, start_options
from streamlit_app.showing.charts import show_chart
from streamlit_app.showing.exports import export_menu
from streamlit_app.showing.tables import show_table
from streamlit_app.words import say, say_count

__all__ = ["chosen_options", "show_result"]

# Bars of a tile, where nobody chose how many: the title says so.
TILE_BARS = 8


@st.fragment
def show_result(
    answer: Answer, key: str, *, options: ChartOptions = AUTOMATIC, compact: bool = False, may_export: bool = True
) -> None:
    """A fragment: another chart draws this part again and nothing else. `key` names its widgets.

    `options` are those to begin with; `chosen_options(key)` tells what a person made of them. `compact`: the chart
    alone, small and without controls, or the table where there is no chart.
    """
    with shielded(widgets.problem):
        if answer.table is None:
            return
        if compact:
            _small(answer, key, options)
            return
        start_options(answer, key, options)
        spec = choose(answer, key)
        if spec is not None:
            show_chart(answer, spec, key)
        if spec is None or spec.kind != "number":  # the numbers are all that there is in their one row
            _table(answer, key)
        _foot(answer, key, may_export=may_export)


def _small(answer: Answer, key: str, options: ChartOptions) -> None:
    if answer.table is None:
        return
    spec = apply_options(answer.chart, options, answer.table, answer.columns)
    if spec is not None and not options.top and _is_cut(spec, answer.table):
        few = replace(options, top=TILE_BARS)
        spec = apply_options(answer.chart, few, answer.table, answer.columns)
    if spec is None:
        _table(answer, key)
    else:
        show_chart(answer, spec, key, compact=True)


def _is_cut(spec: ChartSpec, result: ResultTable) -> bool:
    return family(spec.kind) == "bar" and result.row_count > TILE_BARS


def _table(answer: Answer, key: str) -> None:
    if answer.table is not None:
        show_table(answer.table, answer.columns, key=f"table-{key}", alt=say("charts.table", headline=answer.headline))


def _foot(answer: Answer, key: str, *, may_export: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        widgets.small(_size(answer), width="content")
        if may_export:
            export_menu(answer, key, chosen_options(key))


def _size(answer: Answer) -> str:
    if answer.table is None:
        return ""
    name = "charts.first_rows" if answer.table.truncated else "charts.rows"
    return say_count(name, answer.table.row_count)
