"""Seeded databases and small auctions: SQLite files, and databases on real servers, new ones or one for all tests."""

import os
import socket
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL, create_engine, make_url, text

from auction_core.seed.run import seed_database
from tests.integration.auction_core.world import World, make_world, open_emptied_world

MYSQL = ("AUCTION_TEST_MYSQL_URL", "mysql+pymysql://root@127.0.0.1:3306/mysql", 3306)
POSTGRES = ("AUCTION_TEST_POSTGRES_URL", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres", 5432)


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
    yield from _throw_away(*MYSQL)


@pytest.fixture
def postgres_url() -> Iterator[str]:
    yield from _throw_away(*POSTGRES)


@pytest.fixture(params=["sqlite", "mysql", "postgres"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without tables, on each engine in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/auction.db"
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(params=["sqlite", "mysql", "postgres"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A small auction on each engine in turn, for tests that leave the tables themselves as they are."""
    if request.param != "sqlite":
        yield request.getfixturevalue(f"{request.param}_world")
        return
    made = make_world(f"sqlite:///{tmp_path}/auction.db")
    yield made
    made.engine.dispose()


@pytest.fixture
def mysql_world(_mysql_kept: str) -> Iterator[World]:
    made = open_emptied_world(_mysql_kept)
    yield made
    made.engine.dispose()


@pytest.fixture
def postgres_world(_postgres_kept: str) -> Iterator[World]:
    made = open_emptied_world(_postgres_kept)
    yield made
    made.engine.dispose()


@pytest.fixture(scope="session")
def _mysql_kept() -> Iterator[str]:
    """The tables of one small auction for all tests of this process."""
    for url in _throw_away(*MYSQL):
        make_world(url).engine.dispose()
        yield url


@pytest.fixture(scope="session")
def _postgres_kept() -> Iterator[str]:
    for url in _throw_away(*POSTGRES):
        make_world(url).engine.dispose()
        yield url


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
