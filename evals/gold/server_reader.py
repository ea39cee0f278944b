"""MySQL, MariaDB and PostgreSQL: a read-only transaction for each statement, under the server's own time limit and one
from outside, with the session settings that the product has."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Iterator
from typing import Any, cast

import sqlalchemy
from sqlalchemy.exc import ArgumentError

from evals.cases.base import Dialect
from evals.gold.reader import GOLD_SECONDS, MAX_BYTES, MAX_ROWS, NOT_RUN, refuse_writing, too_large
from evals.matching.rules import Table
from nl2sql.engines.deadline import Backstop, query_timed_out
from nl2sql.engines.intake import take_capped
from nl2sql.engines.schemes import SERVERS
from nl2sql.engines.server import RawConnection, ServerKind
from nl2sql.errors import EngineError, QueryFailed, SettingsInvalid

# Given to the server's own limit before the statement is stopped from outside.
GRACE_SECONDS = 0.2


class ServerReader:
    """One connection, made anew after a statement that failed."""

    def __init__(self, kind: ServerKind, connect: Callable[[], RawConnection], password: str) -> None:
        self._kind = kind
        self._connect = connect
        self._password = password
        self._connection: RawConnection | None = None

    @property
    def dialect(self) -> Dialect:
        return "mysql" if self._kind.dialect == "mariadb" else cast(Dialect, self._kind.dialect)

    def run(self, sql: str, seconds: float = GOLD_SECONDS) -> Table:
        refuse_writing(sql, self.dialect)
        try:
            connection = self._open()
            stop = self._kind.stopper(connection, self._connect)
            with Backstop(seconds + GRACE_SECONDS, stop) as backstop:
                table = self._read(connection, sql, seconds, stop)
            if backstop.fired:
                raise query_timed_out(seconds)
            if self._connection is not None:
                self._connection.rollback()
        except EngineError:
            self.close()
            raise
        except self._kind.driver_errors as error:
            self.close()
            raise self._mapped(error, seconds) from None
        return table

    def ping(self) -> None:
        """Raises EngineError when there is no such database."""
        self.run("SELECT 1")

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(*self._kind.driver_errors):
                connection.close()

    def _open(self) -> RawConnection:
        if self._connection is None:
            self._connection = self._connect()
            self._kind.prepare(self._connection)
        return self._connection

    def _read(self, connection: RawConnection, sql: str, seconds: float, stop: Callable[[], None]) -> Table:
        cursor = self._kind.open(connection, sql, seconds)
        try:
            names = tuple(column[0] for column in cursor.description or ())
            if not names:
                raise QueryFailed(NOT_RUN, hint="It returns no columns.")
            readers = self._kind.readers(connection, cursor)
            with contextlib.closing(self._kind.rows(connection, cursor, MAX_ROWS + 1, MAX_BYTES)) as coming:
                rows, truncated = take_capped(coming, MAX_ROWS, MAX_BYTES)
        finally:
            if not self._kind.close(connection, cursor, stop):
                self.close()
        if truncated:
            raise too_large()
        columns = [
            values if reader is None else reader.values(values)
            for values, reader in zip(zip(*rows, strict=True), readers, strict=bool(rows))
        ]
        return Table(names, tuple(zip(*columns, strict=True)))

    def _mapped(self, error: BaseException, seconds: float) -> EngineError:
        mapped = self._kind.mapped(error, seconds)
        if self._password:
            mapped.hint = mapped.hint.replace(self._password, "***")
        return mapped


@contextlib.contextmanager
def open_server(url: str) -> Iterator[ServerReader]:
    """Raises SettingsInvalid, DatabaseMissing, DatabaseUnreadable or DatabaseUnreachable."""
    reader = _reader_of(url)
    with contextlib.closing(reader):
        reader.ping()
        yield reader


def _reader_of(url: str) -> ServerReader:
    scheme = url.partition("://")[0]
    if scheme not in SERVERS:
        raise SettingsInvalid("Golds cannot run on this kind of database.", hint=f"Use one of: {', '.join(SERVERS)}.")
    drivername, driver, extra, kind_name = SERVERS[scheme]
    try:
        importlib.import_module(driver)
        address = sqlalchemy.make_url(url).set(drivername=drivername)
    except ImportError:
        raise SettingsInvalid(
            f"The driver for {scheme} databases is not installed.", hint=f"pip install 'nl2sql[{extra}]'"
        ) from None
    except (ArgumentError, ValueError):  # a ValueError for a port that is no number
        raise SettingsInvalid(
            "The database address cannot be read.", hint=f"Write {scheme}://user:password@host:port/database"
        ) from None
    module, _, name = kind_name.partition(":")
    kind: ServerKind = getattr(importlib.import_module(module), name)()
    arguments, given = sqlalchemy.create_engine(address).dialect.create_connect_args(address)
    options: dict[str, Any] = kind.settled(address.query, given)
    return ServerReader(kind, lambda: kind.connect(*arguments, **options), str(address.password or ""))
