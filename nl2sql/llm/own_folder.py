"""What this account keeps between runs, in folders of its own below the user's cache folder."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

# Nobody else may write there, for what is read from it is used; and nobody else reads what questions and models say.
_OTHERS = 0o077


def own_cache_folder(name: str) -> Path | None:
    """`nl2sql/NAME` below XDG_CACHE_HOME, else below ~/.cache; None for an account without a home. Not made yet."""
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nl2sql" / name
    except RuntimeError:
        return None


def make_own(folder: Path) -> bool:
    """Makes it where it is missing; whether it is one's own then. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return is_own(folder)


def is_own(folder: Path) -> bool:
    """Whether it belongs to this account alone. Raises OSError where there is none."""
    if not hasattr(os, "geteuid"):
        return folder.is_dir()
    state = folder.stat()
    return state.st_uid == os.geteuid() and not state.st_mode & _OTHERS


def write_whole(path: Path, content: bytes) -> None:
    """In place of what is there, and never half of it: others may be reading. Raises OSError."""
    number, name = tempfile.mkstemp(dir=path.parent, suffix=".new")
    try:
        with os.fdopen(number, "wb") as file:
            file.write(content)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
