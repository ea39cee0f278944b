"""Databases that were made once are kept: by a fingerprint of all that they were made from, and up to a bound.

A file appears under its name when it is whole. Two processes that make the same one at once make equal files, of which
either may stay. What a killed one leaves is removed when its process is gone.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from evals.errors import InstanceImpossible

# Some 200 sets of five small databases. What was used within a day stays, whatever its size: a run may be at it.
KEPT_BYTES = 2 * 1024**3
IN_USE_SECONDS = 24 * 3600.0
_MAKING = re.compile(r"\.(?P<name>.+)\.(?P<pid>\d+)-[0-9a-f]+\.making")


def fingerprint(parts: Iterable[object]) -> str:
    """Of the `repr` of each."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(repr(part).encode("utf-8", "backslashreplace") + b"\0")
    return digest.hexdigest()[:20]


def code_fingerprint(*folders: Path) -> str:
    """Of the Python files below them: another version of a generator makes other databases."""
    files = sorted(file for folder in folders for file in folder.rglob("*.py"))
    return fingerprint((file.name, file.read_bytes()) for file in files)


def kept(folder: Path, key: str, name: str, make: Callable[[Path], None]) -> Path:
    """The file `name` of the set `key`, made by `make` (which is given a path to write to) where it is not there.

    Raises InstanceImpossible when there is no room or no right to write, and what `make` raises.
    """
    path = folder / key / f"{name}.db"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.utime(path.parent)
        if not path.is_file():
            _make(path, make)
    except OSError as error:
        raise InstanceImpossible(
            f"The database {path} cannot be written: {error.strerror or error}.",
            hint="Make room, or set another folder: NL2SQL_EVALS.",
        ) from error
    return path


def prune(folder: Path, keep: Iterable[str] = (), most_bytes: int = KEPT_BYTES) -> None:
    """Removes the sets that were used longest ago until the rest is within the bound; never those of `keep`."""
    spared = set(keep)
    sets = sorted((each for each in _folders(folder)), key=_last_used, reverse=True)
    total = 0
    for each in sets:
        _remove_abandoned(each)
        total += _size(each)
        if total > most_bytes and each.name not in spared and time.time() - _last_used(each) > IN_USE_SECONDS:
            shutil.rmtree(each, ignore_errors=True)


def _make(path: Path, make: Callable[[Path], None]) -> None:
    growing = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.making")
    try:
        make(growing)
        with growing.open("rb+") as file:
            os.fsync(file.fileno())
        growing.replace(path)
    finally:
        growing.unlink(missing_ok=True)


def _folders(folder: Path) -> list[Path]:
    try:
        return [each for each in folder.iterdir() if each.is_dir() and not each.is_symlink()]
    except OSError:
        return []


def _last_used(folder: Path) -> float:
    with suppress(OSError):
        return folder.stat().st_mtime
    return 0.0


def _size(folder: Path) -> int:
    total = 0
    with suppress(OSError):
        for each in folder.iterdir():
            with suppress(OSError):
                total += each.stat().st_size
    return total


def _remove_abandoned(folder: Path) -> None:
    """What another machine's process makes in a shared folder is told by its age alone."""
    with suppress(OSError):
        for each in folder.iterdir():
            found = _MAKING.fullmatch(each.name)
            if found and not _is_running(int(found["pid"])):
                each.unlink(missing_ok=True)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
