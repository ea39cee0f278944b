"""Lines and areas along time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from html import escape
from typing import Any

import pyarrow as pa

from nl2sql.answer.base import ChartSpec, ColumnLabel
from nl2sql.answer.charting.frame import SYMBOLS, frame, hover, label_of, legend_below, number_axis
from nl2sql.answer.charting.palette import Look
from nl2sql.answer.charting.series import Series, read_series
from nl2sql.answer.grains import bucket_name, bucket_start

_TICKS_ON_TIME = 4  # dates that fit side by side on a phone
_MARKERS_UP_TO = 40
# Steps between labelled ticks that fall on the same place of each year.
_STEPS_OF = {"month": (1, 2, 3, 6, 12, 24), "quarter": (1, 2, 4, 8)}


def draw_lines(spec: ChartSpec, table: pa.Table, look: Look) -> Any:
    """A line breaks where its series has no value and another has one: nothing is known of what lies between."""
    series = read_series(spec, table)
    label = label_of(spec)
    drawn = frame(spec, look, legend=len(series) > 1)
    starts, order = _times(spec, series)
    for place, (colour, each) in enumerate(zip(look.colours, series, strict=False)):
        values = dict(each.points)
        has_markers = len(order) <= _MARKERS_UP_TO or len(values) < len(order)  # a point between gaps has no line
        drawn.add_scatter(
            x=[starts[x] for x in order],
            y=[values.get(x) for x in order],
            connectgaps=False,
            name=escape(each.name),
            mode="lines+markers" if has_markers else "lines",
            line={"color": colour, "width": 2.5},
            marker={"size": 6, "symbol": SYMBOLS[place % len(SYMBOLS)] if len(series) > 1 else "circle"},
            customdata=[hover(bucket_name(x, spec.grain), each.name, values.get(x, 0.0), label) for x in order],
            hovertemplate="%{customdata}<extra></extra>",
        )
    _time_axis(drawn, spec, starts, order, look)
    heights = [y for each in series for _, y in each.points] or [1.0 if spec.log else 0.0]
    low = min(heights) if spec.log or min(heights) < 0 or min(heights) > 0.6 * max(heights) else 0.0
    drawn.update_yaxes(**number_axis(low, max(heights), label, look, log=spec.log))
    if len(series) > 1:
        legend_below(drawn, len(series))
    return drawn


def draw_area(spec: ChartSpec, table: pa.Table, look: Look) -> Any:
    """From zero up. Several areas stand on one another, so each gets a point at every time: where it has none, 0."""
    series = read_series(spec, table)
    drawn = frame(spec, look, legend=len(series) > 1)
    starts, order = _times(spec, series)
    label, is_share = label_of(spec), spec.stack == "percent"
    for colour, each in zip(look.colours, series, strict=False):
        values = dict(each.points)
        points = order if len(series) > 1 else [x for x, _ in each.points]
        drawn.add_scatter(
            x=[starts[x] for x in points],
            y=[values.get(x, 0.0) for x in points],
            name=escape(each.name),
            mode="lines",
            line={"color": colour, "width": 1.5},
            fillcolor=f"rgba{_rgb(colour, 0.78 if len(series) > 1 else 0.22)}",
            fill="tonexty" if len(series) > 1 else "tozeroy",
            stackgroup="all" if len(series) > 1 else None,
            groupnorm="fraction" if is_share else None,
            customdata=[hover(bucket_name(x, spec.grain), each.name, values.get(x, 0.0), label) for x in points],
            hovertemplate="%{customdata}<extra></extra>",
        )
    _time_axis(drawn, spec, starts, order, look)
    top = 1.0 if is_share else max(_sums(series).values(), default=0.0)
    axis = number_axis(0.0, top, ColumnLabel("", "percent") if is_share else label, look)
    drawn.update_yaxes(**axis)
    drawn.update_yaxes(range=[0.0, axis["tickvals"][-1]])
    if len(series) > 1:
        legend_below(drawn, len(series))
    return drawn


def _sums(series: Sequence[Series]) -> Mapping[object, float]:
    sums: dict[object, float] = {}
    for each in series:
        for x, y in each.points:
            sums[x] = sums.get(x, 0.0) + y
    return sums


def _times(spec: ChartSpec, series: Sequence[Series]) -> tuple[Mapping[object, object], list[object]]:
    """Where each x stands, as a date where every one is, else by its place; and all of them in order."""
    days = {x: bucket_start(x, spec.grain) for each in series for x, _ in each.points}
    order = sorted(days, key=lambda x: (str(days[x] or ""), str(x)))
    has_dates = all(isinstance(day, date) for day in days.values()) and spec.grain != "hour"
    return (days if has_dates else {x: place for place, x in enumerate(order)}), order


def _time_axis(drawn: Any, spec: ChartSpec, starts: Mapping[object, object], order: list[object], look: Look) -> None:
    picked = evenly(order, _TICKS_ON_TIME, spec.grain)
    drawn.update_xaxes(
        tickvals=[starts[x] for x in picked],
        ticktext=[escape(bucket_name(x, spec.grain)) for x in picked],
        tickangle=0,
        showline=True,
        linecolor=look.grid,
    )


def _rgb(colour: str, alpha: float) -> tuple[int | float, ...]:
    return (*(int(colour[i : i + 2], 16) for i in (1, 3, 5)), alpha)


def evenly(items: list[object], count: int, grain: str) -> list[object]:
    """At most `count` of them, from the first on, at equal steps."""
    needed = max(1, math.ceil(len(items) / count))
    step = next((s for s in _STEPS_OF.get(grain, ()) if s >= needed), needed)
    return items[::step]
