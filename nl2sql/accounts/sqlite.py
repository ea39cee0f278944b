"""Who else could change a SQLite file: there are no accounts, only the permissions of files."""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Iterator
from pathlib import Path

from nl2sql.accounts.base import Finding


def examine(path: Path) -> Iterator[Finding]:
    """The file, its folder and its side files. Nothing is opened. Raises OSError when the file is not there."""
    if _for_everybody(path):
        yield _open_to_all("file", path, "o-w")
    folder = path.parent
    # In a sticky folder (such as /tmp) only owners may replace a file, but anybody may put side files next to it.
    if _for_everybody(folder):
        yield _open_to_all("folder", folder, "o-w")
    if os.access(path, os.W_OK):
        text = "this process could write to the file itself, though it opens it read-only; run it as a user who cannot"
        yield Finding("file", "warn", text, f"chmod a-w {shlex.quote(str(path))}")
    beside = [each for each in (Path(f"{path}-wal"), Path(f"{path}-journal")) if each.exists()]
    for each in beside:
        if _for_everybody(each):
            yield _open_to_all("file", each, "o-w")
    if Path(f"{path}-wal") in beside and not os.access(folder, os.W_OK) and not Path(f"{path}-shm").exists():
        text = "the newest changes are in a side file (WAL) that cannot be read without writing to the folder"
        yield Finding("file", "warn", text, f"sqlite3 {shlex.quote(str(path))} 'PRAGMA journal_mode = DELETE'")


def _for_everybody(path: Path) -> bool:
    return bool(path.stat().st_mode & stat.S_IWOTH)


def _open_to_all(kind: str, path: Path, change: str) -> Finding:
    text = f"everybody on this machine can write to the {kind} {path.name}"
    return Finding("file", "warn", text, f"chmod {change} {shlex.quote(str(path))}")
