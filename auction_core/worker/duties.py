"""What a worker does, a pass each: close, relay, measure, tidy up. A pass says whether there is more to do at once."""

import logging
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import Engine, select

from auction_core.clock import aware
from auction_core.metrics import WorkerMetrics
from auction_core.relay.lanes import measure_backlog
from auction_core.relay.relay import Relay
from auction_core.results import ClosedListing
from auction_core.store import Store
from auction_core.tables import Listing
from auction_core.worker.purge import purge_events, purge_keys

# Of one pass: the loop comes back at once for more, and can stop in between.
LISTINGS_A_PASS = 100

logger = logging.getLogger("auction_core.worker")


def close_listings(store: Store, metrics: WorkerMetrics) -> bool:
    closed = store.close_due_listings(limit=LISTINGS_A_PASS)
    if closed:
        statuses: Counter[str] = Counter(one.status for one in closed)
        for status, number in statuses.items():
            metrics.listings_closed.labels(status).inc(number)
        logger.info("listings closed", extra={**statuses})
        _observe_lag(store.engine, closed, metrics)
    return len(closed) == LISTINGS_A_PASS


def relay_events(relay: Relay, metrics: WorkerMetrics, stopping: Callable[[], bool]) -> bool:
    done = relay.run_once(stopping)
    for event_type, number in done.events.items():
        metrics.events_published.labels(event_type).inc(number)
    metrics.publish_failures.inc(done.failures)
    metrics.leases_lost.inc(done.leases_lost)
    return False


def measure_outbox(engine: Engine, metrics: WorkerMetrics) -> bool:
    with engine.begin() as connection:
        waiting, oldest_seconds = measure_backlog(connection)
    metrics.outbox_backlog.set(waiting)
    metrics.outbox_oldest_seconds.set(oldest_seconds)
    return False


def tidy_up(
    engine: Engine, keep_events: timedelta, keep_keys: timedelta, metrics: WorkerMetrics, stopping: Callable[[], bool]
) -> bool:
    for table, purge, keep in (
        ("event_outbox", purge_events, keep_events),
        ("idempotency_keys", purge_keys, keep_keys),
    ):
        deleted = purge(engine, keep, stopping)
        metrics.rows_purged.labels(table).inc(deleted)
        if deleted:
            logger.info("old rows deleted", extra={"table": table, "rows": deleted})
    return False


def _observe_lag(engine: Engine, closed: list[ClosedListing], metrics: WorkerMetrics) -> None:
    closed_at = {one.listing_id: one.closed_at for one in closed}
    with engine.begin() as connection:
        rows = connection.execute(select(Listing.id, Listing.ends_at).where(Listing.id.in_(closed_at))).all()
    for row in rows:
        metrics.close_lag_seconds.observe((closed_at[row.id] - aware(row.ends_at)).total_seconds())
