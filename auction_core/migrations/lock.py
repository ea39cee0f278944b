"""A connection that only one migration at a time has: others wait for it, then look at the stamp again."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, event, text
from sqlalchemy.exc import DBAPIError, NoSuchModuleError
from sqlalchemy.pool import NullPool

from auction_core.database import check_file, describe, driver_missing, make_engine, reason_of
from auction_core.errors import DatabaseUnreachable, Refused

# A migration of the tables as they are takes seconds; another one that takes longer has to be looked at.
WAIT_SECONDS = 60
# While a statement waits for a table that is in use, everybody else waits behind it.
TABLE_WAIT_SECONDS = 10
# Chosen at random once: PostgreSQL's advisory locks are numbers, and each database has its own.
_POSTGRESQL_KEY = 6_210_547_831_902_244
_IN_USE = "Another migration of the {where} is under way, or the database is in use: try again later."


@contextmanager
def locked(url: URL) -> Iterator[Connection]:
    """In a transaction, which MySQL commits at every statement that changes a table.

    Raises DatabaseUnreachable, and Refused when the lock cannot be had.
    """
    check_file(url)
    engine = _engine(url)
    try:
        try:
            connection = engine.connect()
        except (ImportError, NoSuchModuleError):
            raise driver_missing(url) from None
        except DBAPIError as error:
            raise DatabaseUnreachable(f"Cannot open the {describe(url)}: {reason_of(error)}.") from None
        with connection:
            try:
                transaction = connection.begin()
                _take(connection)
            except DBAPIError as error:
                if _is_damaged(error):
                    raise DatabaseUnreachable(f"The {describe(url)} is damaged or cannot be written.") from None
                raise Refused(_IN_USE.format(where=describe(url))) from None
            with transaction:
                yield connection
    finally:
        engine.dispose()


def _engine(url: URL) -> Engine:
    """Without the time limits of the store: filling a column of a large table takes its time."""
    try:
        if url.get_backend_name() == "sqlite":
            Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
            engine = make_engine(url, poolclass=NullPool, connect_args={"timeout": WAIT_SECONDS})
            event.listen(engine, "connect", _leave_transactions_to_us)
            event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
            return engine
        if url.get_backend_name() == "postgresql":
            return make_engine(url, poolclass=NullPool, connect_args={"connect_timeout": 5})
        arguments = {"connect_timeout": 5, "init_command": f"SET SESSION lock_wait_timeout = {TABLE_WAIT_SECONDS}"}
        return make_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args=arguments)
    except (ImportError, NoSuchModuleError):
        raise driver_missing(url) from None
    except OSError as error:
        raise DatabaseUnreachable(f"Cannot make the folder of the {describe(url)}: {error.strerror}.") from None


def _is_damaged(error: DBAPIError) -> bool:
    """Whether an SQLite file cannot be locked because of itself, not of others who use it."""
    code = getattr(error.orig, "sqlite_errorcode", sqlite3.SQLITE_BUSY) & 0xFF
    return code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR}


def _leave_transactions_to_us(connection: sqlite3.Connection, record: object) -> None:
    connection.isolation_level = None


def _take(connection: Connection) -> None:
    """SQLite has taken its lock at BEGIN IMMEDIATE. The server frees the others when the connection ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SET LOCAL lock_timeout = '{WAIT_SECONDS}s'"))
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_POSTGRESQL_KEY})"))
        connection.execute(text(f"SET LOCAL lock_timeout = '{TABLE_WAIT_SECONDS}s'"))
    elif connection.dialect.name != "sqlite":
        name = "CONCAT('auction_migrate.', MD5(DATABASE()))"
        if connection.execute(text(f"SELECT GET_LOCK({name}, {WAIT_SECONDS})")).scalar() != 1:
            raise Refused(_IN_USE.format(where=describe(connection.engine.url)))
