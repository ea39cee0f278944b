"""A real server of each kind, a database of its own on it, and accounts with rights of their own; all dropped again."""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
import sqlalchemy
from sqlalchemy import URL, make_url


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


MYSQL_PARAM = pytest.param(MYSQL, id="mysql", marks=pytest.mark.mysql)
POSTGRES_PARAM = pytest.param(POSTGRES, id="postgres", marks=pytest.mark.postgres)
on_mysql = pytest.mark.parametrize("server", [MYSQL_PARAM], indirect=True)
on_postgres = pytest.mark.parametrize("server", [POSTGRES_PARAM], indirect=True)


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


@pytest.fixture(scope="module", params=[MYSQL_PARAM, POSTGRES_PARAM])
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


@dataclass(frozen=True)
class Account:
    name: str
    url: str


MakeAccount = Callable[..., Account]
PASSWORD = "a long p@ss/word: 47!"


def execute(engine: sqlalchemy.Engine, *statements: str) -> None:
    with engine.connect() as connection:
        for each in statements:
            connection.exec_driver_sql(each.replace("%", "%%"))


@pytest.fixture
def make_account(server: Server, admin: sqlalchemy.Engine) -> Iterator[MakeAccount]:
    """An account with a new name. In the statements that give it rights, {account} and {database} are replaced."""
    made: list[str] = []

    def make(*rights: str) -> Account:
        name = f"nl2sql_{uuid.uuid4().hex[:12]}"
        login = "USER" if server.dialect == "mysql" else "ROLE"
        secret = f"IDENTIFIED BY '{PASSWORD}'" if server.dialect == "mysql" else f"LOGIN PASSWORD '{PASSWORD}'"
        execute(admin, f"CREATE {login} {name} {secret}")
        made.append(name)
        execute(admin, *(each.format(account=name, database=admin.url.database) for each in rights))
        url = admin.url.set(username=name, password=PASSWORD)
        return Account(name, url.render_as_string(hide_password=False))

    yield make
    for name in reversed(made):
        if server.dialect == "mysql":
            execute(admin, f"DROP USER {name}")
        else:
            execute(admin, f"DROP OWNED BY {name}", f"DROP ROLE {name}")


# Rights of an account that reads the one table and has every warning about its settings mended.
READS_ITEMS = {
    "mysql": ["GRANT SELECT ON {database}.items TO {account}"],
    "postgres": [
        "GRANT SELECT ON items TO {account}",
        "ALTER ROLE {account} SET default_transaction_read_only = on",
    ],
}


@pytest.fixture(scope="module")
def names(admin: sqlalchemy.Engine) -> Iterator[dict[str, str]]:
    """Another schema, roles and routines, with names of their own where the whole server shares them."""
    mark = uuid.uuid4().hex[:8]
    given = {"other": f"nl2sql_other_{mark}", "role": f"nl2sql_role_{mark}", "inner": f"nl2sql_inner_{mark}"}
    is_mysql = admin.dialect.name == "mysql"
    make = "CREATE DATABASE" if is_mysql else "CREATE SCHEMA"
    execute(admin, f"{make} {given['other']}", f"CREATE TABLE {given['other']}.wages(id INTEGER, amount INTEGER)")
    execute(admin, f"CREATE ROLE {given['role']}", f"CREATE ROLE {given['inner']}")
    yield given
    if is_mysql:
        execute(admin, f"DROP DATABASE {given['other']}")
    else:
        execute(admin, f"DROP SCHEMA {given['other']} CASCADE", f"DROP OWNED BY {given['role']}, {given['inner']}")
    execute(admin, f"DROP ROLE {given['role']}", f"DROP ROLE {given['inner']}")


@pytest.fixture
def make_reader(make_account: MakeAccount, names: dict[str, str], server: Server) -> Callable[..., Account]:
    """A reader with further rights."""

    def made(*rights: str) -> Account:
        filled = [
            each.format(account="{account}", database="{database}", **names)
            for each in [*READS_ITEMS[server.dialect], *rights]
        ]
        return make_account(*filled)

    return made
