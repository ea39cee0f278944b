"""Connections to a SQLite file that can only read, and a pool of them that notices when the file is replaced."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

from nl2sql.engines.file_state import file_state
from nl2sql.errors import DatabaseUnreachable, DatabaseUnreadable

# More running at once than this only makes each slower on the machines this is for; the rest wait their turn.
MAX_CONNECTIONS = 8
# A writer holds the file for milliseconds. Waiting is not under the query's own time limit, so it is short.
BUSY_SECONDS = 1.0

LIMITS = (
    # One value (and one row) of 1 MB is more than any cell shown; it bounds what a single opcode can build, which
    # neither the progress handler nor an interrupt can stop.
    (sqlite3.SQLITE_LIMIT_LENGTH, 1_000_000),
    (sqlite3.SQLITE_LIMIT_SQL_LENGTH, 200_000),  # ten times what a writer may send: rewriting makes it longer
    (sqlite3.SQLITE_LIMIT_ATTACHED, 0),
    (sqlite3.SQLITE_LIMIT_COMPOUND_SELECT, 64),
    (sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1_000),  # matching costs pattern × text in one opcode
    (sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 1),  # only the row limit of distinct_values is ever bound
    (sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH, 0),
    (sqlite3.SQLITE_LIMIT_WORKER_THREADS, 0),
)
# Of a result, set once the schema is read (it would bound a table's columns too): with the length of a value, a row is
# at most half a gigabyte, and that only if every cell is made as long as it may be.
MAX_COLUMNS = 500

# From Python 3.12 on. Below it, what they stop meets the authorizer first; only unknown "names" become texts.
_CONFIGURATION = {
    "SQLITE_DBCONFIG_DEFENSIVE": True,  # no writing to the schema or to shadow tables
    "SQLITE_DBCONFIG_TRUSTED_SCHEMA": False,
    "SQLITE_DBCONFIG_ENABLE_TRIGGER": False,  # views stay: they may be what the account is meant to see
    "SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION": False,
    "SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER": False,
    "SQLITE_DBCONFIG_DQS_DML": False,  # "no_such" in double quotes is a name that is missing, not a text
    "SQLITE_DBCONFIG_DQS_DDL": False,
}
_PRAGMAS = (
    "trusted_schema = OFF",  # views and generated columns call no function with side effects
    "cell_size_check = ON",  # a file made to mislead is noticed when a page is read
    "mmap_size = 0",  # a file cut short while it is read is an error and not a crash
    "query_only = ON",
)

# Which functions analysts may call is the guard's allow-list. These reach outside the query, whoever asks.
FORBIDDEN_FUNCTIONS = frozenset(
    {"load_extension", "fts3_tokenizer", "readfile", "writefile", "edit", "randomblob", "zeroblob"}
)

Authorizer = Callable[[int, str | None, str | None, str | None, str | None], int]


def open_read_only(path: Path) -> sqlite3.Connection:
    """Raises sqlite3.Error. `mode=ro` alone would let ATTACH create files, and SQL can undo `query_only`."""
    connection = sqlite3.connect(
        f"file://{quote(os.fsencode(path))}?mode=ro",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,  # one thread at a time: the pool sees to it
    )
    try:
        for limit, value in LIMITS:
            connection.setlimit(limit, value)
        connection.create_function("mask_hash", 2, mask_hash, deterministic=True)
        for name, value in _CONFIGURATION.items():
            if hasattr(connection, "setconfig"):
                connection.setconfig(getattr(sqlite3, name), value)
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        names = connection.execute("SELECT lower(name) FROM sqlite_master WHERE type IN ('table', 'view')").fetchall()
        connection.setlimit(sqlite3.SQLITE_LIMIT_COLUMN, MAX_COLUMNS)
        connection.set_authorizer(reads_only(frozenset(name for (name,) in names)))
    except BaseException:
        connection.close()
        raise
    return connection


def mask_hash(key: str, value: object) -> str | None:
    """What the guard writes for a column that is shown as a hash; other databases bring such a function themselves."""
    text = value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")
    return None if value is None else hashlib.sha256(key.encode() + text).hexdigest()[:16]


def faults_of(path: Path) -> tuple[str, ...]:
    """Tries each wall of a connection by itself; nothing is changed even where one is missing. Raises sqlite3.Error."""
    connection = open_read_only(path)
    try:
        found = []
        if _runs(connection, "PRAGMA query_only = ON"):
            found.append("runs more than plain reading")
        connection.set_authorizer(None)
        if connection.execute("PRAGMA query_only").fetchone() != (1,):
            found.append("can be written to (query_only)")
        connection.execute("PRAGMA query_only = OFF")
        connection.execute("BEGIN")  # SQLite turns BEGIN IMMEDIATE into this one where it may only read
        if _runs(connection, "CREATE TABLE nl2sql_probe(a)"):
            found.append("did not open the file read-only")
        connection.execute("ROLLBACK")
        return tuple(found)
    finally:
        connection.close()


def _runs(connection: sqlite3.Connection, sql: str) -> bool:
    try:
        connection.execute(sql)
    except sqlite3.Error:
        return False
    return True


def reads_only(readable: frozenset[str]) -> Authorizer:
    """Denies by default. Tables that are in no schema (sqlite_master, dbstat, table-valued functions) are not readable.

    It does not see columns that USING and NATURAL JOIN compare: that is the guard's.
    """

    def authorize(
        action: int, first: str | None, second: str | None, _database: str | None, _source: str | None
    ) -> int:
        match action:
            case sqlite3.SQLITE_SELECT:
                return sqlite3.SQLITE_OK
            case sqlite3.SQLITE_FUNCTION:
                allowed = (second or "").lower() not in FORBIDDEN_FUNCTIONS
            case sqlite3.SQLITE_READ:
                table = (first or "").lower()
                # No column: only rows are counted, and `table` may then be the name of a CTE.
                allowed = not table.startswith("sqlite_") and (table in readable or not second)
            case _:
                allowed = False
        return sqlite3.SQLITE_OK if allowed else sqlite3.SQLITE_DENY

    return authorize


class ReadOnlyPool:
    """Up to MAX_CONNECTIONS, shared by all threads, each opened anew when the file has changed since."""

    def __init__(self, path: str) -> None:
        self._shown = path
        self._path = Path(os.path.abspath(path))
        self._places = threading.BoundedSemaphore(MAX_CONNECTIONS)
        self._lock = threading.Lock()
        self._idle: list[tuple[str, sqlite3.Connection]] = []

    def fingerprint(self) -> str:
        """Changes with the file and its write-ahead log. Raises DatabaseMissing or -Unreadable."""
        return file_state(self._path, self._shown, "-wal", self.unreadable)

    def unreadable(self, reason: str) -> DatabaseUnreadable:
        return DatabaseUnreadable(
            f"The file {self._shown} is not a database that can be read.",
            hint=f"SQLite says: {reason}. Create it again, or set another database address.",
        )

    def faults(self) -> tuple[str, ...]:
        """As `Engine.session_faults`. Raises sqlite3.Error when opening fails."""
        self.fingerprint()
        return faults_of(self._path)

    @contextlib.contextmanager
    def lease(self, wait_seconds: float) -> Iterator[sqlite3.Connection]:
        """Raises sqlite3.Error when opening fails. A connection is kept only if its block ended well."""
        if not self._places.acquire(timeout=wait_seconds):
            raise DatabaseUnreachable("The database is busy with other questions. Please try again in a moment.")
        try:
            generation = self.fingerprint()
            connection = self._take(generation) or open_read_only(self._path)
            try:
                yield connection
            except BaseException:
                connection.close()
                raise
            with self._lock:
                self._idle.append((generation, connection))
        finally:
            self._places.release()

    def _take(self, generation: str) -> sqlite3.Connection | None:
        with self._lock:
            fresh = [pair for pair in self._idle if pair[0] == generation]
            stale = [pair for pair in self._idle if pair[0] != generation]
            taken = fresh.pop()[1] if fresh else None
            self._idle = fresh
        for _, connection in stale:
            connection.close()
        return taken

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for _, connection in idle:
            connection.close()
