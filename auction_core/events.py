"""The events that the outbox carries, one class for each type and version.

A payload is the class as JSON: amounts are text with two decimals, times ISO 8601 in UTC with six decimals and Z. A
field may be added to a version; anything else is a new version beside the old one. The aggregate is what an event
changes; events of one aggregate are published in the order in which they happened, because the write that appends one
holds the lock of the aggregate's row.
"""

from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, PlainSerializer, WithJsonSchema

from auction_core.results import utc_text

Time = Annotated[
    AwareDatetime,
    PlainSerializer(utc_text, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$"}),
]
Amount = Annotated[
    Decimal,
    PlainSerializer(lambda amount: f"{amount:.2f}", return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": r"^\d+\.\d\d$"}),
]


class Event(BaseModel):
    model_config = ConfigDict(frozen=True)

    aggregate_type: ClassVar[str]
    event_type: ClassVar[str]
    version: int = 1

    @property
    def aggregate_id(self) -> int:
        raise NotImplementedError


class ListingEvent(Event):
    aggregate_type: ClassVar[str] = "listing"
    listing_id: int

    @property
    def aggregate_id(self) -> int:
        return self.listing_id


class CommentEvent(Event):
    aggregate_type: ClassVar[str] = "comment"
    comment_id: int

    @property
    def aggregate_id(self) -> int:
        return self.comment_id


class ReviewEvent(Event):
    aggregate_type: ClassVar[str] = "review"
    review_id: int

    @property
    def aggregate_id(self) -> int:
        return self.review_id


class UserEvent(Event):
    aggregate_type: ClassVar[str] = "user"
    user_id: int

    @property
    def aggregate_id(self) -> int:
        return self.user_id


class ListingOpened(ListingEvent):
    event_type: ClassVar[str] = "listing_opened"
    seller_id: int
    category_id: int
    title: str
    starting_price: Amount
    buy_now_price: Amount | None
    starts_at: Time
    ends_at: Time


class BidPlaced(ListingEvent):
    """`previous_bidder_id` was outbid by it; `ends_at` is the end after the bid, which may have moved it."""

    event_type: ClassVar[str] = "bid_placed"
    bid_id: int
    bidder_id: int
    amount: Amount
    placed_at: Time
    bid_count: int
    previous_bidder_id: int | None
    ends_at: Time


class ListingClosed(ListingEvent):
    """By running out, or at once by a bid of the buy-now price (`bought_now`)."""

    event_type: ClassVar[str] = "listing_closed"
    status: Literal["sold", "unsold"]
    bought_now: bool
    winner_id: int | None
    final_price: Amount | None
    closed_at: Time


class ListingCancelled(ListingEvent):
    event_type: ClassVar[str] = "listing_cancelled"
    closed_at: Time


class PaymentDue(ListingEvent):
    event_type: ClassVar[str] = "payment_due"
    payment_id: int
    buyer_id: int
    amount: Amount
    created_at: Time


class PaymentRecorded(ListingEvent):
    event_type: ClassVar[str] = "payment_recorded"
    payment_id: int
    buyer_id: int
    amount: Amount
    fee: Amount
    method: str
    status: str
    paid_at: Time | None


class CommentAdded(CommentEvent):
    event_type: ClassVar[str] = "comment_added"
    listing_id: int
    user_id: int
    created_at: Time


class ReviewLeft(ReviewEvent):
    event_type: ClassVar[str] = "review_left"
    listing_id: int
    reviewer_id: int
    reviewee_id: int
    rating: int
    created_at: Time


class UserRegistered(UserEvent):
    event_type: ClassVar[str] = "user_registered"
    username: str
    country: str
    created_at: Time


class WatchStarted(UserEvent):
    event_type: ClassVar[str] = "watch_started"
    listing_id: int
    created_at: Time


class WatchStopped(UserEvent):
    event_type: ClassVar[str] = "watch_stopped"
    listing_id: int
    stopped_at: Time


EVENTS: tuple[type[Event], ...] = (
    ListingOpened,
    BidPlaced,
    ListingClosed,
    ListingCancelled,
    PaymentDue,
    PaymentRecorded,
    CommentAdded,
    ReviewLeft,
    UserRegistered,
    WatchStarted,
    WatchStopped,
)
