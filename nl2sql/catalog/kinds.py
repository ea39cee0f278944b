"""What the values of a field are where the file says it only in part: untyped arithmetic, times that are no dates."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from nl2sql.catalog.dialects import is_plain, parsed
from nl2sql.catalog.model import DataType, Field

_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Neg)


def datatype_of(declared: DataType, expression: str) -> DataType:
    """As declared; arithmetic that declares nothing is a number."""
    if declared is not DataType.OPAQUE or is_plain(expression):
        return declared
    return DataType.DECIMAL if isinstance(parsed(expression).unnest(), _ARITHMETIC) else declared


def dates_only(fields: tuple[Field, ...]) -> tuple[Field, ...]:
    """`is_time` stays on dates. The format gives it to years, and to names of quarters and months beside a date, too:
    nothing can be cut to a month that is the number 2025 or the text "2025Q1"."""
    dated = any(each.is_time and each.datatype.is_temporal for each in fields)

    def is_date(each: Field) -> bool:
        return not each.datatype.is_number and not (dated and each.datatype is DataType.OPAQUE)

    return tuple(replace(each, is_time=each.is_time and is_date(each)) for each in fields)


def is_calendar(fields: tuple[Field, ...]) -> bool:
    """Whether each row is a day: of all that the file calls times, one is a date, and at least one says what year,
    quarter or month that date is in. `fields` are as the file has them."""
    times = [each for each in fields if each.is_time]
    dates = [each for each in dates_only(fields) if each.is_time]
    return len(dates) == 1 and dates[0].datatype.is_temporal and len(times) > 1
