"""Deletes what is old: published events and kept idempotency keys, in small transactions."""

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import Connection, Engine, delete, select, tuple_

from auction_core.clock import Clock, read_clock
from auction_core.tables import IdempotencyKey, OutboxEvent

# A delete that locks no one for longer than some milliseconds.
BATCH = 1000


def purge_events(engine: Engine, older: timedelta, stopping: Callable[[], bool], clock: Clock | None = None) -> int:
    """How many events were deleted; those that were not published stay, however old."""

    def one_batch(connection: Connection) -> int:
        before = read_clock(connection, clock) - older
        old = select(OutboxEvent.id).where(OutboxEvent.published_at < before).limit(BATCH)
        ids = connection.scalars(old.with_for_update(skip_locked=True)).all()
        if ids:
            connection.execute(delete(OutboxEvent).where(OutboxEvent.id.in_(ids)))
        return len(ids)

    return _in_batches(engine, one_batch, stopping)


def purge_keys(engine: Engine, older: timedelta, stopping: Callable[[], bool], clock: Clock | None = None) -> int:
    """How many keys were deleted. A request that is repeated with one of them would be carried out again."""

    def one_batch(connection: Connection) -> int:
        before = read_clock(connection, clock) - older
        old = select(IdempotencyKey.actor_id, IdempotencyKey.idempotency_key).where(IdempotencyKey.created_at < before)
        keys = [tuple(row) for row in connection.execute(old.limit(BATCH).with_for_update(skip_locked=True))]
        if keys:
            identity = tuple_(IdempotencyKey.actor_id, IdempotencyKey.idempotency_key)
            connection.execute(delete(IdempotencyKey).where(identity.in_(keys)))
        return len(keys)

    return _in_batches(engine, one_batch, stopping)


def _in_batches(engine: Engine, one_batch: Callable[[Connection], int], stopping: Callable[[], bool]) -> int:
    """A batch that is not full was the last."""
    total = 0
    while not stopping():
        with engine.begin() as connection:
            deleted = one_batch(connection)
        total += deleted
        if deleted < BATCH:
            break
    return total
