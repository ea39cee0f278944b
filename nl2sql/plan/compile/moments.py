"""What engines say differently about moments: their parts, the time between two, and steps along the calendar."""

from __future__ import annotations

import calendar
from typing import Final

from sqlglot import exp

from nl2sql.plan.base import DatePart, DurationUnit, Grain
from nl2sql.plan.compile.dialects import filled
from nl2sql.plan.errors import PlanInvalid

# Monday is 1.
_PARTS: Final[dict[str, dict[DatePart, str]]] = {
    "sqlite": {
        "hour": "CAST(STRFTIME('%H', x) AS INTEGER)",
        "weekday": "(CAST(STRFTIME('%w', x) AS INTEGER) + 6) % 7 + 1",
        "day": "CAST(STRFTIME('%d', x) AS INTEGER)",
        "month": "CAST(STRFTIME('%m', x) AS INTEGER)",
        "quarter": "(CAST(STRFTIME('%m', x) AS INTEGER) + 2) / 3",
        "year": "CAST(STRFTIME('%Y', x) AS INTEGER)",
    },
    "mysql": {
        "hour": "HOUR(x)",
        "weekday": "WEEKDAY(x) + 1",
        "day": "DAYOFMONTH(x)",
        "month": "MONTH(x)",
        "quarter": "QUARTER(x)",
        "year": "YEAR(x)",
    },
    "postgres": {
        "hour": "CAST(EXTRACT(HOUR FROM x) AS INTEGER)",
        "weekday": "CAST(EXTRACT(ISODOW FROM x) AS INTEGER)",
        "day": "CAST(EXTRACT(DAY FROM x) AS INTEGER)",
        "month": "CAST(EXTRACT(MONTH FROM x) AS INTEGER)",
        "quarter": "CAST(EXTRACT(QUARTER FROM x) AS INTEGER)",
        "year": "CAST(EXTRACT(YEAR FROM x) AS INTEGER)",
    },
    "duckdb": {
        "hour": "EXTRACT(HOUR FROM x)",
        "weekday": "EXTRACT(ISODOW FROM x)",
        "day": "EXTRACT(DAY FROM x)",
        "month": "EXTRACT(MONTH FROM x)",
        "quarter": "EXTRACT(QUARTER FROM x)",
        "year": "EXTRACT(YEAR FROM x)",
    },
    "bigquery": {
        "hour": "EXTRACT(HOUR FROM x)",
        "weekday": "MOD(EXTRACT(DAYOFWEEK FROM x) + 5, 7) + 1",
        "day": "EXTRACT(DAY FROM x)",
        "month": "EXTRACT(MONTH FROM x)",
        "quarter": "EXTRACT(QUARTER FROM x)",
        "year": "EXTRACT(YEAR FROM x)",
    },
}

# Seconds from x to y. SQLite keeps moments to the millisecond, so the noise of its day numbers (0.1 ms) is rounded off;
# the others are exact to the microsecond.
_SECONDS: Final = {
    "sqlite": "ROUND((JULIANDAY(y) - JULIANDAY(x)) * 86400, 3)",
    "mysql": "TIMESTAMPDIFF(MICROSECOND, x, y) / 1e6",
    "postgres": "EXTRACT(EPOCH FROM CAST(y AS TIMESTAMP) - CAST(x AS TIMESTAMP))",
    "duckdb": "DATE_DIFF('MICROSECOND', CAST(x AS TIMESTAMP), CAST(y AS TIMESTAMP)) / 1e6",
    "bigquery": "DATETIME_DIFF(y, x, MICROSECOND) / 1e6",
}
_UNIT: Final[dict[DurationUnit, str]] = {"seconds": "", "minutes": "60.0", "hours": "3600.0", "days": "86400.0"}

# A whole number for each day, from its text.
_DAY_NUMBER: Final = {
    "sqlite": "CAST(JULIANDAY(x) + 0.5 AS INTEGER)",
    "mysql": "TO_DAYS(x)",
    "postgres": "CAST(x AS DATE) - CAST('1970-01-01' AS DATE)",
    "duckdb": "DATE_DIFF('DAY', CAST('1970-01-01' AS DATE), CAST(x AS DATE))",
    "bigquery": "UNIX_DATE(CAST(x AS DATE))",
}
# A whole number for each longer bucket, from its text: "2025-03", "2025-Q1", "2025".
_BUCKET_NUMBER: Final[dict[Grain, str]] = {
    "month": "CAST(SUBSTR(x, 1, 4) AS {integer}) * 12 + CAST(SUBSTR(x, 6, 2) AS {integer})",
    "quarter": "CAST(SUBSTR(x, 1, 4) AS {integer}) * 4 + CAST(SUBSTR(x, 7, 1) AS {integer})",
    "year": "CAST(x AS {integer})",
}
_INTEGER: Final = {"mysql": "SIGNED", "bigquery": "INT64"}


def part_of(moment: exp.Expr, part: DatePart, dialect: str) -> exp.Expr:
    if dialect not in _PARTS:
        raise PlanInvalid(f"I cannot take the {part} of a moment on {dialect} yet.")
    return filled(_PARTS[dialect][part], dialect, x=moment)


def weekday_name(number: exp.Expr) -> exp.Expr:
    """Monday for 1 …"""
    names = [exp.Literal.string(name) for name in calendar.day_name]
    cases = [exp.If(this=exp.Literal.number(day), true=name) for day, name in enumerate(names, 1)]
    return exp.Case(this=number.copy(), ifs=cases)


def span(start: exp.Expr, end: exp.Expr, unit: DurationUnit, dialect: str) -> exp.Expr:
    """From start to end, with a fraction; negative where the end comes first."""
    if dialect not in _SECONDS:
        raise PlanInvalid(f"I cannot take the time between two moments on {dialect} yet.")
    seconds = _SECONDS[dialect]
    return filled(f"{seconds} / {_UNIT[unit]}" if _UNIT[unit] else seconds, dialect, x=start, y=end)


def step_number(bucket: exp.Expr, grain: Grain, dialect: str) -> tuple[exp.Expr, int]:
    """A whole number that grows along the calendar, and by how much from one bucket to the next."""
    if grain in ("day", "week"):
        return filled(_DAY_NUMBER[dialect], dialect, x=bucket), 7 if grain == "week" else 1
    text = _BUCKET_NUMBER[grain].format(integer=_INTEGER.get(dialect, "INTEGER"))
    return filled(text, dialect, x=bucket), 1
