"""Periods in words → half-open date ranges. Every rule needs the as-of day only where the words are relative."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from nl2sql.writers.offline.periods import Period, floor, period_of, say_day, shift
from nl2sql.writers.offline.tokens import Token

_MONTHS = {
    name: number
    for number, names in enumerate(
        [
            "january jan",
            "february feb",
            "march mar",
            "april apr",
            "may",
            "june jun",
            "july jul",
            "august aug",
            "september sep sept",
            "october oct",
            "november nov",
            "december dec",
        ],
        start=1,
    )
    for name in names.split()
}
_UNITS = ("day", "week", "month", "quarter", "year")
_FIRST_YEAR, _LAST_YEAR = 1970, 2100
# "the past N units": a century at most, so that the start stays a date.
_MOST_UNITS = {"day": 36_500, "week": 5_200, "month": 1_200, "quarter": 400, "year": 100}


@dataclass(frozen=True, slots=True)
class FoundPeriod:
    """`length` tokens were read."""

    period: Period
    length: int


def find_period(tokens: tuple[Token, ...], at: int, as_of: date) -> FoundPeriod | None:
    """The longest period that begins at token `at`."""
    words = [token.norm for token in tokens[at : at + 14]]
    found = [read(words, as_of) for read in (_span, _bounded, _relative, _plain)]
    return max((f for f in found if f), key=lambda f: f.length, default=None)


Read = Callable[[list[str], date], FoundPeriod | None]


def _span(words: list[str], as_of: date) -> FoundPeriod | None:
    """between A and B · from A to B · A to B"""
    skip = 1 if words and words[0] in ("between", "from") else 0
    first = _point(words[skip:], as_of)
    if first is None:
        return None
    joint = skip + first.length
    if joint >= len(words) or words[joint] not in ("and", "to", "until", "till", "through", "-"):
        return None
    if words[joint] == "and" and words[0] != "between":
        return None
    second = _point(words[joint + 1 :], as_of)
    if second is None or second.period.end is None:
        return None
    start = first.period.start
    if start and _has_no_year(words[skip:joint]) and not _has_no_year(words[joint + 1 : joint + 1 + second.length]):
        start = start.replace(year=(second.period.end - timedelta(days=1)).year)
    if start is None or start >= second.period.end:
        return None
    return FoundPeriod(period_of(start, second.period.end), joint + 1 + second.length)


def _bounded(words: list[str], as_of: date) -> FoundPeriod | None:
    """since A · after A · before A · until A"""
    if not words or words[0] not in (
        "since",
        "after",
        "before",
        "until",
        "till",
        "from",
        "prior",
        "through",
        "starting",
    ):
        return None
    skip = 2 if words[:2] == ["prior", "to"] or words[:2] == ["starting", "in"] else 1
    point = _point(words[skip:], as_of)
    if point is None:
        return None
    inner, length = point.period, point.length + skip
    match words[0]:
        case "since" | "starting":
            period = Period(inner.start, None, f"since {say_day(inner.start)}")
        case "from":
            if words[length : length + 1] not in (["on"], ["onward"], ["onwards"]):
                return None
            period, length = Period(inner.start, None, f"since {say_day(inner.start)}"), length + 1
        case "after":
            period = Period(inner.end, None, f"from {say_day(inner.end)} on")
        case "before" | "prior":
            period = Period(None, inner.start, f"before {say_day(inner.start)}")
        case _:
            period = Period(None, inner.end, f"until {say_day(inner.end and inner.end - timedelta(days=1))}")
    return FoundPeriod(period, length)


def _relative(words: list[str], as_of: date) -> FoundPeriod | None:
    """last month · past 30 days · this year · year to date · yesterday"""
    skip = 0
    while skip < len(words) and words[skip] in ("in", "the", "over", "during", "for", "of", "within"):
        skip += 1
    rest = words[skip:]
    if not rest:
        return None
    if rest[0] in ("today", "yesterday"):
        day = as_of - timedelta(days=rest[0] == "yesterday")
        return FoundPeriod(Period(day, day + timedelta(days=1), f"on {say_day(day)}"), skip + 1)
    if len(rest) >= 3 and rest[1:3] == ["to", "date"] and rest[0] in _UNITS:
        return FoundPeriod(period_of(floor(as_of, rest[0]), as_of + timedelta(days=1)), skip + 3)
    if len(rest) >= 2 and rest[0] in ("last", "past", "previous", "this", "current"):
        found = _counted(rest, as_of)
        return FoundPeriod(found.period, found.length + skip) if found else None
    return None


def _counted(rest: list[str], as_of: date) -> FoundPeriod | None:
    if rest[1].isdigit() and len(rest) >= 3 and rest[2] in _UNITS and rest[0] not in ("this", "current"):
        start = (
            shift(as_of + timedelta(days=1), rest[2], -int(rest[1]))
            if 0 < int(rest[1]) <= _MOST_UNITS[rest[2]]
            else None
        )
        return FoundPeriod(period_of(start, as_of + timedelta(days=1)), 3) if start else None
    if rest[1] not in _UNITS:
        return None
    begin = floor(as_of, rest[1])
    if rest[0] in ("this", "current"):
        # The whole of it: what is recorded of the rest lies ahead, like an end that was set, and is asked for too.
        return FoundPeriod(period_of(begin, shift(begin, rest[1], 1)), 2)
    if rest[0] == "past":  # "the past year" ends today; "last year" is the calendar one
        return FoundPeriod(period_of(shift(as_of + timedelta(days=1), rest[1], -1), as_of + timedelta(days=1)), 2)
    return FoundPeriod(period_of(shift(begin, rest[1], -1), begin), 2)


def _plain(words: list[str], as_of: date) -> FoundPeriod | None:
    """in 2025 · June 2026 · Q1 2026 · on 5 March 2025"""
    skip = 0
    while skip < len(words) and words[skip] in ("in", "on", "during", "for", "of", "the", "throughout", "year", "from"):
        skip += 1
    point = _point(words[skip:], as_of)
    return FoundPeriod(point.period, point.length + skip) if point else None


def _point(words: list[str], as_of: date) -> FoundPeriod | None:
    """One named day, month, quarter or year."""
    while words and words[0] in ("the", "start", "beginning", "of"):
        inner = _point(words[1:], as_of)
        return FoundPeriod(inner.period, inner.length + 1) if inner else None
    for read in (_iso, _day_of_month, _month, _quarter, _year, _named):
        found = read(words, as_of)
        if found:
            return found
    return None


def _iso(words: list[str], as_of: date) -> FoundPeriod | None:
    match = re.fullmatch(r"(\d{4})-(\d{2})(?:-(\d{2}))?", words[0]) if words else None
    if not match:
        return None
    year, month, day = int(match[1]), int(match[2]), int(match[3] or 1)
    if not _FIRST_YEAR <= year < _LAST_YEAR:
        return None
    try:
        start = date(year, month, day)
    except ValueError:
        return None
    return FoundPeriod(period_of(start, shift(start, "day" if match[3] else "month", 1)), 1)


def _day_of_month(words: list[str], as_of: date) -> FoundPeriod | None:
    """5 March 2025 · 5th of March · March 5, 2025"""
    compact = [w for w in words[:6] if w not in (",", "of", "the")][:3]
    if len(compact) < 2:
        return None
    if compact[0].isdigit() and compact[1] in _MONTHS:
        day, month = int(compact[0]), _MONTHS[compact[1]]
    elif compact[0] in _MONTHS and compact[1].isdigit() and len(compact[1]) <= 2:
        day, month = int(compact[1]), _MONTHS[compact[0]]
    else:
        return None
    named_year = _year_of(compact[2]) if len(compact) > 2 else None
    try:
        start = date(named_year or _latest_year(month, as_of), month, day)
    except ValueError:
        return None
    used = 3 if named_year else 2
    return FoundPeriod(period_of(start, start + timedelta(days=1)), _length(words, used))


def _length(words: list[str], used: int) -> int:
    """How many tokens hold `used` of the compact words."""
    for index, word in enumerate(words):
        if word not in (",", "of", "the"):
            used -= 1
            if used == 0:
                return index + 1
    return len(words)


def _month(words: list[str], as_of: date) -> FoundPeriod | None:
    if not words or words[0] not in _MONTHS:
        return None
    month = _MONTHS[words[0]]
    rest = [w for w in words[1:4] if w not in (",", "of")]
    year = _year_of(rest[0]) if rest else None
    if year is None and words[0] == "may" and len(words) > 1 and words[1] not in ("and", "to", ",", "until"):
        return None  # "may" is a verb unless a year or another month stands by it
    start = date(year or _latest_year(month, as_of), month, 1)
    return FoundPeriod(period_of(start, shift(start, "month", 1)), _length(words, 2 if year else 1))


def _quarter(words: list[str], as_of: date) -> FoundPeriod | None:
    names = {"first": 1, "second": 2, "third": 3, "fourth": 4, "1": 1, "2": 2, "3": 3, "4": 4}
    if words and re.fullmatch(r"q[1-4]", words[0]):
        number, used = int(words[0][1]), 1
    elif len(words) > 1 and words[0] in names and words[1] == "quarter":
        number, used = names[words[0]], 2
    else:
        return None
    rest = [w for w in words[used : used + 2] if w != "of"]
    year = _year_of(rest[0]) if rest else None
    if year is not None:
        used = words.index(rest[0], used) + 1
    month = number * 3 - 2
    start = date(year or _latest_year(month, as_of), month, 1)
    return FoundPeriod(period_of(start, shift(start, "quarter", 1)), used)


def _year(words: list[str], as_of: date) -> FoundPeriod | None:
    year = _year_of(words[0]) if words else None
    return FoundPeriod(period_of(date(year, 1, 1), date(year + 1, 1, 1)), 1) if year else None


def _named(words: list[str], as_of: date) -> FoundPeriod | None:
    if words and words[0] in ("today", "yesterday", "last", "this"):
        return _relative(words, as_of)
    return None


def _year_of(word: str) -> int | None:
    return int(word) if word.isdigit() and len(word) == 4 and _FIRST_YEAR <= int(word) < _LAST_YEAR else None


def _has_no_year(words: list[str]) -> bool:
    return not any(_year_of(word) or re.match(r"\d{4}-", word) for word in words)


def _latest_year(month: int, as_of: date) -> int:
    """A month without a year is the latest one that has begun."""
    return as_of.year if month <= as_of.month else as_of.year - 1
