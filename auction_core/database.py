"""Database addresses: default drivers, opening, and foreign errors turned into sentences without secrets."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import NullPool

from auction_core.errors import DatabaseUnreachable, Refused

_DRIVERS = {
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
}
# Waiting longer for a row than this, a write is rolled back and tried again.
LOCK_WAIT_SECONDS = 5
POOL_WAIT_SECONDS = 10
# A server that says nothing for this long is given up.
SILENCE_SECONDS = 20
_MYSQL_SETTINGS = {
    "time_zone": "'+00:00'",
    "sql_mode": "'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'",
    "innodb_lock_wait_timeout": str(LOCK_WAIT_SECONDS),
}
_MYSQL_ARGUMENTS: dict[str, Any] = {
    "charset": "utf8mb4",
    "connect_timeout": 5,
    "read_timeout": SILENCE_SECONDS,
    "write_timeout": SILENCE_SECONDS,
    "init_command": "SET " + ", ".join(f"SESSION {name} = {value}" for name, value in _MYSQL_SETTINGS.items()),
}
_SERVER_ARGUMENTS: dict[str, dict[str, Any]] = {
    "mysql": _MYSQL_ARGUMENTS,
    "mariadb": _MYSQL_ARGUMENTS,
    "postgresql": {
        "connect_timeout": 5,
        "options": f"-c timezone=UTC -c lock_timeout={LOCK_WAIT_SECONDS}s -c statement_timeout={SILENCE_SECONDS}s",
    },
}
_MYSQL_REASONS = {
    1044: "the user may not use it",
    1045: "the user name or password is wrong",
    1698: "the user name or password is wrong",
    1049: "it does not exist",
    2003: "the server does not answer",
}


def parse_url(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # ValueError: a port that is no number
        raise Refused("The database address is not a URL such as sqlite:///var/auction.db.") from None
    if "@" in (parsed.host or ""):  # what stands before it is the rest of a password, which messages would tell
        raise Refused("In the database address an @ of the user name or password must be written as %40.")
    parsed = parsed.set(drivername=_DRIVERS.get(parsed.drivername, parsed.drivername))
    if parsed.get_backend_name() not in {"sqlite", "mysql", "mariadb", "postgresql"}:
        raise Refused(f"'{parsed.get_backend_name()}' is not supported: use sqlite, mysql, mariadb or postgresql.")
    if parsed.get_backend_name() == "sqlite" and parsed.database in {None, "", ":memory:"}:
        raise Refused("An SQLite database needs a file, as in sqlite:///var/auction.db.")
    return parsed


def describe(url: URL) -> str:
    """Where the database is, without user or password."""
    if url.get_backend_name() == "sqlite":
        return f"file {url.database}"
    port = f":{url.port}" if url.port else ""
    return f"{url.get_backend_name()} database '{url.database or ''}' on {url.host or 'localhost'}{port}"


def driver_missing(url: URL) -> DatabaseUnreachable:
    extra = "postgres" if url.get_backend_name() == "postgresql" else "mysql"
    return DatabaseUnreachable(f"The driver '{url.drivername}' is not installed: pip install 'nl2sql[{extra}]'.")


def open_server(url: URL) -> Engine:
    """An engine that has answered once. Raises DatabaseUnreachable."""
    try:
        engine = make_engine(url, poolclass=NullPool)
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except (ImportError, NoSuchModuleError):
        raise driver_missing(url) from None
    except TypeError:
        raise Refused(f"The address of the {describe(url)} has an option that its driver does not know.") from None
    except DBAPIError as error:
        raise DatabaseUnreachable(f"Cannot open the {describe(url)}: {reason_of(error)}.") from None
    return engine


def require_file(url: URL) -> None:
    """Raises DatabaseUnreachable where an SQLite file is not there; asks no server anything."""
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).is_file():
        raise DatabaseUnreachable(f"There is no database file {url.database}: run 'auction-core seed' first.")


def open_existing(url: URL) -> Engine:
    """As `open_server`; an SQLite file must already be there, because connecting would create it."""
    require_file(url)
    check_file(url)
    return open_server(url)


def check_file(url: URL) -> None:
    """Raises DatabaseUnreachable for a file that is there and is no SQLite database.

    Only SQLite itself may look into the file: closing it in any other way would end the locks that this process holds
    on it, and two writers at once destroy it.
    """
    if url.get_backend_name() != "sqlite":
        return
    path = Path(str(url.database))
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)) as connection:
            connection.execute("PRAGMA schema_version").fetchone()
    except sqlite3.OperationalError as error:  # a database that is locked is one
        if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_CANTOPEN:
            reason = "it is a folder" if path.is_dir() else "permission denied"
            raise DatabaseUnreachable(f"Cannot open the {describe(url)}: {reason}.") from None
    except sqlite3.DatabaseError:
        raise DatabaseUnreachable(f"The {describe(url)} is not an SQLite database.") from None


def open_for_writing(url: URL, *, clients: int = 32) -> Engine:
    """A pooled engine for the store: up to `clients` connections at once, no more waiting than a few seconds.

    Its transactions are READ COMMITTED, which keeps InnoDB from locking gaps; on SQLite they begin IMMEDIATE, one at a
    time. Every transaction is ended by who began it: a connection is not rolled back again when it returns to the pool,
    which would cost a round trip for each write.
    """
    if url.get_backend_name() == "sqlite":
        engine = make_engine(url, connect_args={"timeout": LOCK_WAIT_SECONDS}, pool_reset_on_return=None)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_immediate)
        return engine
    return pool_of_server(url, clients, "READ COMMITTED")


def pool_of_server(url: URL, clients: int, isolation_level: Literal["READ COMMITTED", "AUTOCOMMIT"]) -> Engine:
    """Up to `clients` connections in UTC with limited patience; they return to the pool as they are."""
    return make_engine(
        url,
        pool_size=clients,
        max_overflow=0,
        pool_timeout=POOL_WAIT_SECONDS,
        pool_reset_on_return=None,
        isolation_level=isolation_level,
        connect_args=dict(_SERVER_ARGUMENTS[url.get_backend_name()]),
    )


def make_engine(url: URL, **options: Any) -> Engine:
    """As SQLAlchemy's `create_engine`, but no error or log shows the values of a statement: some are secret."""
    return create_engine(url, hide_parameters=True, **options)


def _prepare_sqlite(connection: sqlite3.Connection, record: object) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself: _begin_immediate does
    # FULL: a commit that was acknowledged survives a loss of power.
    for setting in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {setting}").close()


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def reason_of(error: DBAPIError) -> str:
    """Why a database could not be opened, without secrets."""
    code = error.orig.args[0] if error.orig is not None and error.orig.args else None
    if code in _MYSQL_REASONS:
        return _MYSQL_REASONS[code]
    return "it does not exist, the server does not answer, or user or password are wrong"
