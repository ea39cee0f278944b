"""One store of each kind, empty before each test, and things to keep in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pytest

from nl2sql.answer.base import Answer, Receipt, ReceiptLine
from nl2sql.answer.chart_options import ChartOptions
from nl2sql.engines.base import ResultTable
from nl2sql.question import Principal, Question
from streamlit_app.store.base import Board, KeptAnswer, Request, Store, Tile
from streamlit_app.store.limits import utc_now
from streamlit_app.store.memory import MemoryStore
from streamlit_app.store.sql import SqlStore
from tests.integration import places
from tests.integration.conftest import MYSQL, POSTGRES, Server

ANNA, BEN = "anna@example.com", "ben@example.com"
# What databases find hard: quotes, four-byte letters, a right-to-left mark, percent and colon.
HARD = "“O'Neil” – 🦄👩‍👩‍👧 \u200f% :x {y} \\ ж"
TABLES = ("app_conversations", "app_answers", "app_boards", "app_preferences", "app_migrations")


class Place(places.Place):
    def clear(self) -> None:
        self.run(*(f"DROP TABLE IF EXISTS {name}" for name in TABLES))


OpenStore = Callable[..., Store]


@pytest.fixture(scope="session")
def server_places() -> Iterator[Callable[[Server], Place]]:
    with places.places_on_servers(Place, "nl2sql_app") as place_on:
        yield place_on


@pytest.fixture
def sqlite_place(tmp_path: Path) -> Iterator[Place]:
    with places.place_in_file(Place, tmp_path / "private" / "app.db") as place:
        yield place


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
        yield Place("")
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
