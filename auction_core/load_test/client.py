"""One client: bids, some of them wrong on purpose, and notes what it asked and what it was told.

It knows of a price only what a bidder knows: the least bid that it was told when one of its bids was too low, and its
own bids. Some of its requests are repeated with the same key, as a browser or a proxy repeats them.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from auction_core.bidding import increment_cents
from auction_core.errors import AuctionError, BidTooLow
from auction_core.load_test.ledger import ACCEPTED, BUSY, FOREIGN_ERROR, UNSURE, LedgerWriter, Placed, Request
from auction_core.money import to_cents, to_euros
from auction_core.results import PlacedBid

FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 0.5
REMEMBERED = 20


class Bids(Protocol):
    """What a client needs of `auction_core.store.Store`."""

    def place_bid(self, *, bidder_id: int, listing_id: int, amount: Decimal, key: str) -> PlacedBid: ...


@dataclass(frozen=True, slots=True)
class Part:
    """A client's part in the run. `name` is unique within it, for keys; `minimum_cents` opens every listing."""

    name: str
    bidder_id: int
    seller_id: int
    hot_ids: tuple[int, ...]
    spread_ids: tuple[int, ...]
    minimum_cents: int


class Client:
    def __init__(self, part: Part, bids: Bids, ledger: LedgerWriter, dice: random.Random) -> None:
        self._part = part
        self._bids = bids
        self._ledger = ledger
        self._dice = dice
        self._minimum: dict[int, int] = {}
        self._placed: list[Request] = []
        self._keys = 0

    def work(self, go_on: Callable[[], bool]) -> None:
        """One request after the other while `go_on()`."""
        habits, weights = zip(*HABITS, strict=True)
        while go_on():
            (habit,) = self._dice.choices(habits, weights)
            self.settle(habit(self), go_on)

    def settle(self, request: Request, go_on: Callable[[], bool]) -> str:
        """Sends the request, and again with the same key until its outcome is known. Returns the last outcome."""
        pause = FIRST_PAUSE_SECONDS
        while True:
            outcome = self._send(request)
            if outcome not in UNSURE | BUSY or outcome == FOREIGN_ERROR or not go_on():
                return outcome
            time.sleep(self._dice.uniform(0, pause))
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    def bid(self) -> Request:
        """At the least that counts, or a few increments above it."""
        listing = self._any_listing()
        minimum = self._known_minimum(listing)
        jump = self._dice.choice((0, 0, 0, 1, 3))
        return self._request(listing, minimum + jump * increment_cents(minimum))

    def bid_too_low(self) -> Request:
        listing = self._any_listing()
        return self._request(listing, max(1, self._known_minimum(listing) - self._dice.randint(1, 100)))

    def bid_on_own_listing(self) -> Request:
        listing = self._any_listing()
        return Request(self._part.seller_id, self._new_key(), listing, self._known_minimum(listing) * 2)

    def repeat(self) -> Request:
        return self._dice.choice(self._placed) if self._placed else self.bid()

    def misuse_key(self) -> Request:
        """An old key with another amount."""
        if not self._placed:
            return self.bid()
        old = self._dice.choice(self._placed)
        return Request(old.bidder_id, old.key, old.listing_id, self._known_minimum(old.listing_id) + 1_00)

    def _send(self, request: Request) -> str:
        number = self._ledger.ask(request)
        began = time.perf_counter()
        try:
            result = self._bids.place_bid(
                bidder_id=request.bidder_id,
                listing_id=request.listing_id,
                amount=to_euros(request.cents),
                key=request.key,
            )
        except AuctionError as error:
            return self._note_refusal(number, request, error, time.perf_counter() - began)
        except Exception as error:  # noqa: BLE001 - the proof reports each error that is not of the family
            detail = type(error).__name__
            self._ledger.tell(number, FOREIGN_ERROR, time.perf_counter() - began, detail=detail)
            time.sleep(FIRST_PAUSE_SECONDS)  # it may come at once each time
            return FOREIGN_ERROR
        seconds = time.perf_counter() - began
        placed = Placed.of(result)
        self._ledger.tell(number, ACCEPTED, seconds, placed=placed)
        self._learn(request.listing_id, placed.cents + increment_cents(placed.cents))
        self._placed = [*self._placed[-REMEMBERED:], request]
        return ACCEPTED

    def _note_refusal(self, number: int, request: Request, error: AuctionError, seconds: float) -> str:
        minimum = to_cents(error.minimum) if isinstance(error, BidTooLow) else None
        if minimum is not None:
            self._learn(request.listing_id, minimum)
        code = str(getattr(error, "code", "database_unreachable"))
        self._ledger.tell(number, code, seconds, minimum_cents=minimum)
        return code

    def _learn(self, listing: int, minimum: int) -> None:
        self._minimum[listing] = max(minimum, self._known_minimum(listing))

    def _known_minimum(self, listing: int) -> int:
        return self._minimum.get(listing, self._part.minimum_cents)

    def _any_listing(self) -> int:
        hot, spread = self._part.hot_ids, self._part.spread_ids
        return self._dice.choice(hot if not spread or (hot and self._dice.random() < 0.5) else spread)

    def _request(self, listing: int, cents: int) -> Request:
        return Request(self._part.bidder_id, self._new_key(), listing, cents)

    def _new_key(self) -> str:
        self._keys += 1
        return f"{self._part.name}-{self._keys}"


# In hundred requests. Most fair bids on a hot listing are too low when they arrive, without anybody meaning it.
HABITS: tuple[tuple[Callable[[Client], Request], int], ...] = (
    (Client.bid, 85),
    (Client.repeat, 6),
    (Client.bid_too_low, 4),
    (Client.bid_on_own_listing, 3),
    (Client.misuse_key, 2),
)
