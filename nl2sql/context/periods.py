"""The calendar as a question uses it: what "last month" is, given the day called "today". Weeks start on Monday."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Period:
    """Half-open: `start` is in it, `end` is not."""

    words: str
    start: date
    end: date


def periods(as_of: date) -> tuple[Period, ...]:
    """The periods that people name without a date."""
    week = as_of - timedelta(days=as_of.weekday())
    month = as_of.replace(day=1)
    quarter = month.replace(month=3 * ((month.month - 1) // 3) + 1)
    year = month.replace(month=1)
    tomorrow = as_of + timedelta(days=1)
    return (
        Period("last week", week - timedelta(days=7), week),
        Period("last month", add_months(month, -1), month),
        Period("last quarter", add_months(quarter, -3), quarter),
        Period("last year", add_months(year, -12), year),
        Period("past 7 days", as_of - timedelta(days=6), tomorrow),
        Period("past 30 days", as_of - timedelta(days=29), tomorrow),
    )


def add_months(first: date, months: int) -> date:
    """`first` must be the first of a month; every month has one."""
    index = first.year * 12 + first.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)
