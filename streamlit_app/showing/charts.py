"""A chart on screen, and one or a few numbers as cards."""

from __future__ import annotations

from typing import Any

import streamlit as st

from nl2sql.answer.base import Answer, ChartSpec
from nl2sql.answer.charting.numbers import read_numbers
from nl2sql.answer.figure import Theme, figure
from nl2sql.engines.base import ResultTable
from streamlit_app.safe import as_html

PAGE_FONT = '"Source Sans", sans-serif'  # the page's own, which Streamlit serves
# The shapes of maps, below the app's own address, where Streamlit serves the folder beside app.py; plotly adds the name
# of the file, and asks no other host.
SHAPES_URL = "app/static/"
COMPACT_PIXELS = 270  # of a chart on a tile
_MAP_BUTTONS = ["zoomInGeo", "zoomOutGeo", "resetGeo"]


def show_chart(answer: Answer, spec: ChartSpec, key: str, *, compact: bool = False) -> None:
    """`key` names the element. Raises KeyError for a column that the result has not."""
    if answer.table is None:
        return
    if spec.kind == "number":
        show_numbers(spec, answer.table, compact=compact)
        return
    drawn = page_figure(spec, answer.table, page_theme())
    if compact:
        _make_small(drawn)
    with st.container(key=f"chart-box-{key}"):
        st.plotly_chart(
            drawn,
            theme=None,
            key=f"chart-{key}-{spec.kind}",
            config=plot_config(spec),
            alt=spec.title or answer.headline,
        )


def page_theme() -> Theme:
    return "dark" if st.context.theme.type == "dark" else "light"


def page_figure(spec: ChartSpec, result: ResultTable, theme: Theme) -> Any:
    """The figure on the page's own paper and in its font, which a changed theme may have set."""
    drawn = figure(spec, result.table, theme)
    paper = st.get_option(f"theme.{theme}.backgroundColor")
    if paper:
        drawn.update_layout(paper_bgcolor=paper, plot_bgcolor=paper, font_family=PAGE_FONT)
        drawn.update_geos(bgcolor=paper)
    return drawn


def plot_config(spec: ChartSpec) -> dict[str, Any]:
    buttons = [*_MAP_BUTTONS, "toImage"] if spec.kind == "map" else ["toImage"]
    return {"displaylogo": False, "modeBarButtons": [buttons], "topojsonURL": SHAPES_URL, "scrollZoom": False}


def show_numbers(spec: ChartSpec, result: ResultTable, *, compact: bool = False) -> None:
    """Each with its name; the name's meaning is in the tip."""
    cards = []
    for name, text, label in read_numbers(spec, result.table):
        tip = f' title="{as_html(label.description)}"' if label.description else ""
        cards.append(f"<div{tip}><dt>{as_html(name)}</dt><dd>{as_html(text)}</dd></div>")
    kind = "one" if len(cards) == 1 else "several"
    small = " small" if compact else ""
    st.html(f'<dl class="chart-numbers {kind}{small}">{"".join(cards)}</dl>')


def _make_small(drawn: Any) -> None:
    """As high as it must be for its bars, else as high as its neighbours on the board."""
    lines = drawn.layout.title.text.count("<br>")
    is_flat = any(trace.type == "bar" and trace.orientation == "h" for trace in drawn.data)
    needed = 26 * max((len(trace.y) for trace in drawn.data if trace.type == "bar"), default=0) + 90 if is_flat else 0
    drawn.update_layout(height=max(COMPACT_PIXELS, needed) + 20 * lines, title_font_size=13)
