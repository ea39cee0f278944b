"""The values that read views return. A field that is not here is not public."""

from decimal import Decimal
from typing import Generic, Literal, TypeVar

from pydantic import AwareDatetime

from auction_core.results import Result

T = TypeVar("T")


class Page(Result, Generic[T]):
    """`next_cursor` is None on the last page."""

    items: tuple[T, ...]
    next_cursor: str | None = None


class CategoryNode(Result):
    """A top-level category; listings are in its children."""

    id: int
    name: str
    children: tuple["CategoryNode", ...] = ()


class ListingCard(Result):
    """A listing in a list. `price` is the standing bid, or the starting price as long as there is none."""

    id: int
    title: str
    category_id: int
    category: str
    seller_id: int
    seller: str
    item_condition: str
    status: str
    price: Decimal
    starting_price: Decimal
    buy_now_price: Decimal | None
    bid_count: int
    created_at: AwareDatetime
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    closed_at: AwareDatetime | None


class Rating(Result):
    """Of a seller, by those who bought; `average` has one decimal, None without reviews."""

    average: Decimal | None
    count: int


class Seller(Result):
    id: int
    username: str
    country: str
    rating: Rating


class BidLine(Result):
    """`bidder` is masked unless the viewer placed the bid."""

    id: int
    bidder: str
    is_own: bool
    amount: Decimal
    placed_at: AwareDatetime


class CommentLine(Result):
    id: int
    username: str
    is_seller: bool
    body: str
    created_at: AwareDatetime


class ListingPage(Result):
    """All that one viewer may see of a listing.

    `is_open`: bids count at `now`. `minimum_next_bid` is None when it is not open, `reserve_met` when there is no
    reserve. `reserve_price` is for its seller alone. `winner` is set when sold: masked, except to seller and winner.
    `payment_status` is for the seller and the winner.
    """

    id: int
    title: str
    description: str
    item_condition: str
    category_id: int
    category: str
    parent_category: str | None
    seller: Seller
    status: str
    starting_price: Decimal
    buy_now_price: Decimal | None
    current_bid: Decimal | None
    bid_count: int
    minimum_next_bid: Decimal | None
    can_buy_now: bool
    reserve_met: bool | None
    reserve_price: Decimal | None
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    closed_at: AwareDatetime | None
    now: AwareDatetime
    is_open: bool
    seconds_left: int
    is_own: bool
    is_leading: bool
    is_watching: bool
    winner: str | None
    payment_status: str | None
    bids: tuple[BidLine, ...]
    comments: tuple[CommentLine, ...]

    @property
    def last_bid_id(self) -> int:
        """What `changes_since` starts from; 0 before the first bid."""
        return self.bids[0].id if self.bids else 0


class ListingChanges(Result):
    """Where a listing stands, with the bids since `last_bid_id` was asked for, newest first."""

    listing_id: int
    status: str
    is_open: bool
    current_bid: Decimal | None
    bid_count: int
    minimum_next_bid: Decimal | None
    can_buy_now: bool
    reserve_met: bool | None
    is_leading: bool
    ends_at: AwareDatetime
    closed_at: AwareDatetime | None
    now: AwareDatetime
    seconds_left: int
    last_bid_id: int
    bids: tuple[BidLine, ...]


class MyBid(Result):
    """A listing that a user has bid on. `amount` is the user's highest bid, `bids` how many there were."""

    listing: ListingCard
    amount: Decimal
    bids: int
    placed_at: AwareDatetime
    standing: Literal["leading", "outbid", "won", "lost"]


class MyWatch(Result):
    listing: ListingCard
    since: AwareDatetime


class MySale(Result):
    """`payment_status` is None unless the listing is sold."""

    listing: ListingCard
    reserve_met: bool | None
    payment_status: str | None


class MyPayment(Result):
    payment_id: int
    listing_id: int
    title: str
    amount: Decimal
    method: str
    status: str
    created_at: AwareDatetime
    paid_at: AwareDatetime | None


class Viewer(Result):
    id: int
    username: str


class ReviewLine(Result):
    reviewer: str
    rating: int
    body: str
    created_at: AwareDatetime


class Account(Result):
    """The one view with an e-mail address and a full name, which are for this user alone."""

    id: int
    username: str
    email: str
    full_name: str
    country: str
    created_at: AwareDatetime


class Profile(Result):
    """`reviews` are the newest that the user got as a seller."""

    id: int
    username: str
    country: str
    member_since: AwareDatetime
    rating: Rating
    active_listings: int
    sold_listings: int
    reviews: tuple[ReviewLine, ...]
