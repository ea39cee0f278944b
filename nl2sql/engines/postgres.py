"""PostgreSQL by psycopg 3. A named cursor is a filter by itself: the server takes one SELECT for it, nothing else."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import psycopg

from nl2sql.engines.deadline import query_timed_out
from nl2sql.engines.server import RawConnection, RawCursor, without_values
from nl2sql.errors import (
    DatabaseMissing,
    DatabaseUnreachable,
    DatabaseUnreadable,
    EngineError,
    QueryFailed,
)

_NO_CONNECTION = ("08", "53", "57P", "40", "55P03")  # also: no resources, shutting down, serialization, lock not given


class PostgresServer:
    """The transaction is read-only and limited by itself: neither outlives it, and neither rests on the session."""

    dialect = "postgres"
    driver_errors: tuple[type[Exception], ...] = (psycopg.Error, OSError)
    connect_options: Mapping[str, Any] = MappingProxyType({"connect_timeout": 5})

    def prepare(self, connection: RawConnection) -> None:
        connection.execute("SET standard_conforming_strings = on")
        connection.execute("SET TIME ZONE 'UTC'")
        connection.commit()
        connection.read_only = True

    def open(self, connection: RawConnection, sql: str, seconds: float) -> RawCursor:
        connection.execute(f"SET LOCAL statement_timeout = {max(1, round(seconds * 1000))}")  # 0 would be no limit
        # Off, a backslash could end a string the guard thinks is open. The server reports every change of it.
        if connection.info.parameter_status("standard_conforming_strings") != "on":
            raise DatabaseUnreadable(
                "The database reads quoted text in a way that is not safe.",
                hint="standard_conforming_strings must be on.",
            )
        cursor = connection.cursor(name="nl2sql")
        try:
            cursor.execute(sql)  # no arguments: a % stays a %
        except BaseException:
            self._close(cursor)
            raise
        return cursor

    def stopper(self, connection: RawConnection, connect: Callable[[], Any]) -> Callable[[], None]:
        # Taken now: the pool's wrapper may already be given back when the timer fires.
        cancel = connection.cancel_safe

        def stop() -> None:
            with contextlib.suppress(*self.driver_errors):
                cancel(timeout=5)

        return stop

    def close(self, cursor: RawCursor, stop: Callable[[], None]) -> bool:
        self._close(cursor)  # the rest of the rows was never sent
        return True

    def _close(self, cursor: RawCursor) -> None:
        with contextlib.suppress(*self.driver_errors):
            cursor.close()

    def quoted(self, name: str) -> str:
        return '"' + name.replace('"', '""') + '"'

    def changes(self, connection: RawConnection) -> str:
        """Which transactions are visible; only those that write count. Any database of the server moves it."""
        return str(connection.execute("SELECT pg_current_snapshot()").fetchone()[0])

    def mapped(self, error: BaseException, seconds: float) -> EngineError:
        state = getattr(error, "sqlstate", None) or ""
        if state == "57014":
            return query_timed_out(seconds)
        if state == "3D000" or _could_not_connect(error, "database"):
            return DatabaseMissing(
                "There is no database at the address.", hint="Check the name in the database address."
            )
        if state.startswith("28") or _could_not_connect(error, "account"):
            return DatabaseUnreadable(
                "The database did not let us in.", hint="Check the account in the database address."
            )
        if state.startswith(_NO_CONNECTION) or (not state and isinstance(error, psycopg.OperationalError | OSError)):
            return DatabaseUnreachable(
                "The database cannot be reached right now. Please try again.",
                hint=_after_state(state, without_values(str(error))),
            )
        message = _primary(error)
        if not state.startswith("42"):  # 42: about the statement's own words. Others may quote data of hidden rows
            message = without_values(message)
        return QueryFailed("The database could not run this query.", hint=_after_state(state, message))


# A failed connection carries no SQLSTATE, only the server's words; in another language they mean "unreachable" here.
_CONNECTING = {
    "database": re.compile(r'database "[^"]*" does not exist'),
    "account": re.compile(r'role "[^"]*" (does not exist|is not permitted to log in)|authentication failed|no pg_hba'),
}


def _could_not_connect(error: BaseException, because_of: str) -> bool:
    return (
        isinstance(error, psycopg.OperationalError)
        and not error.sqlstate
        and _CONNECTING[because_of].search(str(error)) is not None
    )


def _after_state(state: str, message: str) -> str:
    """What the driver itself finds has no SQLSTATE."""
    return f"{state}: {message}" if state else message


def _primary(error: BaseException) -> str:
    primary = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    return primary or type(error).__name__
