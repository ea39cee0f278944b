"""A DuckDB file that can only be read: one instance for all threads, opened anew when the file changes."""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import duckdb

from nl2sql.engines.file_state import file_state
from nl2sql.errors import DatabaseUnreachable, DatabaseUnreadable, EngineError

# More at once would only make each slower: one statement already uses several threads. The rest wait their turn.
MAX_STATEMENTS = 8
# An open file keeps writers out. Opening it costs 20 ms, so it is given back once nobody has asked for this long.
IDLE_SECONDS = 5.0
# DuckDB's own defaults are all processors and 80 % of the machine's memory: too much beside an app that serves people.
# All statements share them. 1 GB holds the hash table of some ten million keys; more is an error and not a slow
# machine, because nothing is ever written to a temporary folder.
THREADS = min(4, os.cpu_count() or 1)
MEMORY_LIMIT = "1GB"

# The file's name in the session. The file is attached rather than connected to: connections to the same path share
# one instance within a process, which would go on reading a file that was replaced.
CATALOG = "nl2sql_file"

_CONFIGURATION: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "allow_unsigned_extensions": "false",
    "python_enable_replacements": "false",  # else FROM names a variable of this program
    "temp_directory": "",
    "threads": str(THREADS),
    "memory_limit": MEMORY_LIMIT,
}
# After the file is attached. The order matters: each of the last three forbids what stands before it.
_SETTINGS = (
    "TimeZone = 'UTC'",
    "ieee_floating_point_ops = false",  # 1 / 0 is NULL, as on other databases, and not infinity or an error
    "error_on_division_by_zero = false",
    "enable_external_access = false",
    "disabled_filesystems = 'LocalFileSystem'",  # without this, read_blob still gives the bytes of the file itself
    "lock_configuration = true",
)


class _Instance:
    def __init__(self, path: Path, generation: str) -> None:
        """Raises what the driver raises."""
        self.generation = generation
        self.users = 0
        self.left_at = monotonic()
        self._connection = duckdb.connect(":memory:", config=_CONFIGURATION)
        try:
            quoted = str(path).replace("'", "''")
            self._connection.execute(f"ATTACH '{quoted}' AS {CATALOG} (TYPE duckdb, READ_ONLY)")
            for setting in _SETTINGS:
                self._connection.execute(f"SET GLOBAL {setting}")
        except BaseException:
            self._connection.close()
            raise

    def cursor(self) -> duckdb.DuckDBPyConnection:
        made = self._connection.cursor()
        made.execute(f"USE {CATALOG}")
        return made

    def close(self) -> None:
        self._connection.close()


class DatabaseFile:
    """Safe for many threads. `path` may be relative to the working directory of the moment."""

    def __init__(self, path: str) -> None:
        self._shown = path
        self._path = Path(os.path.abspath(path))
        self._places = threading.BoundedSemaphore(MAX_STATEMENTS)
        self._lock = threading.Lock()
        self._current: _Instance | None = None
        self._timer: threading.Timer | None = None
        _OPEN.add(self)

    def fingerprint(self) -> str:
        """Changes with the file and its write-ahead log. Raises DatabaseMissing or -Unreadable."""
        return file_state(self._path, self._shown, ".wal", self._unreadable)

    @contextlib.contextmanager
    def lease(self, wait_seconds: float) -> Iterator[duckdb.DuckDBPyConnection]:
        """A session of its own on the file as it is now. Raises EngineError when it cannot be opened."""
        if not self._places.acquire(timeout=wait_seconds):
            raise DatabaseUnreachable("The database is busy with other questions. Please try again in a moment.")
        try:
            instance = self._enter()
            try:
                with contextlib.closing(instance.cursor()) as cursor:
                    yield cursor
            except (duckdb.FatalException, duckdb.InternalException):
                self._forget(instance)  # DuckDB answers nothing more after an error of its own
                raise
            finally:
                self._leave(instance)
        finally:
            self._places.release()

    def close(self) -> None:
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            current = self._current
        if current is not None:
            self._forget(current)

    def _enter(self) -> _Instance:
        with self._lock:
            generation = self.fingerprint()
            current = self._current
            if current is None or current.generation != generation:
                if current is not None and not current.users:
                    current.close()
                self._current = None
                self._current = current = self._open(generation)
            current.users += 1
            return current

    def _leave(self, instance: _Instance) -> None:
        with self._lock:
            instance.users -= 1
            instance.left_at = monotonic()
            if instance.users:
                return
            if instance is not self._current:
                instance.close()
            elif self._timer is None:
                self._watch(IDLE_SECONDS)

    def _forget(self, instance: _Instance) -> None:
        """Nobody enters it any more; whoever leaves it last closes it."""
        with self._lock:
            if self._current is instance:
                self._current = None
                if not instance.users:
                    instance.close()

    def _watch(self, seconds: float) -> None:
        self._timer = threading.Timer(seconds, self._release_idle)
        self._timer.daemon = True
        self._timer.start()

    def _release_idle(self) -> None:
        with self._lock:
            self._timer = None
            current = self._current
            if current is None or current.users:
                return
            left = current.left_at + IDLE_SECONDS - monotonic()
            if left > 0:
                self._watch(left)
                return
            self._current = None
            current.close()

    def _open(self, generation: str) -> _Instance:
        try:
            return _Instance(self._path, generation)
        except duckdb.Error as error:
            raise self._not_opened(error) from error

    def _not_opened(self, error: duckdb.Error) -> EngineError:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        if "Could not set lock" in reason or isinstance(error, duckdb.ResourceInUseException):
            return DatabaseUnreachable(
                "Another program is writing to the database file right now. Please try again in a moment.",
                hint="One program may write to a DuckDB file, or several read it. Let the writer close it, or write a "
                "copy and rename that to the file's name.",
            )
        return self._unreadable(reason)

    def _unreadable(self, reason: str) -> DatabaseUnreadable:
        return DatabaseUnreadable(
            f"The file {self._shown} is not a DuckDB database that can be read.",
            hint=f"The reason: {reason}. Create it again, or set another database address.",
        )


# What is still open when the program ends, its driver reports as leaked, in lines of its own on standard error.
_OPEN: weakref.WeakSet[DatabaseFile] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    for each in list(_OPEN):
        each.close()
