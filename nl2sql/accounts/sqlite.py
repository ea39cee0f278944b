"""Who else could change a SQLite file, and whether all of it can be read."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from nl2sql.accounts import files
from nl2sql.accounts.base import Finding


def examine(path: Path) -> Iterator[Finding]:
    """The file, its folder and its side files. Nothing is opened. Raises OSError when the file is not there."""
    log = Path(f"{path}-wal")
    yield from files.examine(path, [log, Path(f"{path}-journal")])
    if log.exists() and not os.access(path.parent, os.W_OK) and not Path(f"{path}-shm").exists():
        text = "the newest changes are in a side file (WAL) that cannot be read without writing to the folder"
        yield Finding("file", "warn", text, f"sqlite3 {shlex.quote(str(path))} 'PRAGMA journal_mode = DELETE'")
