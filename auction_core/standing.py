"""How the bidding rules see a row of a listing."""

from typing import Any

from auction_core.bidding import Standing
from auction_core.clock import aware
from auction_core.tables import Listing

# What the rules need, and what every bid changes.
STANDING_COLUMNS = (
    Listing.seller_id,
    Listing.status,
    Listing.starting_price,
    Listing.buy_now_price,
    Listing.current_bid,
    Listing.highest_bidder_id,
    Listing.bid_count,
    Listing.starts_at,
    Listing.ends_at,
)


def standing_of(row: Any) -> Standing:
    """`row` has STANDING_COLUMNS as attributes, with naive UTC times."""
    return Standing(
        seller_id=row.seller_id,
        status=row.status,
        starting_price=row.starting_price,
        buy_now_price=row.buy_now_price,
        current_bid=row.current_bid,
        starts_at=aware(row.starts_at),
        ends_at=aware(row.ends_at),
    )
