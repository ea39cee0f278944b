"""Server databases: SQLAlchemy reads the address and pools connections; statements go to the driver as they are.

The account should be one that may only SELECT, and only from what people may see: a read-only session is the second
wall, not the first.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlalchemy.pool import PoolProxiedConnection

from nl2sql.engines.base import NO_JOB, RESULT_BYTES, Estimate, Job, ResultTable, admit
from nl2sql.engines.columns import Readers, rows_to_arrow, text_of
from nl2sql.engines.deadline import Backstop, query_cancelled, query_timed_out
from nl2sql.engines.intake import Row, take_capped
from nl2sql.engines.running import Running
from nl2sql.engines.server import ServerKind
from nl2sql.errors import DatabaseUnreachable, EngineError, QueryFailed
from nl2sql.guard.checked import CheckedSql

POOL_SIZE = 4
POOL_OVERFLOW = 4
POOL_WAIT_SECONDS = 5.0
GRACE_SECONDS = 0.1  # given to the server's own limit before the statement is stopped from outside
INDEX_SECONDS = 30.0  # for reading a column's distinct values, which no one is waiting for
BUSY = "The database is busy. Please try again in a moment."

Session = tuple[PoolProxiedConnection, Callable[[], None], float, Backstop]

# Parameters of an address that are secrets, or tell where one is kept.
_SECRET = re.compile("pass|pwd", re.IGNORECASE)


def address_mark(url: sqlalchemy.URL) -> str:
    """Differs for another driver, host, port, socket, database, user or parameter; never depends on a password."""
    parameters = sorted((name, value) for name, value in url.query.items() if not _SECRET.search(name))
    place = (url.drivername, url.host, url.port, url.database, url.username, parameters)
    return hashlib.sha256(repr(place).encode("utf-8", "surrogatepass")).hexdigest()[:16]


class SqlEngine:
    """Safe for many threads. No connection is made before the first question."""

    def __init__(self, url: sqlalchemy.URL, kind: ServerKind, *, result_bytes: int = RESULT_BYTES) -> None:
        self._kind = kind
        self._mark = address_mark(url)
        self._result_bytes = result_bytes
        self._running = Running()
        self._engine = sqlalchemy.create_engine(
            url,
            creator=lambda: self._connect(),
            hide_parameters=True,
            pool_pre_ping=True,
            pool_reset_on_return=None,  # `_lease` does it: the pool would log what a lost connection says to it
            pool_size=POOL_SIZE,
            max_overflow=POOL_OVERFLOW,
            pool_timeout=POOL_WAIT_SECONDS,
            pool_recycle=1800,  # servers and proxies drop connections that were idle for hours
        )
        arguments, given = self._engine.dialect.create_connect_args(url)
        options = kind.settled(url.query, given)
        self._connect: Callable[[], Any] = lambda: kind.connect(*arguments, **options)
        sqlalchemy.event.listen(self._engine, "connect", lambda connection, _record: kind.prepare(connection))

    charges = False

    @property
    def dialect(self) -> str:
        return self._kind.dialect

    def run(self, checked: CheckedSql, job: Job = NO_JOB) -> ResultTable:
        admit(checked, self.dialect)
        started = time.perf_counter()
        byte_limit = min(self._result_bytes, checked.result_bytes)
        names, readers, rows, truncated = self._fetch(
            checked.executed, checked.seconds, checked.row_limit, byte_limit, job.question_id
        )
        with self._mapping(checked.seconds):
            table = rows_to_arrow(rows, names, checked.outputs, readers)
        return ResultTable(table, checked.row_limit, truncated, (time.perf_counter() - started) * 1000)

    def estimate(self, checked: CheckedSql) -> Estimate:
        admit(checked, self.dialect)
        with self._session(checked.seconds) as (pooled, _, left, _):
            return Estimate(rows=self._kind.estimated_rows(pooled.driver_connection, checked.executed, left))

    def cancel(self, question_id: str) -> bool:
        return self._running.cancel(question_id)

    def fresh_as_of(self, tables: Sequence[str]) -> datetime | None:
        """The same for all tables: a replica applies what was written in one order."""
        with self._session(POOL_WAIT_SECONDS) as (pooled, _, _left, _):
            return self._kind.fresh_as_of(pooled.driver_connection)

    def distinct_values(self, table: str, column: str, limit: int, where: str = "") -> list[str]:
        name = self._kind.quoted(column)
        source = ".".join(self._kind.quoted(part) for part in table.split("."))
        rows_of = f"{name} IS NOT NULL AND ({where or '1 = 1'})"
        sql = f"SELECT DISTINCT {name} FROM {source} WHERE {rows_of} ORDER BY 1 LIMIT {int(limit)}"  # noqa: S608
        _, rows, _ = self._read(sql, INDEX_SECONDS, limit, self._result_bytes)
        return [text_of(value) for (value,) in rows]

    def fingerprint(self) -> str:
        """The address, and the server's marker of committed data, which all its databases may share.

        Without a marker, the minute: answers are then kept that long.
        """
        with self._lease(POOL_WAIT_SECONDS) as connection:
            changes = self._kind.changes(connection.driver_connection) or f"minute {int(time.time() // 60)}"
        return f"{self._mark} {changes}"

    def session_faults(self) -> tuple[str, ...]:
        with self._lease(POOL_WAIT_SECONDS) as pooled:
            sql = self._kind.session_sql(pooled.driver_connection)
        _, rows, _ = self._read(sql, POOL_WAIT_SECONDS, 1, self._result_bytes)
        return self._kind.session_faults(rows[0])

    def close(self) -> None:
        self._engine.dispose()

    def _read(self, sql: str, seconds: float, row_limit: int, byte_limit: int) -> tuple[list[str], list[Row], bool]:
        """Names, rows of Python's own values, and whether there were more."""
        names, readers, rows, truncated = self._fetch(sql, seconds, row_limit, byte_limit)
        with self._mapping(seconds):
            columns = [
                values if reader is None else reader.values(values)
                for values, reader in zip(zip(*rows, strict=True), readers, strict=bool(rows))
            ]
        return names, list(zip(*columns, strict=True)), truncated

    def _fetch(
        self, sql: str, seconds: float, row_limit: int, byte_limit: int, question_id: str = ""
    ) -> tuple[list[str], Readers, list[Row], bool]:
        deadline = time.monotonic() + seconds
        with self._session(seconds, question_id) as (pooled, stop, left, backstop):

            def still_time() -> None:
                # The server's limit is for each fetch (PostgreSQL) or ends some functions without an error (MariaDB);
                # and between two fetches there is nothing that a stop could hit.
                _go_on(backstop, seconds)
                if time.monotonic() >= deadline:
                    raise query_timed_out(seconds)

            connection = pooled.driver_connection
            cursor = self._kind.open(connection, sql, left)
            try:
                names = [column[0] for column in cursor.description or ()]
                if not names:
                    raise QueryFailed("The database could not run this query.", hint="It returns no columns.")
                readers = self._kind.readers(connection, cursor)
                with contextlib.closing(self._kind.rows(connection, cursor, row_limit + 1, byte_limit)) as coming:
                    rows, truncated = take_capped(coming, row_limit, byte_limit, still_time)
            finally:
                reusable = self._kind.close(connection, cursor, stop)
            still_time()
            if not reusable:
                pooled.invalidate()
        return names, readers, rows, truncated

    @contextlib.contextmanager
    def _session(self, seconds: float, question_id: str = "") -> Iterator[Session]:
        """A leased connection, how what it runs is stopped, and the seconds left. Waiting for it counts as time too.

        What is stopped at the last moment is thrown away with its connection: the stop may still be on its way there.
        """
        deadline = time.monotonic() + seconds
        with self._running.bounded(question_id, seconds + GRACE_SECONDS, _nothing_yet) as backstop:
            try:
                with self._lease(seconds) as pooled:
                    stop = self._kind.stopper(pooled.driver_connection, self._connect)
                    with backstop.stopping(stop):
                        left = deadline - time.monotonic()
                        if left <= 0:
                            raise DatabaseUnreachable(BUSY)
                        _go_on(backstop, seconds)
                        try:
                            yield pooled, stop, left, backstop
                        except Exception:
                            raise
                        except BaseException:  # Ctrl-C leaves nothing running on a server
                            stop()
                            raise
                        _go_on(backstop, seconds)
            except EngineError:
                if backstop.cancelled:
                    raise query_cancelled() from None
                raise

    @contextlib.contextmanager
    def _lease(self, seconds: float) -> Iterator[PoolProxiedConnection]:
        """A pooled connection, rolled back afterwards, and thrown away after any error."""
        with self._mapping(seconds):
            connection = self._engine.raw_connection()
            try:
                yield connection
            except BaseException:
                connection.invalidate()
                raise
            else:
                self._roll_back(connection)
            finally:
                connection.close()

    def _roll_back(self, connection: PoolProxiedConnection) -> None:
        """What was read is there: a connection that is lost now is thrown away, and no reason to fail."""
        raw = connection.driver_connection
        if raw is None or not connection.is_valid:
            return
        try:
            raw.rollback()
        except self._kind.driver_errors:
            connection.invalidate()

    @contextlib.contextmanager
    def _mapping(self, seconds: float) -> Iterator[None]:
        """What the driver and the pool raise becomes an error of ours."""
        try:
            yield
        except PoolExhausted as error:
            raise DatabaseUnreachable(BUSY) from error
        except DBAPIError as error:
            raise self._mapped(error.orig or error, seconds) from None
        except self._kind.driver_errors as error:
            raise self._mapped(error, seconds) from None

    def _mapped(self, error: BaseException, seconds: float) -> EngineError:
        """The hint may reach a language model and a log: the address's secret is cut out, whatever the driver said."""
        mapped = self._kind.mapped(error, seconds)
        password = self._engine.url.password
        if password:
            mapped.hint = mapped.hint.replace(str(password), "***")
        return mapped


def _nothing_yet() -> None:
    """What there is to stop before a connection is there."""


def _go_on(backstop: Backstop, seconds: float) -> None:
    if backstop.cancelled:
        raise query_cancelled()
    if backstop.fired:
        raise query_timed_out(seconds)
