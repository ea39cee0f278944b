"""The bidding rules, pure: amounts in whole cents or Decimal euros, times given, no clock and no database.

The increment depends on the price that stands. Every other part of the auction reads it from here. A bid that was
placed stays: there is no way to take it back. No two bids of a listing are equal, for each must exceed the one before.
"""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from auction_core.errors import (
    BidAboveBuyNow,
    BidTooLow,
    BuyNowUnavailable,
    ListingClosed,
    ListingNotOpen,
    SellerCannotBid,
    WriteRefused,
)
from auction_core.money import to_cents, to_euros

# (price from which the increment holds, increment), both in cents and rising.
INCREMENT_BANDS: tuple[tuple[int, int], ...] = (
    (0, 5),
    (1_00, 25),
    (5_00, 50),
    (25_00, 1_00),
    (100_00, 2_50),
    (250_00, 5_00),
    (500_00, 10_00),
    (1_000_00, 25_00),
    (2_500_00, 50_00),
    (5_000_00, 100_00),
)

_FLOORS = tuple(floor for floor, _ in INCREMENT_BANDS)


@dataclass(frozen=True, slots=True)
class Standing:
    """A listing as a bid meets it. Times are aware."""

    seller_id: int
    status: str
    starting_price: Decimal
    buy_now_price: Decimal | None
    current_bid: Decimal | None
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class SnipeGuard:
    """A bid in the last `window` before the end moves the end to `extension` after the bid."""

    window: timedelta
    extension: timedelta


def increment_cents(price_cents: int) -> int:
    """The least amount by which the next bid must exceed `price_cents`."""
    if price_cents < 0:
        raise ValueError("a price is never negative")
    return INCREMENT_BANDS[bisect_right(_FLOORS, price_cents) - 1][1]


def minimum_next_bid_cents(current_bid_cents: int | None, starting_price_cents: int) -> int:
    """The starting price opens the bidding; after that the standing bid plus its increment."""
    if current_bid_cents is None:
        return starting_price_cents
    return current_bid_cents + increment_cents(current_bid_cents)


def minimum_next_bid(current_bid: Decimal | None, starting_price: Decimal) -> Decimal:
    """As `minimum_next_bid_cents`, in euros. Raises ValueError on a fraction of a cent."""
    current = None if current_bid is None else to_cents(current_bid)
    return to_euros(minimum_next_bid_cents(current, to_cents(starting_price)))


def least_bid(standing: Standing) -> Decimal:
    """The least that counts, in euros. The last step, to the buy-now price, may be shorter than the increment.

    Otherwise a bid just below that price would keep everybody from the listing: what is less would be too low, and
    more than that price nobody may bid.
    """
    minimum = minimum_next_bid(standing.current_bid, standing.starting_price)
    price = standing.buy_now_price
    return minimum if price is None or price <= (standing.current_bid or 0) else min(minimum, price)


def highest_outbid_cents(amount_cents: int) -> int | None:
    """The highest standing bid that a bid of `amount_cents` may follow; None if it could follow none.

    It turns the increment table round, so that one comparison in a statement's WHERE says what the table says.
    """
    for floor, step in reversed(INCREMENT_BANDS):
        if amount_cents - step >= floor:
            return amount_cents - step
        # Below the band, but above what its floor asks for: the price just under the floor is the highest.
        if floor and amount_cents >= floor - 1 + increment_cents(floor - 1):
            return floor - 1
    return None


def bid_refusal(standing: Standing, bidder_id: int, amount: Decimal, now: datetime) -> WriteRefused | None:
    """Why this bid does not count now, or None. A bid of exactly the buy-now price counts and ends the auction."""
    refusal = closed_refusal(standing, now)
    if refusal is not None:
        return refusal
    if bidder_id == standing.seller_id:
        return SellerCannotBid()
    if standing.buy_now_price is not None and amount > standing.buy_now_price:
        return BidAboveBuyNow(standing.buy_now_price)
    minimum = least_bid(standing)
    return BidTooLow(minimum) if amount < minimum else None


def buy_now_refusal(standing: Standing, buyer_id: int, now: datetime) -> WriteRefused | None:
    """Why this listing cannot be bought now by this user, or None."""
    refusal = closed_refusal(standing, now)
    if refusal is not None:
        return refusal
    if buyer_id == standing.seller_id:
        return SellerCannotBid()
    if standing.buy_now_price is None or standing.buy_now_price < least_bid(standing):
        return BuyNowUnavailable()
    return None


def closed_refusal(standing: Standing, now: datetime) -> WriteRefused | None:
    """A listing is open from its start until just before its end."""
    if standing.status == "draft":
        return ListingNotOpen(None)
    if standing.status != "active" or now >= standing.ends_at:
        return ListingClosed()
    return ListingNotOpen(standing.starts_at) if now < standing.starts_at else None


def end_after_bid(ends_at: datetime, placed_at: datetime, guard: SnipeGuard | None) -> datetime:
    if guard is None or ends_at - placed_at > guard.window:
        return ends_at
    return max(ends_at, placed_at + guard.extension)


def is_sold(current_bid: Decimal | None, reserve_price: Decimal | None) -> bool:
    """Whether a listing that ran out has a winner: it has a bid, and the bid meets the reserve."""
    return current_bid is not None and (reserve_price is None or current_bid >= reserve_price)
