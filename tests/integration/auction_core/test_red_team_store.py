"""What somebody tries on the store who means harm, and what happens by bad luck at the worst moment."""

import signal
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from auction_core.check import find_violations
from auction_core.errors import BidTooLow, DatabaseUnreachable
from auction_core.invariants import INVARIANTS
from auction_core.migrations.run import migrate
from auction_core.reading import listing_page
from auction_core.store import Store
from tests.integration.auction_core.world import World, make_world


class Interrupted(Exception):
    """Raised by a signal's handler, in the middle of whatever there is."""


@pytest.fixture(params=["mysql", "postgres"])
def single(request: pytest.FixtureRequest) -> Iterator[World]:
    """An auction with one connection, so that the next write meets what the last one left."""
    made = make_world(request.getfixturevalue(f"{request.param}_url"), clients=1)
    yield made
    made.engine.dispose()


@pytest.fixture
def interrupt_soon() -> Iterator[Callable[[], None]]:
    def interrupt(number: int, frame: object) -> None:
        raise Interrupted

    before = signal.signal(signal.SIGALRM, interrupt)
    yield lambda: signal.setitimer(signal.ITIMER_REAL, 0.3) and None
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


WRITES: dict[str, Callable[[Store, int], object]] = {
    "bid": lambda store, listing: store.place_bid(bidder_id=2, listing_id=listing, amount=Decimal(20), key="bid"),
    "comment": lambda store, listing: store.add_comment(user_id=2, listing_id=listing, body="Hm.", key="comment"),
}


@pytest.mark.parametrize("write", WRITES)
def test_an_interrupt_while_waiting_is_passed_on_and_leaves_a_usable_connection(
    single: World, interrupt_soon: Callable[[], None], write: str
) -> None:
    store, listing = Store(single.engine), single.listing()
    store.watch(user_id=3, listing_id=listing, key="first")
    other = create_engine(single.url)
    with other.begin() as holder:
        holder.execute(text(f"SELECT id FROM listings WHERE id = {listing} FOR UPDATE"))
        interrupt_soon()
        with pytest.raises(Interrupted):
            WRITES[write](store, listing)
    other.dispose()
    first, again = WRITES[write](store, listing), WRITES[write](store, listing)
    assert first == again


def test_a_damaged_file_is_not_taken_for_one_in_use(tmp_path: Path) -> None:
    file = tmp_path / "auction.db"
    migrate(f"sqlite:///{file}", "head")
    file.write_bytes(file.read_bytes()[:20_000])
    with pytest.raises(DatabaseUnreachable, match="damaged"):
        migrate(f"sqlite:///{file}", "head")


@pytest.mark.parametrize("way", ["bid", "buy"])
def test_a_bid_just_below_the_buy_now_price_keeps_nobody_from_the_listing(world: World, way: str) -> None:
    store, price = Store(world.engine), Decimal("20.00")
    listing = world.listing(buy_now_price=price, reserve_price=price)
    store.place_bid(bidder_id=2, listing_id=listing, amount=Decimal("19.99"), key="near")
    with pytest.raises(BidTooLow) as raised:
        store.place_bid(bidder_id=4, listing_id=listing, amount=Decimal("19.99"), key="low")
    assert raised.value.minimum == price
    with world.engine.connect() as connection:
        seen = listing_page(connection, listing)
        connection.rollback()
    assert (seen.minimum_next_bid, seen.can_buy_now) == (price, True)
    if way == "bid":
        assert store.place_bid(bidder_id=3, listing_id=listing, amount=price, key="last").won
    else:
        assert store.buy_now(buyer_id=3, listing_id=listing, key="last").won
    with world.engine.connect() as connection:
        assert sum(find_violations(connection, invariant).violations for invariant in INVARIANTS) == 0
        connection.rollback()
