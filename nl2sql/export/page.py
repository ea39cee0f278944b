"""A page that stands by itself: styles, charts and the script that draws them are inside; it asks no host for anything.

Its policy lets run only the scripts that were put into it here, known by their hashes. All text is escaped.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

from nl2sql.export.shapes import is_map, shapes_script

Chart = Mapping[str, Any]  # "light" and "dark": each a figure as plain JSON

_CLEAR = "rgba(0,0,0,0)"
# Characters that HTML has no place for; the line breaks and tabs of SQL are not among them.
_FAULTY = {code: "\ufffd" for code in (*range(0x20), 0x7F) if chr(code) not in "\t\n\r"}


def text(value: object) -> str:
    """As HTML shows it, in text and in attributes."""
    return escape(str(value).translate(_FAULTY), quote=True)


def page(title: str, body: str, charts: Sequence[Chart]) -> str:
    """`body` is HTML, with an element "chart-0" and so on for each of `charts`."""
    scripts = [*_libraries(charts), _own("page.js")] if charts else []
    allowed = " ".join(f"'{_hash(script)}'" for script in scripts) or "'none'"
    policy = (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )
    parts = [
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        '<meta name="referrer" content="no-referrer">',
        f"<title>{text(title)}</title>\n<style>\n{_own('page.css')}</style>\n</head>\n<body>\n<main>",
        body,
        "</main>",
        *([f'<script type="application/json" id="charts">{_json(charts)}</script>'] if charts else []),
        *(f"<script>{script}</script>" for script in scripts),
        "</body>\n</html>\n",
    ]
    return "\n".join(parts)


def figure_json(drawn: Any) -> Any:
    """A plotly figure as plain JSON, on whatever background it will stand."""
    drawn.update_layout(paper_bgcolor=_CLEAR, plot_bgcolor=_CLEAR)
    if is_map(drawn.to_plotly_json()):
        drawn.update_geos(bgcolor=_CLEAR)
    return json.loads(drawn.to_json())


def _libraries(charts: Sequence[Chart]) -> list[str]:
    maps = any(is_map(chart["light"]) for chart in charts)
    return [_plotly_script(), *([shapes_script()] if maps else [])]


@cache
def _plotly_script() -> str:
    """Some megabytes; kept, for each page needs it."""
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs()).replace("</script", "<\\/script")


def _own(name: str) -> str:
    return files("nl2sql.export").joinpath(name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")


def _json(value: object) -> str:
    """Within a script element nothing may look like the end of it."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c").replace("\u2028", "\\u2028")
