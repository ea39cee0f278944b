"""Named stretches of the calendar: a day, a month, Q2 2025, last week, the past 30 days, year to date.

Each reader looks at the words from one place on and says what it found and how many words it took. Relative ones are
seen from the as-of day, which is called "today". A month, quarter or day without a year is the latest that has begun.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from nl2sql.plan.periods import Period, floor, period_of, say_day, shift

MONTHS = {
    name: number
    for number, names in enumerate(
        "january jan|february feb|march mar|april apr|may|june jun|july jul|august aug|september sep sept|"
        "october oct|november nov|december dec".split("|"),
        start=1,
    )
    for name in names.split()
}
WEEKDAYS = {
    name: number
    for number, names in enumerate(
        "monday mon|tuesday tue tues|wednesday wed|thursday thu thurs|friday fri|saturday sat|sunday sun".split("|"),
        start=1,
    )
    for name in names.split()
}
UNITS = ("day", "week", "month", "quarter", "year")
_FIRST_YEAR, _LAST_YEAR = 1970, 2100
# "the past N units": a century at most, so that the start stays a date.
_MOST_UNITS = {"day": 36_500, "week": 5_200, "month": 1_200, "quarter": 400, "year": 100}
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "1": 1, "2": 2, "3": 3, "4": 4}
_WINDOWS = ("moving", "rolling", "trailing")
_BEFORE = ("last", "previous", "prior", "preceding")
_NOW = ("this", "current", "present", "ongoing")
_ABBREVIATED = {"ytd": "year", "mtd": "month", "qtd": "quarter", "wtd": "week"}


@dataclass(frozen=True, slots=True)
class Point:
    """`length` words were read. `open_year`: a month, quarter or day to which no year was said."""

    period: Period
    length: int
    open_year: bool = False


Reader = Callable[[list[str], date], Point | None]


def find_point(words: list[str], as_of: date, year: int | None = None) -> Point | None:
    """The longest stretch at the beginning of the words; `year` is that of those to which none is said."""
    if not words:
        return None
    if words[0] == "the":
        inner = find_point(words[1:], as_of, year)
        return _longer(inner, 1)
    found = [p for read in _READERS if (p := read(words, as_of))]
    best = max(found, key=lambda p: p.length, default=None)
    if best is None or not best.open_year or year is None or best.period.start is None:
        return best
    return _in_year(best, year)


def is_digits(word: str) -> bool:
    """ASCII digits only: "²" is a digit to Python, and no number."""
    return word.isascii() and word.isdigit()


def year_of(word: str) -> int | None:
    return int(word) if len(word) == 4 and is_digits(word) and _FIRST_YEAR <= int(word) < _LAST_YEAR else None


def count_of(word: str) -> int | None:
    """A whole number, as digits; "a" is one."""
    if word in ("a", "an"):
        return 1
    return int(word) if is_digits(word) and len(word) <= 5 else None


def past(as_of: date, unit: str, count: int) -> Period | None:
    """The `count` units that end today."""
    if not 0 < count <= _MOST_UNITS[unit]:
        return None
    return period_of(shift(as_of + timedelta(days=1), unit, -count), as_of + timedelta(days=1))


def unit_of(words: list[str]) -> tuple[str, int, int] | None:
    """(unit, how many of it, words read): a fortnight is two weeks, 48 hours are two days."""
    if not words:
        return None
    match words[0]:
        case "fortnight":
            return "week", 2, 1
        case "decade":
            return "year", 10, 1
        case "half" if words[1:2] == ["year"]:
            return "month", 6, 2
        case unit if unit in UNITS:
            return unit, 1, 1
    return None


def _longer(point: Point | None, more: int) -> Point | None:
    return Point(point.period, point.length + more, point.open_year) if point else None


def _in_year(point: Point, year: int) -> Point:
    start, end = point.period.start, point.period.end
    if start is None or end is None:
        return point
    moved = shift(start, "year", year - start.year)
    return Point(period_of(moved, shift(end, "year", year - start.year)), point.length)


# -- days ------------------------------------------------------------------------------------------------------------


def _iso(words: list[str], as_of: date) -> Point | None:
    match = re.fullmatch(r"([0-9]{4})-([0-9]{2})(?:-([0-9]{2}))?", words[0])
    if match:
        year, month, day, used = int(match[1]), int(match[2]), int(match[3] or 0), 1
    elif len(words) >= 3 and year_of(words[0]) and all(is_digits(w) and len(w) <= 2 for w in words[1:3]):
        year, month, day, used = int(words[0]), int(words[1]), int(words[2]), 3  # 2025/12/31
    else:
        return None
    start = _date(year, month, day or 1)
    if start is None or not _FIRST_YEAR <= year < _LAST_YEAR:
        return None
    return Point(period_of(start, shift(start, "day" if day else "month", 1)), used)


def _day_of_month(words: list[str], as_of: date) -> Point | None:
    """5 March 2025 · 5th of March · March 5, 2025 · 5 March last year"""
    if words[0] in WEEKDAYS and len(words) > 2 and words[1] != "of":  # "Monday 4 May 2026", where that is one
        skip = 2 if words[1] == "," else 1
        inner = _day_of_month(words[skip:], as_of)
        fits = inner and inner.period.start and inner.period.start.isoweekday() == WEEKDAYS[words[0]]
        return _longer(inner, skip) if fits else None
    head = [(i, w) for i, w in enumerate(words[:6]) if w not in (",", "of", "the")][:2]
    if len(head) < 2:
        return None
    (_, first), (last, second) = head
    if is_digits(first) and len(first) <= 2 and second in MONTHS:
        day, month = int(first), MONTHS[second]
    elif first in MONTHS and is_digits(second) and len(second) <= 2:
        day, month = int(second), MONTHS[first]
    else:
        return None
    year, used = _said_year(words[last + 1 :], as_of)
    start = _date(year or _latest_year(month, day, as_of), month, day)
    return Point(period_of(start, start + timedelta(days=1)), last + 1 + used, year is None) if start else None


def _near_day(words: list[str], as_of: date) -> Point | None:
    """today · yesterday · the day before yesterday · last Monday · last weekend"""
    if words[:3] == ["day", "before", "yesterday"]:
        return _one_day(as_of - timedelta(days=2), 3)
    if words[0] in ("today", "yesterday"):
        return _one_day(as_of - timedelta(days=words[0] == "yesterday"), 1)
    if words[0] in (*_BEFORE, "past", *_NOW) and len(words) > 1:
        if words[1] in WEEKDAYS and words[0] not in _NOW:
            back = (as_of.isoweekday() - WEEKDAYS[words[1]]) % 7 or 7
            return _one_day(as_of - timedelta(days=back), 2)
        if words[1] == "weekend":
            sunday = as_of - timedelta(days=as_of.isoweekday() % 7 or 7)
            saturday = sunday - timedelta(days=1)
            if words[0] in _NOW:
                saturday = floor(as_of, "week") + timedelta(days=5)
            return Point(period_of(saturday, saturday + timedelta(days=2)), 2)
    return None


def _week_of(words: list[str], as_of: date) -> Point | None:
    """the week of 5 May 2025"""
    if words[:2] not in (["week", "of"], ["week", "beginning"], ["week", "starting"]):
        return None
    inner = find_point(words[2:], as_of)
    if inner is None or not inner.period.start or not inner.period.is_one("day"):
        return None
    start = floor(inner.period.start, "week")
    return Point(period_of(start, start + timedelta(days=7)), inner.length + 2)


# -- months, quarters, halves, years ---------------------------------------------------------------------------------


def _month(words: list[str], as_of: date) -> Point | None:
    """March · March 2025 · March last year · last March · the month of March"""
    skip = 2 if words[:2] == ["month", "of"] else 0
    relative = words[skip] if len(words) > skip + 1 and words[skip] in (*_BEFORE, *_NOW) else ""
    at = skip + bool(relative)
    if len(words) <= at or words[at] not in MONTHS:
        return None
    month = MONTHS[words[at]]
    if relative:
        year = as_of.year if relative in _NOW or month < as_of.month else as_of.year - 1
        return _one_month(date(year, month, 1), at + 1)
    said, used = _said_year(words[at + 1 :], as_of)
    following = words[at + 1 : at + 2]
    if words[at] == "may" and said is None and at == 0 and following and following[0] not in _AFTER_MONTH:
        return None  # "may" is a verb unless a year, another month or the end stands by it
    start = date(said or _latest_year(month, 1, as_of), month, 1)
    return _one_month(start, at + 1 + used, open_year=said is None)


_AFTER_MONTH = frozenset(("and", "or", "to", ",", "until", "through", "compared", "versus", "vs", *MONTHS))


def _quarter(words: list[str], as_of: date) -> Point | None:
    """Q2 · Q2 2025 · 2025 Q2 · second quarter of last year"""
    if len(words) > 1 and year_of(words[0]) and re.fullmatch(r"[qh][1-4]", words[1]):
        inner = _part_of_year(words[1:2], int(words[0]))
        return _longer(inner, 1)
    if re.fullmatch(r"q[1-4]|h[12]", words[0]):
        name, used = words[0], 1
    elif words[2:3] and words[2] in _WINDOWS:
        return None  # "four-quarter moving average"
    elif len(words) > 1 and words[0] in _ORDINALS and words[1] in ("quarter", "half"):
        name, used = f"{words[1][0]}{_ORDINALS[words[0]]}", 2
    elif words[:2] == ["last", "quarter"] and words[2:3] == ["of"]:
        name, used = "q4", 2
    else:
        return None
    if name in ("h3", "h4"):
        return None
    said, more = _said_year(words[used:], as_of)
    if used == 2 and said is None and (words[0] == "last" or words[used : used + 1] == ["of"]):
        return None
    year = said or as_of.year
    inner = _part_of_year([name], year)
    if inner and said is None and inner.period.start and inner.period.start > as_of:
        inner = _part_of_year([name], year - 1)
    return Point(inner.period, used + more, said is None) if inner else None


def _part_of_year(words: list[str], year: int) -> Point | None:
    number = int(words[0][1])
    unit, months = ("quarter", 3) if words[0][0] == "q" else ("half", 6)
    if unit == "half" and number > 2:
        return None
    start = date(year, (number - 1) * months + 1, 1)
    return Point(period_of(start, shift(start, "month", months)), 1)


def _year(words: list[str], as_of: date) -> Point | None:
    """2025 · the year 2025 · calendar year 2025 · all of 2025"""
    skip = 0
    while skip < len(words) and words[skip] in ("all", "of", "whole", "entire", "calendar", "year", "full"):
        skip += 1
    year = year_of(words[skip]) if skip < len(words) and (skip == 0 or words[0] != "of") else None
    return Point(period_of(date(year, 1, 1), date(year + 1, 1, 1)), skip + 1) if year else None


# -- seen from today -------------------------------------------------------------------------------------------------


def _last_unit(words: list[str], as_of: date) -> Point | None:
    """last month · this year · past 30 days · last two quarters · the past year"""
    if words[0] not in (*_BEFORE, *_NOW, "past") or len(words) < 2:
        return None
    if (number := count_of(words[1])) is not None and words[1] not in ("a", "an"):
        return _last_many(words, number, as_of)
    found = unit_of(words[1:])
    if words[1] in ("couple", "few") or found is None:
        return _last_many([words[0], *words[2:]], 2, as_of, 1) if words[1:3] == ["couple", "of"] else None
    unit, count, used = found
    begin = floor(as_of, unit)
    if words[0] == "past" or count > 1:  # "the past year" ends today; "last year" is the calendar one
        period = past(as_of, unit, count)
        return Point(period, 1 + used) if period else None
    if words[0] in _NOW:
        # The whole of it: what is recorded of the rest lies ahead, like an end that was set, and is asked for too.
        return Point(period_of(begin, shift(begin, unit, 1)), 2)
    return Point(period_of(shift(begin, unit, -1), begin), 2)


def _last_many(words: list[str], number: int, as_of: date, skipped: int = 0) -> Point | None:
    rest = words[2:]
    if rest[:1] in (["calendar"], ["full"], ["whole"], ["complete"]):  # "the last 3 full months"
        found = unit_of(rest[1:])
        if found is None or words[0] in _NOW or not 0 < number <= _MOST_UNITS[found[0]]:
            return None
        end = floor(as_of, found[0])
        return Point(period_of(shift(end, found[0], -number), end), 3 + found[2])
    if rest[:1] == ["hour"] and number % 24 == 0:
        found = ("day", 1, 1)
        number //= 24
    else:
        found = unit_of(rest)
    if found is None or words[0] in _NOW or not number:
        return None
    period = past(as_of, found[0], number * found[1])
    return Point(period, 2 + found[2] + skipped) if period else None


def _to_date(words: list[str], as_of: date) -> Point | None:
    """year to date · YTD · this year so far · so far this year · this year to date"""
    text = " ".join(words[:5])
    match = re.match(
        r"(ytd|mtd|qtd|wtd)\b|(?:this |current )?(\w+) to date\b|this (\w+) so far\b|so far this (\w+)\b", text
    )
    if not match:
        return None
    unit = _ABBREVIATED.get(match[1] or "", match[2] or match[3] or match[4] or "")
    if unit not in UNITS[1:]:
        return None
    return Point(period_of(floor(as_of, unit), as_of + timedelta(days=1)), len(match[0].split()))


def _ago(words: list[str], as_of: date) -> Point | None:
    """two weeks ago: the calendar unit of that time"""
    number = count_of(words[0])
    found = unit_of(words[1:])
    if number is None or found is None or words[1 + found[2] : 2 + found[2]] != ["ago"] or not 0 < number < 5_000:
        return None
    unit, count, used = found
    start = floor(shift(as_of, unit, -number * count), unit)
    return Point(period_of(start, shift(start, unit, 1)), used + 2)


def _edge_of(words: list[str], as_of: date) -> Point | None:
    """the first week of May 2025 · the last 10 days of June · the first quarter of last year is `_quarter`'s"""
    if words[0] not in ("first", "last", "final") or len(words) < 4:
        return None
    number = count_of(words[1]) if is_digits(words[1]) else None
    at = 2 if number else 1
    found = unit_of(words[at:])
    if found is None or words[at + found[2] : at + found[2] + 1] != ["of"]:
        return None
    unit, count, used = found
    inner = find_point(words[at + used + 1 :], as_of)
    if inner is None or inner.period.start is None or inner.period.end is None:
        return None
    many = (number or 1) * count
    if not 0 < many <= _MOST_UNITS[unit]:
        return None
    start, end = inner.period.start, inner.period.end
    period = (start, shift(start, unit, many)) if words[0] == "first" else (shift(end, unit, -many), end)
    if period[0] < start or period[1] > end:
        return None
    return Point(period_of(*period), at + used + 1 + inner.length)


