"""Time grains: which expressions cut a time into months, and what a bucket of the result means as a period."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlglot import exp

from nl2sql.answer.bare import bare
from nl2sql.answer.cycles import cycle_of
from nl2sql.answer.printing import sql_of

__all__ = ["TRUNCATING", "Grain", "bare", "bucket_end", "bucket_name", "bucket_start", "grain_of"]

TRUNCATING = ("year", "quarter", "month", "week", "day", "hour")
_FORMATS = {
    "%Y": "year", "%Y-%m": "month", "%Y-%m-01": "month", "%Y/%m": "month", "%Y%m": "month", "%b %Y": "month",
    "%B %Y": "month", "%Y-%m-%d": "day", "%F": "day", "%Y-%m-%d %H": "hour", "%Y-%m-%d %H:00": "hour",
    "%Y-%m-%d %H:00:00": "hour", "%Y-W%W": "week", "%Y-%W": "week", "%G-W%V": "week", "%G-W%v": "week",
    "%G-%V": "week", "%Y-W%V": "week", "%Y-Q%Q": "quarter", "%Y-QQ": "quarter",
    "%m": "month of the year", "%B": "month of the year", "%b": "month of the year", "%-m": "month of the year",
    "%w": "day of the week", "%u": "day of the week", "%A": "day of the week", "%a": "day of the week",
    "%H": "hour of the day", "%-H": "hour of the day", "%d": "day of the month", "%-d": "day of the month",
    "%W": "week of the year", "%V": "week of the year", "Q": "quarter of the year",
}  # fmt: skip
_PARTS = {
    "YEAR": "year", "QUARTER": "quarter of the year", "MONTH": "month of the year", "WEEK": "week of the year",
    "ISOWEEK": "week of the year", "DAY": "day of the month", "DOW": "day of the week", "ISODOW": "day of the week",
    "DAYOFWEEK": "day of the week", "HOUR": "hour of the day",
}  # fmt: skip
_PART_FUNCTIONS: dict[type[exp.Expr], str] = {
    exp.Year: "year",
    exp.Quarter: "quarter of the year",
    exp.Month: "month of the year",
    exp.Week: "week of the year",
    exp.DayOfWeek: "day of the week",
    exp.DayOfMonth: "day of the month",
    exp.Hour: "hour of the day",
}
_START_OF = {
    "start of month": "month",
    "start of year": "year",
    "start of day": "day",
    "weekday 0, -6 days": "week",
    "-6 days, weekday 1": "week",
}


@dataclass(frozen=True, slots=True)
class Grain:
    """`unit` is one of TRUNCATING, or a repeating part ("month of the year"); `of` is the time that was cut."""

    unit: str
    of: exp.Expr

    @property
    def is_bucket(self) -> bool:
        return self.unit in TRUNCATING


def grain_of(node: exp.Expr) -> Grain | None:
    node = node.unnest()
    for reader in _READERS:
        grain = reader(node)
        if grain is not None:
            return grain
    return None


def _from_format(node: exp.Expr) -> Grain | None:
    if not isinstance(node, exp.TimeToStr) or not isinstance(node.args.get("format"), exp.Literal):
        return None
    if node.args.get("culture") or node.args.get("zone"):
        return None
    unit = _FORMATS.get(node.args["format"].name.replace('"', ""))
    if unit == "day":  # a day written out may already be the first of a longer bucket
        inner = bare(node.this)
        while isinstance(inner, exp.Cast) and inner.is_type("datetime", "timestamp"):
            inner = bare(inner.this)
        return _from_trunc(inner) or _from_monday(inner) or Grain(unit, inner)
    return Grain(unit, bare(node.this)) if unit else None


def _from_monday(node: exp.Expr) -> Grain | None:
    """MySQL's `x - INTERVAL WEEKDAY(x) DAY`: the Monday of the week."""
    if not isinstance(node, exp.Sub | exp.DateSub) or not node.expression:
        return None
    step = node.expression
    days, unit = (step.this, step.args.get("unit")) if isinstance(step, exp.Interval) else (step, node.args.get("unit"))
    of = bare(node.this)
    days = days.unnest() if isinstance(days, exp.Expr) else days
    same = [c for c in days.find_all(exp.Column) if c == of] if isinstance(days, exp.Expr) else []
    is_weekday = _called(days, "weekday") or type(days).__name__.lower() == "weekday"
    return Grain("week", of) if is_weekday and same and unit is not None and unit.name.lower() == "day" else None


def _from_trunc(node: exp.Expr) -> Grain | None:
    if not isinstance(node, exp.DateTrunc | exp.TimestampTrunc | exp.DatetimeTrunc) or node.args.get("zone"):
        return None
    unit = node.args.get("unit")
    name = (unit.this.name if isinstance(unit, exp.WeekStart) else unit.name).lower() if unit is not None else ""
    if isinstance(unit, exp.WeekStart):
        name = "week" if name == "monday" else ""
    name = "week" if name in ("isoweek", "week(monday)") else name
    return Grain(name, bare(node.this)) if name in TRUNCATING else None


