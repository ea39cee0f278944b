"""Parts of a moment that come round again, behind arithmetic: which weekday each number or name of a result is.

The arithmetic is not matched by its form: it is computed for each weekday, so that any numbering is read rightly.
"""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp

from nl2sql.answer.bare import bare, makes_whole

DAYS = tuple(calendar.day_name)
MONTHS = tuple(calendar.month_name)[1:]
_DAYS_IN_WEEK = 7
# The number of Monday, then how many days in the numbering: 0 to 6 or 1 to 7, from Sunday or from Monday.
_FROM_MONDAY_0 = dict(enumerate(range(7)))
_FROM_MONDAY_1 = {n: n - 1 for n in range(1, 8)}
_FROM_SUNDAY_0 = {n: (n + 6) % 7 for n in range(7)}
_FROM_SUNDAY_1 = {n: (n + 5) % 7 for n in range(1, 8)}
_FORMATS = {"%w": _FROM_SUNDAY_0, "%u": _FROM_MONDAY_1}
_PARTS = {"DOW": _FROM_SUNDAY_0, "ISODOW": _FROM_MONDAY_1}
_MONTHS = {n: n - 1 for n in range(1, 13)}


@dataclass(frozen=True, slots=True)
class Cycle:
    """`unit`: "day of the week" or "quarter of the year"; `names` by the value as text, empty where it is none."""

    unit: str
    of: exp.Expr
    names: Mapping[str, str]


def cycle_of(node: exp.Expr, dialect: str = "") -> Cycle | None:
    """A weekday however numbered or named, or the quarter of a month's number. DAYOFWEEK counts from 0 on DuckDB and
    from 1 elsewhere."""
    node = node.unnest()
    if isinstance(node, exp.Case):
        return _named(node, dialect)
    parts = [each for each in node.walk() if _base(each, dialect) is not None]
    if len(parts) != 1:
        return None
    base = _base(parts[0], dialect)
    if base is None:
        return None
    of, numbers, unit = base
    computed = {number: _value(node, parts[0], number) for number in numbers}
    if any(value is None for value in computed.values()):
        return None
    if unit == "month":
        is_quarter = all(computed[number] == numbers[number] // 3 + 1 for number in numbers)
        return Cycle("quarter of the year", of, {}) if is_quarter else None
    names = {str(value): DAYS[numbers[number]] for number, value in computed.items()}
    return Cycle("day of the week", of, names) if len(names) == _DAYS_IN_WEEK else None


def _base(node: exp.Expr, dialect: str) -> tuple[exp.Expr, Mapping[int, int], str] | None:
    """The time that a part is taken of, which weekday or month (from 0) each of its numbers is, and which of both."""
    day = _FROM_SUNDAY_0 if dialect == "duckdb" else _FROM_SUNDAY_1
    if isinstance(node, exp.TimeToStr) and isinstance(node.args.get("format"), exp.Literal):
        text = node.args["format"].name
        if text == "%m":
            return bare(node.this), _MONTHS, "month"
        return (bare(node.this), _FORMATS[text], "day") if text in _FORMATS else None
    if isinstance(node, exp.Extract):
        name = node.name.upper()
        if name == "MONTH":
            return bare(node.expression), _MONTHS, "month"
        numbers = day if name == "DAYOFWEEK" else _PARTS.get(name)
        return (bare(node.expression), numbers, "day") if numbers else None
    if isinstance(node, exp.Month):
        return bare(node.this), _MONTHS, "month"
    if isinstance(node, exp.DayOfWeek | exp.DayOfWeekIso):
        return bare(node.this), _FROM_MONDAY_1 if isinstance(node, exp.DayOfWeekIso) else day, "day"
    is_weekday = isinstance(node, exp.Anonymous) and node.name.lower() == "weekday" and len(node.expressions) == 1
    return (bare(node.expressions[0]), _FROM_MONDAY_0, "day") if is_weekday else None


def _value(node: exp.Expr, part: exp.Expr, number: int) -> int | None:
    """The arithmetic, computed with `number` in the place of the part; None for anything that is more than that."""
    if node is part:
        return number
    if isinstance(node, exp.Paren | exp.Cast | exp.Floor):
        is_number = not isinstance(node, exp.Cast) or makes_whole(node) or node.is_type(*exp.DataType.NUMERIC_TYPES)
        return _value(node.this, part, number) if is_number else None
    if isinstance(node, exp.Literal):
        return int(node.name) if node.is_int else None
    if not isinstance(node, exp.Binary):
        return None
    left, right = _value(node.this, part, number), _value(node.expression, part, number)
    if left is None or right is None:
        return None
    return _computed(node, left, right)


def _computed(node: exp.Binary, left: int, right: int) -> int | None:
    if isinstance(node, exp.Add):
        return left + right
    if isinstance(node, exp.Sub):
        return left - right
    if isinstance(node, exp.Mul):
        return left * right
    if isinstance(node, exp.Mod):
        return left % right if left >= 0 < right else None  # engines disagree about what is below zero
    is_whole = isinstance(node, exp.IntDiv) or (isinstance(node, exp.Div) and node.args.get("typed"))
    return left // right if is_whole and left >= 0 < right else None


def _named(node: exp.Case, dialect: str) -> Cycle | None:
    """CASE weekday WHEN 1 THEN 'Monday' …: only when every name is the right one."""
    found: Cycle | None = None
    texts: dict[str, str] = {}
    for branch in node.args["ifs"]:
        subject, value = (node.this, branch.this)
        if subject is None and isinstance(branch.this, exp.EQ):
            subject, value = branch.this.this, branch.this.expression
        cycle = cycle_of(subject, dialect) if subject is not None and not isinstance(subject, exp.Case) else None
        text = branch.args["true"]
        if cycle is None or not isinstance(value, exp.Literal) or not isinstance(text, exp.Literal):
            return None
        day = cycle.names.get(value.name, "")
        if (found is not None and found.of != cycle.of) or len(text.name) < 2 or not _is_name(text.name, day):
            return None
        found, texts[text.name] = cycle, day
    default = node.args.get("default")
    if found is None or (default is not None and not isinstance(default, exp.Null) and len(texts) != 6):
        return None
    if default is not None and not isinstance(default, exp.Null):
        left = next(day for day in DAYS if day not in texts.values())
        if not isinstance(default, exp.Literal) or not _is_name(default.name, left):
            return None
        texts[default.name] = left
    return Cycle(found.unit, found.of, texts) if len(texts) == _DAYS_IN_WEEK else None


def _is_name(text: str, day: str) -> bool:
    return bool(day) and day.lower().startswith(text.lower().rstrip("."))


def place_in_cycle(value: object) -> int | None:
    """Where a weekday or month stands in its order, by its English name or the first three letters of it."""
    text = str(value).strip().lower()
    for names in (DAYS, MONTHS):
        for place, name in enumerate(names):
            if text in (name.lower(), name[:3].lower()):
                return place
    return None
