"""The shapes of countries for maps in files, which no server gives them to: the same that the app serves."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

_NAME = "world_110m"


def is_map(shape: Mapping[str, Any]) -> bool:
    """`shape` is a plotly figure as plain JSON."""
    return any(trace.get("type") == "choropleth" for trace in shape["data"])


@cache
def shapes_script() -> str:
    """JavaScript to run before a map is drawn; else plotly would ask another host for them."""
    shapes = files("nl2sql.export").joinpath(f"{_NAME}.json").read_text(encoding="utf-8").strip()
    return f'window.PlotlyGeoAssets = {{"topojson": {{"{_NAME}": {shapes}}}}};'
