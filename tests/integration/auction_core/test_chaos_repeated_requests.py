"""A request that is repeated while the first is still on its way gets the answer of the first."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from decimal import Decimal

from auction_core.results import PlacedBid
from auction_core.store import Store
from tests.integration.auction_core.world import World

AT_ONCE = 4
ROUNDS = 25


def test_a_bid_repeated_while_it_is_placed_is_answered_as_the_first(world: World) -> None:
    listing = world.listing()

    def bid(store: Store, number: int) -> PlacedBid:
        return store.place_bid(bidder_id=2, listing_id=listing, amount=Decimal(20 + 20 * number), key=f"bid-{number}")

    for results in _at_once(world, bid):
        assert len({result.model_dump_json() for result in results}) == 1


def test_buying_now_twice_at_once_is_answered_as_the_first(world: World) -> None:
    listings = [world.listing(buy_now_price=Decimal("50.00")) for _ in range(ROUNDS)]

    def buy(store: Store, number: int) -> PlacedBid:
        return store.buy_now(buyer_id=2, listing_id=listings[number], key=f"buy-{number}")

    for results in _at_once(world, buy):
        assert len({result.model_dump_json() for result in results}) == 1


def test_bidding_the_buy_now_price_twice_at_once_is_answered_as_the_first(world: World) -> None:
    listings = [world.listing(buy_now_price=Decimal("50.00")) for _ in range(ROUNDS)]

    def bid(store: Store, number: int) -> PlacedBid:
        return store.place_bid(bidder_id=2, listing_id=listings[number], amount=Decimal(50), key=f"win-{number}")

    for results in _at_once(world, bid):
        assert len({result.model_dump_json() for result in results}) == 1
        assert results[0].won


def _at_once(world: World, write: Callable[[Store, int], PlacedBid]) -> list[list[PlacedBid]]:
    """The results of each round, in which every store carries out the same write at once."""
    barrier = threading.Barrier(AT_ONCE)

    def carry_out(store: Store, number: int) -> PlacedBid:
        barrier.wait(30)
        return write(store, number)

    with ExitStack() as stack:
        stores = [stack.enter_context(Store.open(world.url, clients=1)) for _ in range(AT_ONCE)]
        pool = stack.enter_context(ThreadPoolExecutor(AT_ONCE))
        rounds = []
        for number in range(ROUNDS):
            waiting = [pool.submit(carry_out, store, number) for store in stores]
            rounds.append([each.result() for each in waiting])
        return rounds
