"""The state of a database that is a file, told without reading it."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable
from pathlib import Path

from nl2sql.errors import DatabaseMissing, EngineError

MAKEFILE = Path(__file__).parents[2] / "Makefile"  # there in a checkout, not where the package was installed


def file_state(path: Path, shown: str, side: str, unreadable: Callable[[str], EngineError]) -> str:
    """Device, inode, size and both times of the file and of the one beside it (`side` is what its name ends with).

    The time of the last change cannot be set as one likes, unlike that of the last write. Nothing is read from the
    file: closing a second descriptor would drop this process's locks on it. Raises DatabaseMissing, and what
    `unreadable` gives for a reason.
    """
    try:
        main = os.stat(path)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        demo = " (for the demo data: make demo)" if MAKEFILE.exists() else ""
        raise DatabaseMissing(
            f"There is no database at {shown}.", hint=f"Create it{demo}, or set another database address."
        ) from None
    except OSError as error:
        raise unreadable(error.strerror or "") from error
    if not stat.S_ISREG(main.st_mode):
        raise unreadable("it is not a file")
    if main.st_size == 0:
        raise unreadable("the file is empty")
    stats = [main]
    with contextlib.suppress(OSError):
        stats.append(os.stat(f"{path}{side}"))
    return "+".join(f"{s.st_dev}.{s.st_ino}.{s.st_size}.{s.st_mtime_ns}.{s.st_ctime_ns}" for s in stats)
