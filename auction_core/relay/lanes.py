"""The lanes of the outbox: who holds which, and the events that wait in them. Short transactions, no publishing.

A lane is leased to one relay at a time, until a moment by the database's clock; a lease that ran out is anyone's. What
waits is found by `published_at IS NULL` and never by a highest id: of two writers in one lane the one with the smaller
id may commit later.
"""

import json
from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, Label, Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from auction_core.clock import Clock, aware, read_clock
from auction_core.outbox import LANES
from auction_core.publishers.base import Message
from auction_core.tables import OutboxEvent, OutboxLane

# Counting more than this would take longer than anyone wants to know it exactly.
BACKLOG_LIMIT = 100_000
# Nobody leases or puts aside for longer. What says so was written before the database's clock was put back.
LONGEST_LEASE = timedelta(minutes=5)


class LeaseLost(Exception):
    """Another relay has the lane: the lease had run out."""


class Lanes:
    """What one relay does with the lanes, under its own `relay` name of at most 64 characters."""

    def __init__(self, engine: Engine, relay: str, lease: timedelta, clock: Clock | None = None) -> None:
        self._engine = engine
        self._relay = relay
        self._lease = lease
        self._clock = clock

    def claim(self) -> int | None:
        """Leases the free lane whose first event is the oldest; None if no free lane has events."""
        with self._engine.begin() as connection:
            now = read_clock(connection, self._clock)
            lanes = connection.execute(select(OutboxLane.lane, OutboxLane.leased_until, _oldest())).all()
            free = [row for row in lanes if row.oldest is not None and _is_free(row.leased_until, now)]
            for row in sorted(free, key=lambda row: (row.oldest, row.lane)):
                if self._lease_if_free(connection, row.lane, now):
                    return int(row.lane)
        if len(lanes) < LANES:
            self._make_lanes(present={row.lane for row in lanes})
            return self.claim()
        return None

    def advance(self, lane: int, published: Collection[int], limit: int) -> list[Message]:
        """Marks events as published, renews the lease, and returns the next ones. Raises LeaseLost, nothing done."""
        with self._engine.begin() as connection:
            mine = select(OutboxLane.lane).where(OutboxLane.lane == lane, OutboxLane.relay == self._relay)
            if connection.execute(mine.with_for_update()).first() is None:
                raise LeaseLost
            now = read_clock(connection, self._clock)
            connection.execute(update(OutboxLane).where(OutboxLane.lane == lane).values(leased_until=now + self._lease))
            if published:
                marked = OutboxEvent.id.in_(published), OutboxEvent.published_at.is_(None)
                connection.execute(update(OutboxEvent).where(*marked).values(published_at=now))
            if not limit:
                return []
            waiting = OutboxEvent.published_at.is_(None), OutboxEvent.lane == lane
            rows = connection.execute(
                select(OutboxEvent.__table__).where(*waiting).order_by(OutboxEvent.id).limit(limit)
            )
            return [_message(row) for row in rows]

    def release(self, lane: int, aside: timedelta | None = None) -> None:
        """Gives the lane up; with `aside`, no relay takes it before that time has passed."""
        with self._engine.begin() as connection:
            until = read_clock(connection, self._clock) + aside if aside else None
            mine = OutboxLane.lane == lane, OutboxLane.relay == self._relay
            connection.execute(update(OutboxLane).where(*mine).values(relay=None, leased_until=until))

    def _lease_if_free(self, connection: Connection, lane: int, now: datetime) -> bool:
        """Another relay may be at the same lane at this moment: then it has it."""
        wanted = select(OutboxLane.lane, OutboxLane.leased_until).where(OutboxLane.lane == lane)
        row = connection.execute(wanted.with_for_update(skip_locked=True)).one_or_none()
        if row is None or not _is_free(row.leased_until, now):
            return False
        lease = {"relay": self._relay, "leased_until": now + self._lease}
        connection.execute(update(OutboxLane).where(OutboxLane.lane == lane).values(lease))
        return True

    def _make_lanes(self, present: set[int]) -> None:
        for lane in set(range(LANES)) - present:
            try:
                with self._engine.begin() as connection:
                    connection.execute(insert(OutboxLane).values(lane=lane))
            except IntegrityError:  # another relay made it
                continue


def measure_backlog(connection: Connection) -> tuple[int, float]:
    """How many events wait, counted up to BACKLOG_LIMIT, and the age of the oldest in seconds (0 if none waits)."""
    waiting = select(OutboxEvent.id).where(OutboxEvent.published_at.is_(None)).limit(BACKLOG_LIMIT).subquery()
    count = connection.execute(select(func.count()).select_from(waiting)).scalar_one()
    times = [row.oldest for row in connection.execute(select(OutboxLane.lane, _oldest())) if row.oldest is not None]
    if not times:
        return count, 0.0
    return count, max(0.0, (read_clock(connection) - min(times)).total_seconds())


def _oldest() -> Label[datetime]:
    """When the first event that waits in a lane occurred: one look into the index for each lane."""
    return (
        select(OutboxEvent.occurred_at)
        .where(OutboxEvent.published_at.is_(None), OutboxEvent.lane == OutboxLane.lane)
        .order_by(OutboxEvent.id)
        .limit(1)
        .correlate(OutboxLane)
        .scalar_subquery()
        .label("oldest")
    )


def _is_free(leased_until: datetime | None, now: datetime) -> bool:
    return leased_until is None or not now <= leased_until <= now + LONGEST_LEASE


def _message(row: Row[tuple[object, ...]]) -> Message:
    return Message(
        event_id=row.id,
        aggregate_type=row.aggregate_type,
        aggregate_id=row.aggregate_id,
        event_type=row.event_type,
        version=row.payload.get("version", 1),
        payload=json.dumps(row.payload, ensure_ascii=False, separators=(",", ":")),
        occurred_at=aware(row.occurred_at),
    )
