"""The marks of a chart, read from the result: without missing values, in order, and cut to what the title says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa

from nl2sql.answer.base import ChartSpec
from nl2sql.answer.charting.columns import NO_VALUE, is_time, number
from nl2sql.answer.charting.limits import MAX_BARS, MAX_LINES, MAX_SERIES
from nl2sql.answer.cycles import place_in_cycle
from nl2sql.answer.formats import format_cell
from nl2sql.answer.grains import bucket_name, bucket_start


@dataclass(frozen=True, slots=True)
class Series:
    """One set of marks: (x, y) in the order to draw."""

    name: str
    points: tuple[tuple[object, float], ...]


def read_series(spec: ChartSpec, table: pa.Table) -> list[Series]:
    return read_marks(spec, table)[0]


def read_marks(spec: ChartSpec, table: pa.Table) -> tuple[list[Series], list[object]]:
    """The series, and every x that any of them has, in the order in which all of them hold theirs."""
    groups = _split(spec, table) if spec.series else _by_measure(spec, table)
    groups, is_cut = _cut_bars(spec, table, groups)
    order = _order(spec, table, _sums(groups), is_cut=is_cut)
    places = {x: place for place, x in enumerate(order)}
    series = [Series(name, tuple(sorted(points, key=lambda p: places[p[0]]))) for name, points in groups.items()]
    return series, order


def has_time_axis(spec: ChartSpec, table: pa.Table) -> bool:
    """`grain` is that of x, or of the series."""
    if spec.kind in ("line", "multi_line", "area"):
        return True
    return bool(spec.grain) and is_time(table.column(spec.x), spec.grain)


def shown(value: object, grain: str = "") -> str:
    if value is None:
        return NO_VALUE
    return bucket_name(value, grain) if grain else format_cell(value)


Points = list[tuple[object, float]]


def _by_measure(spec: ChartSpec, table: pa.Table) -> dict[str, Points]:
    xs = table.column(spec.x).to_pylist()
    found: dict[str, Points] = {}
    for place, name in enumerate(spec.y):
        points = zip(xs, map(number, table.column(name).to_pylist()), strict=True)
        found[_measure_name(spec, place)] = [(x, y) for x, y in points if y is not None]
    return found


def _measure_name(spec: ChartSpec, place: int) -> str:
    if len(spec.y) == 1:
        return ""
    return spec.y_labels[place].label if len(spec.y_labels) == len(spec.y) else spec.y[place].replace("_", " ")


def _split(spec: ChartSpec, table: pa.Table) -> dict[str, Points]:
    groups: dict[object, Points] = {}
    columns = (table.column(name).to_pylist() for name in (spec.x, spec.series, spec.y[0]))
    for x, group, y in zip(*columns, strict=True):
        value = number(y)
        if value is not None:
            groups.setdefault(group, []).append((x, value))
    if not has_time_axis(spec, table) and spec.grain:  # the series are times: in their order
        return {shown(name, spec.grain): groups[name] for name in sorted(groups, key=str)[:MAX_SERIES]}
    by_size = sorted(groups, key=lambda group: -sum(abs(y) for _, y in groups[group]))
    at_most = MAX_LINES if spec.kind == "multi_line" else MAX_SERIES
    if spec.top and has_time_axis(spec, table):
        at_most = min(at_most, spec.top)
    return {shown(name): groups[name] for name in by_size[:at_most]}


def _cut_bars(spec: ChartSpec, table: pa.Table, groups: dict[str, Points]) -> tuple[dict[str, Points], bool]:
    """The largest of the categories by the sum of their bars, and whether there were more."""
    sums, at_most = _sums(groups), min(spec.top or MAX_BARS, MAX_BARS)
    is_bar = spec.kind in ("bar", "grouped_bar") and not has_time_axis(spec, table)
    if not is_bar or len(sums) <= at_most:
        return groups, False
    kept = set(sorted(sums, key=lambda x: -sums[x])[:at_most])
    return {name: [p for p in points if p[0] in kept] for name, points in groups.items()}, True


def _sums(groups: dict[str, Points]) -> dict[object, float]:
    sums: dict[object, float] = {}
    for points in groups.values():
        for x, y in points:
            sums[x] = sums.get(x, 0.0) + y
    return sums


def _order(spec: ChartSpec, table: pa.Table, sums: dict[object, float], *, is_cut: bool) -> list[object]:
    """As it was chosen, else the natural order of the values, else the largest first where only these are left, else
    that of the table."""
    found = [x for x in dict.fromkeys(table.column(spec.x).to_pylist()) if x in sums]
    keys: dict[str, Callable[[object], Any]] = {
        "largest": lambda x: -sums[x],
        "smallest": lambda x: sums[x],
        "label": lambda x: shown(x).casefold(),
    }
    key = keys.get(spec.sort) or _natural(spec, found) or (keys["largest"] if is_cut else None)
    return sorted(found, key=key) if key is not None else found


def _natural(spec: ChartSpec, values: Sequence[object]) -> Callable[[object], Any] | None:
    """Times by time, numbers by size, Monday before Friday; None leaves the order of the result."""
    if spec.kind in ("line", "multi_line", "area"):
        return lambda x: (str(bucket_start(x, spec.grain) or ""), str(x))
    if not spec.series and all(isinstance(x, int | float | Decimal) and not isinstance(x, bool) for x in values):
        return lambda x: x
    if len(values) > 1 and all(place_in_cycle(x) is not None for x in values):
        return lambda x: place_in_cycle(x) or 0
    if spec.grain and all(bucket_start(x, spec.grain) is not None for x in values):
        return lambda x: (str(bucket_start(x, spec.grain)), str(x))
    return None
