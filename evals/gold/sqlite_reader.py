"""SQLite files, opened so that nothing is written: read-only, query_only, and an authorizer that lets nothing but
reading through."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from evals.cases.base import Dialect
from evals.gold.reader import GOLD_SECONDS, MAX_BYTES, MAX_ROWS, NOT_RUN, too_large
from evals.matching.rules import Table
from nl2sql.engines.deadline import query_timed_out
from nl2sql.engines.file_state import file_state
from nl2sql.engines.intake import take_capped
from nl2sql.engines.sqlite_connection import FORBIDDEN_FUNCTIONS, open_read_only
from nl2sql.errors import DatabaseUnreadable, QueryFailed

# The clock is looked at every so many instructions of SQLite's machine: about a millisecond. For each look
# the thread has to wait for the interpreter, which others may be using.
PROGRESS_STEPS = 100_000

_READING = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE})
# What the driver raises: its own tree, and Python's for a lack of memory, NUL or surrogates in the text.
_DRIVER_ERRORS = (sqlite3.Error, sqlite3.Warning, MemoryError, OverflowError, ValueError)


class SqliteReader:
    dialect: Dialect = "sqlite"

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def run(self, sql: str, seconds: float = GOLD_SECONDS) -> Table:
        try:
            try:
                return self._read(sql, seconds, str)
            except sqlite3.OperationalError as error:
                if not str(error).startswith("Could not decode to UTF-8"):
                    raise
            return self._read(sql, seconds, lambda raw: raw.decode("utf-8", "replace"))
        except _DRIVER_ERRORS as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_INTERRUPT:
                raise query_timed_out(seconds) from error
            raise QueryFailed(NOT_RUN, hint=str(error) or type(error).__name__) from error

    def _read(self, sql: str, seconds: float, text_factory: Callable[[bytes], str] | type[str]) -> Table:
        until = time.monotonic() + seconds
        self.connection.text_factory = text_factory
        self.connection.set_progress_handler(lambda: time.monotonic() > until, PROGRESS_STEPS)
        with contextlib.closing(self.connection.cursor()) as cursor:
            cursor.execute(sql)
            if cursor.description is None:
                raise QueryFailed(NOT_RUN, hint="It returns no columns.")
            names = tuple(column[0] for column in cursor.description)
            rows, truncated = take_capped(cursor, MAX_ROWS, MAX_BYTES)
        if truncated:
            raise too_large()
        return Table(names, tuple(rows))


@contextlib.contextmanager
def open_sqlite(path: str) -> Iterator[SqliteReader]:
    """Raises DatabaseMissing or DatabaseUnreadable."""

    def unreadable(reason: str) -> DatabaseUnreadable:
        return DatabaseUnreadable(
            f"The file {path} is not a database that can be read.", hint=f"SQLite says: {reason}."
        )

    file_state(Path(path), path, "-wal", unreadable)
    try:
        connection = open_read_only(Path(os.path.abspath(path)))
    except _DRIVER_ERRORS as error:
        raise unreadable(str(error)) from error
    with contextlib.closing(connection):
        connection.set_authorizer(_authorize)
        if hasattr(connection, "setconfig"):
            # Suites of other people write texts in double quotes, as SQLite takes them from the command line too.
            connection.setconfig(getattr(sqlite3, "SQLITE_DBCONFIG_DQS_DML"), True)  # noqa: B009 - from Python 3.12 on
        yield SqliteReader(connection)


def _authorize(action: int, first: str | None, second: str | None, _database: str | None, _source: str | None) -> int:
    """Denies by default: ATTACH, PRAGMA, and everything that changes anything."""
    if action == sqlite3.SQLITE_FUNCTION:
        allowed = (second or "").lower() not in FORBIDDEN_FUNCTIONS
    elif action == sqlite3.SQLITE_UPDATE:
        # json_each is declared so; the schema itself cannot be written to, in a file that is open for reading.
        allowed = first == "sqlite_master"
    else:
        allowed = action in _READING
    return sqlite3.SQLITE_OK if allowed else sqlite3.SQLITE_DENY
