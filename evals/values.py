"""Cells in a form in which equal things are equal: numbers as Decimal, moments as datetime, periods as their first day.

Whether a text is read as a number or a day depends on the column it is compared with: `'007'` and `'7'` are two codes,
but `'7'` is the number 7 when the other column holds numbers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from decimal import Decimal

from evals.cases import Grain

Cell = object
Read = Callable[[Cell], Cell]

NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")
MOMENT = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?)?")
QUARTER = re.compile(r"(?P<year>\d{4})[- ]?Q(?P<quarter>[1-4])|Q(?P<quarter2>[1-4])[- ](?P<year2>\d{4})", re.IGNORECASE)
MONTH = re.compile(r"(\d{4})[-/](0[1-9]|1[0-2])")
WEEK = re.compile(r"(\d{4})-?W(\d\d)", re.IGNORECASE)
MONTH_NAMES = ("%b %Y", "%B %Y")
# A whole column of numbers in this range, in a case about years, is years.
YEARS = range(1900, 2101)

# Half a unit is compared with this slack, relative: a thousand times the rounding step of a double, which sums of many
# doubles in another order stay under, and far too little to hide one in a count.
NOISE = Decimal("1e-13")
# A difference of less than this share of the number is no difference in size: where the last compared decimal is too
# coarse for a number (0.004 against 0.001 at two decimals), only a rounding of it is equal.
CLOSE_SHARE = Decimal("0.05")


def is_number(value: Cell) -> bool:
    return isinstance(value, int | float | Decimal)


def as_number(value: Cell) -> Cell:
    """Decimal for numbers and texts that are one; not-a-number and infinities stay apart from every number."""
    if isinstance(value, float):
        return Decimal(repr(value)) if math.isfinite(value) else ("not finite", repr(value))
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, Decimal):
        return value if value.is_finite() else ("not finite", str(value).lower())
    if isinstance(value, str) and NUMBER.fullmatch(value):
        return Decimal(value)
    return value


def as_moment(value: Cell) -> Cell:
    """datetime in UTC without zone for days, moments and ISO texts; a day is its midnight."""
    if isinstance(value, str) and MOMENT.fullmatch(value):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:  # 2025-02-30
            return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    return datetime(value.year, value.month, value.day) if isinstance(value, date) else value  # noqa: DTZ001


def scaled(factor: Decimal) -> Read:
    """Reads an answer given `factor` times too large."""

    def read(value: Cell) -> Cell:
        number = as_number(value)
        return number / factor if isinstance(number, Decimal) else number

    return read


def period(grain: Grain) -> Read:
    """Reads a period as a date, its first day; what names no period of this grain stays what it is."""
    return lambda value: first_day(value, grain) or value


def first_day(value: Cell, grain: Grain) -> date | None:
    """From 2025, 2025-Q1, 2025-01, 2025-W05 or a date; a date names what is longer than a day by its first day only."""
    if isinstance(value, str):
        named = _named_period(value.strip(), grain)
        if named is not None:
            return named
    elif is_number(value):
        return _year(value) if grain == "year" else None
    moment = as_moment(value)
    if not isinstance(moment, datetime):
        return None
    day = moment.date()
    starts = {
        "day": True,
        "week": day.weekday() == 0,
        "month": day.day == 1,
        "quarter": day.day == 1 and day.month % 3 == 1,
        "year": (day.month, day.day) == (1, 1),
    }
    return day if starts[grain] else None


def _named_period(text: str, grain: Grain) -> date | None:
    try:
        if grain == "year" and re.fullmatch(r"\d{4}", text):
            return date(int(text), 1, 1)
        if grain == "quarter" and (match := QUARTER.fullmatch(text)):
            quarter = int(match["quarter"] or match["quarter2"])
            return date(int(match["year"] or match["year2"]), 3 * quarter - 2, 1)
        if grain == "week" and (match := WEEK.fullmatch(text)):
            return date.fromisocalendar(int(match[1]), int(match[2]), 1)
    except ValueError:  # year 0, week 54
        return None
    return _named_month(text) if grain == "month" else None


def _named_month(text: str) -> date | None:
    if match := MONTH.fullmatch(text):
        return date(int(match[1]), int(match[2]), 1) if int(match[1]) else None
    for form in MONTH_NAMES:
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 - a month has no zone
        except ValueError:
            continue
    return None


def _year(value: Cell) -> date | None:
    number = as_number(value)
    whole = isinstance(number, Decimal) and number == number.to_integral_value() and int(number) in YEARS
    return date(int(number), 1, 1) if whole and isinstance(number, Decimal) else None


def holds_periods(values: Iterable[Cell], grain: Grain) -> bool:
    present = [value for value in values if value is not None]
    return bool(present) and all(first_day(value, grain) for value in present)


def half_unit(decimals: int) -> Decimal:
    return Decimal(5).scaleb(-decimals - 1)


def close(one: Decimal, other: Decimal, decimals: int) -> bool:
    """At most half a unit of the last compared decimal apart; of small numbers, also near in size or a rounding."""
    apart = abs(one - other)
    largest = max(abs(one), abs(other))
    noise = largest * NOISE
    if apart > half_unit(decimals) + noise:
        return False
    if apart <= largest * CLOSE_SHARE:
        return True
    return apart <= half_unit(min(_places(one), _places(other))) + noise


def _places(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
