"""Placing bids and buying now, on every engine."""

import itertools
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import insert, select, text, update

from auction_core.bidding import SnipeGuard
from auction_core.clock import Clock
from auction_core.errors import (
    AuctionError,
    BidAboveBuyNow,
    BidTooLow,
    BuyNowUnavailable,
    IdempotencyConflict,
    InvalidRequest,
    ListingClosed,
    ListingNotFound,
    ListingNotOpen,
    SellerCannotBid,
    UserInactive,
    UserNotFound,
)
from auction_core.events import EVENTS
from auction_core.invariants import INVARIANTS
from auction_core.results import PlacedBid
from auction_core.store import Store
from auction_core.tables import Bid, IdempotencyKey, Listing, OutboxEvent, Payment, User
from auction_core.writes.transaction import Rules
from tests.integration.auction_core.world import BUYERS, SELLER, World

USUAL = Rules()
EVENT_TYPES = {event.event_type: event for event in EVENTS}


def place(
    world: World,
    bidder: Any,
    listing: Any,
    amount: Any,
    key: Any,
    *,
    rules: Rules = USUAL,
    clock: Clock | None = None,
) -> PlacedBid:
    value = Decimal(amount) if isinstance(amount, str) else amount
    store = Store(world.engine, rules=rules, clock=clock)
    return store.place_bid(bidder_id=bidder, listing_id=listing, amount=value, key=key)


def buy(world: World, buyer: int, listing: int, key: str) -> PlacedBid:
    return Store(world.engine).buy_now(buyer_id=buyer, listing_id=listing, key=key)


def rows(world: World, query: Any) -> list[Any]:
    with world.engine.begin() as connection:
        return list(connection.execute(query).all())


def written(world: World) -> tuple[int, ...]:
    with world.engine.begin() as connection:
        tables = ("bids", "event_outbox", "idempotency_keys", "payments")
        return tuple(connection.execute(text(f"SELECT COUNT(*) FROM {table}")).scalar_one() for table in tables)


@pytest.fixture(autouse=True)
def all_invariants_hold(world: World) -> Iterator[None]:
    yield
    with world.engine.begin() as connection:
        broken = {rule.name: connection.execute(text(rule.broken)).all() for rule in INVARIANTS}
    assert not {name: ids for name, ids in broken.items() if ids}


def test_a_bid_is_in_the_listing_the_bids_the_outbox_and_under_its_key(world: World) -> None:
    listing = world.listing()
    first = place(world, 2, listing, "12.50", "a")
    second = place(world, 3, listing, "13.00", "b")

    assert (first.bid_count, second.bid_count) == (1, 2)
    assert second.placed_at > first.placed_at
    (row,) = rows(world, select(Listing.__table__))
    assert (row.current_bid, row.highest_bidder_id, row.bid_count) == (Decimal("13.00"), 3, 2)
    assert row.updated_at.replace(tzinfo=UTC) == second.placed_at
    assert row.ends_at.replace(tzinfo=UTC) == second.ends_at
    kept = rows(world, select(IdempotencyKey.result).order_by(IdempotencyKey.actor_id))
    assert [PlacedBid.model_validate_json(each.result) for each in kept] == [first, second]
    assert [(bid.id, bid.amount) for bid in rows(world, select(Bid.__table__).order_by(Bid.id))] == [
        (first.bid_id, Decimal("12.50")),
        (second.bid_id, Decimal("13.00")),
    ]


def test_each_event_reads_back_as_its_class_and_tells_what_the_result_told(world: World) -> None:
    listing = world.listing(buy_now_price=Decimal("50.00"))
    placed = [place(world, 2, listing, "12.50", "a"), place(world, 3, listing, "13", "b"), buy(world, 4, listing, "c")]

    stored = rows(world, select(OutboxEvent.__table__).order_by(OutboxEvent.id))
    assert [row.event_type for row in stored] == [*["bid_placed"] * 3, "listing_closed", "payment_due"]
    for row in stored:
        event = EVENT_TYPES[row.event_type].model_validate(row.payload)
        assert event.model_dump(mode="json") == row.payload
        assert (row.aggregate_type, row.aggregate_id, row.lane) == ("listing", listing, listing % 16)
        assert row.published_at is None
    for row, bid, previous in zip(stored, placed, (None, 2, 3), strict=False):
        payload = json.loads(bid.model_dump_json(include={"bid_id", "bidder_id", "bid_count", "listing_id"}))
        assert payload.items() <= row.payload.items()
        assert row.payload["previous_bidder_id"] == previous
        assert row.occurred_at.replace(tzinfo=UTC) == bid.placed_at


