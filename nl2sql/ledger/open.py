"""The setting `ledger` → a Ledger."""

from __future__ import annotations

from nl2sql.ledger.base import Ledger, NoLedger


def open_ledger(url: str, days: int, redact: str) -> Ledger:
    """ "off" keeps nothing. Connects to nothing yet. Raises SettingsInvalid for an address that can never work."""
    if url == "off":
        return NoLedger()
    from nl2sql.ledger.store import SqlLedger

    return SqlLedger(url, days, redact)


def trouble_of(url: str) -> str:
    """Why nothing can be written at the address, in a sentence; empty when it can. Makes tables that are missing.

    Raises SettingsInvalid for an address that can never work.
    """
    if url == "off":
        return ""
    from nl2sql.ledger.address import address_of, reason
    from nl2sql.ledger.batches import Batch, LedgerDatabase

    database = LedgerDatabase(address_of(url), 1, "none")
    try:
        database.write(Batch([], []))
    except Exception as error:  # noqa: BLE001 - whatever a database does, it is told
        return f"The ledger cannot be written: {reason(error)}."
    finally:
        database.disconnect()
    return ""
