"""Has the browser fetch early what an answer will need, so that the first one is not the slow one."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import streamlit as st

# Streamlit's own parts; their names carry a hash. One that is not found is fetched when it is needed.
_PARTS = ("PlotlyChart.*.js", "DataFrame.*.js")
_FOLDER = Path(st.__file__).parent / "static" / "static" / "js"
_SCRIPT = (Path(__file__).parent / "early.js").read_text(encoding="utf-8")
_component = st.components.v2.component("ask_early", js=_SCRIPT, isolate_styles=False)


def fetch_early() -> None:
    """Draws nothing."""
    _component(data={"names": _names()}, key="early", height=1)


@cache
def _names() -> list[str]:
    return sorted(path.name for part in _PARTS for path in _FOLDER.glob(part))
