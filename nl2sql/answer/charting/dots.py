"""Scatter: two measures of the same things, one on each axis."""

from __future__ import annotations

from html import escape
from typing import Any

import pyarrow as pa

from nl2sql.answer.base import ChartSpec, ColumnLabel
from nl2sql.answer.charting.columns import number
from nl2sql.answer.charting.frame import SYMBOLS, frame, label_of, legend_below, number_axis
from nl2sql.answer.charting.limits import MAX_DOTS, MAX_SERIES
from nl2sql.answer.charting.palette import Look
from nl2sql.answer.charting.series import shown
from nl2sql.answer.formats import format_number

_SMALL_ABOVE = 300  # so many points overlap at the usual size

Dot = tuple[float, float, str]


def draw_dots(spec: ChartSpec, table: pa.Table, look: Look) -> Any:
    groups = _groups(spec, table)
    x_label = ColumnLabel(spec.x_title, spec.x_format, spec.x_unit)
    y_label = label_of(spec)
    drawn = frame(spec, look, legend=len(groups) > 1)
    total = sum(map(len, groups.values()))
    for place, (colour, (name, dots)) in enumerate(zip(look.colours, groups.items(), strict=False)):
        drawn.add_scatter(
            x=[x for x, _, _ in dots],
            y=[y for _, y, _ in dots],
            name=escape(name),
            mode="markers",
            marker={
                "color": colour,
                "size": 9 if total <= _SMALL_ABOVE else 6,
                "opacity": 0.8 if total <= _SMALL_ABOVE else 0.55,
                "symbol": SYMBOLS[place % len(SYMBOLS)],
                "line": {"color": look.paper, "width": 0.5},
            },
            customdata=[_hover(dot, name, x_label, y_label) for dot in dots],
            hovertemplate="%{customdata}<extra></extra>",
        )
    every = [dot for dots in groups.values() for dot in dots]
    drawn.update_xaxes(**_axis([x for x, _, _ in every], x_label, look, log=spec.log))
    drawn.update_yaxes(**_axis([y for _, y, _ in every], y_label, look, log=spec.log))
    if len(groups) > 1:
        legend_below(drawn, len(groups))
    return drawn


def _axis(values: list[float], label: ColumnLabel, look: Look, *, log: bool) -> dict[str, Any]:
    """From zero on, unless all values lie far from it."""
    low, high = min(values, default=1.0), max(values, default=1.0)
    start = low if log or low < 0 or low > 0.6 * high else 0.0
    return number_axis(start, high, label, look, log=log) | {"title": {"text": escape(label.label)}}


def _groups(spec: ChartSpec, table: pa.Table) -> dict[str, list[Dot]]:
    """Evenly picked rows where there are too many, so that no part of the order is preferred."""
    rows = table.num_rows
    picked = range(rows) if rows <= MAX_DOTS else [i * rows // MAX_DOTS for i in range(MAX_DOTS)]
    taken = table.take(list(picked)) if rows > MAX_DOTS else table
    count = taken.num_rows
    xs, ys = (map(number, taken.column(name).to_pylist()) for name in (spec.x, spec.y[0]))
    names = taken.column(spec.names).to_pylist() if spec.names else [""] * count
    grain = spec.grain if spec.names else ""
    colours = taken.column(spec.series).to_pylist() if spec.series else [""] * count
    groups: dict[str, list[Dot]] = {}
    for x, y, name, colour in zip(xs, ys, names, colours, strict=True):
        if x is not None and y is not None:
            groups.setdefault(shown(colour), []).append((x, y, shown(name, grain)))
    by_size = sorted(groups, key=lambda name: -len(groups[name]))
    return {name: groups[name] for name in by_size[:MAX_SERIES]}


def _hover(dot: Dot, group: str, x: ColumnLabel, y: ColumnLabel) -> str:
    head = " · ".join(dict.fromkeys(part for part in (dot[2], group) if part))
    lines = [f"{escape(label.label)}: <b>{escape(format_number(value, label))}</b>" for value, label in
             ((dot[0], x), (dot[1], y))]  # fmt: skip
    return "<br>".join([escape(head), *lines] if head else lines)
