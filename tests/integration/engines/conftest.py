"""A real server of each kind, and CheckedSql as the guard would mint it for statements the guard would refuse."""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy import URL, make_url

from nl2sql.catalog.model import DataType
from nl2sql.engines.base import Engine
from nl2sql.engines.registry import open_engine
from nl2sql.guard import checked as checked_module
from nl2sql.guard.checked import CheckedSql, OutputColumn

Output = tuple[str, DataType] | tuple[str, DataType, int]
Mint = Callable[..., CheckedSql]


@pytest.fixture
def mint() -> Mint:
    def make(
        sql: str,
        *outputs: Output,
        dialect: str = "sqlite",
        row_limit: int = 1_000,
        seconds: float = 5.0,
        result_bytes: int = 32_000_000,
    ) -> CheckedSql:
        return CheckedSql(
            checked_module._MINT,
            sql=sql,
            dialect=dialect,
            tables=(),
            columns=(),
            outputs=tuple(OutputColumn(*output) for output in outputs),
            row_limit=row_limit,
            limit_added=False,
            seconds=seconds,
            result_bytes=result_bytes,
            policy="test",
        )

    return make


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With every character that means something in a URI."""
    made = tmp_path / "a b?c#d%20é&mode=rw"
    made.mkdir()
    return made


@dataclass(frozen=True)
class Server:
    dialect: str
    variable: str
    local: URL
    drivername: str
    endless: str
    kill_marker: str


MYSQL = Server(
    "mysql",
    "AUCTION_TEST_MYSQL_URL",
    URL.create("mysql+pymysql", "root", host="127.0.0.1", port=3306),
    "mysql+pymysql",
    "SELECT COUNT(*) FROM items a, items b, items c, items d, items e",
    "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE '%items e%'"
    " AND info NOT LIKE '%processlist%'",
)
POSTGRES = Server(
    "postgres",
    "AUCTION_TEST_POSTGRES_URL",
    URL.create("postgresql+psycopg", "postgres", host="127.0.0.1", port=5432, database="postgres"),
    "postgresql+psycopg",
    "SELECT COUNT(*) FROM items a, items b, items c, items d, items e",
    "SELECT COUNT(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%items e%'"
    " AND datname = current_database() AND query NOT LIKE '%pg_stat%'",
)


def address_of(server: Server) -> URL:
    """The variable's address, else the standard local port. Where tests must be complete (CI), absence is a failure."""
    if given := os.environ.get(server.variable):
        return make_url(given).set(drivername=server.drivername)
    try:
        socket.create_connection((str(server.local.host), int(server.local.port or 0)), timeout=1).close()
    except OSError:
        reason = f"no {server.dialect} server at the standard local port; set {server.variable}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return server.local


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(MYSQL, id="mysql", marks=pytest.mark.mysql),
        pytest.param(POSTGRES, id="postgres", marks=pytest.mark.postgres),
    ],
)
def server(request: pytest.FixtureRequest) -> Server:
    found: Server = request.param
    return found


@pytest.fixture(scope="module")
def admin(server: Server) -> Iterator[sqlalchemy.Engine]:
    """In a new database. Its tables are made as their owner would make them; the engine under test only reads."""
    address = address_of(server)
    name = f"nl2sql_test_{uuid.uuid4().hex[:12]}"
    root = sqlalchemy.create_engine(address, isolation_level="AUTOCOMMIT", poolclass=sqlalchemy.NullPool)
    with root.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    made = sqlalchemy.create_engine(address.set(database=name), isolation_level="AUTOCOMMIT")
    try:
        with made.connect() as connection:
            connection.exec_driver_sql(
                "CREATE TABLE items(id INTEGER PRIMARY KEY, title VARCHAR(50), price DECIMAL(12,2), sold BOOLEAN,"
                " day DATE, at TIMESTAMP(6) NULL)"
            )
            rows = ", ".join(
                f"({n}, 'Thing {n}%', {n}.10, {n % 2 == 1}, '2026-06-30', '2026-06-30 23:59:59.000001')"
                for n in range(2, 301)
            )
            connection.execute(sqlalchemy.text(f"INSERT INTO items VALUES {rows}, (1, NULL, NULL, NULL, NULL, NULL)"))
        yield made
    finally:
        made.dispose()
        with root.connect() as connection:
            if server.dialect == "mysql":  # a statement that no limit stopped would hold the drop up
                running = f"SELECT id FROM information_schema.processlist WHERE db = '{name}'"
                for thread in connection.exec_driver_sql(running).scalars().all():
                    connection.exec_driver_sql(f"KILL {thread}")
            forced = " WITH (FORCE)" if server.dialect == "postgres" else ""
            connection.exec_driver_sql(f"DROP DATABASE {name}{forced}")
        root.dispose()


def server_address(admin: sqlalchemy.Engine) -> str:
    return admin.url.render_as_string(hide_password=False)


@pytest.fixture
def engine(admin: sqlalchemy.Engine) -> Iterator[Engine]:
    made = open_engine(server_address(admin))
    yield made
    made.close()


@pytest.fixture
def ask(engine: Engine, server: Server, mint: Mint) -> Callable[..., list[tuple[object, ...]]]:
    def run(sql: str, *outputs: object, **limits: float) -> list[tuple[object, ...]]:
        table = engine.run(mint(sql, *outputs, dialect=server.dialect, **limits)).table
        return [tuple(row.values()) for row in table.to_pylist()]

    return run