def _from_part(node: exp.Expr) -> Grain | None:
    if isinstance(node, exp.Extract):
        unit = _PARTS.get(node.name.upper())
        return Grain(unit, bare(node.expression)) if unit else None
    unit = _PART_FUNCTIONS.get(type(node))
    if unit and not node.args.get("mode"):
        return Grain(unit, bare(node.this))
    if _called(node, "date_part") and len(node.expressions) == 2 and node.expressions[0].name.upper() in _PARTS:
        return Grain(_PARTS[node.expressions[0].name.upper()], bare(node.expressions[1]))
    return None


def _from_cycle(node: exp.Expr) -> Grain | None:
    """Arithmetic on a part, and names for it: `(CAST(STRFTIME('%w', x) AS INTEGER) + 6) % 7 + 1`."""
    cycle = cycle_of(node)
    return Grain(cycle.unit, cycle.of) if cycle is not None else None


def _from_date(node: exp.Expr) -> Grain | None:
    """DATE(x), CAST(x AS DATE), SQLite's DATE(x, 'start of month'); a cast of another grain keeps that grain."""
    if isinstance(node, exp.Cast):
        inner = grain_of(node.this)
        if inner is not None and (inner.unit == "year" or not inner.is_bucket or node.is_type("date", "text")):
            return inner
        return Grain("day", bare(node.this)) if node.is_type("date") and _is_time(node.this) else None
    if isinstance(node, exp.TsOrDsToDate | exp.Date) and not node.expressions and not node.args.get("zone"):
        return (grain_of(node.this) or Grain("day", bare(node.this))) if _is_time(node.this) else None
    if _called(node, "date") and len(node.expressions) > 1:
        unit = _START_OF.get(", ".join(each.name for each in node.expressions[1:]))
        return Grain(unit, bare(node.expressions[0])) if unit and _is_time(node.expressions[0]) else None
    return None


def _from_text(node: exp.Expr) -> Grain | None:
    """Year and quarter (or month) glued to one text: `STRFTIME('%Y', x) || '-Q' || (month + 2) / 3`."""
    if not isinstance(node, exp.DPipe | exp.Concat):
        return None
    units: set[str] = set()
    times: dict[str, exp.Expr] = {}

    def part(inner: exp.Expr) -> Grain | None:
        return None if isinstance(inner, exp.DPipe | exp.Concat) else grain_of(inner)

    for inner in node.walk(prune=lambda inner: part(inner) is not None):
        grain = part(inner)
        if grain is not None:
            units.add(grain.unit)
            times[sql_of(grain.of)] = grain.of
    if len(times) != 1 or "year" not in units:
        return None
    (of,) = times.values()
    has_q = any(literal.is_string and "Q" in literal.name for literal in node.find_all(exp.Literal))
    if units == {"year", "quarter of the year"} or (units == {"year", "month of the year"} and has_q and _thirds(node)):
        return Grain("quarter", of)
    if units == {"year", "month of the year"} and node.find(exp.Div, exp.IntDiv) is None:
        return Grain("month", of)
    return None


def _thirds(node: exp.Expr) -> bool:
    """Months divided by three, or a CASE that spells the quarters out."""
    return any(d.expression.name in ("3", "3.0") for d in node.find_all(exp.Div, exp.IntDiv)) or bool(
        node.find(exp.Case)
    )


def _is_time(node: exp.Expr) -> bool:
    return isinstance(bare(node), exp.Column)


def _called(node: exp.Expr, name: str) -> bool:
    return isinstance(node, exp.Anonymous) and node.name.lower() == name


_READERS: tuple[Callable[[exp.Expr], Grain | None], ...] = (
    _from_format,
    _from_trunc,
    _from_part,
    _from_cycle,
    _from_date,
    _from_text,
)


def bucket_start(value: object, unit: str) -> date | None:
    """The first day of a bucket as the result holds it: "2025-03", "2025-Q1", 2025, a date."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    text = str(value)
    try:
        if unit == "year" and re.fullmatch(r"\d{4}(\.0)?", text):
            return date(int(text[:4]), 1, 1)
        if match := re.fullmatch(r"(\d{4})-?\s?Q([1-4])", text):
            return date(int(match[1]), 3 * int(match[2]) - 2, 1)
        if unit == "week" and len(text) < len("2025-01-01"):
            return None  # "2025-W07": which day that begins depends on the numbering, which the text does not tell
        if match := re.fullmatch(r"(\d{4})[-/]?(\d{2})", text):
            return date(int(match[1]), int(match[2]), 1)
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def bucket_end(start: date, unit: str) -> date:
    """The first day after the bucket."""
    if unit in ("day", "hour"):
        return start + timedelta(days=1)
    if unit == "week":
        return start + timedelta(days=7)
    months = {"month": 1, "quarter": 3, "year": 12}[unit]
    total = start.year * 12 + start.month - 1 + months
    return date(total // 12, total % 12 + 1, 1)


def bucket_name(value: object, unit: str) -> str:
    """ "Mar 2025", "Q1 2025", "2025", "week of 3 Mar 2025": for a sentence."""
    start = bucket_start(value, unit)
    if start is None or unit == "hour":
        return str(value)
    if unit == "year":
        return str(start.year)
    if unit == "quarter":
        return f"Q{(start.month + 2) // 3} {start.year}"
    if unit == "month":
        return f"{start:%b} {start.year}"
    day = f"{start.day} {start:%b} {start.year}"
    return f"the week of {day}" if unit == "week" else day
