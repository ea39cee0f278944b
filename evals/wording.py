"""Numbers of an evaluation as people read them, the same on every face of a report."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from math import floor, log10

from evals.stats.base import Interval


def percent(share: float | None, digits: int = 1) -> str:
    return "–" if share is None else f"{100 * share:.{digits}f} %"


def between(interval: Interval | None, digits: int = 1) -> str:
    return "" if interval is None else f"{100 * interval.low:.{digits}f}–{100 * interval.high:.{digits}f} %"


def milliseconds(ms: float | None) -> str:
    if ms is None:
        return "–"
    if ms >= 1000:
        return f"{ms / 1000:.2f} s" if ms < 10_000 else f"{ms / 1000:.1f} s"
    return f"{ms:.1f} ms" if ms < 10 else f"{ms:.0f} ms"


def money(amount: str | Decimal | float | None, currency: str = "USD") -> str:
    """With three digits that count, at least the cents."""
    try:
        value = float(Decimal(str(amount)))
    except InvalidOperation:
        return "–"
    digits = 2 if value == 0 or abs(value) >= 1 else min(8, 2 - floor(log10(abs(value))))
    return f"{'$' if currency == 'USD' else currency + ' '}{value:,.{digits}f}"
