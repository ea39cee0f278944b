"""One number, or a few side by side, large."""

from __future__ import annotations

from html import escape
from typing import Any

import pyarrow as pa

from nl2sql.answer.base import ChartSpec, ColumnLabel
from nl2sql.answer.charting.frame import frame, label_of
from nl2sql.answer.charting.palette import Look
from nl2sql.answer.formats import format_cell

_PIXELS = 96  # of one number with its name


def read_numbers(spec: ChartSpec, table: pa.Table) -> list[tuple[str, str, ColumnLabel]]:
    """What each is called, how it is written, and its label."""
    labels = spec.y_labels if len(spec.y_labels) == len(spec.y) else (label_of(spec),) * len(spec.y)
    values = [table.column(name).to_pylist()[0] for name in spec.y]
    return [(label.label, format_cell(value, label), label) for label, value in zip(labels, values, strict=True)]


def draw_numbers(spec: ChartSpec, table: pa.Table, look: Look) -> Any:
    numbers = read_numbers(spec, table)
    drawn = frame(spec, look, 120 if len(numbers) == 1 else 20 + _PIXELS * len(numbers))
    for place, (name, text, _) in enumerate(numbers):
        below = f"<br><span style='font-size:12px'>{escape(name)}</span>" if len(numbers) > 1 else ""
        drawn.add_annotation(
            text=f"<b>{escape(text)}</b>{below}",
            x=0, y=1 - (place + 0.5) / len(numbers), xref="paper", yref="paper", xanchor="left", yanchor="middle",
            showarrow=False, align="left", font={"size": _size(text, len(numbers)), "color": look.ink},
        )  # fmt: skip
    drawn.update_xaxes(visible=False)
    drawn.update_yaxes(visible=False)
    return drawn


def _size(text: str, count: int) -> int:
    """What fits into one line of a phone."""
    if count > 1:
        return 30 if len(text) <= 16 else 22
    return 44 if len(text) <= 12 else 32 if len(text) <= 18 else 24
