"""Histogram and box: how the values of one measure are spread. The numbers are counted here, not in the browser."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from nl2sql.answer.axis import short_number
from nl2sql.answer.base import ChartSpec, ColumnLabel
from nl2sql.answer.charting.columns import finite, number
from nl2sql.answer.charting.frame import HEIGHT, cut_name, frame, label_of, number_axis
from nl2sql.answer.charting.limits import MAX_GROUPS, MAX_OUTLIERS
from nl2sql.answer.charting.palette import Look
from nl2sql.answer.charting.series import shown
from nl2sql.answer.formats import format_number

_MOST_BINS = 30
_BOX_PIXELS = 44
_WHISKER = 1.5  # times the box, as Tukey drew it


def draw_histogram(spec: ChartSpec, table: pa.Table, look: Look) -> Any:
    label, counted = label_of(spec), ColumnLabel("Rows")
    edges, counts = bins(finite(table.column(spec.y[0])))
    drawn = frame(spec, look)
    middles = [(low + high) / 2 for low, high in pairwise(edges)]
    drawn.add_bar(
        x=middles,
        y=counts,
        width=[high - low for low, high in pairwise(edges)],
        marker={"color": look.colours[0], "line": {"color": look.paper, "width": 1}},
        customdata=[
            f"{escape(format_number(low, label))} to {escape(format_number(high, label))}<br><b>{count:,} "
            f"{'row' if count == 1 else 'rows'}</b>"
            for low, high, count in zip(edges, edges[1:], counts, strict=False)
        ],
        hovertemplate="%{customdata}<extra></extra>",
    )
    step = max(1, math.ceil((len(edges) - 1) / 5))
    marks = edges[::step]
    drawn.update_xaxes(tickvals=marks, ticktext=[short_number(mark, label) for mark in marks], tickangle=0)
    drawn.update_xaxes(title={"text": escape(spec.y_title)}, showline=True, linecolor=look.grid)
    axis = number_axis(0.0, max(counts, default=1), counted, look)
    drawn.update_yaxes(**(axis | {"range": [0, axis["tickvals"][-1]]}), title={"text": counted.label})
    return drawn


def bins(values: list[float]) -> tuple[list[float], list[int]]:
    """Edges at round numbers and how many values lie in each bin, the upper edge in the next (of the last: in it).

    As wide as Freedman and Diaconis say, rounded up to 1, 2, 2.5 or 5 × 10ⁿ, and to whole numbers where all are whole.
    """
    low, high = min(values), max(values)
    span = high - low or 1.0
    quarter, three_quarters = (float(q) for q in np.percentile(values, [25, 75]))
    width = max(2 * (three_quarters - quarter) / len(values) ** (1 / 3), span / _MOST_BINS)
    size = 10.0 ** math.floor(math.log10(width))
    width = size * next((step for step in (1, 2, 2.5, 5, 10) if step * size >= width * 0.999), 10)
    if all(value == int(value) for value in values):
        width = float(math.ceil(width))
    first = math.floor(low / width + 1e-9)
    last = max(math.floor(high / width + 1e-9) + 1, first + 1)
    edges = [round(i * width, 12) for i in range(first, last + 1)]
    if len(edges) > 2 and math.isclose(high, edges[-2]) and not all(value == int(value) for value in values):
        edges = edges[:-1]
    counts, _ = np.histogram(values, bins=edges)
    return edges, [int(count) for count in counts]


@dataclass(frozen=True, slots=True)
class Box:
    """Quartiles, whiskers within 1.5 times the box, and the values beyond them, the furthest first."""

    name: str
    count: int
    low: float
    quarter: float
    median: float
    three_quarters: float
    high: float
    beyond: tuple[float, ...]


def box_of(name: str, values: list[float]) -> Box:
    quarter, median, three_quarters = (float(q) for q in np.percentile(values, [25, 50, 75]))
    reach = _WHISKER * (three_quarters - quarter)
    inside = [v for v in values if quarter - reach <= v <= three_quarters + reach]
    beyond = sorted((v for v in values if not quarter - reach <= v <= three_quarters + reach),
                    key=lambda v: -abs(v - median))  # fmt: skip
    return Box(name, len(values), min(inside), quarter, median, three_quarters, max(inside), tuple(beyond))


def draw_boxes(spec: ChartSpec, table: pa.Table, look: Look) -> Any:
    label, boxes = label_of(spec), _boxes(spec, table)
    drawn = frame(spec, look, max(HEIGHT, 70 + _BOX_PIXELS * len(boxes)))
    places = list(range(len(boxes)))
    drawn.add_trace(_box_trace(boxes, places, look))
    drawn.add_scatter(
        x=[v for box in boxes for v in box.beyond[:MAX_OUTLIERS]],
        y=[place for place, box in zip(places, boxes, strict=True) for _ in box.beyond[:MAX_OUTLIERS]],
        mode="markers",
        marker={"color": look.colours[0], "size": 4, "opacity": 0.5},
        hoverinfo="skip",
    )
    drawn.add_scatter(  # plotly would write a hover text of its own for a box, with numbers in another form
        x=[box.median for box in boxes],
        y=places,
        mode="markers",
        marker={"color": look.ink, "size": 7, "symbol": "diamond"},
        customdata=[_told(box, label) for box in boxes],
        hovertemplate="%{customdata}<extra></extra>",
    )
    values = [v for box in boxes for v in (box.low, box.high, *box.beyond[:MAX_OUTLIERS])]
    low = min(values) if spec.log or min(values) < 0 else 0.0
    drawn.update_xaxes(**number_axis(low, max(values), label, look, log=spec.log))
    drawn.update_xaxes(title={"text": escape(spec.y_title)})
    names = [f"{escape(cut_name(box.name))} " for box in boxes]
    drawn.update_yaxes(tickvals=places, ticktext=names, range=[len(boxes) - 0.5, -0.5], tickfont={"color": look.ink})
    return drawn


def _box_trace(boxes: list[Box], places: list[int], look: Look) -> Any:
    import plotly.graph_objects as go

    red, green, blue = (int(look.colours[0][i : i + 2], 16) for i in (1, 3, 5))
    return go.Box(
        y=places,
        orientation="h",
        q1=[box.quarter for box in boxes],
        median=[box.median for box in boxes],
        q3=[box.three_quarters for box in boxes],
        lowerfence=[box.low for box in boxes],
        upperfence=[box.high for box in boxes],
        line={"color": look.colours[0], "width": 1.5},
        fillcolor=f"rgba({red}, {green}, {blue}, 0.25)",
        width=0.55 if len(boxes) > 1 else 0.35,
        hoverinfo="skip",
    )


def _boxes(spec: ChartSpec, table: pa.Table) -> list[Box]:
    name = spec.y[0]
    if not spec.x:
        return [box_of("", finite(table.column(name)))]
    groups: dict[str, list[float]] = {}
    for group, value in zip(table.column(spec.x).to_pylist(), table.column(name).to_pylist(), strict=True):
        read = number(value)
        if read is not None:
            groups.setdefault(shown(group), []).append(read)
    boxes = [box_of(group, values) for group, values in groups.items()]
    orders = {"smallest": lambda box: box.median, "label": lambda box: box.name.casefold()}
    return sorted(boxes, key=orders.get(spec.sort, lambda box: -box.median))[:MAX_GROUPS]


def _told(box: Box, label: ColumnLabel) -> str:
    def say(value: float) -> str:
        return escape(format_number(value, label))

    head = f"{escape(box.name)} · {box.count:,} rows" if box.name else f"{box.count:,} rows"
    beyond = len(box.beyond)
    some = f", the {MAX_OUTLIERS} furthest drawn" if beyond > MAX_OUTLIERS else ""
    outside = f"<br>{beyond:,} beyond the whiskers{some}" if beyond else ""
    return (
        f"{head}<br>median <b>{say(box.median)}</b><br>middle half {say(box.quarter)} to "
        f"{say(box.three_quarters)}<br>whiskers {say(box.low)} to {say(box.high)}{outside}"
    )
