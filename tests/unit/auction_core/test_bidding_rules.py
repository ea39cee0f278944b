from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auction_core.bidding import (
    INCREMENT_BANDS,
    SnipeGuard,
    Standing,
    bid_refusal,
    buy_now_refusal,
    end_after_bid,
    highest_outbid_cents,
    minimum_next_bid_cents,
)
from auction_core.errors import BidTooLow, InvalidRequest
from auction_core.money import amount_of

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
# All bands, and near their edges more often than chance would have it.
CENTS = st.one_of(
    st.integers(0, 10_000_00),
    st.builds(lambda band, off: max(band[0] + off, 0), st.sampled_from(INCREMENT_BANDS), st.integers(-300, 300)),
)


def standing(**values: object) -> Standing:
    usual: dict[str, object] = {
        "seller_id": 1,
        "status": "active",
        "starting_price": Decimal("10.00"),
        "buy_now_price": None,
        "current_bid": None,
        "starts_at": NOON - timedelta(hours=1),
        "ends_at": NOON + timedelta(hours=1),
    }
    return Standing(**(usual | values))  # type: ignore[arg-type]


@given(current=CENTS, amount=CENTS)
def test_the_highest_bid_that_may_be_outbid_says_what_the_increment_table_says(current: int, amount: int) -> None:
    highest = highest_outbid_cents(amount)
    by_table = amount >= minimum_next_bid_cents(current, 0)
    assert (highest is not None and current <= highest) is by_table


@given(current=CENTS, amount=CENTS)
def test_a_bid_is_refused_exactly_below_the_minimum(current: int, amount: int) -> None:
    refusal = bid_refusal(
        standing(starting_price=Decimal("0.01"), current_bid=Decimal(current).scaleb(-2)),
        2,
        Decimal(amount).scaleb(-2),
        NOON,
    )
    assert (refusal is None) is (amount >= minimum_next_bid_cents(current, 1))


@pytest.mark.parametrize(
    ("values", "bidder", "amount", "code"),
    [
        ({"status": "draft"}, 2, "10.00", "listing_not_open"),
        ({"starts_at": NOON + timedelta(microseconds=1)}, 2, "10.00", "listing_not_open"),
        ({"ends_at": NOON}, 2, "10.00", "listing_closed"),
        ({"status": "cancelled"}, 2, "10.00", "listing_closed"),
        ({"status": "sold"}, 1, "1.00", "listing_closed"),
        ({}, 1, "10.00", "seller_cannot_bid"),
        ({"buy_now_price": Decimal("20.00")}, 2, "20.01", "bid_above_buy_now"),
        ({}, 2, "9.99", "bid_too_low"),
    ],
)
def test_each_rule_refuses_with_its_own_code(values: dict[str, object], bidder: int, amount: str, code: str) -> None:
    refusal = bid_refusal(standing(**values), bidder, Decimal(amount), NOON)
    assert refusal is not None
    assert refusal.code == code


def test_a_listing_takes_bids_from_its_start_until_just_before_its_end() -> None:
    listing = standing()
    assert bid_refusal(listing, 2, Decimal(10), listing.starts_at) is None
    assert bid_refusal(listing, 2, Decimal(10), listing.ends_at - timedelta(microseconds=1)) is None


def test_buying_now_needs_a_price_that_the_bids_have_not_reached() -> None:
    for near in ("19.50", "19.51", "19.99"):
        listing = standing(buy_now_price=Decimal("20.00"), current_bid=Decimal(near))
        assert buy_now_refusal(listing, 2, NOON) is None
        assert bid_refusal(listing, 2, Decimal("20.00"), NOON) is None
    listing = standing(buy_now_price=Decimal("20.00"), current_bid=Decimal("19.99"))
    refusal = bid_refusal(listing, 2, Decimal("19.99"), NOON)
    assert isinstance(refusal, BidTooLow)
    assert refusal.minimum == Decimal("20.00")
    for listing in (standing(), standing(buy_now_price=Decimal("20.00"), current_bid=Decimal("20.00"))):
        refusal = buy_now_refusal(listing, 2, NOON)
        assert refusal is not None
        assert refusal.code == "buy_now_unavailable"


@given(before_end=st.integers(0, 600), window=st.integers(0, 300), extension=st.integers(0, 300))
def test_a_late_bid_moves_the_end_away_and_never_nearer(before_end: int, window: int, extension: int) -> None:
    guard = SnipeGuard(timedelta(seconds=window), timedelta(seconds=extension))
    placed_at = NOON - timedelta(seconds=before_end)
    end = end_after_bid(NOON, placed_at, guard)
    assert end == (max(NOON, placed_at + guard.extension) if before_end <= window else NOON)
    assert end_after_bid(NOON, placed_at, None) == NOON


@pytest.mark.parametrize(
    "amount", [1.5, 3, "3.00", None, True, Decimal("NaN"), Decimal("-1"), Decimal(0), Decimal("1.001"), Decimal("1e11")]
)
def test_what_is_no_amount_of_euros_is_refused(amount: object) -> None:
    with pytest.raises(InvalidRequest):
        amount_of(amount)
