"""The two charts of the Quality page: shares of right answers, each with the interval in which the true one lies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import streamlit as st

from evals.stats.base import Interval
from evals.summary.tally import Tally
from nl2sql.answer.figure import LOOKS, Look
from streamlit_app.quality.runs import Digest
from streamlit_app.quality.words import between, day, series, tag_words, whole
from streamlit_app.safe import shorten
from streamlit_app.showing.charts import PAGE_FONT, page_theme
from streamlit_app.words import say

CONFIG = {"displaylogo": False, "modeBarButtons": [["toImage"]]}
# Names beside marks: what fits into half of a phone's width; the whole is in the hover text.
_NAME_CHARS = 26
_ROW_PIXELS, _TREND_PIXELS = 30, 300
# Marks of several lines of runs are told apart by shape as well as by colour.
_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "triangle-down", "cross", "star")


def show_trend(digests: Sequence[Digest]) -> None:
    """Oldest to newest; a line for each writer, model and prompt."""
    import plotly.graph_objects as go

    look, lines = _look(), dict[str, list[Digest]]()
    for digest in sorted(digests, key=lambda each: each.head.started):
        lines.setdefault(series(digest.head), []).append(digest)
    drawn = go.Figure(layout=_layout(look, _TREND_PIXELS + 24 * len(lines)))
    for place, (name, runs) in enumerate(lines.items()):
        shares = [each.total for each in runs]
        colour = look.colours[place % len(look.colours)]
        drawn.add_scatter(
            x=[each.head.started for each in runs],
            y=[100 * _share(each) for each in shares],
            error_y=_bars(shares, colour),
            mode="lines+markers",
            name=escape(name),
            line={"color": colour, "width": 1.5},
            marker={"size": 8, "symbol": _SYMBOLS[place % len(_SYMBOLS)], "color": colour},
            customdata=[
                _hover(f"{day(run.head)}<br>{escape(name)}", one) for run, one in zip(runs, shares, strict=True)
            ],
            hovertemplate="%{customdata}<extra></extra>",
        )
    lowest = 100 * min(_interval(each.total).low for each in digests)
    drawn.update_yaxes(ticksuffix=" %", range=[max(0.0, lowest - 4), 102], gridcolor=look.grid, showgrid=True)
    drawn.update_layout(showlegend=True, legend={"orientation": "h", "x": 0, "y": -0.18, "font": {"color": look.ink}})
    _show(drawn, "trend", say("quality.alt.trend"))


def show_tags(shares: Mapping[str, Tally]) -> None:
    """The first of `shares` on top."""
    import plotly.graph_objects as go

    look, names = _look(), [tag_words(tag) for tag in shares]
    places, found = list(range(len(names))), list(shares.values())
    drawn = go.Figure(layout=_layout(look, 70 + _ROW_PIXELS * len(names)))
    drawn.add_scatter(
        x=[100 * _share(each) for each in found],
        y=places,
        error_x=_bars(found, look.colours[0]),
        mode="markers",
        marker={"size": 9, "color": look.colours[0]},
        customdata=[_hover(escape(name), one) for name, one in zip(names, found, strict=True)],
        hovertemplate="%{customdata}<extra></extra>",
    )
    ticks = [
        f"{escape(shorten(name, _NAME_CHARS))}  <b>{one.right:,}/{one.trials:,}</b>"
        for name, one in zip(names, found, strict=True)
    ]
    halves = [0, 50, 100]
    drawn.update_xaxes(
        tickvals=halves,
        ticktext=[f"{each} %" for each in halves],
        range=[-2, 104],
        gridcolor=look.grid,
        showgrid=True,
    )
    drawn.update_yaxes(tickvals=places, ticktext=ticks, range=[len(names) - 0.5, -0.5], tickfont={"color": look.ink})
    _show(drawn, "tags", say("quality.alt.tags"))


def _bars(shares: Sequence[Tally], colour: str) -> dict[str, Any]:
    return {
        "type": "data",
        "symmetric": False,
        "array": [100 * max(0.0, _interval(each).high - _share(each)) for each in shares],
        "arrayminus": [100 * max(0.0, _share(each) - _interval(each).low) for each in shares],
        "color": colour,
        "thickness": 1.2,
        "width": 3,
    }


def _hover(name: str, share: Tally) -> str:
    right = say("quality.hover", right=f"{share.right:,}", trials=f"{share.trials:,}", share=whole(_share(share)))
    return f"<b>{name}</b><br>{right}<br>{say('quality.hover_interval', between=between(_interval(share)))}"


def _share(total: Tally) -> float:
    return total.accuracy or 0.0


def _interval(total: Tally) -> Interval:
    return total.accuracy_interval or Interval(0.0, 1.0)


def _look() -> Look:
    return LOOKS[page_theme()]


def _layout(look: Look, height: int) -> dict[str, Any]:
    paper = st.get_option(f"theme.{page_theme()}.backgroundColor") or look.paper
    axis = {"showgrid": False, "zeroline": False, "fixedrange": True, "automargin": True, "ticks": ""}
    return {
        "template": "none",
        "paper_bgcolor": paper,
        "plot_bgcolor": paper,
        "font": {"family": PAGE_FONT, "size": 13, "color": look.faint},
        "margin": {"l": 8, "r": 16, "t": 8, "b": 8},
        "height": height,
        "showlegend": False,
        "dragmode": False,
        "xaxis": axis,
        "yaxis": axis,
        "hoverlabel": {"bgcolor": paper, "bordercolor": look.grid, "font": {"family": PAGE_FONT, "color": look.ink}},
    }


def _show(drawn: Any, key: str, alt: str) -> None:
    st.plotly_chart(drawn, theme=None, key=f"quality-{key}", config=CONFIG, alt=alt)
