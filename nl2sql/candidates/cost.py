"""What several statements would cost together."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from nl2sql.engines.base import Estimate


def together(estimates: Sequence[Estimate]) -> Estimate:
    """What no estimate knows stays unknown. All are in one currency: they are of one database."""
    rows = [each.rows for each in estimates if each.rows is not None]
    scanned = [each.scanned_bytes for each in estimates if each.scanned_bytes is not None]
    prices = [each.price for each in estimates if each.price is not None]
    return Estimate(
        sum(rows) if rows else None,
        sum(scanned) if scanned else None,
        sum(prices, Decimal(0)) if prices else None,
        estimates[0].currency if estimates else "USD",
    )
