"""One store of each kind, empty before each test, and things to keep in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pytest
import sqlalchemy
from sqlalchemy import URL

from nl2sql.answer.base import Answer, Receipt, ReceiptLine
from nl2sql.answer.chart_options import ChartOptions
from nl2sql.engines.base import ResultTable
from nl2sql.question import Principal, Question
from streamlit_app.store.base import Board, KeptAnswer, Request, Store, Tile
from streamlit_app.store.limits import utc_now
from streamlit_app.store.memory import MemoryStore
from streamlit_app.store.sql import SqlStore
from tests.integration.conftest import MYSQL, POSTGRES, Server, address_of

ANNA, BEN = "anna@example.com", "ben@example.com"
# What databases find hard: quotes, four-byte letters, a right-to-left mark, percent and colon.
HARD = "“O'Neil” – 🦄👩‍👩‍👧 \u200f% :x {y} \\ ж"
TABLES = ("app_conversations", "app_answers", "app_boards", "app_preferences", "app_migrations")


@dataclass(frozen=True)
class Place:
    """`url` as the setting would name it, "" for memory; `admin` looks at what is really there."""

    url: str
    admin: sqlalchemy.Engine | None

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        assert self.admin is not None
        with self.admin.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(query)]

    def run(self, *statements: str) -> None:
        assert self.admin is not None
        with self.admin.connect() as connection:
            for each in statements:
                connection.exec_driver_sql(each)

    def clear(self) -> None:
        self.run(*(f"DROP TABLE IF EXISTS {name}" for name in TABLES))


OpenStore = Callable[..., Store]


@pytest.fixture(scope="session")
def server_places() -> Iterator[Callable[[Server], Place]]:
    made: dict[str, tuple[Place, sqlalchemy.Engine, str]] = {}

    def place_on(server: Server) -> Place:
        if server.dialect not in made:
            address = address_of(server)
            name = f"nl2sql_app_{uuid4().hex[:12]}"
            root = sqlalchemy.create_engine(address, isolation_level="AUTOCOMMIT", poolclass=sqlalchemy.NullPool)
            with root.connect() as connection:
                connection.exec_driver_sql(f"CREATE DATABASE {name}")
            made[server.dialect] = Place(_setting(address.set(database=name)), _admin(address, name)), root, name
        return made[server.dialect][0]

    yield place_on
    for place, root, name in made.values():
        assert place.admin is not None
        place.admin.dispose()
        with root.connect() as connection:
            forced = " WITH (FORCE)" if root.dialect.name == "postgresql" else ""
            connection.exec_driver_sql(f"DROP DATABASE {name}{forced}")
        root.dispose()


def _setting(address: URL) -> str:
    return address.set(drivername=address.get_backend_name()).render_as_string(hide_password=False)


def _admin(address: URL, name: str) -> sqlalchemy.Engine:
    return sqlalchemy.create_engine(
        address.set(database=name), isolation_level="AUTOCOMMIT", poolclass=sqlalchemy.NullPool
    )


@pytest.fixture
def sqlite_place(tmp_path: Path) -> Iterator[Place]:
    path = tmp_path / "private" / "app.db"
    admin = sqlalchemy.create_engine(f"sqlite:///{path}", isolation_level="AUTOCOMMIT", poolclass=sqlalchemy.NullPool)
    yield Place(f"sqlite:///{path}", admin)
    admin.dispose()


DATABASES = [
    "sqlite",
    pytest.param("mysql", marks=pytest.mark.mysql),
    pytest.param("postgres", marks=pytest.mark.postgres),
]


@pytest.fixture(params=DATABASES)
def database(
    request: pytest.FixtureRequest, sqlite_place: Place, server_places: Callable[[Server], Place]
) -> Iterator[Place]:
    """Each kind of database, without tables."""
    if request.param == "sqlite":
        yield sqlite_place
        return
    found = server_places({"mysql": MYSQL, "postgres": POSTGRES}[request.param])
    yield found
    found.clear()


@pytest.fixture(params=["memory", *DATABASES])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """Each kind of store."""
    if request.param == "memory":
        yield Place("", None)
        return
    kind = request.param
    if kind == "sqlite":
        yield request.getfixturevalue("sqlite_place")
        return
    found = request.getfixturevalue("server_places")({"mysql": MYSQL, "postgres": POSTGRES}[kind])
    yield found
    found.clear()


@pytest.fixture
def open_store() -> Iterator[OpenStore]:
    made: list[Store] = []

    def opened(place: Place, days: int = 180, now: Callable[[], datetime] = utc_now) -> Store:
        made.append(SqlStore(place.url, days, now) if place.url else MemoryStore())
        return made[-1]

    yield opened
    for each in made:
        each.close()


@pytest.fixture
def store(place: Place, open_store: OpenStore) -> Store:
    return open_store(place)


def an_answer(question: str = HARD, answer_id: str = "", rows: int = 3) -> Answer:
    table = pa.table({"country": [HARD] * rows, "turnover": pa.array(range(rows), pa.int64())})
    return Answer(
        Question(question, Principal(ANNA, "analyst", {"country": "DE"})),
        "answered",
        f"Germany leads. {HARD}",
        sql=f"SELECT '{HARD}'",
        table=ResultTable(table, 1000, False, 1.5),
        receipt=Receipt((ReceiptLine("source", HARD),)),
        id=answer_id or uuid4().hex,
    )


def kept(conversation: str, number: int = 1, question: str = HARD, **changes: Any) -> KeptAnswer:
    whole = KeptAnswer(
        conversation, number, Request(question, fresh=True), an_answer(question), 0.25, "analyst", utc_now()
    )
    return replace(whole, **changes)


def a_board(board_id: str = "", name: str = HARD, **changes: Any) -> Board:
    tile = Tile("t1", HARD, Request(HARD, plan='{"a": 1}'), HARD, ChartOptions("line", "x", ("y",), top=5), 12)
    return replace(Board(board_id or uuid4().hex, name, ANNA, (tile,)), **changes)
