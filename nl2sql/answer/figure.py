"""A ChartSpec drawn with Plotly, which is needed here only, and only when a figure is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa

from nl2sql.answer.base import ChartKind, ChartSpec
from nl2sql.answer.charting.bars import draw_bars
from nl2sql.answer.charting.distributions import draw_boxes, draw_histogram
from nl2sql.answer.charting.dots import draw_dots
from nl2sql.answer.charting.lines import draw_area, draw_lines
from nl2sql.answer.charting.maps import draw_map
from nl2sql.answer.charting.numbers import draw_numbers
from nl2sql.answer.charting.palette import LOOKS, Look, Theme
from nl2sql.answer.charting.pies import draw_pie
from nl2sql.answer.charting.series import read_series

__all__ = ["LOOKS", "Look", "Theme", "figure", "read_series"]

_DRAW: Mapping[ChartKind, Callable[[ChartSpec, pa.Table, Look], Any]] = {
    "number": draw_numbers,
    "bar": draw_bars,
    "grouped_bar": draw_bars,
    "line": draw_lines,
    "multi_line": draw_lines,
    "area": draw_area,
    "scatter": draw_dots,
    "histogram": draw_histogram,
    "box": draw_boxes,
    "pie": draw_pie,
    "map": draw_map,
}


def figure(spec: ChartSpec, table: pa.Table, theme: Theme = "light") -> Any:
    """A plotly.graph_objects.Figure; needs the "app" extra. Raises KeyError for a column that the table has not."""
    return _DRAW[spec.kind](spec, table, LOOKS[theme])
