"""What a bid is told from another by."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auction_core.errors import InvalidRequest
from auction_core.tables import LARGEST_ID
from auction_core.writes.offer import Offer
from auction_core.writes.transact import fingerprint_of
from auction_core.writes.transaction import Rules

IDS = st.integers(1, LARGEST_ID)
AMOUNTS = st.decimals("0.01", "9999999999.99", places=2)


@given(bidder=IDS, listing=IDS, amount=AMOUNTS)
def test_the_quick_fingerprint_of_an_offer_is_the_one_that_every_request_has(
    bidder: int, listing: int, amount: Decimal
) -> None:
    offer = Offer(bidder, listing, amount, "k", Rules(), None)
    assert offer.fingerprint == fingerprint_of(offer.request)


@pytest.mark.parametrize("wrong", [True, "2", 0, LARGEST_ID + 1])
def test_an_offer_has_ids_that_a_row_could_have(wrong: int) -> None:
    with pytest.raises(InvalidRequest, match="bidder_id"):
        Offer(wrong, 1, Decimal("1.00"), "k", Rules(), None)
    with pytest.raises(InvalidRequest, match="listing_id"):
        Offer(1, wrong, Decimal("1.00"), "k", Rules(), None)
