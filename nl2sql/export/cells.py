"""Single values on their way into a file: what a spreadsheet must not run, and what has no form of its own there."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal

# What makes a spreadsheet read a text cell as a formula, or hides one behind white space.
# Wide ones are those of East Asian keyboards.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")

Json = str | int | float | bool | None


def safe_text(text: str) -> str:
    """Text that a spreadsheet would run gets an apostrophe in front."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def json_cell(value: object) -> Json:
    """Decimals as text (exact), dates and times as ISO text, durations in seconds, bytes as base64; NaN as null."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return value.isoformat(sep="T")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return str(value)


def unique_names(names: Sequence[str]) -> list[str]:
    """SQL may give two columns one name; a record or a table on screen may not: amount, amount (2)."""
    taken: dict[str, None] = {}
    for name in names:
        candidate, number = name, 1
        while candidate in taken:
            number += 1
            candidate = f"{name} ({number})"
        taken[candidate] = None
    return list(taken)
