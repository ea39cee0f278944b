"""Parts of a whole, as a ring with the whole in the middle."""

from __future__ import annotations

from html import escape
from typing import Any

import pyarrow as pa

from nl2sql.answer.axis import short_number
from nl2sql.answer.base import ChartSpec
from nl2sql.answer.charting.frame import cut_name, frame, hover, label_of
from nl2sql.answer.charting.palette import Look
from nl2sql.answer.charting.series import read_series, shown
from nl2sql.answer.formats import percent


def draw_pie(spec: ChartSpec, table: pa.Table, look: Look) -> Any:
    """The middle says what the parts come to, so that nobody takes five of many for all."""
    points = [(shown(x), y) for x, y in read_series(spec, table)[0].points]
    total, label = sum(y for _, y in points), label_of(spec)
    drawn = frame(spec, look)
    drawn.add_pie(
        values=[y for _, y in points],
        labels=[escape(name) for name, _ in points],
        text=[f"{escape(cut_name(name))}<br>{percent(y / total)}" for name, y in points],
        textinfo="text",
        textposition="outside",
        textfont={"color": look.ink, "size": 12},
        hole=0.62,
        sort=False,
        direction="clockwise",
        marker={"colors": list(look.colours[: len(points)]), "line": {"color": look.paper, "width": 2}},
        customdata=[f"{hover(name, '', y, label)} · {percent(y / total)}" for name, y in points],
        hovertemplate="%{customdata}<extra></extra>",
        automargin=True,
    )
    drawn.add_annotation(
        text=f"<b>{escape(short_number(total, label))}</b><br><span style='font-size:11px'>"
        f"these {len(points)} together</span>",
        x=0.5, y=0.5, xref="paper", yref="paper", showarrow=False, font={"size": 17, "color": look.ink},
    )  # fmt: skip
    return drawn
