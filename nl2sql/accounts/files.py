"""Who else could change a database that is a file: there are no accounts, only the permissions of files."""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from nl2sql.accounts.base import Finding


def examine(path: Path, beside: Iterable[Path]) -> Iterator[Finding]:
    """The file, its folder and those of its side files that are there. Nothing is opened. Raises OSError when the file
    is not there."""
    if _for_everybody(path):
        yield _open_to_all("file", path, "o-w")
    # In a sticky folder (such as /tmp) only owners may replace a file, but anybody may put side files next to it.
    if _for_everybody(path.parent):
        yield _open_to_all("folder", path.parent, "o-w")
    if os.access(path, os.W_OK):
        text = "this process could write to the file itself, though it opens it read-only; run it as a user who cannot"
        yield Finding("file", "warn", text, f"chmod a-w {shlex.quote(str(path))}")
    for each in beside:
        if each.exists() and _for_everybody(each):
            yield _open_to_all("file", each, "o-w")


def examine_duckdb(path: Path) -> Iterator[Finding]:
    return examine(path, [Path(f"{path}.wal")])


def _for_everybody(path: Path) -> bool:
    return bool(path.stat().st_mode & stat.S_IWOTH)


def _open_to_all(kind: str, path: Path, change: str) -> Finding:
    text = f"everybody on this machine can write to the {kind} {path.name}"
    return Finding("file", "warn", text, f"chmod {change} {shlex.quote(str(path))}")
