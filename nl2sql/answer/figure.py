"""A ChartSpec drawn with Plotly: the only module that needs it, and only when a figure is asked for."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from html import escape
from typing import Any, Literal

import pyarrow as pa

from nl2sql.answer.axis import short_number, ticks
from nl2sql.answer.base import ChartSpec, ColumnLabel
from nl2sql.answer.chart import MAX_BARS, MAX_LINES, MAX_SERIES
from nl2sql.answer.cycles import place_in_cycle
from nl2sql.answer.formats import format_cell, format_number
from nl2sql.answer.grains import bucket_name, bucket_start

Theme = Literal["light", "dark"]
_FONT = "Inter, 'Source Sans 3', 'Source Sans Pro', 'Segoe UI', 'Liberation Sans', sans-serif"
_TITLE_CHARS = 44  # what fits into one line of 390 pixels at the title's size
_NAME_CHARS = 24  # of a category beside its bar; the whole name is in the hover text
_TICKS_ON_TIME = 4  # dates that fit side by side on a phone
_BAR_PIXELS = 26
_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "triangle-down", "cross", "star")


@dataclass(frozen=True, slots=True)
class Look:
    """Hues of Okabe and Ito (told apart by colour-blind readers), darkened or lightened for their background."""

    paper: str
    ink: str
    faint: str
    grid: str
    colours: tuple[str, ...]


LOOKS: dict[Theme, Look] = {
    "light": Look(
        "#ffffff", "#1f2933", "#5f6c7b", "#e4e7eb",
        ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#6a4c93", "#7f7f7f"),
    ),
    "dark": Look(
        "#0e1117", "#f0f2f6", "#a8b1bd", "#2b313c",
        ("#4da6e0", "#f2b134", "#2ec19a", "#e79ac2", "#f07b3f", "#9bd3f5", "#b394d6", "#a6a6a6"),
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Series:
    """One set of marks: (x, y) in the order to draw."""

    name: str
    points: tuple[tuple[object, float], ...]


def figure(spec: ChartSpec, table: pa.Table, theme: Theme = "light") -> Any:
    """A plotly.graph_objects.Figure; needs the "app" extra."""
    look = LOOKS[theme]
    if spec.kind == "number":
        return _number(spec, table, look)
    series = read_series(spec, table)
    if spec.kind in ("bar", "grouped_bar"):
        return _bars(spec, series, look)
    return _lines(spec, series, look)


def read_series(spec: ChartSpec, table: pa.Table) -> list[Series]:
    """The points of each series, without missing values, cut to what the spec's title says is shown."""
    xs = table.column(spec.x).to_pylist()
    if spec.series:
        ys = _floats(table, spec.y[0])
        groups: dict[object, list[tuple[object, float]]] = {}
        for x, group, y in zip(xs, table.column(spec.series).to_pylist(), ys, strict=True):
            if y is not None:
                groups.setdefault(group, []).append((x, y))
        is_time = spec.kind == "grouped_bar" and bool(spec.grain)
        kept = groups if is_time else dict(sorted(groups.items(), key=lambda g: -sum(abs(y) for _, y in g[1])))
        names = sorted(kept, key=str) if is_time else list(kept)
        unit = spec.grain if is_time else ""
        at_most = MAX_LINES if spec.kind == "multi_line" else MAX_SERIES
        return [Series(_shown(name, unit), _sorted(spec, kept[name])) for name in names[:at_most]]
    many = len(spec.y) > 1
    series = []
    for name in spec.y:
        points = [(x, y) for x, y in zip(xs, _floats(table, name), strict=True) if y is not None]
        if spec.kind == "bar" and len(points) > MAX_BARS:
            points = sorted(points, key=lambda p: -p[1])[:MAX_BARS]
        series.append(Series(name.replace("_", " ") if many else "", _sorted(spec, points)))
    return series


def _sorted(spec: ChartSpec, points: list[tuple[object, float]]) -> tuple[tuple[object, float], ...]:
    if spec.kind in ("line", "multi_line"):
        return tuple(sorted(points, key=lambda p: (str(bucket_start(p[0], spec.grain) or ""), str(p[0]))))
    if not spec.series and all(isinstance(x, int | float | Decimal) and not isinstance(x, bool) for x, _ in points):
        return tuple(sorted(points, key=lambda p: p[0] if isinstance(p[0], int | float | Decimal) else 0))
    places = {x: place_in_cycle(x) for x, _ in points}
    if len(places) > 1 and all(place is not None for place in places.values()):  # Monday before Friday
        return tuple(sorted(points, key=lambda p: places[p[0]] or 0))
    return tuple(points)


