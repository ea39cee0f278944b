"""PostgreSQL by psycopg 3. A named cursor is a filter by itself: the server takes one SELECT for it, nothing else."""

from __future__ import annotations

import contextlib
import datetime
import math
import re
from collections.abc import Callable, Generator, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import psycopg
from psycopg import conninfo
from psycopg.types.string import TextLoader

from nl2sql.engines.columns import Readers
from nl2sql.engines.deadline import query_timed_out
from nl2sql.engines.intake import Row
from nl2sql.engines.postgres_rows import readers_of, single_rows
from nl2sql.engines.server import LOCK_SECONDS, RawConnection, RawCursor, without_values
from nl2sql.errors import (
    DatabaseMissing,
    DatabaseUnreachable,
    DatabaseUnreadable,
    EngineError,
    QueryFailed,
    SettingsInvalid,
)

_NO_CONNECTION = ("08", "53", "57P", "40", "55P03")  # also: no resources, shutting down, serialization, lock not given


# A FETCH asks for so many rows at first and for twice as many each time: small answers come in one journey, and
# large ones in few. The server sends them as it finds them; what nobody wants any more is cancelled.
FIRST_BATCH = 16
LARGEST_BATCH = 4096
# Between two FETCHes a process that stopped (or a machine that sleeps) would keep its snapshot and locks for ever.
_IDLE_SECONDS = 5

_CURSOR = "nl2sql"


class PinnedConnection(psycopg.Connection[Any]):
    """`search_path`: the schemas that the account's own path named when it connected."""

    search_path = "pg_catalog, pg_temp"


class PostgresServer:
    """The transaction is read-only and limited by itself: neither outlives it, and neither rests on the session."""

    dialect = "postgres"
    driver_errors: tuple[type[Exception], ...] = (psycopg.Error, OSError)
    connect_options: Mapping[str, Any] = MappingProxyType({"connect_timeout": 5, "client_encoding": "utf-8"})

    def settled(self, query: Mapping[str, str | tuple[str, ...]], options: Mapping[str, Any]) -> dict[str, Any]:
        """All of libpq's own, sslmode and its companions among them: it takes no option that it does not know."""
        try:
            conninfo.make_conninfo("", **{name: str(value) for name, value in query.items()})
        except psycopg.Error:
            names = ", ".join(sorted(query))[:200]
            raise SettingsInvalid(
                "The database address has an option that PostgreSQL does not know.", hint=f"One of: {names}"
            ) from None
        return dict(options)

    def connect(self, *arguments: Any, **options: Any) -> RawConnection:
        return PinnedConnection.connect(*arguments, **{**options, **self.connect_options})

    def prepare(self, connection: RawConnection) -> None:
        connection.execute("SET standard_conforming_strings = on")
        connection.execute("SET TIME ZONE 'UTC'")
        schemas = connection.execute("SELECT pg_catalog.unnest(pg_catalog.current_schemas(false))").fetchall()
        connection.search_path = self._pinned([str(name) for (name,) in schemas])
        connection.commit()
        connection.read_only = True
        for name in ("json", "jsonb"):  # as the server writes it: Python's floats would lose digits
            connection.adapters.register_loader(name, TextLoader)

    def _pinned(self, schemas: list[str]) -> str:
        """PostgreSQL's own names win over names of any other schema, and temporary tables over none."""
        others = [self.quoted(name) for name in schemas if name != "pg_catalog" and not name.startswith("pg_temp")]
        return ", ".join(("pg_catalog", *others, "pg_temp"))

    def open(self, connection: RawConnection, sql: str, seconds: float) -> RawCursor:
        self._prepare_for(connection, seconds)
        cursor = connection.cursor(name=_CURSOR)
        try:
            cursor.execute(sql)  # no arguments: a % stays a %
        except BaseException:
            self._close(cursor)
            raise
        return cursor

    def _prepare_for(self, connection: RawConnection, seconds: float) -> None:
        connection.execute(_local_settings(connection.search_path, seconds))
        # Off, a backslash could end a string the guard thinks is open. The server reports every change of it.
        if connection.info.parameter_status("standard_conforming_strings") != "on":
            raise DatabaseUnreadable(
                "The database reads quoted text in a way that is not safe.",
                hint="standard_conforming_strings must be on.",
            )

    def rows(
        self, connection: RawConnection, cursor: RawCursor, most: int, byte_limit: int
    ) -> Generator[Row, None, None]:
        """By the protocol's single-row mode: a whole FETCH would be in memory before its first row is seen here.

        One row still is, and no setting of the server bounds it but its own 1 GB.
        """
        size = FIRST_BATCH
        while most > 0:
            wanted = min(size, most)
            came = yield from single_rows(connection, f"FETCH FORWARD {wanted} FROM {_CURSOR}")
            if came < wanted:
                return
            most -= came
            size = min(2 * size, LARGEST_BATCH)

    def readers(self, connection: RawConnection, cursor: RawCursor) -> Readers:
        return readers_of(connection, cursor)

    def stopper(self, connection: RawConnection, connect: Callable[[], Any]) -> Callable[[], None]:
        # Taken now: the pool's wrapper may already be given back when the timer fires.
        cancel = connection.cancel_safe

        def stop() -> None:
            with contextlib.suppress(*self.driver_errors):
                cancel(timeout=5)

        return stop

    def close(self, connection: RawConnection, cursor: RawCursor, stop: Callable[[], None]) -> bool:
        self._close(cursor)  # the rest of the rows was never sent
        if connection.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS:
            # Advisory locks may be a session's, which outlive the transaction.
            with contextlib.suppress(*self.driver_errors):
                connection.execute("SELECT pg_catalog.pg_advisory_unlock_all()")
        return True

    def _close(self, cursor: RawCursor) -> None:
        with contextlib.suppress(*self.driver_errors):
            cursor.close()

    def estimated_rows(self, connection: RawConnection, sql: str, seconds: float) -> int | None:
        """A table that is read whole counts by the rows it is thought to have, one that is read by an index by those
        thought to be found."""
        self._prepare_for(connection, seconds)
        with connection.cursor(binary=True) as cursor:  # binary is the protocol that takes one statement, not several
            cursor.execute(f"EXPLAIN (FORMAT JSON, VERBOSE) {sql}")
            scans = list(_scans(cursor.fetchone()[0][0]["Plan"], 1.0))
            whole = {_place(scan) for scan, _ in scans if scan["Node Type"] == "Seq Scan"}
            cursor.execute(_TABLE_SIZES, (sorted(whole),))
            sizes = dict(cursor.fetchall())
        return sum(int(times * max(scan["Plan Rows"], sizes.get(_place(scan), 0))) for scan, times in scans)

    def fresh_as_of(self, connection: RawConnection) -> datetime.datetime | None:
        """When the last transaction that a replica applied was committed: too early while nothing is written."""
        sql = "SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.pg_last_xact_replay_timestamp()"
        replica, applied = connection.execute(sql).fetchone()
        if not replica or applied is None:
            return None
        moment: datetime.datetime = applied.astimezone(datetime.UTC).replace(tzinfo=None)
        return moment

    def quoted(self, name: str) -> str:
        return '"' + name.replace('"', '""') + '"'

    def changes(self, connection: RawConnection) -> str:
        """When the server started, because a crash may set numbers of transactions back; and which of them are visible.
        Only those that write count. Any database of the server moves it."""
        marker = "pg_catalog.pg_postmaster_start_time()::text, pg_catalog.pg_current_snapshot()::text"
        return " ".join(connection.execute(f"SELECT {marker}").fetchone())

    def session_sql(self, connection: RawConnection) -> str:
        names = ("transaction_read_only", "statement_timeout", "standard_conforming_strings", "search_path")
        return "SELECT " + ", ".join(f"pg_catalog.current_setting('{name}')" for name in names)

    def session_faults(self, row: Row) -> tuple[str, ...]:
        read_only, limit, strings, path = row
        found = {
            "is not read-only": read_only != "on",
            "has no time limit": limit == "0",
            "reads quoted text in another way (standard_conforming_strings)": strings != "on",
            "looks for names in other schemas first (search_path)": not str(path).startswith("pg_catalog"),
        }
        return tuple(text for text, holds in found.items() if holds)

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


