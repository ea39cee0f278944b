"""What a test can say of an auction after a write: its contents, its events, its invariants."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import Engine, select

from auction_core.check import find_violations
from auction_core.errors import WriteRefused
from auction_core.events import EVENTS, Event
from auction_core.invariants import INVARIANTS
from auction_core.tables import Base, OutboxEvent
from tests.integration.auction_core.world import World, make_world

E = TypeVar("E", bound=WriteRefused)
_BY_TYPE = {event.event_type: event for event in EVENTS}


def contents(engine: Engine) -> dict[str, set[str]]:
    """Every row of every table, written out."""
    with engine.begin() as connection:
        return {
            table.name: {repr(tuple(row)) for row in connection.execute(select(table))}
            for table in Base.metadata.sorted_tables
        }


@contextmanager
def nothing_written(engine: Engine) -> Iterator[None]:
    before = contents(engine)
    yield
    assert contents(engine) == before


def refusal(engine: Engine, kind: type[E], write: Callable[[], object]) -> E:
    """The refusal of a write, which left no trace."""
    with nothing_written(engine), pytest.raises(kind) as caught:
        write()
    return caught.value


def events_of(engine: Engine) -> list[Event]:
    """All that were appended, in order, each valid for its type."""
    with engine.begin() as connection:
        rows = connection.execute(select(OutboxEvent).order_by(OutboxEvent.id)).all()
    found = []
    for row in rows:
        event = _BY_TYPE[row.event_type].model_validate(row.payload)
        assert (event.aggregate_type, event.aggregate_id) == (row.aggregate_type, row.aggregate_id)
        assert event.model_dump(mode="json") == row.payload
        found.append(event)
    return found


def event_types(engine: Engine) -> list[str]:
    return [event.event_type for event in events_of(engine)]


def assert_invariants(engine: Engine) -> None:
    with engine.begin() as connection:
        broken = [find for find in (find_violations(connection, one) for one in INVARIANTS) if find.violations]
    assert not broken, broken


def row_of(engine: Engine, table: type[Base], **where: Any) -> Any:
    """The one row of a table with these values."""
    query = select(table.__table__).filter_by(**where)
    with engine.begin() as connection:
        return connection.execute(query).one()


def sqlite_world(folder: Path) -> World:
    """For what does not depend on the engine."""
    return make_world(f"sqlite:///{folder}/auction.db")