def _floats(table: pa.Table, name: str) -> list[float | None]:
    return [float(v) if isinstance(v, int | float | Decimal) else None for v in table.column(name).to_pylist()]


def _shown(value: object, grain: str = "") -> str:
    if value is None:
        return "(none)"
    return bucket_name(value, grain) if grain else format_cell(value)


def _label(spec: ChartSpec) -> ColumnLabel:
    return ColumnLabel(spec.y_title, spec.y_format, spec.unit)


def _frame(spec: ChartSpec, look: Look, height: int, *, legend: bool = False) -> Any:
    import plotly.graph_objects as go

    lines = textwrap.wrap(spec.title, _TITLE_CHARS) or [""]
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
        font={"family": _FONT, "size": 12, "color": look.faint},
        margin={"l": 12, "r": 22, "t": 34 + 20 * len(lines), "b": 12},
        height=height + 20 * len(lines),
        colorway=list(look.colours),
        showlegend=legend,
        legend={
            "orientation": "h", "x": 0, "xanchor": "left", "y": -0.14, "yanchor": "top", "font": {"color": look.ink},
        },
        hoverlabel={"bgcolor": look.paper, "bordercolor": look.grid, "font": {"family": _FONT, "color": look.ink}},
        dragmode=False,
    )  # fmt: skip
    axis = {
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
        "automargin": True,
        "showline": False,
        "ticks": "",
    }
    drawn.update_xaxes(**axis)
    drawn.update_yaxes(**axis)
    return drawn


def _number(spec: ChartSpec, table: pa.Table, look: Look) -> Any:
    drawn = _frame(spec, look, 120)
    text = format_cell(table.column(spec.y[0]).to_pylist()[0], _label(spec))
    drawn.add_annotation(
        text=f"<b>{escape(text)}</b>",
        x=0, y=0.5, xref="paper", yref="paper", xanchor="left", yanchor="middle", showarrow=False,
        font={"size": 44 if len(text) <= 12 else 32 if len(text) <= 18 else 24, "color": look.colours[0]},
    )  # fmt: skip
    drawn.update_xaxes(visible=False)
    drawn.update_yaxes(visible=False)
    return drawn


def _bars(spec: ChartSpec, series: list[Series], look: Look) -> Any:
    unit = spec.grain if spec.grain and not spec.series else ""
    names = list(dict.fromkeys(_shown(x, unit) for each in series for x, _ in each.points))
    is_flat = len(names) > 6 or max(map(len, names), default=0) * len(names) > 48
    marks = len(names) * len(series)
    height = 60 + (_BAR_PIXELS if len(series) == 1 else 14) * marks + (8 * len(names)) if is_flat else 320
    drawn = _frame(spec, look, max(200, height) + (40 if len(series) > 1 else 0), legend=len(series) > 1)
    label = _label(spec)
    for colour, each in zip(look.colours, series, strict=False):
        places = [names.index(_shown(x, unit)) for x, _ in each.points]
        values = [y for _, y in each.points]
        drawn.add_bar(
            x=values if is_flat else places,
            y=places if is_flat else values,
            orientation="h" if is_flat else "v",
            name=escape(each.name),
            marker={"color": colour, "cornerradius": 3},
            text=[short_number(v, label) for v in values] if len(series) == 1 else None,
            textposition="outside" if len(series) == 1 else "none",
            textfont={"color": look.ink, "size": 12},
            cliponaxis=False,
            customdata=[_hover(_shown(x, unit), each.name, y, label) for x, y in each.points],
            hovertemplate="%{customdata}<extra></extra>",
        )
    drawn.update_layout(bargap=0.28, bargroupgap=0.06, barmode="group")
    _name_axis(drawn, names, is_flat, look)
    _value_axis(drawn, series, label, look, flat=is_flat, labelled=len(series) == 1)
    if len(series) > 1:
        drawn.update_layout(legend={"y": 1, "yanchor": "bottom", "traceorder": "normal"})
        drawn.update_layout(margin={"t": drawn.layout.margin.t + 34})
    return drawn


