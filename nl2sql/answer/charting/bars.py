"""Bars: upright or lying, one or several to a name, stacked or as shares; and dots in their place on a log axis."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

import pyarrow as pa

from nl2sql.answer.axis import short_number, ticks
from nl2sql.answer.base import ChartSpec, ColumnLabel
from nl2sql.answer.charting.frame import (
    HEIGHT,
    SYMBOLS,
    cut_name,
    frame,
    hover,
    label_of,
    legend_below,
    number_axis,
)
from nl2sql.answer.charting.lines import evenly
from nl2sql.answer.charting.palette import Look
from nl2sql.answer.charting.series import Series, has_time_axis, read_marks, shown

_BAR_PIXELS = 26
_PAIRED_PIXELS = 14
_TICKS_ON_TIME = 4
_NAMES_ABREAST = 6  # more names, or longer ones, than fit side by side on a phone stand below one another
_CHARS_ABREAST = 48
_MAX_UPRIGHT_WITH_NUMBERS = 8


@dataclass(frozen=True, slots=True)
class _Plan:
    """How a set of bars is laid out. `units` are the values on x in their order, `names` how each is written."""

    spec: ChartSpec
    look: Look
    label: ColumnLabel
    units: tuple[object, ...]
    names: tuple[str, ...]
    is_flat: bool
    is_time: bool
    is_labelled: bool
    is_stacked: bool


def draw_bars(spec: ChartSpec, table: pa.Table, look: Look) -> Any:
    series, units = read_marks(spec, table)
    if spec.stack == "percent":
        series = _shares(series)
    plan = _plan(spec, table, tuple(units), len(series), look)
    drawn = frame(spec, look, _height(plan, len(series)), legend=len(series) > 1)
    for place, (colour, each) in enumerate(zip(look.colours, series, strict=False)):
        drawn.add_trace(_marks(plan, each, colour, place))
    drawn.update_layout(
        bargap=0.28 if len(plan.names) > 5 else 0.42, bargroupgap=0.06, barmode="stack" if plan.is_stacked else "group"
    )
    _name_axis(drawn, plan)
    _value_axis(drawn, plan, series)
    if len(series) > 1:
        legend_below(drawn, len(series))
    return drawn


def _plan(spec: ChartSpec, table: pa.Table, units: tuple[object, ...], count: int, look: Look) -> _Plan:
    is_time = has_time_axis(spec, table)
    names = tuple(shown(x, spec.grain if is_time else "") for x in units)
    is_crowded = len(names) > _NAMES_ABREAST or max(map(len, names), default=0) * len(names) > _CHARS_ABREAST
    is_flat = is_crowded and not is_time
    is_labelled = count == 1 and not spec.log and (is_flat or len(names) <= _MAX_UPRIGHT_WITH_NUMBERS)
    label = ColumnLabel(spec.y_title, "percent") if spec.stack == "percent" else label_of(spec)
    stacked = spec.stack in ("stacked", "percent")
    return _Plan(spec, look, label, units, names, is_flat, is_time, is_labelled, stacked)


def _shares(series: list[Series]) -> list[Series]:
    sums: dict[object, float] = {}
    for each in series:
        for x, y in each.points:
            sums[x] = sums.get(x, 0.0) + y
    return [Series(each.name, tuple((x, y / sums[x]) for x, y in each.points if sums[x])) for each in series]


def _height(plan: _Plan, series: int) -> int:
    if not plan.is_flat:
        return HEIGHT
    each = _BAR_PIXELS if series == 1 or plan.is_stacked else _PAIRED_PIXELS * series + 8
    return max(HEIGHT, 60 + each * len(plan.names))


def _marks(plan: _Plan, each: Series, colour: str, place: int) -> Any:
    import plotly.graph_objects as go

    places = [plan.units.index(x) for x, _ in each.points]
    values = [y for _, y in each.points]
    common = {
        "x": values if plan.is_flat else places,
        "y": places if plan.is_flat else values,
        "name": escape(each.name),
        "customdata": [hover(plan.names[at], each.name, y, plan.label) for at, y in zip(places, values, strict=True)],
        "hovertemplate": "%{customdata}<extra></extra>",
        "cliponaxis": False,
    }
    if plan.spec.log:  # the length of a bar says nothing where the axis has no zero
        marker = {"color": colour, "size": 10, "symbol": SYMBOLS[place % len(SYMBOLS)]}
        return go.Scatter(**common, mode="markers", marker=marker)
    line = {"color": plan.look.paper, "width": 1} if plan.is_stacked else {"width": 0}
    return go.Bar(
        **common,
        orientation="h" if plan.is_flat else "v",
        marker={"color": colour, "cornerradius": 0 if plan.is_stacked else 3, "line": line},
        text=[short_number(v, plan.label) for v in values] if plan.is_labelled else None,
        textposition="outside" if plan.is_labelled else "none",
        textfont={"color": plan.look.ink, "size": 12},
    )


def _name_axis(drawn: Any, plan: _Plan) -> None:
    places = list(range(len(plan.names)))
    if plan.is_time:
        picked = evenly(list(plan.units), _TICKS_ON_TIME, plan.spec.grain)
        places = [plan.units.index(x) for x in picked]
    written = [escape(cut_name(plan.names[at])) for at in places]
    settings: dict[str, Any] = {"tickvals": places, "tickfont": {"color": plan.look.ink}}
    ends = [-0.5, len(plan.names) - 0.5]
    if plan.is_flat:
        drawn.update_yaxes(**settings, ticktext=[f"{name} " for name in written], range=ends[::-1])
        drawn.update_yaxes(showgrid=plan.spec.log, gridcolor=plan.look.grid)
    else:
        drawn.update_xaxes(**settings, ticktext=written, tickangle=0, range=ends)


def _value_axis(drawn: Any, plan: _Plan, series: list[Series]) -> None:
    """Bars start at zero. Where each bar carries its number, an axis would only repeat it."""
    values = _ends(series) if plan.is_stacked else [y for each in series for _, y in each.points]
    values = values or [1.0 if plan.spec.log else 0.0]
    if plan.spec.log:
        settings = number_axis(min(values), max(values), plan.label, plan.look, log=True)
    elif plan.is_labelled:
        low, high = min(0.0, *values), max(0.0, *values)
        room = (high - low or 1.0) * (0.24 if plan.is_flat else 0.12)
        ends = [low - (room if low < 0 else 0), high + (room if high > 0 else 0)]
        settings = {"range": ends, "visible": False, "tickvals": ticks(low, high)}
    else:
        settings = number_axis(min(0.0, *values), max(0.0, *values), plan.label, plan.look)
        settings["range"] = [settings["tickvals"][0], settings["tickvals"][-1]]
    update = drawn.update_xaxes if plan.is_flat else drawn.update_yaxes
    update(**settings)


def _ends(series: list[Series]) -> list[float]:
    sums: dict[object, float] = {}
    for each in series:
        for x, y in each.points:
            sums[x] = sums.get(x, 0.0) + y
    return [round(value, 9) for value in sums.values()]
