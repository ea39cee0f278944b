"""The throw-away rows that a load test works on: made before it, removed after it, recognisable in between.

Users are called `load_test_<run>_<number>`, the two categories `Load test <run>` and `Load test <run> lots`. Everything
else hangs on them: listings by their seller, and the rest by listing or bidder. No other row is changed.
"""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Engine, and_, delete, func, insert, select
from sqlalchemy.exc import DBAPIError

from auction_core.check import require_tables
from auction_core.clock import naive
from auction_core.database import describe, open_existing, open_for_writing, parse_url
from auction_core.errors import DatabaseUnreachable
from auction_core.load_test.plan import Plan
from auction_core.tables import (
    Bid,
    Category,
    Comment,
    IdempotencyKey,
    Listing,
    OutboxEvent,
    Payment,
    Review,
    User,
    Watch,
)

USERNAME = "load_test_"
CATEGORY = "Load test "
STARTING_PRICE = Decimal("1.00")
# No closer touches the listings while the load lasts.
OPEN_FOR = timedelta(days=2)
# Far more than the clocks of this machine and of the database differ by.
LEEWAY = timedelta(hours=1)
# A bid of a client that was killed may still arrive while its rows are being removed.
REMOVALS = 5


@dataclass(frozen=True, slots=True)
class Stage:
    """`outbox_before` is the highest id that event_outbox had before the run."""

    run: str
    seller_id: int
    bidder_ids: tuple[int, ...]
    category_ids: tuple[int, int]
    hot_ids: tuple[int, ...]
    spread_ids: tuple[int, ...]
    outbox_before: int

    @property
    def listing_ids(self) -> tuple[int, ...]:
        return self.hot_ids + self.spread_ids

    @property
    def user_ids(self) -> tuple[int, ...]:
        return (self.seller_id, *self.bidder_ids)


@contextmanager
def staged(plan: Plan) -> Iterator[Stage]:
    """Raises DatabaseUnreachable, also when the rows could not be removed; they then wait for `remove_leftovers`."""
    with _writing(plan.url) as engine:
        with engine.begin() as connection:
            require_tables(connection)
            stage = build_stage(connection, plan)
        try:
            yield stage
        finally:
            if not plan.keep:
                _remove(engine, stage.user_ids, stage.category_ids, stage.outbox_before)


def build_stage(connection: Connection, plan: Plan) -> Stage:
    run = uuid.uuid4().hex[:8]
    now = naive(datetime.now(UTC))
    before = connection.execute(select(func.coalesce(func.max(OutboxEvent.id), 0))).scalar_one()
    connection.execute(insert(User), [_user(run, number, now) for number in range(plan.clients + 1)])
    named = select(User.id).where(User.username.startswith(f"{USERNAME}{run}_", autoescape=True)).order_by(User.id)
    seller, *bidders = connection.execute(named).scalars()
    parent = _inserted(connection, Category, name=f"{CATEGORY}{run}", parent_id=None)
    child = _inserted(connection, Category, name=f"{CATEGORY}{run} lots", parent_id=parent)
    lots = [_listing(seller, child, number, now) for number in range(plan.hot + plan.spread)]
    connection.execute(insert(Listing), lots)
    listings = connection.execute(select(Listing.id).where(Listing.seller_id == seller).order_by(Listing.id)).scalars()
    ids = tuple(listings)
    return Stage(run, seller, tuple(bidders), (parent, child), ids[: plan.hot], ids[plan.hot :], before)


def remove_leftovers(url: str) -> int:
    """Removes the rows of all earlier runs that were kept or could not be removed; returns how many runs' users it met.

    A run that is under way would lose its rows. Raises DatabaseUnreachable.
    """
    with _writing(url) as engine:
        with engine.begin() as connection:
            require_tables(connection)
            users = connection.execute(
                select(User.id, User.username).where(User.username.startswith(USERNAME, autoescape=True))
            ).all()
            categories = connection.execute(
                select(Category.id)
                .where(Category.name.startswith(CATEGORY, autoescape=True))
                .order_by(Category.parent_id.is_not(None))
            ).scalars()
            category_ids = tuple(categories)
        _remove(engine, tuple(row.id for row in users), category_ids, 0)
    return len({row.username.split("_")[2] for row in users})


@contextmanager
def _writing(url: str) -> Iterator[Engine]:
    parsed = parse_url(url)
    open_existing(parsed).dispose()  # a clear error, and no new file, when there is no database
    engine = open_for_writing(parsed, clients=1)
    try:
        yield engine
    except DBAPIError as error:
        kind = type(error.orig).__name__
        raise DatabaseUnreachable(f"The rows of the load test: the {describe(parsed)} failed ({kind}).") from None
    finally:
        engine.dispose()


def _remove(engine: Engine, users: tuple[int, ...], categories: tuple[int, ...], outbox_before: int) -> None:
    for attempt in range(REMOVALS):
        try:
            with engine.begin() as connection:
                _delete(connection, users, categories, outbox_before)
            return
        except DBAPIError:
            if attempt == REMOVALS - 1:
                raise
            time.sleep(1)


def _delete(connection: Connection, users: tuple[int, ...], categories: tuple[int, ...], outbox_before: int) -> None:
    """Locks the listings first, as every write does."""
    listings = tuple(
        connection.execute(select(Listing.id).where(Listing.seller_id.in_(users)).with_for_update()).scalars()
    )
    events = (OutboxEvent.id > outbox_before, OutboxEvent.aggregate_type == "listing")
    connection.execute(delete(OutboxEvent).where(and_(*events, OutboxEvent.aggregate_id.in_(listings))))
    for table in (Bid, Comment, Watch, Payment, Review):
        connection.execute(delete(table).where(table.listing_id.in_(listings)))
    connection.execute(delete(IdempotencyKey).where(IdempotencyKey.actor_id.in_(users)))
    connection.execute(delete(Listing).where(Listing.id.in_(listings)))
    for category in reversed(categories):  # children first
        connection.execute(delete(Category).where(Category.id == category))
    connection.execute(delete(User).where(User.id.in_(users)))


def _inserted(connection: Connection, table: type[Category], **values: Any) -> int:
    (key,) = connection.execute(insert(table).values(values)).inserted_primary_key or (0,)
    return int(key)


def _user(run: str, number: int, now: datetime) -> dict[str, Any]:
    name = f"{USERNAME}{run}_{number}"
    return {
        "username": name,
        "email": f"{name}@example.org",
        "password_hash": "!",  # no password has this hash: nobody can log in
        "full_name": "Load test",
        "country": "DE",
        "created_at": now - 3 * LEEWAY,
        "last_seen_at": now - 3 * LEEWAY,
        "is_active": True,
    }


def _listing(seller: int, category: int, number: int, now: datetime) -> dict[str, Any]:
    return {
        "seller_id": seller,
        "category_id": category,
        "title": f"Load test lot {number}",
        "description": "Made by a load test and removed after it.",
        "item_condition": "new",
        "starting_price": STARTING_PRICE,
        "bid_count": 0,
        "status": "active",
        "created_at": now - 2 * LEEWAY,
        "starts_at": now - LEEWAY,
        "ends_at": now + OPEN_FOR,
    }
