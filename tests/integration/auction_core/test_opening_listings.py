"""Opening and cancelling listings, on each engine."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import update

from auction_core.errors import (
    CategoryNotFound,
    IdempotencyConflict,
    InvalidRequest,
    ListingClosed,
    ListingHasBids,
    ListingNotFound,
    NotYourListing,
    UserInactive,
    UserNotFound,
)
from auction_core.events import ListingCancelled, ListingOpened
from auction_core.store import Store
from auction_core.tables import Listing, User
from tests.integration.auction_core.evidence import (
    assert_invariants,
    event_types,
    events_of,
    nothing_written,
    refusal,
    row_of,
    sqlite_world,
)
from tests.integration.auction_core.world import BUYERS, CATEGORY, SELLER, World

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
WATCH = {
    "seller_id": SELLER,
    "category_id": CATEGORY,
    "title": "Vintage steel watch",
    "description": "Runs well.\nWith box.",
    "item_condition": "good",
    "starting_price": Decimal("10"),
    "ends_at": NOON + timedelta(days=7),
}


def at(world: World, moment: datetime) -> Store:
    return Store(world.engine, clock=lambda: moment)


def open_one(store: Store, **other: Any) -> int:
    return store.open_listing(**(WATCH | {"key": str(uuid4())} | other)).listing_id


def test_a_listing_opens_with_what_its_seller_wrote(world: World) -> None:
    store = at(world, NOON)
    title = "\U0001f9ff ساعة \U0001d518 עתיק"  # emoji, right-to-left letters, four bytes in UTF-8
    away = timezone(timedelta(hours=-5))
    opened = store.open_listing(
        **WATCH
        | {
            "title": f"  {title}\t",
            "starts_at": (NOON + timedelta(hours=1)).astimezone(away),
            "reserve_price": Decimal("20.5"),
            "buy_now_price": Decimal("40.00"),
        },
        key="open",
    )
    row = row_of(world.engine, Listing, id=opened.listing_id)
    assert (row.title, row.description, row.status) == (title, "Runs well.\nWith box.", "active")
    assert (row.starting_price, row.reserve_price, row.buy_now_price) == (
        Decimal("10.00"),
        Decimal("20.50"),
        Decimal("40.00"),
    )
    assert (row.current_bid, row.bid_count, row.closed_at) == (None, 0, None)
    assert row.created_at.replace(tzinfo=UTC) == NOON
    assert row.starts_at.replace(tzinfo=UTC) == opened.starts_at == NOON + timedelta(hours=1)
    assert row.ends_at.replace(tzinfo=UTC) == opened.ends_at == WATCH["ends_at"]
    assert opened.minimum_bid == Decimal("10.00")
    assert events_of(world.engine) == [
        ListingOpened(
            listing_id=opened.listing_id,
            seller_id=SELLER,
            category_id=CATEGORY,
            title=title,
            starting_price=Decimal("10.00"),
            buy_now_price=Decimal("40.00"),
            starts_at=opened.starts_at,
            ends_at=opened.ends_at,
        )
    ]
    with nothing_written(world.engine):
        again = store.open_listing(
            **WATCH
            | {
                "title": title,
                "starts_at": NOON + timedelta(hours=1),
                "reserve_price": Decimal("20.50"),
                "buy_now_price": Decimal("40"),
            },
            key="open",
        )
    assert again == opened
    refusal(world.engine, IdempotencyConflict, lambda: open_one(store, key="open", title="Another"))
    assert_invariants(world.engine)


def test_a_seller_and_a_category_must_be_there(world: World) -> None:
    store = at(world, NOON)
    with world.engine.begin() as connection:
        connection.execute(update(User).where(User.id == 2).values(is_active=False))
    refusal(world.engine, UserNotFound, lambda: open_one(store, seller_id=999))
    refusal(world.engine, UserInactive, lambda: open_one(store, seller_id=2))
    refusal(world.engine, CategoryNotFound, lambda: open_one(store, category_id=999))
    refusal(world.engine, CategoryNotFound, lambda: open_one(store, category_id=1))  # top level


def test_a_listing_opens_at_once_when_its_start_is_a_moment_ago(world: World) -> None:
    store = at(world, NOON)
    opened = store.open_listing(**WATCH | {"starts_at": NOON - timedelta(seconds=59)}, key="late")
    assert opened.starts_at == NOON
    assert store.open_listing(**WATCH, key="now").starts_at == NOON


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("starts_at", {"starts_at": NOON - timedelta(seconds=61)}),
        ("starts_at", {"starts_at": NOON + timedelta(days=91), "ends_at": NOON + timedelta(days=92)}),
        ("ends_at", {"ends_at": NOON + timedelta(seconds=59)}),
        ("ends_at", {"ends_at": NOON - timedelta(days=1)}),
        ("ends_at", {"ends_at": NOON + timedelta(days=90, microseconds=1)}),
    ],
)
def test_the_open_time_has_bounds(tmp_path: Path, field: str, values: dict[str, Any]) -> None:
    world = sqlite_world(tmp_path)
    assert refusal(world.engine, InvalidRequest, lambda: open_one(at(world, NOON), **values)).field == field


def test_open_times_at_the_bounds_are_fine(tmp_path: Path) -> None:
    store = at(sqlite_world(tmp_path), NOON)
    assert open_one(store, ends_at=NOON + timedelta(minutes=1)) < open_one(store, ends_at=NOON + timedelta(days=90))


def test_a_listing_is_cancelled_once_and_by_its_seller_only(world: World) -> None:
    store = at(world, NOON)
    listing_id = open_one(store)
    for stranger in (BUYERS[0], 999):
        refusal(
            world.engine,
            NotYourListing,
            lambda who=stranger: store.cancel_listing(seller_id=who, listing_id=listing_id, key="stranger"),
        )
    refusal(
        world.engine, ListingNotFound, lambda: store.cancel_listing(seller_id=SELLER, listing_id=999_999, key="none")
    )
    cancelled = store.cancel_listing(seller_id=SELLER, listing_id=listing_id, key="cancel")
    row = row_of(world.engine, Listing, id=listing_id)
    assert row.status == "cancelled"
    assert row.closed_at == row.updated_at == NOON.replace(tzinfo=None)
    assert cancelled.closed_at == NOON
    assert events_of(world.engine)[-1] == ListingCancelled(listing_id=listing_id, closed_at=NOON)
    with nothing_written(world.engine):
        assert store.cancel_listing(seller_id=SELLER, listing_id=listing_id, key="cancel") == cancelled
    refusal(
        world.engine, ListingClosed, lambda: store.cancel_listing(seller_id=SELLER, listing_id=listing_id, key="again")
    )
    assert event_types(world.engine) == ["listing_opened", "listing_cancelled"]
    assert_invariants(world.engine)


def test_a_listing_is_cancelled_before_its_start_but_not_after_its_end(world: World) -> None:
    early = open_one(at(world, NOON), starts_at=NOON + timedelta(days=1))
    late = open_one(at(world, NOON))
    assert at(world, NOON).cancel_listing(seller_id=SELLER, listing_id=early, key="early").closed_at == NOON
    ended = at(world, WATCH["ends_at"])
    refusal(world.engine, ListingClosed, lambda: ended.cancel_listing(seller_id=SELLER, listing_id=late, key="late"))
    assert_invariants(world.engine)


def test_a_listing_with_a_bid_is_not_cancelled(world: World) -> None:
    store = Store(world.engine)
    listing_id = world.listing()
    store.place_bid(bidder_id=2, listing_id=listing_id, amount=Decimal("10.00"), key="bid")
    refusal(
        world.engine,
        ListingHasBids,
        lambda: store.cancel_listing(seller_id=SELLER, listing_id=listing_id, key="cancel"),
    )


def test_a_clock_that_went_back_does_not_take_a_listing_back(world: World) -> None:
    listing_id = open_one(at(world, NOON))
    earlier = at(world, NOON - timedelta(hours=3))
    assert earlier.cancel_listing(seller_id=SELLER, listing_id=listing_id, key="cancel").closed_at == NOON


@pytest.mark.parametrize("wrong", [0, -1, 2**31, True, "1", 1.0, None])
def test_an_id_is_a_whole_number_that_a_row_can_have(tmp_path: Path, wrong: Any) -> None:
    world = sqlite_world(tmp_path)
    store = Store(world.engine)
    for field, write in {
        "seller_id": lambda: open_one(store, seller_id=wrong),
        "category_id": lambda: open_one(store, category_id=wrong),
        "listing_id": lambda: store.cancel_listing(seller_id=1, listing_id=wrong, key="k"),
        "user_id": lambda: store.add_comment(user_id=wrong, listing_id=1, body="Hello", key="k"),
        "reviewer_id": lambda: store.leave_review(reviewer_id=wrong, listing_id=1, rating=5, body="", key="k"),
    }.items():
        assert refusal(world.engine, InvalidRequest, write).field == field
    for write in (
        lambda: store.watch(user_id=1, listing_id=wrong, key="k"),
        lambda: store.unwatch(user_id=wrong, listing_id=1, key="k"),
        lambda: store.record_payment(user_id=wrong, listing_id=1, key="k"),
        lambda: store.buy_now(buyer_id=wrong, listing_id=1, key="k"),
    ):
        refusal(world.engine, InvalidRequest, write)
