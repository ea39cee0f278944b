"""Two periods that are set against each other: the ends of a span, a period and the one before it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from nl2sql.plan.periods import Period, floor, period_of, say_day, shift
from nl2sql.writers.offline.dates import find_period
from nl2sql.writers.offline.frame import NotUnderstood
from nl2sql.writers.offline.tokens import tokenize

UNITS = ("day", "week", "month", "quarter", "year")
_JOINTS = frozenset(("and", "to", "until", "till", "through"))


@dataclass(frozen=True, slots=True)
class Pair:
    """The earlier and the later period; `notes` say what was assumed."""

    before: Period
    after: Period
    notes: tuple[str, ...] = ()


def unit_of(period: Period) -> str:
    """The calendar unit that the period is one of; empty when it is none."""
    return next((unit for unit in reversed(UNITS) if period.is_one(unit)), "")


def ends_of(words: str, period: Period, as_of: date) -> tuple[Period, Period] | None:
    """ "from 2024 to 2025" as the first and the last of it; None where the words name no two points."""
    tokens = tokenize(words)
    skip = 1 if tokens and tokens[0].norm in ("from", "between") else 0
    for at, token in enumerate(tokens):
        if token.norm not in _JOINTS or not skip < at < len(tokens) - 1:
            continue
        first, last = find_period(tokens[skip:at], 0, as_of), find_period(tokens[at + 1 :], 0, as_of)
        if first is None or last is None:
            continue
        start, unit = period.start, unit_of(first.period)
        if start is None or not unit or not unit_of(last.period):
            return None
        return period_of(start, shift(start, unit, 1)), last.period  # a year named once holds for both
    return None


def one_earlier(period: Period, unit: str) -> Period:
    """The same stretch, one unit of the calendar earlier."""
    if period.start is None or period.end is None:
        raise NotUnderstood(f"I do not know which time to compare with “{period.words}”.")
    if period.is_one(unit) or unit_of(period) in ("month", "quarter", "year"):
        end = shift(period.end - timedelta(days=1), unit, -1) + timedelta(days=1)
        own = unit_of(period)
        start = shift(period.start, unit, -1)
        return period_of(start, shift(start, own, 1) if own else end)
    return period_of(shift(period.start, unit, -1), shift(period.end, unit, -1))


def just_before(period: Period) -> Period:
    """The equally long stretch right before: the previous unit of the calendar, or as many days."""
    if unit := unit_of(period):
        return one_earlier(period, unit)
    if period.start is None or period.end is None:
        raise NotUnderstood(f"I do not know which time to compare with “{period.words}”.")
    return period_of(period.start - (period.end - period.start), period.start)


def make_pair(one: Period, other: Period, as_of: date) -> Pair:
    """Raises NotUnderstood for periods that overlap, are open or cannot be set against each other."""
    if one.start is None or one.end is None or other.start is None or other.end is None:
        raise NotUnderstood("I can only compare periods that begin and end.")
    if one.overlaps(other):
        raise NotUnderstood(f"“{one.words}” and “{other.words}” are not two separate periods.")
    lengths = sorted((period.end - period.start).days for period in (one, other) if period.start and period.end)
    # Months and quarters differ by a few days; more than a tenth is another kind of period.
    if unit_of(one) != unit_of(other) and lengths[0] * 10 < lengths[1] * 9:
        raise NotUnderstood(f"“{one.words}” and “{other.words}” are not of the same length.")
    before, after = sorted((one, other), key=lambda period: period.start or as_of)
    return Pair(before, after, tuple(_unfinished(after, as_of)))


def _unfinished(period: Period, as_of: date) -> list[str]:
    if period.start is None or period.end is None or not period.start <= as_of < period.end - timedelta(days=1):
        return []
    name = re.sub(r"^(in|on) ", "", period.words)
    return [f"{name} is not over: it is taken up to {say_day(as_of)}, the other period in full."]


def current(unit: str, as_of: date) -> Period:
    start = floor(as_of, unit)
    return period_of(start, shift(start, unit, 1))


def slug(period: Period) -> str:
    """A period as the end of a column's name: 2025, q2_2026, march_2025, 2025_04_01_to_2025_05_10."""
    if period.start is not None and period.end is not None and period.words.startswith("from "):
        last = period.end - timedelta(days=1)
        return f"{period.start}_to_{last}".replace("-", "_")
    return re.sub(r"\W+", "_", re.sub(r"^(in|on) ", "", period.words).lower())
