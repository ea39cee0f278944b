"""A chart as Python that draws it again: what it shows as lists, how it looks as arguments.

Whatever the data says stands in literals, by `repr`: no text of it can become code.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

_MARGIN = 100
_LONG = 4  # values: lists beyond that stand above the figure under a name of their own


def script(drawn: Any, question: str, at: datetime) -> str:
    """`drawn` is a plotly figure; `question` what it answers; `at` when (UTC) the script is made."""
    shape = drawn.to_plotly_json()
    lists: list[str] = []
    traces = [_trace(trace, number, lists) for number, trace in enumerate(shape["data"], 1)]
    layout = {name: value for name, value in shape["layout"].items() if name != "template"}
    if "template" in shape["layout"]:
        layout["template"] = "none"
    parts = [
        f'"""A chart, as it was exported on {at:%Y-%m-%d}. Run it to see it; needs plotly."""',
        "import plotly.graph_objects as go",
        f"question = {_literal(question)}",
        *lists,
        "figure = go.Figure()",
        *traces,
        f"figure.update_layout(\n{_arguments(layout)}\n)",
        'if __name__ == "__main__":\n    figure.show()',
    ]
    return "\n\n".join(parts) + "\n"


def _trace(trace: Mapping[str, Any], number: int, lists: list[str]) -> str:
    """Its long lists go to `lists`, named after what they are."""
    arguments = []
    for name, value in trace.items():
        if name != "type" and isinstance(value, Sequence) and not isinstance(value, str) and len(value) > _LONG:
            called = f"{name}_{number}"
            lists.append(f"{called} = {_literal(value)}")
            arguments.append(f"    {name}={called},")
        elif name != "type":
            arguments.append(f"    {name}={_literal(value, 1)},")
    kind = str(trace["type"]).capitalize()
    return "\n".join([f"figure.add_trace(go.{_class_name(kind)}(", *arguments, "))"])


def _class_name(kind: str) -> str:
    """go.Bar for "bar"; plotly's own trace types only, so no text of the data."""
    import plotly.graph_objects as go

    return next(name for name in dir(go) if name.lower() == kind.lower())


def _arguments(values: Mapping[str, Any]) -> str:
    return "\n".join(f"    {name}={_literal(value, 1)}," for name, value in values.items())


def _literal(value: Any, depth: int = 0) -> str:
    """As Python writes it, broken into lines where it is long."""
    if isinstance(value, Mapping):
        items = [f"{name!r}: {_literal(each, depth + 1)}" for name, each in value.items()]
        return _bracketed("{", items, "}", depth)
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return _bracketed("[", [_literal(each, depth + 1) for each in value], "]", depth)
    if value is None or isinstance(value, bool | int | str):
        return repr(value)
    if isinstance(value, float | Decimal):
        number = float(value)
        return repr(number) if math.isfinite(number) else f'float("{number}")'
    if isinstance(value, date):
        return repr(value.isoformat())
    return repr(str(value))


def _bracketed(start: str, items: Sequence[str], end: str, depth: int) -> str:
    flat = f"{start}{', '.join(items)}{end}"
    if len(flat) <= _MARGIN - 4 * depth and "\n" not in flat:
        return flat
    pad = "    " * (depth + 1)
    return f"{start}\n" + "".join(f"{pad}{item},\n" for item in items) + "    " * depth + end
