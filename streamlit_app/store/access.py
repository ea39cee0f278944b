"""The way to the app's database: bounded in time, in connections and in how often a database that is away is asked."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeVar

import sqlalchemy
from sqlalchemy import URL, Connection, event
from sqlalchemy.exc import DBAPIError, IntegrityError

from nl2sql.ledger.address import make_private_file, reason
from streamlit_app.store.errors import StoreError, StoreUnreachable
from streamlit_app.store.migrations import migrate

T = TypeVar("T")
log = logging.getLogger(__name__)

# Nobody waits longer for what is only kept. Below it, so that the driver says what is wrong: those of one statement.
WAIT_SECONDS: Final = 5.0
_STATEMENT_SECONDS: Final = 4
_CONNECT_SECONDS: Final = 2
_LOCK_SECONDS: Final = 2
# A database that failed is left alone for so long; longer where each try costs a long wait.
PAUSE_SECONDS: Final = 3.0
LONG_PAUSE_SECONDS: Final = 30.0
_LONG_WAIT: Final = 1.0
# A write that met another one is done again; each try takes some milliseconds.
_TRIES: Final = 6
_POOL: Final = 5
_OPTIONS: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "mysql": {
            "charset": "utf8mb4",
            "connect_timeout": _CONNECT_SECONDS,
            "read_timeout": _STATEMENT_SECONDS,
            "write_timeout": _STATEMENT_SECONDS,
            "local_infile": False,
            "init_command": f"SET time_zone='+00:00', innodb_lock_wait_timeout={_LOCK_SECONDS}, "
            f"lock_wait_timeout={_LOCK_SECONDS}",
        },
        "postgresql": {
            "connect_timeout": _CONNECT_SECONDS,
            "client_encoding": "utf-8",
            "options": f"-c timezone=UTC -c statement_timeout={_STATEMENT_SECONDS}s -c lock_timeout={_LOCK_SECONDS}s",
            "tcp_user_timeout": _STATEMENT_SECONDS * 1000,
        },
    }
)
_AWAY: Final = "What you keep cannot be reached right now. Asking goes on; answers are not kept meanwhile."


class Access:
    """For many threads. `read` and `write` raise StoreError of the work itself, and StoreUnreachable for all else."""

    def __init__(self, address: URL) -> None:
        self._engine = _engine(address)
        # A file answers at once or says that it is locked. A thread for each look at it would cost twenty people who
        # ask at once two seconds: each waits its turn for the interpreter twice more.
        self._is_file = address.get_backend_name() == "sqlite"
        self._is_ready = False
        self._preparing = threading.Lock()
        self._pausing = threading.Lock()
        self._try_at = 0.0  # by the monotonic clock; 0: it works

    def read(self, work: Callable[[Connection], T]) -> T:
        return self._bounded(lambda: self._once(work, writing=False))

    def write(self, work: Callable[[Connection], T]) -> T:
        """All of it or nothing. `work` may be called again when it met another write."""

        def again() -> T:
            began = time.monotonic()
            for left in reversed(range(_TRIES)):
                try:
                    return self._once(work, writing=True)
                except DBAPIError as error:
                    has_waited = time.monotonic() - began > _LOCK_SECONDS
                    if not left or has_waited or not _met_another(error):
                        raise
            raise AssertionError("the last try raises or returns")

        return self._bounded(again)

    def close(self) -> None:
        self._engine.dispose()

    def _once(self, work: Callable[[Connection], T], *, writing: bool) -> T:
        if not self._is_ready:
            with self._preparing:  # the first ones of a process wait for each other, and not in the database
                if not self._is_ready:
                    _prepare(self._engine)
                    self._is_ready = True
        with self._engine.connect().execution_options(writing=writing) as connection, connection.begin():
            return work(connection)

    def _bounded(self, work: Callable[[], T]) -> T:
        """In a thread of its own where there is a server: a driver may wait for one that is frozen, or for a name,
        without an end."""
        self._stay_away_for_now()
        began = time.monotonic()
        done: Future[T] = Future()

        def run() -> None:
            try:
                done.set_result(work())
            except BaseException as error:  # noqa: BLE001 - raised again where somebody waits
                done.set_exception(error)

        try:
            if self._is_file:
                run()
            else:
                threading.Thread(target=run, name="store", daemon=True).start()
            result = done.result(WAIT_SECONDS)
        except StoreUnreachable as error:
            self._failed(error, began)
            raise
        except StoreError:
            self._worked()
            raise
        except Exception as error:  # noqa: BLE001 - whatever a driver raises
            self._failed(error, began)
            raise StoreUnreachable(_AWAY) from None
        self._worked()
        return result

    def _stay_away_for_now(self) -> None:
        """Of many callers after a pause one tries again; the others stay away until it worked."""
        if not self._try_at:
            return
        with self._pausing:
            if time.monotonic() < self._try_at:
                raise StoreUnreachable(_AWAY)
            self._try_at = time.monotonic() + WAIT_SECONDS

    def _failed(self, error: Exception, began: float) -> None:
        self._is_ready = False  # the tables may have gone with the file
        told = "it did not answer in time" if isinstance(error, NotInTime) else reason(error)
        log.log(logging.DEBUG if self._try_at else logging.WARNING, "What people keep cannot be reached: %s.", told)
        waited = time.monotonic() - began
        self._try_at = time.monotonic() + (LONG_PAUSE_SECONDS if waited > _LONG_WAIT else PAUSE_SECONDS)

    def _worked(self) -> None:
        if self._try_at:
            self._try_at = 0.0
            log.warning("What people keep is reached again.")


def _engine(address: URL) -> sqlalchemy.Engine:
    """Connects to nothing yet."""
    kind = address.get_backend_name()
    if kind == "sqlite":
        return _sqlite(address)
    return sqlalchemy.create_engine(
        address,
        connect_args=dict(_OPTIONS[kind]),
        isolation_level="READ COMMITTED",
        pool_size=_POOL,
        max_overflow=_POOL,
        pool_timeout=_LOCK_SECONDS,
        pool_pre_ping=True,
        hide_parameters=True,
    )


def _sqlite(address: URL) -> sqlalchemy.Engine:
    """A connection for each piece of work: a file that was moved away meanwhile is noticed."""
    path = Path(address.database or "")
    engine = sqlalchemy.create_engine(
        address,
        connect_args={"timeout": _LOCK_SECONDS, "isolation_level": None},
        poolclass=sqlalchemy.NullPool,
        hide_parameters=True,
    )

    @event.listens_for(engine, "do_connect")
    def _make_private(*_: Any) -> None:
        make_private_file(path)

    @event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA secure_delete = ON")  # what was deleted is overwritten

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        """Whoever is to write says so at once: two that read first and write then would stop each other."""
        writing = connection.get_execution_options().get("writing")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine


def _prepare(engine: sqlalchemy.Engine) -> None:
    if engine.dialect.name == "sqlite":
        _let_read_beside_a_write(engine)
    try:
        migrate(engine)
    except DBAPIError as error:
        if not _met_another(error):
            raise
        migrate(engine)


def _let_read_beside_a_write(engine: sqlalchemy.Engine) -> None:
    """Written into the file once. Of processes that start together SQLite lets one do it, and the others do not wait by
    themselves."""
    until = time.monotonic() + _LOCK_SECONDS
    while True:
        connection = engine.raw_connection()
        try:
            connection.cursor().execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)
        finally:
            connection.close()


def _met_another(error: DBAPIError) -> bool:
    """Two made the same row, or waited for each other: 1213 of MySQL and MariaDB, 40P01 and 40001 of PostgreSQL."""
    code = getattr(error.orig, "sqlstate", None) or next(iter(getattr(error.orig, "args", ())), None)
    return isinstance(error, IntegrityError) or code in (1213, 1020, "40P01", "40001")
