"""What every figure has: paper, title, margins, quiet axes, hover text."""

from __future__ import annotations

import math
import re
import textwrap
from html import escape
from typing import Any

from nl2sql.answer.axis import short_number, ticks
from nl2sql.answer.base import ChartSpec, ColumnLabel
from nl2sql.answer.charting.palette import Look
from nl2sql.answer.formats import format_number

FONT = "Inter, 'Source Sans 3', 'Source Sans Pro', 'Segoe UI', 'Liberation Sans', sans-serif"
HEIGHT = 350  # of every kind that need not grow, so that switching between them moves nothing
NAME_CHARS = 24  # of a category beside its bar; the whole name is in the hover text
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "triangle-down", "cross", "star")
_AXIS_PIXELS = 44  # of the words below an axis
_LEGEND_PIXELS = 12
_HARD_SPACE = "\u00a0"
_CUT = re.compile(r"\d[\d,]* largest of \d[\d,]*|\d[\d,]* rows")
_TITLE_CHARS = 42  # what fits into one line of a phone at the title's size


def label_of(spec: ChartSpec) -> ColumnLabel:
    return ColumnLabel(spec.y_title, spec.y_format, spec.unit)


def _in_one_piece(cut: re.Match[str]) -> str:
    return cut[0].replace(" ", _HARD_SPACE)


def frame(spec: ChartSpec, look: Look, height: int = HEIGHT, *, legend: bool = False) -> Any:
    """An empty plotly figure, `height` pixels high below its title."""
    import plotly.graph_objects as go

    wrapped = textwrap.wrap(_CUT.sub(_in_one_piece, spec.title), _TITLE_CHARS) or [""]
    lines = [line.replace(_HARD_SPACE, " ") for line in wrapped]
    drawn = go.Figure()
    drawn.update_layout(
        template="none",
        title={
            "text": "<br>".join(f"<b>{escape(line)}</b>" for line in lines),
            "font": {"size": 15, "color": look.ink},
            "x": 0, "xref": "container", "xanchor": "left", "pad": {"l": 12, "t": 4 + 10 * len(lines)},
            "y": 1, "yref": "container", "yanchor": "top",
        },
        paper_bgcolor=look.paper,
        plot_bgcolor=look.paper,
        font={"family": FONT, "size": 12, "color": look.faint},
        margin={"l": 12, "r": 22, "t": 34 + 20 * len(lines), "b": 12},
        height=height + 20 * len(lines),
        colorway=list(look.colours),
        showlegend=legend,
        legend={
            "orientation": "h", "x": 0, "xanchor": "left", "y": -0.14, "yanchor": "top", "font": {"color": look.ink},
        },
        hoverlabel={"bgcolor": look.paper, "bordercolor": look.grid, "font": {"family": FONT, "color": look.ink}},
        dragmode=False,
    )  # fmt: skip
    axis = {
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
        "automargin": True,
        "showline": False,
        "ticks": "",
        "ticklabelstandoff": 4,
        "title": {"font": {"size": 12, "color": look.faint}, "standoff": 8},
    }
    drawn.update_xaxes(**axis)
    drawn.update_yaxes(**axis)
    return drawn


def legend_below(drawn: Any, count: int) -> None:
    """The names of `count` series under the axis. On a phone they take more rows: the figure grows by half of that, the
    marks give the other half."""
    plot = drawn.layout.height - drawn.layout.margin.t - drawn.layout.margin.b
    drawn.update_layout(
        legend={"y": -_AXIS_PIXELS / plot, "yanchor": "top", "traceorder": "normal", "font": {"size": 12}},
        height=drawn.layout.height + _LEGEND_PIXELS * ((count + 1) // 2),
    )


def number_axis(low: float, high: float, label: ColumnLabel, look: Look, *, log: bool = False) -> dict[str, Any]:
    """Settings of an axis with round steps that enclose `low` and `high`; both are above 0 where `log` is set."""
    marks = log_ticks(low, high) if log else ticks(low, high)
    ends = [marks[0], marks[-1] + (marks[-1] - marks[0]) * 0.03]
    return {
        "type": "log" if log else "linear",
        "range": log_range(low, high) if log else ends,
        "tickvals": marks,
        "ticktext": [short_number(mark, label) for mark in marks],
        "showgrid": True,
        "gridcolor": look.grid,
    }


def log_ticks(low: float, high: float) -> list[float]:
    """Powers of ten within the range, with 2 and 5 of each where there are few of them."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = (1, 2, 5) if len(powers) <= 3 else (1,)
    found = [step * 10.0**power for power in powers for step in steps]
    return [mark for mark in found if low / 2.6 <= mark <= high * 2.6]


def log_range(low: float, high: float) -> list[float]:

    room = max(0.06, (math.log10(high) - math.log10(low)) * 0.06)
    return [math.log10(low) - room, math.log10(high) + room]


def hover(name: str, series: str, value: float, label: ColumnLabel) -> str:
    start = f"{escape(name)} · {escape(series)}" if series and name else escape(name or series)
    return f"{start}<br><b>{escape(format_number(value, label))}</b>"


def cut_name(name: str) -> str:
    return name if len(name) <= NAME_CHARS else f"{name[: NAME_CHARS - 1].rstrip()}…"
