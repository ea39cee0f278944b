"""Mistakes in periods: months for years, seven days for six, the start of another period."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlglot import exp

from evals.mutation.base import Change, Scene

_FORMATS = {
    "%Y-%m": ("%Y", "%m", "%Y-%m-%d"),
    "%Y": ("%Y-%m",),
    "%m": ("%Y-%m", "%d"),
    "%Y-%m-%d": ("%Y-%m",),
    "%w": ("%d",),
    "%W": ("%m",),
    "%Y-%W": ("%Y-%m",),
    "%H": ("%M",),
    "%d": ("%m",),
}
_PARTS = {"YEAR": "MONTH", "MONTH": "YEAR", "DAY": "MONTH", "HOUR": "DAY", "WEEK": "MONTH", "QUARTER": "MONTH"}
_PARTS |= {"DOW": "DAY", "DAYOFWEEK": "DAY"}
_BY_FUNCTION: dict[type[exp.Expr], type[exp.Func]] = {exp.Year: exp.Month, exp.Month: exp.Year, exp.Day: exp.Month}
_MODIFIER = re.compile(r"([+-]?)(\d+)( ?)(day|month|year|hour|minute|week)(s?)$", re.IGNORECASE)
_START = re.compile(r"start of (day|month|year)$", re.IGNORECASE)
_NEXT_UNIT = {"day": "month", "month": "year", "year": "month", "hour": "day", "minute": "hour", "week": "month"}


def date_part(node: exp.Expr, scene: Scene) -> Iterator[Change]:
    """strftime('%Y-%m', …) ↔ '%Y', EXTRACT(YEAR …) ↔ MONTH, DATE_TRUNC('month', …) ↔ 'year'."""
    if isinstance(node, exp.TimeToStr):
        for other in _FORMATS.get(node.args["format"].name, ()):
            yield _with(node, "format", exp.Literal.string(other))
    elif isinstance(node, exp.Extract):
        if (part := _PARTS.get(node.this.name.upper())) is not None:
            yield _with(node, "this", exp.var(part))
    elif isinstance(node, exp.DateTrunc | exp.TimestampTrunc):
        if (part := _PARTS.get(node.text("unit").upper())) is not None:
            yield _with(node, "unit", exp.var(part))
    elif (kind := _BY_FUNCTION.get(type(node))) is not None:
        yield Change(kind(this=node.this.copy()))


def modifier(node: exp.Expr, scene: Scene) -> Iterator[Change]:
    """date('now', '-7 days') with 6 or 8 days, 7 months, or the start of another period."""
    if not isinstance(node, exp.Literal) or not node.is_string:
        return
    if (found := _MODIFIER.fullmatch(node.name)) is not None:
        sign, count, space, unit, plural = found.groups()
        for step in (1, -1):
            yield Change(exp.Literal.string(f"{sign}{int(count) + step}{space}{unit}{plural}"))
        yield Change(exp.Literal.string(f"{sign}{count}{space}{_NEXT_UNIT[unit.lower()]}{plural}"))
    elif (found := _START.fullmatch(node.name)) is not None:
        yield Change(exp.Literal.string(f"start of {_NEXT_UNIT[found[1].lower()]}"))


def interval(node: exp.Expr, scene: Scene) -> Iterator[Change]:
    """INTERVAL '7 days' with months; the number is a literal of its own."""
    if isinstance(node, exp.Interval) and (other := _PARTS.get(node.text("unit").upper().rstrip("S"))):
        yield _with(node, "unit", exp.var(other))


def _with(node: exp.Expr, part: str, value: exp.Expr) -> Change:
    changed = node.copy()
    changed.set(part, value)
    return Change(changed)
