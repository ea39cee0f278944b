"""Conditions on time as calendar periods: read constants, merge bounds, say them as inclusive days."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from sqlglot import exp

from nl2sql.answer.grains import bare, bucket_end, bucket_start, grain_of
from nl2sql.answer.printing import sql_of

_ISO = re.compile(r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?)?(Z|\+00:00)?")
_SHIFT = re.compile(r"([+-]?\d+) (day|month|year)s?")
_LAST_SECOND = time(23, 59, 59)
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Moment:
    """A constant of the statement. `is_day` when it was written without a time of day."""

    at: datetime
    is_day: bool


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` up to, but without, `end`; None means open."""

    start: datetime | None = None
    end: datetime | None = None

    def meet(self, other: Period) -> Period:
        starts = [s for s in (self.start, other.start) if s is not None]
        ends = [e for e in (self.end, other.end) if e is not None]
        return Period(max(starts, default=None), min(ends, default=None))

    @property
    def is_empty(self) -> bool:
        return self.start is not None and self.end is not None and self.end <= self.start

    @property
    def whole_days(self) -> bool:
        return all(m is None or m.time() == time(0) for m in (self.start, self.end))


@dataclass(frozen=True, slots=True)
class TimeCondition:
    """`of` is the time column (or expression) that the parts of the condition, `nodes`, bound."""

    of: exp.Expr
    period: Period
    nodes: tuple[exp.Expr, ...]


def read_moment(node: exp.Expr) -> Moment | None:
    """The moment a constant expression stands for; None when it is none, or depends on the server's clock."""
    node = node.unnest()
    if isinstance(node, exp.Literal):
        return _literal(node)
    if isinstance(node, exp.Cast) and node.is_type("date", "timestamp", "timestampntz", "datetime", "timestamptz"):
        inner = read_moment(node.this)
        return _day(inner) if inner and node.is_type("date") else inner
    if isinstance(node, exp.TsOrDsToDate | exp.Date) and isinstance(node.this, exp.Expr) and not node.args.get("zone"):
        inner = read_moment(node.this) if not node.expressions else None
        return _day(inner) if inner else None
    if isinstance(node, exp.TsOrDsToTimestamp | exp.Timestamp) and isinstance(node.this, exp.Expr):
        return read_moment(node.this) if not node.args.get("zone") else None
    if isinstance(node, exp.Add | exp.Sub | exp.DateAdd | exp.DateSub):
        return _shifted(node)
    if isinstance(node, exp.Anonymous) and node.name.lower() in ("date", "datetime") and node.expressions:
        return _modified(node)
    return None


def _literal(node: exp.Literal) -> Moment | None:
    if not node.is_string or not _ISO.fullmatch(node.name):
        return None
    try:
        return Moment(datetime.fromisoformat(node.name).replace(tzinfo=None), len(node.name) == len("2025-01-01"))
    except ValueError:
        return None


def _day(moment: Moment) -> Moment:
    return Moment(datetime.combine(moment.at.date(), time(0)), True)


def _shifted(node: exp.Expr) -> Moment | None:
    base = read_moment(node.this)
    by = node.expression
    unit = node.args.get("unit")
    if isinstance(by, exp.Interval):
        unit, by = by.args.get("unit"), by.this
    if base is None or unit is None or not isinstance(by, exp.Literal) or not by.name.isdigit():
        return None
    sign = -1 if isinstance(node, exp.Sub | exp.DateSub) else 1
    return _shift(base, sign * int(by.name), unit.name.lower().rstrip("s"))