def in_an_hour() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None) + timedelta(minutes=30)


REFUSALS: dict[str, tuple[Callable[[World], dict[str, Any]], int, str, type[AuctionError]]] = {
    "below the start": (lambda _: {}, 2, "9.99", BidTooLow),
    "below the increment": (lambda _: {"current_bid": Decimal("12.00")}, 3, "12.49", BidTooLow),
    "by the seller": (lambda _: {}, SELLER, "12.00", SellerCannotBid),
    "above the buy-now price": (lambda _: {"buy_now_price": Decimal("20.00")}, 2, "20.01", BidAboveBuyNow),
    "on a draft": (lambda _: {"status": "draft"}, 2, "12.00", ListingNotOpen),
    "before the start": (lambda _: {"starts_at": in_an_hour()}, 2, "12.00", ListingNotOpen),
    "after the end": (
        lambda _: {"ends_at": in_an_hour() - timedelta(hours=1)},
        2,
        "12.00",
        ListingClosed,
    ),
    "by nobody": (lambda _: {}, 999, "12.00", UserNotFound),
    "by a closed account": (lambda _: {}, 40, "12.00", UserInactive),
}


def test_each_refusal_says_why_and_writes_nothing(world: World) -> None:
    with world.engine.begin() as connection:
        connection.execute(update(User).where(User.id == 40).values(is_active=False))
    for case, (values, bidder, amount, expected) in REFUSALS.items():
        made = values(world)
        current = made.pop("current_bid", None)
        listing = world.listing(**made)
        if current is not None:
            place(world, 2, listing, str(current), "before")
        before = written(world)
        with pytest.raises(expected) as raised:
            place(world, bidder, listing, amount, "k")
        assert written(world) == before, case
        if isinstance(raised.value, BidTooLow):
            assert str(raised.value.minimum) == ("10.00" if current is None else "12.50")
        if isinstance(raised.value, BidAboveBuyNow):
            assert str(raised.value.buy_now_price) == "20.00"
    with pytest.raises(ListingNotFound):
        place(world, 2, 999_999, "12.00", "k")


@pytest.mark.parametrize("status", ["sold", "unsold", "cancelled"])
def test_a_listing_that_was_closed_takes_no_bid(world: World, status: str) -> None:
    over = datetime.now(UTC).replace(tzinfo=None) - timedelta(minutes=1)
    listing = world.listing(buy_now_price=Decimal("20.00"), ends_at=over)
    if status == "sold":
        with world.engine.begin() as connection:
            connection.execute(insert(Bid), [{"listing_id": listing, "bidder_id": 2, "amount": 15, "placed_at": over}])
    values: dict[str, Any] = {"status": status, "closed_at": over}
    if status == "sold":
        values |= {"current_bid": Decimal(15), "highest_bidder_id": 2, "bid_count": 1}
    with world.engine.begin() as connection:
        connection.execute(update(Listing).where(Listing.id == listing).values(values))
    for amount in ("19.00", "20.00"):
        with pytest.raises(ListingClosed):
            place(world, 3, listing, amount, "k")
    with pytest.raises(ListingClosed):
        buy(world, 3, listing, "k")


def test_a_request_that_is_repeated_gets_its_first_answer_and_changes_nothing(world: World) -> None:
    listing = world.listing(buy_now_price=Decimal("50.00"))
    first = place(world, 2, listing, "12.50", "it's\\1%s")
    place(world, 3, listing, "20.00", "b")
    before = written(world)
    assert place(world, 2, listing, "12.5", "it's\\1%s") == first
    won = place(world, 4, listing, "50.00", "c")
    assert won.won
    assert place(world, 4, listing, "50.00", "c") == won
    assert place(world, 2, listing, "12.50", "it's\\1%s") == first
    assert written(world) == tuple(a + b for a, b in zip(before, (1, 3, 1, 1), strict=True))


def test_a_key_is_its_actors_own_and_good_for_one_request(world: World) -> None:
    listing, other = world.listing(), world.listing()
    place(world, 2, listing, "12.50", "Key")
    for wanted in ((2, listing, "20.00"), (2, other, "12.50"), (2, listing, "9.00")):
        with pytest.raises(IdempotencyConflict):
            place(world, *wanted, "Key")
    place(world, 3, listing, "13.00", "Key")
    place(world, 2, listing, "13.50", "key")
    assert written(world)[0] == 3


