"""Four databases, spoken to by their bare drivers: nothing of the product stands between a statement and its answer.

A world is one database with tables of the auction in it. `full` holds everything, the others what a role can see.
"""

from __future__ import annotations

import os
import random
import socket
import sqlite3
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

import pytest
from sqlalchemy import URL, make_url

from nl2sql.engines.sqlite_connection import mask_hash
from tests.integration.guard.auction import TABLES, Rows, View, everything
from tests.integration.guard.roles import otherwise_hidden

Answer = list[tuple[Any, ...]]
SECONDS = 5  # no honest statement on so little data takes a tenth of it
_INDEXES = (
    "users(country)",
    "listings(seller_id)",
    "bids(listing_id, amount)",
    "payments(buyer_id)",
    "reviews(rating)",
)


class Refused(Exception):
    """The engine gave an error instead of an answer."""


class ServerGone(Exception):
    """A statement ended the connection, and maybe the server: that is more than an error."""


class World(Protocol):
    def run(self, sql: str) -> Answer: ...

    def close(self) -> None: ...


@dataclass
class DriverWorld:
    """A world behind a Python database driver."""

    connection: Any
    errors: tuple[type[Exception], ...]
    before: Callable[[], None] = lambda: None
    is_gone: Callable[[Exception, Any], bool] = lambda error, connection: False

    def run(self, sql: str) -> Answer:
        """All rows. Raises Refused with the engine's words, ServerGone when there is no engine any more."""
        self.before()
        cursor = self.connection.cursor()
        try:
            cursor.execute(sql)
            return [tuple(row) for row in cursor.fetchall()]
        except self.errors as error:
            if self.is_gone(error, self.connection):
                raise ServerGone(f"{error}: {sql}") from error
            raise Refused(f"{type(error).__name__}: {error}") from error

    def close(self) -> None:
        self.connection.close()


@dataclass
class Database:
    """One engine. `dialect` is what the guard calls it, `kinds` are its column types."""

    dialect: str
    kinds: Mapping[str, str]
    open_world: Callable[[str], DriverWorld]
    mark: str = "?"
    value: Callable[[object], object] = lambda value: value
    worlds: dict[str, DriverWorld] = field(default_factory=dict)

    def world(self, name: str, view: View | None = None, shuffle: int = 0) -> DriverWorld:
        """The world of that name, made when first asked for. Without a view, it is everything there is.

        With `shuffle`, its rows lie in another order, and no key or index puts them into one. The world `changed` is
        everything there is with other values where a role of the tests sees none.
        """
        if name not in self.worlds:
            self.worlds[name] = self.open_world(name)
            source = otherwise_hidden() if name == "changed" else everything()
            self._fill(self.worlds[name].connection, source, view, shuffle)
        return self.worlds[name]

    def shuffled(self, name: str, view: View) -> Iterator[DriverWorld]:
        """The same world with its rows in other orders; each is made when it is asked for, and few are."""
        return (self.world(f"{name}_{shuffle}", view, shuffle) for shuffle in range(1, 25))

    def _fill(self, connection: Any, source: Rows, view: View | None, shuffle: int) -> None:
        shown = view or View(frozenset(), {})
        cursor = connection.cursor()
        cursor.execute("BEGIN")  # files are written once, and not after each row
        for table in TABLES:
            if table not in shown.tables:
                continue
            names = shown.columns(table)
            columns = ", ".join(f"{name} {self.kinds[TABLES[table][name]]}" for name in names)
            cursor.execute(f"CREATE TABLE {table} ({columns.replace(' PRIMARY KEY', '') if shuffle else columns})")
            rows = list(shown.rows(table) if view else source[table])
            if shuffle:
                random.Random(shuffle).shuffle(rows)  # noqa: S311 - repeatable, not secret
            values = [[self.value(row[name]) for name in names] for row in rows]
            cursor.executemany(f"INSERT INTO {table} VALUES ({', '.join([self.mark] * len(names))})", values)
            if not shuffle:
                for place, index in enumerate(each for each in _INDEXES if each.startswith(f"{table}(")):
                    cursor.execute(f"CREATE INDEX {table}_index_{place} ON {index}")
        cursor.execute("COMMIT")
        cursor.close()

    def close(self) -> None:
        for world in self.worlds.values():
            world.close()


_KINDS = {"key": "BIGINT PRIMARY KEY", "integer": "BIGINT", "money": "DECIMAL(12,2)", "bool": "BOOLEAN"}


def _as_sqlite(value: object) -> object:
    """Texts of the one form that the product writes; money as REAL, as in its own schema."""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S.%f")
    return float(value) if isinstance(value, Decimal) else value


def _stopped_after(steps: int) -> Callable[[], int]:
    """A statement that never ends is a failure and not a wait."""
    left = [steps]

    def step() -> int:
        left[0] -= 1
        return left[0] < 0

    return step


