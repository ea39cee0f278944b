"""Watchlists."""

from concurrent.futures import ThreadPoolExecutor, wait
from decimal import Decimal

import pytest
from sqlalchemy import func, select, update

from auction_core.errors import IdempotencyConflict, ListingNotFound, UserInactive, UserNotFound
from auction_core.events import WatchStarted, WatchStopped
from auction_core.results import Watching
from auction_core.store import Store
from auction_core.tables import IdempotencyKey, Listing, User, Watch
from auction_core.writes import transact
from tests.integration.auction_core.evidence import (
    assert_invariants,
    contents,
    event_types,
    events_of,
    nothing_written,
    refusal,
)
from tests.integration.auction_core.world import World


def test_watching_twice_is_watching_once(world: World) -> None:
    listing_id = world.listing()
    store = Store(world.engine)
    watching, stopped = Watching(listing_id=listing_id, watching=True), Watching(listing_id=listing_id, watching=False)
    assert store.watch(user_id=2, listing_id=listing_id, key="watch-1") == watching
    before = contents(world.engine)
    assert store.watch(user_id=2, listing_id=listing_id, key="watch-2") == watching
    assert contents(world.engine) | {IdempotencyKey.__tablename__: set()} == before | {
        IdempotencyKey.__tablename__: set()
    }
    assert store.unwatch(user_id=2, listing_id=listing_id, key="stop-1") == stopped
    assert store.unwatch(user_id=2, listing_id=listing_id, key="stop-2") == stopped
    with nothing_written(world.engine):  # the first request, repeated late: not watched again
        assert store.watch(user_id=2, listing_id=listing_id, key="watch-1") == watching
    assert store.watch(user_id=2, listing_id=listing_id, key="watch-3") == watching
    events = events_of(world.engine)
    assert [type(event) for event in events] == [WatchStarted, WatchStopped, WatchStarted]
    assert {(event.user_id, event.listing_id) for event in events} == {(2, listing_id)}
    refusal(world.engine, IdempotencyConflict, lambda: store.unwatch(user_id=2, listing_id=listing_id, key="watch-1"))
    assert_invariants(world.engine)


@pytest.mark.parametrize("do", ["watch", "unwatch"])
def test_watching_needs_a_listing_and_an_active_user(world: World, do: str) -> None:
    listing_id = world.listing()
    write = getattr(Store(world.engine), do)
    with world.engine.begin() as connection:
        connection.execute(update(User).where(User.id == 5).values(is_active=False))
    for kind, user_id, where in (
        (ListingNotFound, 2, 999_999),
        (UserNotFound, 999_999, listing_id),
        (UserInactive, 5, listing_id),
    ):
        refusal(world.engine, kind, lambda u=user_id, w=where: write(user_id=u, listing_id=w, key="k"))


def test_a_draft_is_watched_by_its_seller_only(world: World) -> None:
    draft = world.listing(status="draft")
    store = Store(world.engine)
    refusal(world.engine, ListingNotFound, lambda: store.watch(user_id=2, listing_id=draft, key="k"))
    assert store.watch(user_id=1, listing_id=draft, key="k").watching


def test_watchers_bidders_and_commenters_of_one_listing_never_deadlock(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of the writes also locks the user that the others lock, through a foreign key or by itself."""
    pauses: list[int] = []
    monkeypatch.setattr(transact, "_pause", pauses.append)
    listing_id = world.listing()
    store = Store(world.engine)

    def be_busy(thread: int, user_id: int) -> None:
        for turn in range(6):
            key = f"{thread}-{turn}"
            store.watch(user_id=user_id, listing_id=listing_id, key=f"w-{key}")
            store.add_comment(user_id=user_id, listing_id=listing_id, body="Nice", key=f"c-{key}")
            store.unwatch(user_id=user_id, listing_id=listing_id, key=f"u-{key}")

    def bid() -> None:
        for turn in range(18):
            store.place_bid(bidder_id=2, listing_id=listing_id, amount=Decimal(10 + turn), key=f"b-{turn}")

    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(bid), *(pool.submit(be_busy, thread, 2 + thread % 2) for thread in range(3))]
        for call in calls:
            call.result()
    assert pauses == []
    types = event_types(world.engine)
    assert (types.count("bid_placed"), types.count("comment_added")) == (18, 18)
    for user_id in (2, 3):
        mine = [e.event_type for e in events_of(world.engine) if e.aggregate_type == "user" and e.user_id == user_id]
        assert mine == ["watch_started", "watch_stopped"] * (len(mine) // 2)
    with world.engine.begin() as connection:
        assert connection.scalar(select(func.count()).select_from(Watch)) == 0
    assert_invariants(world.engine)


@pytest.mark.parametrize("server", ["mysql_world", "postgres_world"])
@pytest.mark.parametrize("do", ["watch", "unwatch", "add_comment"])
def test_the_listing_is_locked_before_the_user(server: str, do: str, request: pytest.FixtureRequest) -> None:
    """While a write waits for the listing, whoever holds the listing can have the user."""
    world: World = request.getfixturevalue(server)
    listing_id = world.listing()
    more = {"body": "Nice"} if do == "add_comment" else {}
    write = getattr(Store(world.engine), do)
    with ThreadPoolExecutor(1) as pool:
        with world.engine.begin() as holder:
            holder.execute(select(Listing.id).where(Listing.id == listing_id).with_for_update())
            waiting = pool.submit(write, user_id=2, listing_id=listing_id, key="wait", **more)
            # Long enough for a write to come to its first lock; if it does not, the test shows less, but is not red.
            assert not wait([waiting], timeout=0.3).done
            holder.execute(select(User.id).where(User.id == 2).with_for_update(nowait=True))
        assert waiting.result().listing_id == listing_id
