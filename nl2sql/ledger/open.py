"""The setting `ledger` → a Ledger."""

from __future__ import annotations

from nl2sql.ledger.base import Ledger, NoLedger


def open_ledger(url: str, days: int, redact: str) -> Ledger:
    """ "off" keeps nothing. Connects to nothing yet. Raises SettingsInvalid for an address that can never work."""
    if url == "off":
        return NoLedger()
    from nl2sql.ledger.store import SqlLedger

    return SqlLedger(url, days, redact)
