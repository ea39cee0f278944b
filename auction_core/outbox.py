"""The transactional outbox: events are written with what they tell of, and published afterwards, at least once."""

from datetime import datetime

from sqlalchemy import Connection, insert

from auction_core.events import Event
from auction_core.tables import OutboxEvent

# Enough that relays on several machines seldom wait for each other, few enough to look through one by one.
LANES = 16


def append(connection: Connection, event: Event, occurred_at: datetime) -> None:
    """Into the transaction that is open; it must hold the lock of the aggregate's row. `occurred_at` is naive UTC."""
    connection.execute(
        insert(OutboxEvent).values(
            aggregate_type=event.aggregate_type,
            aggregate_id=event.aggregate_id,
            lane=event.aggregate_id % LANES,
            event_type=event.event_type,
            payload=event.model_dump(mode="json"),
            occurred_at=occurred_at,
        )
    )
