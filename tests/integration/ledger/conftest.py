"""One ledger for each kind of database that can hold one, empty before each test, and rows to put into it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.exc import SQLAlchemyError

from nl2sql.ledger.base import LedgerRow
from nl2sql.ledger.store import SqlLedger
from nl2sql.ledger.table import metadata
from tests.integration import places
from tests.integration.conftest import MYSQL, POSTGRES, Server

OpenLedger = Callable[..., SqlLedger]


class Place(places.Place):
    def count(self) -> int:
        return int(self.rows("SELECT COUNT(*) FROM questions")[0][0])


@pytest.fixture(scope="session")
def server_places() -> Iterator[Callable[[Server], Place]]:
    with places.places_on_servers(Place, "nl2sql_ledger") as place_on:
        yield place_on


@pytest.fixture
def sqlite_place(tmp_path: Path) -> Iterator[Place]:
    with places.place_in_file(Place, tmp_path / "private" / "ledger.db") as place:
        yield place


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("mysql", marks=pytest.mark.mysql),
        pytest.param("postgres", marks=pytest.mark.postgres),
    ]
)
def place(
    request: pytest.FixtureRequest, sqlite_place: Place, server_places: Callable[[Server], Place]
) -> Iterator[Place]:
    if request.param == "sqlite":
        yield sqlite_place
        return
    found = server_places({"mysql": MYSQL, "postgres": POSTGRES}[request.param])
    yield found
    metadata.drop_all(found.admin)


@pytest.fixture
def open_ledger() -> Iterator[OpenLedger]:
    made: list[SqlLedger] = []

    def opened(place: Place, days: int = 90, redact: str = "none", **options: int) -> SqlLedger:
        made.append(SqlLedger(place.url, days, redact, **options))
        return made[-1]

    yield opened
    for each in made:
        each.close()


def moment(text: str = "2026-06-30T12:00:00.000005") -> datetime:
    """UTC without zone, as everything in the ledger."""
    return datetime.fromisoformat(text).replace(tzinfo=None)


def utc_now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def a_row(question_id: str = "", **changes: Any) -> LedgerRow:
    """Everything filled in, with what databases find hard: quotes, emoji, tiny money."""
    values: dict[str, Any] = {
        "id": question_id or uuid4().hex,
        "at": utc_now(),
        "user": "anna",
        "role": "analyst",
        "question": "How many “lamps” – in % and 💡 – did O'Neil sell?",
        "outcome": "answered",
        "code": "ok",
        "writer": "llm",
        "prompt_version": "sql_writer@v1",
        "model": "gpt-5-mini",
        "plan": "counts lamps",
        "sql": "SELECT COUNT(*) FROM items\nWHERE seller = 'O''Neil'",
        "verdict": "passed",
        "engine": "sqlite",
        "rows": 1,
        "result_bytes": 8,
        "scanned_bytes": 3 * 1024**4,
        "prompt_tokens": 1_000,
        "completion_tokens": 50,
        "cost": Decimal("0.000000000125"),
        "currency": "USD",
        "cached": False,
        "milliseconds": 12.5,
        "stage_ms": {"write": 10.0, "guard": 2.5},
    }
    return LedgerRow(**(values | changes))


def eventually(condition: Callable[[], bool], seconds: float = 30.0) -> bool:
    """Polls; a database may say for a while that there is nothing, or nothing yet."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if condition():
                return True
        except SQLAlchemyError:
            pass
        time.sleep(0.02)
    return False