def _shift(base: Moment, by: int, unit: str) -> Moment | None:
    if unit in ("day", "week"):
        return replace(base, at=base.at + timedelta(days=by * (7 if unit == "week" else 1)))
    months = {"month": by, "quarter": 3 * by, "year": 12 * by}.get(unit)
    if months is None or base.at.day > 28:  # engines disagree on 31 January plus one month
        return None
    total = base.at.year * 12 + base.at.month - 1 + months
    return replace(base, at=base.at.replace(year=total // 12, month=total % 12 + 1))


def _modified(node: exp.Anonymous) -> Moment | None:
    """SQLite's DATE('2026-06-30', 'start of month', '-1 months')."""
    moment = read_moment(node.expressions[0])
    for modifier in node.expressions[1:]:
        if moment is None:
            return None
        words = modifier.name.lower()
        if words in ("start of month", "start of year"):
            first = moment.at.replace(day=1, month=1 if words.endswith("year") else moment.at.month)
            moment = _day(Moment(first, True))
        else:
            match = _SHIFT.fullmatch(words)
            moment = _shift(moment, int(match[1]), match[2]) if match else None
    if moment is None or node.name.lower() == "datetime":
        return moment
    return _day(moment)


def read_condition(node: exp.Expr, holds_days: bool | None) -> TimeCondition | None:
    """One predicate as a period. `holds_days`: the column holds dates (True), moments (False) or nobody knows."""
    if isinstance(node, exp.Between) and not node.args.get("symmetric"):
        low = _bound(exp.GTE, node.this, node.args["low"], holds_days)
        high = _bound(exp.LTE, node.this, node.args["high"], holds_days)
        if low is None or high is None:
            return None
        return TimeCondition(low[0], low[1].meet(high[1]), (node,))
    if not isinstance(node, exp.GT | exp.GTE | exp.LT | exp.LTE | exp.EQ):
        return None
    kind, left, right = type(node), node.this, node.expression
    found = _bound(kind, left, right, holds_days) or _bound(_FLIPPED[kind], right, left, holds_days)
    return TimeCondition(found[0], found[1], (node,)) if found else None


_FLIPPED: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.GT: exp.LT,
    exp.GTE: exp.LTE,
    exp.LT: exp.GT,
    exp.LTE: exp.GTE,
    exp.EQ: exp.EQ,
}


def _bound(
    kind: type[exp.Expr], side: exp.Expr, constant: exp.Expr, holds_days: bool | None
) -> tuple[exp.Expr, Period] | None:
    grain = grain_of(side)
    if grain is not None and grain.is_bucket and isinstance(grain.of, exp.Column):
        return _bucket_bound(kind, grain.of, grain.unit, constant)
    side = bare(side)
    moment = read_moment(constant)
    if moment is None or not isinstance(side, exp.Column):
        return None
    period = _day_bound(kind, moment) if holds_days and moment.is_day else _moment_bound(kind, moment, holds_days)
    return (side, period) if period else None


def _bucket_bound(
    kind: type[exp.Expr], column: exp.Expr, unit: str, constant: exp.Expr
) -> tuple[exp.Expr, Period] | None:
    moment = read_moment(constant)
    value = moment.at.date() if moment else constant.name if isinstance(constant, exp.Literal) else None
    start = bucket_start(value, unit) if value is not None and unit != "hour" else None
    if start is None or (moment and moment.at.time() != time(0)):
        return None
    if unit == "week" and start.weekday():
        return None
    end = bucket_end(start, unit)
    if bucket_end(start.replace(day=1), "month") == end and unit == "month" and start.day != 1:
        return None
    first, last = datetime.combine(start, time(0)), datetime.combine(end, time(0))
    return column, _span(kind, first, last)


def _day_bound(kind: type[exp.Expr], moment: Moment) -> Period:
    return _span(kind, moment.at, moment.at + _ONE_DAY)


def _span(kind: type[exp.Expr], first: datetime, last: datetime) -> Period:
    """The period of `bucket <kind> constant`, where the constant's bucket is [first, last)."""
    if kind is exp.EQ:
        return Period(first, last)
    if kind is exp.GTE:
        return Period(start=first)
    if kind is exp.GT:
        return Period(start=last)
    return Period(end=first) if kind is exp.LT else Period(end=last)


def _moment_bound(kind: type[exp.Expr], moment: Moment, holds_days: bool | None) -> Period | None:
    if kind is exp.GTE:
        return Period(start=moment.at)
    if kind is exp.LT:
        return Period(end=moment.at)
    if moment.at.time() >= _LAST_SECOND:  # "<= 23:59:59" is how people write the end of a day
        midnight = datetime.combine(moment.at.date() + _ONE_DAY, time(0))
        if kind is exp.LTE:
            return Period(end=midnight)
        return Period(start=midnight) if kind is exp.GT else None
    if moment.is_day and holds_days is None and kind is not exp.EQ:
        return _day_bound(kind, moment)
    return None


def merge(conditions: list[TimeCondition]) -> list[TimeCondition]:
    """Conditions on the same column become one, in the place of the first."""
    merged: dict[str, TimeCondition] = {}
    for each in conditions:
        key = sql_of(each.of)
        before = merged.get(key)
        if before is None:
            merged[key] = each
        else:
            merged[key] = TimeCondition(each.of, before.period.meet(each.period), before.nodes + each.nodes)
    return list(merged.values())


def period_words(period: Period) -> str:
    """ "in June 2026", "1 Jan – 31 Dec 2025", "since 1 March 2025", "before 1 March 2025": days are inclusive."""
    if period.is_empty:
        return "at no time (the bounds exclude each other)"
    if period.start is None or period.end is None:
        return _one_sided(period)
    if not period.whole_days:
        return f"from {moment_words(period.start)} to before {moment_words(period.end)}"
    first, last = period.start.date(), period.end.date() - _ONE_DAY
    if first == last:
        return f"on {long_day(first)}"
    if first.day == 1 and bucket_end(first, "month") == period.end.date():
        return f"in {first:%B} {first.year}"
    start = f"{first.day} {first:%b}" if first.year == last.year else f"{first.day} {first:%b} {first.year}"
    quarter = f" (Q{(first.month + 2) // 3})" if _is_quarter(first, period.end.date()) else ""
    return f"{start} – {last.day} {last:%b} {last.year}{quarter}"


def period_in_sentence(period: Period) -> str:
    """ "in 2025", "in Q1 2026", "from 1 July 2023 to 30 June 2026": for a headline."""
    if period.is_empty or period.start is None or period.end is None or not period.whole_days:
        return period_words(period)
    first, after = period.start.date(), period.end.date()
    if first.month == first.day == 1 and bucket_end(first, "year") == after:
        return f"in {first.year}"
    if _is_quarter(first, after):
        return f"in Q{(first.month + 2) // 3} {first.year}"
    words = period_words(period)
    return f"from {long_day(first)} to {long_day(after - _ONE_DAY)}" if " – " in words else words


def moment_words(at: datetime) -> str:
    day = long_day(at.date())
    if at.time() == time(0):
        return day
    return f"{day}, {at:%H:%M:%S}" if at.second else f"{day}, {at:%H:%M}"


def long_day(day: date) -> str:
    return f"{day.day} {day:%B} {day.year}"


def _one_sided(period: Period) -> str:
    if period.start is not None:
        return f"since {moment_words(period.start)}"
    if period.end is not None:
        return f"before {moment_words(period.end)}"
    return "at any time"


def _is_quarter(first: date, after: date) -> bool:
    return first.day == 1 and first.month % 3 == 1 and bucket_end(first, "quarter") == after