def test_a_refusal_is_not_kept_under_its_key(world: World) -> None:
    listing = world.listing()
    with pytest.raises(BidTooLow):
        place(world, 2, listing, "9.00", "k")
    assert place(world, 2, listing, "10.00", "k").bid_count == 1


def test_one_key_from_eight_threads_places_one_bid(world: World) -> None:
    listing, gate = world.listing(), threading.Barrier(8)

    def ask() -> PlacedBid:
        gate.wait()
        return place(world, 2, listing, "12.50", "same")

    with ThreadPoolExecutor(8) as pool:
        answers = [asked.result() for asked in [pool.submit(ask) for _ in range(8)]]
    assert len({answer.bid_id for answer in answers}) == 1
    assert written(world) == (1, 1, 1, 0)


def test_one_key_for_two_listings_at_once_places_one_bid(world: World) -> None:
    listings, gate = [world.listing() for _ in range(6)], threading.Barrier(6)

    def ask(listing: int) -> bool:
        gate.wait()
        try:
            place(world, 2, listing, "12.50", "same")
        except IdempotencyConflict:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(ask, listings)) == [False] * 5 + [True]
    assert written(world) == (1, 1, 1, 0)


def test_many_bidders_on_one_listing_leave_a_rising_row_of_bids(world: World) -> None:
    listing, amounts, lock = world.listing(), itertools.count(10), threading.Lock()
    accepted: list[Decimal] = []

    def bid(bidder: int) -> None:
        for turn in range(6):
            with lock:
                amount = Decimal(next(amounts) * 2)
            try:
                accepted.append(place(world, bidder, listing, amount, f"k{turn}").amount)
            except BidTooLow as refusal:
                assert refusal.minimum > amount

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(bid, list(BUYERS)[:8]))
    (row,) = rows(world, select(Listing.__table__))
    assert row.current_bid == max(accepted)
    assert row.bid_count == len(accepted) == written(world)[0] == written(world)[1]


@pytest.mark.parametrize("by", ["a bid of that price", "buying now"])
def test_the_buy_now_price_ends_the_auction_at_once(world: World, by: str) -> None:
    guard = Rules(sniping=SnipeGuard(timedelta(hours=2), timedelta(hours=2)))
    listing = world.listing(buy_now_price=Decimal("50.00"))
    place(world, 2, listing, "12.50", "a")
    won = buy(world, 3, listing, "b") if by == "buying now" else place(world, 3, listing, "50", "b", rules=guard)

    (row,) = rows(world, select(Listing.__table__))
    (due,) = rows(world, select(Payment.__table__))
    assert (row.status, row.highest_bidder_id, row.current_bid) == ("sold", 3, Decimal("50.00"))
    assert row.closed_at.replace(tzinfo=UTC) == won.placed_at == due.created_at.replace(tzinfo=UTC)
    assert won.won
    assert won.payment_id == due.id
    assert (due.buyer_id, due.amount, due.fee, due.status) == (3, Decimal("50.00"), Decimal("5.00"), "pending")
    with pytest.raises(ListingClosed):
        place(world, 4, listing, "50.00", "c")


def test_a_listing_cannot_be_bought_without_a_price_or_by_its_seller(world: World) -> None:
    listing = world.listing(buy_now_price=Decimal("20.00"))
    with pytest.raises(BuyNowUnavailable):
        buy(world, 2, world.listing(), "a")
    with pytest.raises(SellerCannotBid):
        buy(world, SELLER, listing, "a")
    place(world, 2, listing, "19.90", "b")
    assert buy(world, 3, listing, "c").won


def test_a_late_bid_moves_the_end_only_when_the_rules_say_so(world: World) -> None:
    end = (datetime.now(UTC) + timedelta(minutes=5)).replace(tzinfo=None)
    listing = world.listing(ends_at=end)
    stored = end.replace(tzinfo=UTC)
    early = Rules(sniping=SnipeGuard(timedelta(minutes=1), timedelta(minutes=10)))
    late = Rules(sniping=SnipeGuard(timedelta(minutes=10), timedelta(minutes=10)))
    short = Rules(sniping=SnipeGuard(timedelta(minutes=10), timedelta(seconds=10)))
    assert place(world, 2, listing, "11", "a").ends_at == stored
    assert place(world, 2, listing, "12", "b", rules=early).ends_at == stored
    assert place(world, 2, listing, "13", "c", rules=short).ends_at == stored
    moved = place(world, 2, listing, "14", "d", rules=late)
    assert moved.ends_at == moved.placed_at + timedelta(minutes=10)
    (row,) = rows(world, select(Listing.__table__))
    assert row.ends_at.replace(tzinfo=UTC) == moved.ends_at


