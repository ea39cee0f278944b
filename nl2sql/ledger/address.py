"""The database of the ledger: which addresses there are, and a connection that waits for nothing very long.

What the app keeps has addresses of the same form.
"""

from __future__ import annotations

import importlib
import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import sqlalchemy
from sqlalchemy import URL, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from nl2sql.engines.schemes import SERVERS
from nl2sql.engines.server import without_values
from nl2sql.errors import SettingsInvalid

SQLITE_PREFIX: Final = "sqlite:///"
_ALLOWED: Final = ", ".join(["sqlite", *sorted(SERVERS)])
# In seconds: another process writes a batch in milliseconds, and what cannot be written now is tried again.
_SQLITE_WAIT: Final = 2
_CONNECT_SECONDS: Final = 5
_STATEMENT_SECONDS: Final = 10
_OPTIONS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "mysql": {
            "charset": "utf8mb4",
            "connect_timeout": _CONNECT_SECONDS,
            "read_timeout": _STATEMENT_SECONDS,
            "write_timeout": _STATEMENT_SECONDS,
            "local_infile": False,
            "init_command": "SET time_zone='+00:00', innodb_lock_wait_timeout=5, lock_wait_timeout=5",
        },
        "postgresql": {
            "connect_timeout": _CONNECT_SECONDS,
            "client_encoding": "utf-8",
            "options": f"-c timezone=UTC -c statement_timeout={_STATEMENT_SECONDS}s -c lock_timeout=5s",
            "tcp_user_timeout": _STATEMENT_SECONDS * 1000,
        },
    }
)


def address_of(url: str, setting: str = "ledger") -> URL:
    """Raises SettingsInvalid, naming the setting. An address is never repeated in a message: it may hold a password."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        raise SettingsInvalid(
            f"The setting {setting} has no scheme.", hint=f"Write off, or start it with one of: {_ALLOWED} and ://"
        )
    if scheme == "sqlite":
        path = rest.removeprefix("/")
        if not rest.startswith("/") or path in ("", ":memory:"):
            raise SettingsInvalid(
                f"The setting {setting} names no file.",
                hint=f"Write sqlite:///folder/{setting}.db, or four slashes for an absolute path.",
            )
        return URL.create("sqlite+pysqlite", database=path)
    if scheme not in SERVERS:
        raise SettingsInvalid(
            f"The setting {setting} names a kind of database that is not supported.",
            hint=f"Use one of: {_ALLOWED}, or off",
        )
    return _server_address(url, scheme, setting)


def _server_address(url: str, scheme: str, setting: str) -> URL:
    drivername, driver, extra, _ = SERVERS[scheme]
    try:
        importlib.import_module(driver)
    except ImportError:
        install = f"pip install 'nl2sql[{extra}]'"
        problem = f"The driver for the {scheme} database of the setting {setting} is not installed."
        raise SettingsInvalid(f"{problem} Install it with: {install}", hint=install) from None
    form = f"Write {scheme}://user:password@host:port/database"
    try:
        address = make_url(url).set(drivername=drivername)
    except (ArgumentError, ValueError):  # a ValueError for a port that is no number
        raise SettingsInvalid(f"The setting {setting} cannot be read as an address.", hint=form) from None
    if not address.database:
        raise SettingsInvalid(f"The setting {setting} names no database on its server.", hint=form)
    return address


def connect_lazily(address: URL, *, reading: bool = False) -> sqlalchemy.Engine:
    """An engine that has not connected yet. `reading`: a file is not made, and nothing is changed."""
    kind = address.get_backend_name()
    if kind == "sqlite":
        return _sqlite(address, reading)
    options = dict(_OPTIONS[kind])
    return sqlalchemy.create_engine(
        address, connect_args=options, pool_size=1, max_overflow=1, pool_pre_ping=True, hide_parameters=True
    )


def _sqlite(address: URL, reading: bool) -> sqlalchemy.Engine:
    """A connection for each batch: a file that was moved away meanwhile is noticed."""
    path = Path(address.database or "")
    engine = sqlalchemy.create_engine(
        address, connect_args={"timeout": _SQLITE_WAIT}, poolclass=sqlalchemy.NullPool, hide_parameters=True
    )

    if not reading:

        @event.listens_for(engine, "do_connect")
        def _make_private(*_: Any) -> None:
            make_private_file(path)

    @event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _: object) -> None:
        if reading:
            connection.execute("PRAGMA query_only = ON")
            return
        connection.execute("PRAGMA journal_mode = WAL")  # readers and one writer do not wait for each other
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA secure_delete = ON")  # a deleted question is overwritten

    return engine


def make_private_file(path: Path) -> None:
    """An empty file that only its owner can read, in a folder of the same kind where there is none yet.

    What is there already keeps its rights: they are somebody's choice. Raises OSError.
    """
    for folder in reversed([each for each in path.parents if not each.exists()]):
        folder.mkdir(mode=0o700, exist_ok=True)
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return


def reason(error: Exception) -> str:
    """Why the database did not do it, without the statement, its values, or anything of the address."""
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    if isinstance(error, DBAPIError) and error.orig is not None:
        told = without_values(" ".join(str(each) for each in error.orig.args))  # of PyMySQL: number and text
        return f"{type(error.orig).__name__}: {told[:200]}"
    if isinstance(error, SQLAlchemyError):
        return type(error).__name__
    return f"{type(error).__name__}: {without_values(str(error))[:200]}"
