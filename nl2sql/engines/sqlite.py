"""SQLite through the standard driver: 1.5 times the rows a second that SQLAlchemy gives, and ten times the queries."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime
from threading import current_thread, main_thread
from typing import Any, TypeVar

from nl2sql.engines.base import NO_JOB, RESULT_BYTES, Estimate, Job, ResultTable, admit
from nl2sql.engines.columns import rows_to_arrow, text_of
from nl2sql.engines.deadline import Backstop, query_cancelled, query_timed_out
from nl2sql.engines.intake import Row, take_capped
from nl2sql.engines.running import Running
from nl2sql.engines.sqlite_connection import ReadOnlyPool
from nl2sql.errors import DatabaseUnreachable, EngineError, QueryFailed
from nl2sql.guard.checked import CheckedSql

# Checking the clock every 1,000 instructions of SQLite's machine costs nothing that can be measured (every 100: 7 %)
# and comes round in well under a millisecond.
PROGRESS_STEPS = 1_000
# Given to the progress handler before another thread interrupts.
GRACE_SECONDS = 0.05
INDEX_SECONDS = 30.0  # for reading a column's distinct values, which no one is waiting for

T = TypeVar("T")

_UNREADABLE = {
    *(sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_CANTOPEN),
    *(sqlite3.SQLITE_PERM, sqlite3.SQLITE_IOERR),
}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}
# What the driver raises: its own tree, and Python's for a lack of memory, NUL or surrogates in the text.
_DRIVER_ERRORS = (sqlite3.Error, sqlite3.Warning, MemoryError, OverflowError, ValueError)


class SqliteEngine:
    """Safe for many threads. `path` may be relative to the working directory of the moment."""

    dialect = "sqlite"
    charges = False

    def __init__(self, path: str, *, result_bytes: int = RESULT_BYTES) -> None:
        self._pool = ReadOnlyPool(path)
        self._result_bytes = result_bytes
        self._running = Running()

    def run(self, checked: CheckedSql, job: Job = NO_JOB) -> ResultTable:
        admit(checked, self.dialect)
        started = time.perf_counter()
        byte_limit = min(self._result_bytes, checked.result_bytes)

        def read(cursor: sqlite3.Cursor) -> tuple[list[str], list[Row], bool]:
            cursor.execute(checked.executed)
            if cursor.description is None:
                raise sqlite3.ProgrammingError("the statement returns no columns")
            names = [column[0] for column in cursor.description]
            return names, *take_capped(cursor, checked.row_limit, byte_limit)

        names, rows, truncated = self._attempt(read, checked.seconds, job.question_id)
        table = rows_to_arrow(rows, names, checked.outputs)
        return ResultTable(table, checked.row_limit, truncated, (time.perf_counter() - started) * 1000)

    def estimate(self, checked: CheckedSql) -> Estimate:
        """Nothing is known: SQLite's planner tells the order of its work, and no numbers."""
        admit(checked, self.dialect)
        return Estimate()

    def cancel(self, question_id: str) -> bool:
        return self._running.cancel(question_id)

    def fresh_as_of(self, tables: Sequence[str]) -> datetime | None:
        """A file is what was last written to it."""
        return None

    def distinct_values(self, table: str, column: str, limit: int, where: str = "") -> list[str]:
        # Qualified, because SQLite takes an unknown "name" that stands alone for a text.
        name = f"t.{_quoted(column)}"
        rows_of = f"{name} IS NOT NULL AND ({where or '1 = 1'})"
        sql = f"SELECT DISTINCT {name} FROM {_quoted(table)} AS t WHERE {rows_of} ORDER BY 1 LIMIT ?"  # noqa: S608

        def read(cursor: sqlite3.Cursor) -> list[str]:
            return [text_of(value) for (value,) in cursor.execute(sql, (limit,))]

        return self._attempt(read, INDEX_SECONDS)

    def fingerprint(self) -> str:
        return self._pool.fingerprint()

    def session_faults(self) -> tuple[str, ...]:
        try:
            return self._pool.faults()
        except _DRIVER_ERRORS as error:
            raise self._mapped(error, INDEX_SECONDS) from error

    def close(self) -> None:
        self._pool.close()

    def _attempt(self, read: Callable[[sqlite3.Cursor], T], seconds: float, question_id: str = "") -> T:
        """Reads once; and once more, leniently, if some text in the database is not UTF-8."""
        deadline = time.monotonic() + seconds
        with self._running.bounded(question_id, seconds + GRACE_SECONDS, _nothing_yet) as backstop:
            try:
                try:
                    return self._read(read, deadline, str, backstop)
                except sqlite3.OperationalError as error:
                    if not str(error).startswith("Could not decode to UTF-8"):
                        raise
                return self._read(read, deadline, _decode_leniently, backstop)
            except EngineError:
                if backstop.cancelled:
                    raise query_cancelled() from None
                raise
            except _DRIVER_ERRORS as error:
                if backstop.cancelled:
                    raise query_cancelled() from error
                if _is_interrupt(error) and time.monotonic() <= deadline and current_thread() is main_thread():
                    # Ctrl-C while the progress handler ran: the driver stops the statement and drops the reason.
                    raise KeyboardInterrupt from None
                raise self._mapped(error, seconds) from error

    def _read(self, read: Callable[[sqlite3.Cursor], T], deadline: float, text_factory: Any, backstop: Backstop) -> T:
        clock = time.monotonic
        with self._pool.lease(max(deadline - clock(), 0.0)) as connection:
            connection.text_factory = text_factory
            # Asked between instructions, so that a stop that came before the statement began is seen too.
            connection.set_progress_handler(lambda: backstop.cancelled or clock() > deadline, PROGRESS_STEPS)
            with backstop.stopping(connection.interrupt), closing(connection.cursor()) as cursor:
                found = read(cursor)
            if backstop.cancelled:
                raise query_cancelled()
            return found

    def _mapped(self, error: Exception, seconds: float) -> EngineError:
        if _is_interrupt(error):
            return query_timed_out(seconds)
        code = _code(error)
        if code in _BUSY:
            return DatabaseUnreachable("The database is busy. Please try again in a moment.", hint=str(error))
        if code in _UNREADABLE:
            return self._pool.unreadable(str(error))
        reason = str(error) or type(error).__name__
        return QueryFailed("The database could not run this query.", hint=f"SQLite says: {reason}")


def _code(error: Exception) -> int:
    """The extended code is in the higher bits."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _is_interrupt(error: Exception) -> bool:
    return _code(error) == sqlite3.SQLITE_INTERRUPT


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _decode_leniently(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _nothing_yet() -> None:
    """What there is to stop before a connection is there."""
