"""Cells in a form in which equal things are equal: moments as datetime, periods as their first day, texts normalised.

Whether a text is read as a number or a day depends on the column it is compared with: `'07'` and `'7'` are two codes,
and no number has a zero before it; but `'7'` is the number 7 when the other column holds numbers.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from unicodedata import normalize
from uuid import UUID

from evals.cases.base import Grain

Cell = object
Read = Callable[[Cell], Cell]

# As databases and programs print numbers. “007” and “+49” are codes and telephone numbers. No double is larger than
# 1e308, so that three digits of an exponent are enough.
NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d{1,3})?", re.ASCII)
# Longer ones are texts: to read a number takes time that grows faster than its length.
LONGEST_NUMBER = 400
MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d(:?\d\d)?)?)?", re.ASCII
)  # fmt: skip
QUARTER = re.compile(r"(?P<year>\d{4})[- ]?Q(?P<quarter>[1-4])|Q(?P<quarter2>[1-4])[- ](?P<year2>\d{4})", re.IGNORECASE)
MONTH = re.compile(r"(\d{4})[-/](0[1-9]|1[0-2])")
WEEK = re.compile(r"(\d{4})-?W(\d\d)", re.IGNORECASE)
MONTH_NAMES = ("%b %Y", "%B %Y")
# A whole column of numbers in this range, in a case about years, is years.
YEARS = range(1900, 2101)


@dataclass(frozen=True, slots=True)
class NotFinite:
    """nan, inf or -inf."""

    name: str


def is_number(value: Cell) -> bool:
    return isinstance(value, int | float | Decimal)


def as_number(value: Cell) -> Cell:
    """int, float and Decimal stay what they are, as Python compares them exactly; texts that are one become Decimal.

    Not-a-number and infinities stay apart from every number, and each equals itself.
    """
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else NotFinite(repr(value))
    if isinstance(value, Decimal):
        return value if value.is_finite() else NotFinite("nan" if value.is_nan() else repr(float(value)))
    text = plain(value)
    if isinstance(text, str) and len(text) <= LONGEST_NUMBER and NUMBER.fullmatch(text):
        return Decimal(text)
    return text


def as_moment(value: Cell) -> Cell:
    """datetime in UTC without zone for days, moments and ISO texts; a day is its midnight."""
    value = plain(value)
    if isinstance(value, str):
        if not value[:4].isdecimal() or not MOMENT.fullmatch(value):
            return value
        try:
            value = datetime.fromisoformat(value)
        except ValueError:  # 2025-02-30
            return value
    if isinstance(value, datetime):
        try:
            return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
        except OverflowError:  # the first or last hours of the calendar
            return value
    return datetime(value.year, value.month, value.day) if isinstance(value, date) else value  # noqa: DTZ001


def plain(value: Cell) -> Cell:
    """As a text what drivers give as bytes, UUIDs, lists and mappings; a time of day as time; text in Unicode's NFC."""
    if isinstance(value, str):
        return value if value.isascii() else normalize("NFC", value)
    if value is None or isinstance(value, int | float | Decimal | date):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        raw = bytes(value)
        try:
            return normalize("NFC", raw.decode())
        except UnicodeDecodeError:
            return "0x" + raw.hex()
    if isinstance(value, timedelta):
        is_time_of_day = timedelta() <= value < timedelta(days=1)
        return (datetime(1, 1, 1, tzinfo=UTC) + value).time() if is_time_of_day else str(value)
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, default=str, ensure_ascii=False)
    return str(value) if isinstance(value, UUID) else value


def exact(number: int | float | Decimal) -> Decimal:
    """A double as the shortest decimal that is it: what people see of it."""
    return Decimal(repr(number)) if isinstance(number, float) else Decimal(number)


def scaled(factor: Decimal) -> Read:
    """Reads an answer given `factor` times too large."""

    def read(value: Cell) -> Cell:
        number = as_number(value)
        return exact(number) / factor if isinstance(number, int | float | Decimal) else number

    return read


def period(grain: Grain) -> Read:
    """Reads a period as a date, its first day; what names no period of this grain stays what it is."""
    return lambda value: first_day(value, grain) or as_number(as_moment(value))


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
    is_year = isinstance(number, int | float | Decimal) and number in YEARS
    return date(int(number), 1, 1) if is_year and isinstance(number, int | float | Decimal) else None


def holds_periods(values: Iterable[Cell], grain: Grain) -> bool:
    present = [value for value in values if value is not None]
    return bool(present) and all(first_day(value, grain) for value in present)
