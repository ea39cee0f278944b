"""The bidding rules, pure: amounts in whole cents or Decimal euros, no clock and no database.

The increment depends on the price that stands. Every other part of the auction reads it from here.
"""

from bisect import bisect_right
from decimal import Decimal

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


def to_cents(amount: Decimal) -> int:
    cents = amount * 100
    if cents != cents.to_integral_value():
        raise ValueError("money has two decimals")
    return int(cents)


def to_euros(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)
