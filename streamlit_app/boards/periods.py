"""The days that a board can be narrowed to, and a board's filters as part of an address."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from nl2sql.plan.narrow import Filters
from nl2sql.plan.periods import Period, floor, period_of, shift
from streamlit_app.store.base import BoardFilters

PRESETS = ("last_7_days", "last_30_days", "last_90_days", "this_month", "last_month", "this_year", "last_year")
ALL = "all"  # in an address: no days, also where the board was saved with some
_FIELD_VALUE = re.compile(r"([^:]{1,200}):(.{1,200})", re.DOTALL)
# An address stays one that mail and chat carry whole.
_MOST_VALUES = 50


def days_of(filters: BoardFilters, today: date) -> tuple[date | None, date | None]:
    """The first and the last day, both within; None is open."""
    month, year = floor(today, "month"), floor(today, "year")
    day = timedelta(days=1)
    match filters.period:
        case "last_7_days" | "last_30_days" | "last_90_days":
            count = int(filters.period.split("_")[1])
            return today - (count - 1) * day, today
        case "this_month":
            return month, shift(month, "month", 1) - day
        case "last_month":
            return shift(month, "month", -1), month - day
        case "this_year":
            return year, shift(year, "year", 1) - day
        case "last_year":
            return shift(year, "year", -1), year - day
        case _:
            return filters.start, filters.end


def narrowing(filters: BoardFilters, today: date) -> Filters:
    """As plans take them."""
    start, last = days_of(filters, today)
    end = last + timedelta(days=1) if last and last < date.max else None
    if start is None and end is None:
        return Filters(None, filters.values)
    period = period_of(start, end) if start and end else Period(start, end, "")
    return Filters(period, filters.values)


def is_empty(filters: BoardFilters) -> bool:
    return not (filters.period or filters.start or filters.end or any(filters.values.values()))


def to_query(filters: BoardFilters) -> dict[str, list[str]]:
    """For the address: `period` always, so that no filter is told apart from those saved with the board."""
    days = f"{filters.start or ''}..{filters.end or ''}" if filters.start or filters.end else ALL
    where = [f"{name}:{value}" for name, values in sorted(filters.values.items()) for value in values]
    return {"period": [filters.period or days]} | ({"where": where} if where else {})


def from_query(period: str | None, where: Sequence[str]) -> BoardFilters | None:
    """None where the address names no filters. What it has that is none is left out."""
    if period is None and not where:
        return None
    values: dict[str, tuple[str, ...]] = {}
    for each in where[:_MOST_VALUES]:
        if found := _FIELD_VALUE.fullmatch(each):
            values[found[1]] = tuple(dict.fromkeys((*values.get(found[1], ()), found[2])))
    if period in PRESETS:
        return BoardFilters(values=values, period=period)
    start, _, end = (period or "").partition("..")
    return BoardFilters(*_in_order(_day(start), _day(end)), values)


def with_values(filters: BoardFilters, values: Mapping[str, tuple[str, ...]]) -> BoardFilters:
    return BoardFilters(
        filters.start, filters.end, {name: chosen for name, chosen in values.items() if chosen}, filters.period
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _in_order(start: date | None, end: date | None) -> tuple[date | None, date | None]:
    return (end, start) if start and end and end < start else (start, end)
