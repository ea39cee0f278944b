"""How one value is shown: thousands separators, money with its unit, percents, dates."""

from __future__ import annotations

import math
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pyarrow as pa

from nl2sql.answer.base import ColumnLabel

MISSING = "–"
SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "INR": "₹"}
WITHOUT_CENTS = {"JPY"}
_PLAIN = ColumnLabel("")


def is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def format_cell(value: object, label: ColumnLabel | None = None) -> str:
    """A cell of the result as text. Without a label, numbers get separators and nothing else."""
    label = label or _PLAIN
    if value is None:
        return MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float | Decimal):
        return format_number(value, label)
    if isinstance(value, datetime):
        if value.time() == time(0) and label.format == "date":
            return value.date().isoformat()
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    if isinstance(value, bytes):
        return f"{len(value):,} bytes"
    return str(value)


def format_number(value: float | Decimal, label: ColumnLabel = _PLAIN) -> str:
    """`value` is a fraction when the format is percent (0.123 → "12.3 %")."""
    if not _is_finite(value):
        return MISSING
    if label.format == "plain":
        return str(value)
    if label.format == "percent":
        return percent(value)
    if label.unit == "%":
        return f"{value:,.1f} %"
    if label.format == "money" or label.unit.upper() in SYMBOLS:
        return money(value, label.unit)
    text = _decimals(value)
    if not label.unit:
        return text
    return f"{text} {label.unit}"


def money(value: float | Decimal, unit: str) -> str:
    code = unit.upper()
    places = 0 if code in WITHOUT_CENTS else 2
    digits = f"{abs(value):,.{places}f}"
    sign = "-" if value < 0 and any(c in "123456789" for c in digits) else ""
    symbol = SYMBOLS.get(code, f"{code} " if code else "")
    return f"{sign}{symbol}{digits}"


def percent(value: float | Decimal) -> str:
    return f"{value * 100:,.1f} %"


def rounded(value: float | Decimal, label: ColumnLabel = _PLAIN) -> str:
    """Like format_number, but without ".00" of whole money: for bounds in a sentence ("more than €500")."""
    text = format_number(value, label)
    is_money = label.format == "money" or label.unit.upper() in SYMBOLS
    return text.removesuffix(".00") if is_money else text.replace(".0 %", " %")


def _is_finite(value: float | Decimal) -> bool:
    return value.is_finite() if isinstance(value, Decimal) else math.isfinite(value)


def _decimals(value: float | Decimal) -> str:
    """Two decimals from one upwards, three significant digits below: 1,203 · 4.37 · 0.0123."""
    if value == int(value):
        return f"{int(value):,}"
    size = abs(float(value))
    if size >= 1:
        return f"{value:,.2f}"
    places = min(12, 2 - math.floor(math.log10(size)))
    return f"{value:.{places}f}".rstrip("0")
