from decimal import Decimal

import pytest

from auction_core.bidding import INCREMENT_BANDS, increment_cents, minimum_next_bid, minimum_next_bid_cents


@pytest.mark.parametrize(
    ("price", "increment"),
    [
        (0, 5),
        (99, 5),
        (100, 25),
        (499, 25),
        (500, 50),
        (2_499, 50),
        (2_500, 100),
        (10_000, 250),
        (499_999, 5_000),
        (500_000, 10_000),
    ],
)
def test_the_increment_changes_exactly_at_its_band(price: int, increment: int) -> None:
    assert increment_cents(price) == increment


def test_bands_and_increments_rise_from_zero() -> None:
    floors, steps = zip(*INCREMENT_BANDS, strict=True)
    assert floors[0] == 0
    assert list(floors) == sorted(set(floors))
    assert list(steps) == sorted(set(steps))


def test_the_first_bid_needs_the_starting_price_only() -> None:
    assert minimum_next_bid(None, Decimal("9.99")) == Decimal("9.99")
    assert minimum_next_bid_cents(None, 999) == 999


def test_later_bids_need_the_increment_on_top() -> None:
    assert minimum_next_bid(Decimal("24.99"), Decimal("1.00")) == Decimal("25.49")
    assert minimum_next_bid(Decimal("25.00"), Decimal("1.00")) == Decimal("26.00")


def test_fractions_of_a_cent_and_negative_prices_are_errors() -> None:
    with pytest.raises(ValueError, match="two decimals"):
        minimum_next_bid(Decimal("1.005"), Decimal("1.00"))
    with pytest.raises(ValueError, match="never negative"):
        increment_cents(-1)
