"""Whatever users do in whatever order: the invariants hold, refusals leave no trace, and repeating changes nothing."""

import tempfile
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from auction_core.errors import WriteRefused
from auction_core.results import Result
from auction_core.store import Store
from tests.integration.auction_core.evidence import assert_invariants, contents, events_of, sqlite_world
from tests.integration.auction_core.world import CATEGORY

USERS = st.integers(1, 4)
WHICH = st.integers(0, 3)  # of the listings, the oldest first
PRICES = st.sampled_from(["1.00", "1.25", "5.00", "7.50", "20.00", "0.00"])
OPERATIONS = st.one_of(
    st.tuples(st.just("open"), USERS, PRICES, st.sampled_from([None, "5.00"]), st.sampled_from([None, "7.50"])),
    st.tuples(st.just("bid"), USERS, WHICH, PRICES),
    st.tuples(st.just("bid"), USERS, WHICH, PRICES),
    st.tuples(st.just("buy_now"), USERS, WHICH),
    st.tuples(st.just("cancel"), USERS, WHICH),
    st.tuples(st.just("pay"), USERS, WHICH, st.sampled_from(["paid", "failed", "refunded"])),
    st.tuples(st.just("comment"), USERS, WHICH),
    st.tuples(st.just("watch"), USERS, WHICH),
    st.tuples(st.just("unwatch"), USERS, WHICH),
    st.tuples(st.just("review"), USERS, WHICH),
    st.tuples(st.just("pass"), st.integers(-20, 60)),  # minutes; clocks go back too
    st.tuples(st.just("close")),
)


@dataclass
class Play:
    store: Store
    now: datetime = datetime(2025, 6, 1, 12, tzinfo=UTC)
    listings: list[int] = field(default_factory=list)
    closed: list[int] = field(default_factory=list)

    def write(self, key: str, name: str, *given: Any) -> Callable[[], Result | None]:
        if name == "open":
            seller, price, reserve, buy_now = given
            return lambda: self.store.open_listing(
                seller_id=seller,
                category_id=CATEGORY,
                title="Lamp",
                description="",
                item_condition="fair",
                starting_price=Decimal(price),
                reserve_price=None if reserve is None else Decimal(reserve),
                buy_now_price=None if buy_now is None else Decimal(buy_now),
                ends_at=self.now + timedelta(hours=1),
                key=key,
            )
        user, which, *rest = given
        listing = self.listings[which] if which < len(self.listings) else 999
        writes: dict[str, Callable[[], Result]] = {
            "bid": lambda: self.store.place_bid(bidder_id=user, listing_id=listing, amount=Decimal(rest[0]), key=key),
            "buy_now": lambda: self.store.buy_now(buyer_id=user, listing_id=listing, key=key),
            "cancel": lambda: self.store.cancel_listing(seller_id=user, listing_id=listing, key=key),
            "pay": lambda: self.store.record_payment(user_id=user, listing_id=listing, status=rest[0], key=key),
            "comment": lambda: self.store.add_comment(user_id=user, listing_id=listing, body="Nice", key=key),
            "watch": lambda: self.store.watch(user_id=user, listing_id=listing, key=key),
            "unwatch": lambda: self.store.unwatch(user_id=user, listing_id=listing, key=key),
            "review": lambda: self.store.leave_review(reviewer_id=user, listing_id=listing, rating=5, body="", key=key),
        }
        return writes[name]

    def do(self, number: int, name: str, *given: Any) -> None:
        if name == "pass":
            self.now += timedelta(minutes=given[0])
            return
        if name == "close":
            self.closed += [one.listing_id for one in self.store.close_due_listings()]
            return
        engine = self.store.engine
        write = self.write(f"key-{number}", name, *given)
        before = contents(engine)
        try:
            result = write()
        except WriteRefused:
            assert contents(engine) == before
            return
        after = contents(engine)
        assert write() == result
        assert contents(engine) == after
        if name == "open":
            self.listings.append(result.listing_id)


@settings(max_examples=25, deadline=None)
@given(st.lists(OPERATIONS, min_size=10, max_size=30))
def test_random_users_break_no_invariant(operations: list[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = sqlite_world(Path(folder))
        play = Play(Store(world.engine))
        play.store.clock = lambda: play.now
        for number, operation in enumerate([("open", 1, "1.00", None, "7.50"), *operations, ("close",)]):
            play.do(number, *operation)
        assert_invariants(world.engine)
        _assert_told_in_order(events_of(world.engine), play)
        world.engine.dispose()


def _assert_told_in_order(events: list[Any], play: Play) -> None:
    """Each listing's events tell a life: opened, bids, one end, then its payment."""
    lives: dict[int, list[str]] = defaultdict(list)
    for event in events:
        if event.aggregate_type == "listing":
            lives[event.listing_id].append(event.event_type)
    assert sorted(lives) == play.listings
    for listing_id, life in lives.items():
        bids = life.count("bid_placed")
        assert life[: bids + 1] == ["listing_opened", *["bid_placed"] * bids]
        ending = life[bids + 1 :]
        assert play.closed.count(listing_id) <= 1
        if "payment_due" in ending:
            assert ending[:2] == ["listing_closed", "payment_due"]
            assert set(ending[2:]) <= {"payment_recorded"}
        else:
            assert ending in ([], ["listing_closed"], ["listing_cancelled"])