_TABLE_SIZES = """
SELECT n.nspname || '.' || c.relname, c.reltuples FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname || '.' || c.relname = ANY(%s)
"""


def _scans(node: dict[str, Any], times: float) -> Iterator[tuple[dict[str, Any], float]]:
    """Each node of a plan that reads a table, and how often it runs: the inner side of a nested loop as often as its
    outer side has rows, unless what it found is kept."""
    if "Relation Name" in node:
        yield node, times
    children = node.get("Plans", [])
    for place, child in enumerate(children):
        again = node["Node Type"] == "Nested Loop" and place == 1 and child["Node Type"] not in _KEPT
        yield from _scans(child, times * max(children[0]["Plan Rows"], 1) if again else times)


_KEPT = {"Materialize", "Memoize"}


def _place(scan: dict[str, Any]) -> str:
    return f"{scan.get('Schema', '')}.{scan['Relation Name']}"


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


def _local_settings(search_path: str, seconds: float) -> str:
    """Several statements in one journey; all end with the transaction. A role can be given other values of each."""
    milliseconds = math.ceil(seconds * 1000)  # 0 would be no limit
    values = {
        "statement_timeout": milliseconds,
        "lock_timeout": min(milliseconds, LOCK_SECONDS * 1000),
        "idle_in_transaction_session_timeout": milliseconds + _IDLE_SECONDS * 1000,
        "search_path": search_path,
        "row_security": "on",
        # What the guard's text means: dates in one order, and nothing equals NULL.
        "datestyle": "ISO, MDY",
        "transform_null_equals": "off",
    }
    return "; ".join(f"SET LOCAL {name} = {value}" for name, value in values.items())
