"""The shapes of maps, served by the app itself: no page asks another host for anything."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

# Below the app's own address, where Streamlit serves the folder beside app.py; plotly adds the name of the file.
SHAPES_URL = "app/static/"
SHAPES = Path(__file__).parent.parent / "static" / "world_110m.json"


@cache
def map_shapes() -> dict[str, Any]:
    """For a page without a server: `window.PlotlyGeoAssets = <this>` before plotly draws a map."""
    return {"topojson": {SHAPES.stem: json.loads(SHAPES.read_text(encoding="utf-8"))}}