@contextmanager
def sqlite_database(folder: str = "") -> Iterator[Database]:
    """In memory, or as files `<world>.db` in a folder."""

    def open_world(name: str) -> DriverWorld:
        path = f"{folder}/{name}.db" if folder else ":memory:"
        connection = sqlite3.connect(path, isolation_level=None)
        connection.create_function("mask_hash", 2, mask_hash, deterministic=True)
        limit = lambda: connection.set_progress_handler(_stopped_after(20_000), 1_000)  # noqa: E731
        return DriverWorld(connection, (sqlite3.Error, sqlite3.Warning), limit)

    kinds = {**_KINDS, "key": "INTEGER PRIMARY KEY", "money": "REAL", "text": "TEXT", "time": "DATETIME"}
    database = Database("sqlite", kinds, open_world, value=_as_sqlite)
    try:
        yield database
    finally:
        database.close()


@contextmanager
def duckdb_database(folder: str = "") -> Iterator[Database]:
    duckdb = pytest.importorskip("duckdb")

    def open_world(name: str) -> DriverWorld:
        connection = duckdb.connect(f"{folder}/{name}.duckdb" if folder else ":memory:", config={"threads": 1})
        return DriverWorld(connection, (duckdb.Error,))

    kinds = {**_KINDS, "text": "VARCHAR", "time": "TIMESTAMP"}
    database = Database("duckdb", kinds, open_world)
    try:
        yield database
    finally:
        database.close()


def _server(variable: str, local: URL) -> URL:
    """The variable's address, else the standard local port. Where tests must be complete (CI), absence is a failure."""
    if given := os.environ.get(variable):
        return make_url(given)
    try:
        socket.create_connection((str(local.host), int(local.port or 0)), timeout=1).close()
    except OSError:
        reason = f"no server at the standard local port {local.port}; set {variable}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return local


@contextmanager
def mariadb_database() -> Iterator[Database]:
    """One schema for each world, all dropped at the end."""
    import pymysql

    from nl2sql.engines.mysql import SQL_MODE

    url = _server("AUCTION_TEST_MYSQL_URL", URL.create("mysql", "root", host="127.0.0.1", port=3306))
    place = dict(host=url.host, port=url.port or 3306, user=url.username, password=url.password or "")
    root = pymysql.connect(**place, charset="utf8mb4", autocommit=True)
    prefix, made = f"nl2sql_guard_{uuid.uuid4().hex[:10]}", []

    def open_world(name: str) -> DriverWorld:
        made.append(f"{prefix}_{name}")
        with root.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {made[-1]} CHARACTER SET utf8mb4")
        connection = pymysql.connect(**place, database=made[-1], charset="utf8mb4", autocommit=True)
        with connection.cursor() as cursor:
            cursor.execute(f"SET SESSION sql_mode = '{SQL_MODE}', max_statement_time = {SECONDS}")
        return DriverWorld(connection, (pymysql.Error,), is_gone=lambda error, _: error.args[:1] in [(2006,), (2013,)])

    kinds = {**_KINDS, "text": "VARCHAR(200)", "time": "DATETIME(6)"}
    database = Database("mariadb", kinds, open_world, mark="%s")
    try:
        yield database
    finally:
        database.close()
        with suppress(pymysql.Error), root.cursor() as cursor:  # what brought the server down is told elsewhere
            for name in made:
                cursor.execute(f"DROP DATABASE {name}")
        root.close()


@contextmanager
def postgres_database() -> Iterator[Database]:
    """One database, in it one schema for each world."""
    import psycopg

    local = URL.create("postgresql", "postgres", host="127.0.0.1", port=5432, database="postgres")
    url = _server("AUCTION_TEST_POSTGRES_URL", local).set(drivername="postgresql")
    name = f"nl2sql_guard_{uuid.uuid4().hex[:10]}"
    address = url.set(database=name).render_as_string(hide_password=False)
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as root:
        root.execute(f"CREATE DATABASE {name}")

        def open_world(world: str) -> DriverWorld:
            connection = psycopg.connect(address, autocommit=True)
            connection.execute(f"CREATE SCHEMA world_{world}")
            connection.execute(f"SET search_path = world_{world}")
            connection.execute(f"SET statement_timeout = '{SECONDS}s'")
            connection.execute("SET standard_conforming_strings = on")
            return DriverWorld(connection, (psycopg.Error,), is_gone=lambda _, connection: connection.closed)

        kinds = {**_KINDS, "text": "TEXT", "time": "TIMESTAMP"}
        database = Database("postgres", kinds, open_world, mark="%s")
        try:
            yield database
        finally:
            database.close()
            root.execute(f"DROP DATABASE {name} WITH (FORCE)")


DATABASES: Mapping[str, Callable[[], Any]] = {
    "sqlite": sqlite_database,
    "mariadb": mariadb_database,
    "postgres": postgres_database,
    "duckdb": duckdb_database,
}
