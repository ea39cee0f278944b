"""The setting `ledger` → a Ledger."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from nl2sql.ledger.base import Ledger, NoLedger

if TYPE_CHECKING:
    from sqlalchemy import URL


def open_ledger(url: str, days: int, redact: str) -> Ledger:
    """ "off" keeps nothing. Connects to nothing yet. Raises SettingsInvalid for an address that can never work."""
    if url == "off":
        return NoLedger()
    from nl2sql.ledger.store import SqlLedger

    return SqlLedger(url, days, redact)


def trouble_of(url: str) -> str:
    """Why nothing can be written at the address, in a sentence; empty when it seems possible. Changes nothing.

    Raises SettingsInvalid for an address that can never work.
    """
    if url == "off":
        return ""
    from nl2sql.ledger.address import address_of, reason

    address = address_of(url)
    try:
        if address.get_backend_name() == "sqlite" and not Path(address.database or "").exists():
            _try_folder(Path(address.database or ""))
        else:
            _try_database(address)
    except Exception as error:  # noqa: BLE001 - whatever a database does, it is told
        return f"The ledger cannot be written: {reason(error)}."
    return ""


def _try_folder(path: Path) -> None:
    """Tried, because permissions do not tell of a read-only disk or of folders that the system makes up."""
    existing = next(folder for folder in path.absolute().parents if folder.exists())
    os.rmdir(tempfile.mkdtemp(dir=existing))


def _try_database(address: URL) -> None:
    from sqlalchemy import text

    from nl2sql.ledger.address import connect_lazily

    engine = connect_lazily(address, reading=True)
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    finally:
        engine.dispose()
