"""A map of countries, shaded by one measure. The shapes come from wherever the page is told to take them."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from nl2sql.answer.axis import short_number, ticks
from nl2sql.answer.base import ChartSpec
from nl2sql.answer.charting.columns import number, places
from nl2sql.answer.charting.countries import TOO_SMALL, country_name
from nl2sql.answer.charting.frame import frame, hover, label_of
from nl2sql.answer.charting.palette import Look

_WORLD = {"projection_type": "natural earth", "lataxis_range": [-56, 80]}  # without Antarctica
_EUROPE = {"projection_type": "mercator", "lonaxis_range": [-25, 42], "lataxis_range": [34, 71]}
# Without Russia, most of which lies beyond that window.
_EUROPEAN = frozenset(
    "ALB AUT BEL BGR BIH BLR CHE CYP CZE DEU DNK ESP EST FIN FRA GBR GRC HRV HUN IRL ISL ITA LTU LUX LVA MDA MKD MNE "
    "NLD NOR POL PRT ROU SRB SVK SVN SWE UKR".split()
)


def draw_map(spec: ChartSpec, table: pa.Table, look: Look) -> Any:
    codes, label = places(table.column(spec.x)).codes, label_of(spec)
    found = [
        (codes[x], y)
        for x, value in zip(table.column(spec.x).to_pylist(), table.column(spec.y[0]).to_pylist(), strict=True)
        if x in codes and codes[x] not in TOO_SMALL and (y := number(value)) is not None
    ]
    values = [y for _, y in found] or [0.0]
    marks = ticks(min(0.0, *values), max(values))
    drawn = frame(spec, look)
    drawn.add_choropleth(
        locationmode="ISO-3",
        locations=[code for code, _ in found],
        z=[y for _, y in found],
        zmin=marks[0],
        zmax=marks[-1],
        colorscale=[[i / (len(look.scale) - 1), colour] for i, colour in enumerate(look.scale)],
        marker={"line": {"color": look.paper, "width": 0.6}},
        customdata=[hover(country_name(code), "", y, label) for code, y in found],
        hovertemplate="%{customdata}<extra></extra>",
        colorbar={
            "orientation": "h", "x": 0.5, "y": -0.02, "yanchor": "top", "thickness": 10, "len": 0.6, "outlinewidth": 0,
            "tickvals": marks, "ticktext": [short_number(mark, label) for mark in marks],
            "tickfont": {"color": look.faint},
        },
    )  # fmt: skip
    drawn.update_geos(
        bgcolor=look.paper,
        showland=True, landcolor=look.land,
        showcountries=True, countrycolor=look.paper, countrywidth=0.6,
        showcoastlines=False, showframe=False, showocean=False, showlakes=False,
        **_window({code for code, _ in found}),
    )  # fmt: skip
    drawn.update_layout(dragmode="pan", margin={"l": 0, "r": 0})
    return drawn


def _window(codes: set[str]) -> dict[str, Any]:
    """Europe's countries are small on a map of the world."""
    return _EUROPE if codes and codes <= _EUROPEAN else _WORLD
