"""Numbers on axes and bars: round steps, and short forms with their unit ("€1.2M")."""

from __future__ import annotations

import math

from nl2sql.answer.base import ColumnLabel
from nl2sql.answer.formats import SYMBOLS, format_number

_SCALES = ((1e12, "tn"), (1e9, "bn"), (1e6, "M"), (1e3, "k"))
_STEPS = 4  # gridlines: enough to read a value off, few enough not to be seen


def ticks(low: float, high: float) -> list[float]:
    """Multiples of 1, 2, 2.5 or 5 × 10ⁿ that enclose [low, high]."""
    span = high - low or abs(high) or 1.0
    raw = span / _STEPS
    size = 10.0 ** math.floor(math.log10(raw))
    step = size * next((s for s in (1, 2, 2.5, 5, 10) if s * size >= raw * 0.999), 10)
    first = math.floor(low / step + 1e-9)
    last = max(math.ceil(high / step - 1e-9), first + 1)
    return [round(i * step, 12) for i in range(first, last + 1)]


def short_number(value: float, label: ColumnLabel) -> str:
    """ "€412k", "1.2M", "23 %": at most three or four digits; exact numbers are in the hover text and the table."""
    if label.format == "percent":
        return format_number(value, label).replace(".0 %", " %")
    symbol = SYMBOLS.get(label.unit.upper(), f"{label.unit} " if label.format == "money" and label.unit else "")
    unit = f" {label.unit}" if label.unit and not symbol else ""
    sign, size = "-" if value < 0 else "", abs(value)
    for scale, letter in _SCALES:
        if size >= (scale if scale > 1e3 else 1e4):
            scaled = size / scale
            if f"{scaled:.0f}" == "1000" and scale < 1e12:  # 999,950 is "1M", not "1,000k"
                return short_number(math.copysign(scale * 1000, value), label)
            digits = f"{scaled:.0f}" if scaled >= 100 else f"{scaled:.1f}".removesuffix(".0")
            return f"{sign}{symbol}{digits}{letter}{unit}"
    if size >= 1_000 or size == int(size):
        return f"{sign}{symbol}{size:,.0f}{unit}"
    if symbol:
        return f"{sign}{symbol}{size:,.2f}"
    return f"{sign}{size:.3g}{unit}"
