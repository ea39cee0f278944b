"""Which kinds of chart are honest for a result: none that would suggest what the data does not say."""

from __future__ import annotations

from collections.abc import Sequence

from nl2sql.answer.base import ChartKind, ChartSpec, ColumnLabel
from nl2sql.answer.charting.columns import ChartColumn, ChartColumns, are_countries, finite, read_columns
from nl2sql.answer.charting.limits import (
    MAX_GROUPED_BARS,
    MAX_NUMBERS,
    MAX_PARTS,
    MAX_SERIES,
    MAX_TIME_BARS,
    MIN_DISTINCT,
    MIN_DOTS,
    MIN_POINTS,
    MIN_ROWS,
)
from nl2sql.engines.base import ResultTable

_BARS: tuple[ChartKind, ...] = ("bar", "grouped_bar")
_LINES: tuple[ChartKind, ...] = ("line", "multi_line")
_ONE_WHOLE = 0.005  # shares that were rounded still come to 1 within this


def possible_kinds(result: ResultTable, labels: Sequence[ColumnLabel], spec: ChartSpec | None) -> tuple[ChartKind, ...]:
    """In the order to offer them, the one that was chosen for the result first. Empty: a table says it best.

    `labels` are the columns of the answer, `spec` its chart: without one, only what needs no dimension is possible.
    """
    return kinds_of(read_columns(result, labels, spec), result, spec)


def kinds_of(columns: ChartColumns, result: ResultTable, spec: ChartSpec | None) -> tuple[ChartKind, ...]:
    if not are_drawable(columns, spec):
        return ()
    if is_one_row(columns):
        return ("number",)
    found: list[ChartKind] = []
    if spec is not None and spec.kind != "number":
        found += _with_dimensions(columns, result, spec)
    found += _of_measures(columns, spec)
    natural = [spec.kind] if spec is not None and spec.kind in found else []
    return tuple(dict.fromkeys([*natural, *found]))


def are_drawable(columns: ChartColumns, spec: ChartSpec | None) -> bool:
    """The columns that the chart names are there: a kept chart may be older than the result."""
    if spec is None:
        return True
    named = [spec.x, spec.series, spec.names, *spec.y]
    return all(columns.get(name) is not None for name in named if name)


def is_one_row(columns: ChartColumns) -> bool:
    """One row of nothing but measures."""
    are_measures = all(each.role == "measure" for each in columns.all)
    return columns.rows == 1 and columns.is_whole and are_measures and 0 < len(columns.all) <= MAX_NUMBERS


def can_stack(columns: ChartColumns, spec: ChartSpec) -> bool:
    """Parts of one measure that adds up, none of them below zero."""
    measure = columns.get(spec.y[0])
    return bool(spec.series) and measure is not None and measure.low >= 0 and measure.label.additive


def time_of(columns: ChartColumns, spec: ChartSpec) -> ChartColumn | None:
    found = [columns.get(name) for name in (spec.x, spec.series) if name]
    return next((each for each in found if each is not None and each.role == "time"), None)


def _with_dimensions(columns: ChartColumns, result: ResultTable, spec: ChartSpec) -> list[ChartKind]:
    time, has_series, several = time_of(columns, spec), bool(spec.series), len(spec.y) > 1
    measure, x = columns.get(spec.y[0]), columns.get(spec.x)
    if measure is None or x is None or spec.kind not in (*_BARS, *_LINES):
        return []
    found: list[ChartKind] = []
    if time is not None and time.distinct >= MIN_POINTS:
        found.append("multi_line" if has_series or several else "line")
        if not several and measure.low >= 0 and (not has_series or can_stack(columns, spec)):
            found.append("area")
    if _has_room_for_bars(columns, spec):
        found.append("grouped_bar" if has_series or several else "bar")
    if not has_series and time is None:
        if _are_parts(columns, result, x, measure):
            found.append("pie")
        if are_countries(result.table.column(x.name), x.label):
            found.append("map")
    return found


def _has_room_for_bars(columns: ChartColumns, spec: ChartSpec) -> bool:
    if spec.kind in _BARS:
        return True
    x, other = columns.get(spec.x), columns.get(spec.series)
    if x is None or x.distinct > MAX_TIME_BARS:
        return False
    beside = min(other.distinct, MAX_SERIES) if other is not None else len(spec.y)
    return x.distinct * beside <= MAX_GROUPED_BARS or can_stack(columns, spec)


def _are_parts(columns: ChartColumns, result: ResultTable, x: ChartColumn, measure: ChartColumn) -> bool:
    """Few, none missing, none below zero, and their sum means something."""
    if columns.truncated or not 2 <= columns.rows <= MAX_PARTS or measure.present < columns.rows or measure.low < 0:
        return False
    total = sum(finite(result.table.column(measure.name)))
    is_whole = measure.label.format == "percent" and abs(total - 1) < _ONE_WHOLE
    return total > 0 and x.role == "category" and (measure.label.additive or is_whole)


def _of_measures(columns: ChartColumns, spec: ChartSpec | None) -> list[ChartKind]:
    measures = columns.of("measure")
    found: list[ChartKind] = []
    if spec is not None and spec.series:  # rows are cells of a grid: neither points nor a sample
        return found
    if len(measures) >= 2 and min(each.present for each in measures[:2]) >= MIN_DOTS:
        found.append("scatter")
    if any(is_distribution(each) for each in measures):
        found += ["histogram", "box"]
    return found


def is_distribution(measure: ChartColumn) -> bool:
    return measure.present >= MIN_ROWS and measure.distinct >= MIN_DISTINCT
