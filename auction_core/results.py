"""What each write returns: frozen values with Decimal euros and aware UTC times, which JSON keeps exactly.

The store keeps the JSON of a result with its idempotency key, and gives it back to a request that is repeated.
"""

from datetime import datetime
from decimal import Decimal
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict


class Result(BaseModel):
    model_config = ConfigDict(frozen=True)


class OpenedListing(Result):
    listing_id: int
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    minimum_bid: Decimal


class PlacedBid(Result):
    """`won` is true when the bid reached the buy-now price and so ended the auction, with a payment due."""

    bid_id: int
    listing_id: int
    bidder_id: int
    amount: Decimal
    placed_at: AwareDatetime
    bid_count: int
    ends_at: AwareDatetime
    won: bool = False
    payment_id: int | None = None


class CancelledListing(Result):
    listing_id: int
    closed_at: AwareDatetime


class ClosedListing(Result):
    """The last three are set when the listing was sold."""

    listing_id: int
    status: Literal["sold", "unsold"]
    closed_at: AwareDatetime
    winner_id: int | None = None
    final_price: Decimal | None = None
    payment_id: int | None = None


class RecordedPayment(Result):
    payment_id: int
    listing_id: int
    amount: Decimal
    fee: Decimal
    method: str
    status: str
    paid_at: AwareDatetime | None = None


class AddedComment(Result):
    comment_id: int
    listing_id: int
    created_at: AwareDatetime


class Watching(Result):
    listing_id: int
    watching: bool


class LeftReview(Result):
    review_id: int
    listing_id: int
    reviewee_id: int
    rating: int
    created_at: AwareDatetime


class RegisteredUser(Result):
    user_id: int
    username: str
    created_at: AwareDatetime


def utc_text(moment: datetime) -> str:
    """ISO 8601 with six decimals and Z, the one form of times in events and results."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
