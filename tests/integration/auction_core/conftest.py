"""Seeded databases: SQLite files shared by the session, and throw-away databases on real servers."""

import os
import socket
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL, create_engine, make_url, text

from auction_core.seed.run import seed_database


@pytest.fixture(scope="session")
def tiny_db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _seeded(tmp_path_factory.mktemp("seed"), "tiny")


@pytest.fixture(scope="session")
def small_db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _seeded(tmp_path_factory.mktemp("seed"), "small")


@pytest.fixture(scope="session", params=["tiny", "small"])
def any_db(request: pytest.FixtureRequest) -> Path:
    path: Path = request.getfixturevalue(f"{request.param}_db")
    return path


@pytest.fixture
def tiny_copy(tiny_db: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "copy.db"
    copy.write_bytes(tiny_db.read_bytes())
    return copy


Ask = Callable[..., list[tuple]]


@pytest.fixture(scope="session")
def ask_small(small_db: Path) -> Iterator[Ask]:
    connection = sqlite3.connect(f"file:{small_db}?mode=ro", uri=True)
    yield lambda sql, *values: connection.execute(sql, values).fetchall()
    connection.close()


@pytest.fixture
def mysql_url() -> Iterator[str]:
    yield from _throw_away("AUCTION_TEST_MYSQL_URL", "mysql+pymysql://root@127.0.0.1:3306/mysql", 3306)


@pytest.fixture
def postgres_url() -> Iterator[str]:
    yield from _throw_away("AUCTION_TEST_POSTGRES_URL", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres", 5432)


def _seeded(folder: Path, scale: str) -> Path:
    path = folder / f"{scale}.db"
    seed_database(f"sqlite:///{path}", scale)
    return path


def _throw_away(variable: str, standard: str, port: int) -> Iterator[str]:
    address = os.environ.get(variable)
    if address is None and not _listens(port):
        reason = f"no server: set {variable} or start one on port {port}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    server = make_url(address or standard)
    name = f"auction_test_{uuid.uuid4().hex[:12]}"
    _run(server, f"CREATE DATABASE {name}")
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        # PostgreSQL refuses to drop a database that a failed test still holds open.
        force = " WITH (FORCE)" if server.get_backend_name() == "postgresql" else ""
        _run(server, f"DROP DATABASE {name}{force}")


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def _run(server: URL, statement: str) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
