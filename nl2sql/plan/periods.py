"""Periods and the calendar: half-open ranges of days, and how they are said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `start` (inclusive) to `end` (exclusive); None is open. `words` says it for the interpretation."""

    start: date | None
    end: date | None
    words: str

    def is_one(self, unit: str) -> bool:
        """Whether this is a whole day, week, month, quarter or year of the calendar."""
        start = self.start
        return start is not None and start == floor(start, unit) and self.end == shift(start, unit, 1)

    def overlaps(self, other: Period) -> bool:
        starts = [p.start for p in (self, other) if p.start]
        ends = [p.end for p in (self, other) if p.end]
        return not starts or not ends or max(starts) < min(ends)


def floor(day: date, unit: str) -> date:
    match unit:
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "quarter":
            return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
        case "year":
            return date(day.year, 1, 1)
        case _:
            return day


def shift(day: date, unit: str, count: int) -> date:
    """`count` units later; a day that the target month lacks becomes its last."""
    if unit in ("day", "week"):
        return day + timedelta(days=count * (7 if unit == "week" else 1))
    months = day.year * 12 + day.month - 1 + count * {"month": 1, "quarter": 3, "year": 12}[unit]
    year, month = divmod(months, 12)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))


def period_of(start: date, end: date) -> Period:
    """Says a range in the shortest usual words."""
    last = end - timedelta(days=1)
    if start == date(start.year, 1, 1) and end == date(start.year + 1, 1, 1):
        return Period(start, end, f"in {start.year}")
    if start.day == 1 and end == shift(start, "month", 1):
        return Period(start, end, f"in {start:%B %Y}")
    if start.day == 1 and start.month % 3 == 1 and end == shift(start, "quarter", 1):
        return Period(start, end, f"in Q{start.month // 3 + 1} {start.year}")
    if last == start:
        return Period(start, end, f"on {say_day(start)}")
    return Period(start, end, f"from {say_day(start)} to {say_day(last)}")


def say_day(day: date | None) -> str:
    return f"{day.day} {day:%B %Y}" if day else ""