def test_a_clock_that_jumps_keeps_the_order_of_bids(world: World) -> None:
    listing = world.listing()
    now = datetime.now(UTC)
    jumps = iter([0, 60, -90, -30, 30, -3_000_000])

    def clock() -> datetime:
        return now + timedelta(seconds=next(jumps))

    placed = [place(world, 2, listing, str(20 + turn * 5), f"k{turn}", clock=clock) for turn in range(5)]
    assert [bid.placed_at for bid in placed] == [now, *[now + timedelta(seconds=60)] * 4]
    assert place(world, 2, listing, "60", "last", clock=clock).placed_at == now + timedelta(seconds=60)


def test_nobody_bids_before_joining_whatever_the_clock_says(world: World) -> None:
    listing = world.listing()
    joined = (datetime.now(UTC) + timedelta(minutes=1)).replace(tzinfo=None)
    with world.engine.begin() as connection:
        connection.execute(update(User).where(User.id == 2).values(created_at=joined))
    assert place(world, 2, listing, "12", "k").placed_at == joined.replace(tzinfo=UTC)


def test_an_increment_of_every_band_counts_and_a_cent_less_does_not(world: World) -> None:
    listing = world.listing(starting_price=Decimal("0.01"))
    least = Decimal("0.01")
    for turn, floor in enumerate(
        ("0.98", "4.90", "24.60", "99.50", "249.00", "499.00", "995.00", "2499.99", "4999.99")
    ):
        place(world, 2, listing, floor, f"a{turn}")
        with pytest.raises(BidTooLow) as raised:
            place(world, 3, listing, least, f"b{turn}")
        least = raised.value.minimum
        with pytest.raises(BidTooLow):
            place(world, 3, listing, least - Decimal("0.01"), f"c{turn}")
        place(world, 3, listing, least, f"d{turn}")


def test_an_id_of_another_kind_is_refused(world: World) -> None:
    listing = world.listing()
    for wrong in (True, "2", 2.0, 0, -1, 2**31, None, 10**30):
        with pytest.raises(InvalidRequest, match="bidder_id"):
            place(world, wrong, listing, "12", "k")
        with pytest.raises(InvalidRequest, match="listing_id"):
            place(world, 2, wrong, "12", "k")
        with pytest.raises(InvalidRequest):
            buy(world, 2, wrong, "k")  # type: ignore[arg-type]


def test_an_amount_or_a_key_of_another_kind_is_refused(world: World) -> None:
    listing = world.listing()
    for amount in (12, 12.5, None, Decimal("NaN"), Decimal("-Infinity"), Decimal("12.345"), Decimal("1e12")):
        with pytest.raises(InvalidRequest, match="amount"):
            place(world, 2, listing, amount, "k")
    for key in ("", " ", "a b", "é", "x" * 65, None, 7, "a\n"):
        with pytest.raises(InvalidRequest, match="idempotency key"):
            place(world, 2, listing, "12", key)


def test_the_largest_amount_is_kept_to_the_cent(world: World) -> None:
    listing = world.listing()
    placed = place(world, 2, listing, "9999999999.99", "k")
    assert place(world, 2, listing, "9999999999.99", "k") == placed
    with pytest.raises(BidTooLow) as raised:
        place(world, 3, listing, "9999999999.99", "l")
    assert raised.value.minimum == Decimal("10000000099.99")


@pytest.mark.parametrize("key", ["it's", 'a"b', "back\\", "\\'", "%s%(x)d%", "');--", "x'41'", "~" * 64])
def test_a_key_is_kept_as_it_is_whatever_it_would_mean_in_sql(world: World, key: str) -> None:
    listing = world.listing()
    placed = place(world, 2, listing, "12", key)
    assert place(world, 2, listing, "12", key) == placed
    assert [row.idempotency_key for row in rows(world, select(IdempotencyKey.idempotency_key))] == [key]
    with pytest.raises(IdempotencyConflict):
        place(world, 2, listing, "13", key)


def test_the_next_statement_of_a_connection_is_not_answered_with_the_rest_of_a_bid(world: World) -> None:
    listing = world.listing()
    for turn in range(3):
        place(world, 2, listing, str(12 + turn), f"k{turn}")
        with pytest.raises(BidTooLow):
            place(world, 3, listing, "12", f"l{turn}")
        assert rows(world, select(Listing.bid_count)) == [(turn + 1,)]