def _name_axis(drawn: Any, names: list[str], is_flat: bool, look: Look) -> None:
    shown = [n if len(n) <= _NAME_CHARS else f"{n[: _NAME_CHARS - 1].rstrip()}…" for n in names]
    settings = {
        "tickvals": list(range(len(names))),
        "ticktext": [f"{escape(s)} " if is_flat else escape(s) for s in shown],
        "tickfont": {"color": look.ink},
    }
    if is_flat:
        drawn.update_yaxes(**settings, autorange="reversed")
    else:
        drawn.update_xaxes(**settings, tickangle=0)


def _value_axis(
    drawn: Any, series: list[Series], label: ColumnLabel, look: Look, *, flat: bool, labelled: bool
) -> None:
    """Bars start at zero. Where each bar carries its number, an axis would only repeat it."""
    values = [y for each in series for _, y in each.points] or [0.0]
    low, high = min(0.0, *values), max(0.0, *values)
    room = (high - low or 1.0) * (0.24 if flat else 0.12) if labelled else 0.0
    marks = ticks(low, high)
    top = max(high + (room if high > 0 else 0), marks[-1] if not labelled else high)
    settings = {
        "range": [min(low - (room if low < 0 else 0), marks[0] if not labelled else low), top],
        "tickvals": marks,
        "ticktext": [short_number(mark, label) for mark in marks],
        "visible": not labelled,
        "showgrid": not labelled,
        "gridcolor": look.grid,
    }
    drawn.update_xaxes(**settings) if flat else drawn.update_yaxes(**settings)


def _lines(spec: ChartSpec, series: list[Series], look: Look) -> Any:
    many = len(series) > 1
    drawn = _frame(spec, look, 340 + (24 * ((len(series) + 1) // 2) if many else 0), legend=many)
    label = _label(spec)
    starts = {x: bucket_start(x, spec.grain) for each in series for x, _ in each.points}
    order = sorted(starts, key=lambda x: (str(starts[x] or ""), str(x)))
    has_dates = all(isinstance(start, date) for start in starts.values()) and spec.grain != "hour"
    for number, (colour, each) in enumerate(zip(look.colours, series, strict=False)):
        drawn.add_scatter(
            x=[starts[x] if has_dates else order.index(x) for x, _ in each.points],
            y=[y for _, y in each.points],
            name=escape(each.name),
            mode="lines+markers" if len(each.points) <= 40 else "lines",
            line={"color": colour, "width": 2.5},
            marker={"size": 6, "symbol": _SYMBOLS[number % len(_SYMBOLS)] if many else "circle"},
            customdata=[_hover(bucket_name(x, spec.grain), each.name, y, label) for x, y in each.points],
            hovertemplate="%{customdata}<extra></extra>",
        )
    picked = _evenly(order, _TICKS_ON_TIME, spec.grain)
    drawn.update_xaxes(
        tickvals=[starts[x] if has_dates else order.index(x) for x in picked],
        ticktext=[escape(bucket_name(x, spec.grain)) for x in picked],
        tickangle=0, showline=True, linecolor=look.grid,
    )  # fmt: skip
    values = [y for each in series for _, y in each.points] or [0.0]
    low = min(values) if min(values) < 0 or min(values) > 0.6 * max(values) else 0.0
    marks = ticks(low, max(values))
    drawn.update_yaxes(
        tickvals=marks, ticktext=[short_number(m, label) for m in marks],
        range=[marks[0], marks[-1] + (marks[-1] - marks[0]) * 0.03], showgrid=True, gridcolor=look.grid,
    )  # fmt: skip
    return drawn


def _hover(name: str, series: str, value: float, label: ColumnLabel) -> str:
    start = f"{escape(name)} · {escape(series)}" if series else escape(name)
    return f"{start}<br><b>{escape(format_number(value, label))}</b>"


# Steps between labelled ticks that fall on the same place of each year.
_STEPS_OF = {"month": (1, 2, 3, 6, 12, 24), "quarter": (1, 2, 4, 8)}


def _evenly(items: list[object], count: int, grain: str) -> list[object]:
    """At most `count` of them, from the first on, at equal steps."""
    needed = max(1, math.ceil(len(items) / count))
    step = next((s for s in _STEPS_OF.get(grain, ()) if s >= needed), needed)
    return items[::step]