# -- small steps -----------------------------------------------------------------------------------------------------


def _said_year(words: list[str], as_of: date) -> tuple[int | None, int]:
    """The year that follows, and the words it takes: 2025 · of 2025 · of last year · , 2025 · this year"""
    skip = 0
    while skip < len(words) and skip < 3 and words[skip] in (",", "of", "in", "the"):
        skip += 1
    rest = words[skip:]
    if not rest:
        return None, 0
    if year := year_of(rest[0]):
        return year, skip + 1
    if len(rest) > 1 and rest[1] == "year" and rest[0] in (*_BEFORE, *_NOW):
        return as_of.year - (rest[0] in _BEFORE), skip + 2
    return None, 0


def _latest_year(month: int, day: int, as_of: date) -> int:
    return as_of.year if (month, day) <= (as_of.month, as_of.day) else as_of.year - 1


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _one_day(day: date, length: int) -> Point:
    return Point(Period(day, day + timedelta(days=1), f"on {say_day(day)}"), length)


def _one_month(start: date, length: int, *, open_year: bool = False) -> Point:
    return Point(period_of(start, shift(start, "month", 1)), length, open_year)


_READERS: tuple[Reader, ...] = (
    _iso, _day_of_month, _near_day, _week_of, _month, _quarter, _year, _last_unit, _to_date, _ago, _edge_of,
)  # fmt: skip
