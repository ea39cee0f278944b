"""What several views share: the columns of a card, masked names, ratings, and the clock of record."""

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, case, func, select

from auction_core.bidding import Standing, closed_refusal, least_bid
from auction_core.clock import aware, read_clock
from auction_core.reading.views import ListingCard, Rating
from auction_core.tables import Category, Listing, Review, User

PRICE: ColumnElement[Any] = func.coalesce(Listing.current_bid, Listing.starting_price)
# 1, 0, or NULL without a reserve: the reserve itself stays in the database.
RESERVE_MET: ColumnElement[Any] = case(
    (Listing.reserve_price.is_(None), None), (Listing.current_bid >= Listing.reserve_price, 1), else_=0
).label("reserve_met")
CARD = (
    Listing.id,
    Listing.title,
    Listing.category_id,
    Category.name.label("category"),
    Listing.seller_id,
    User.username.label("seller"),
    Listing.item_condition,
    Listing.status,
    PRICE.label("price"),
    Listing.starting_price,
    Listing.buy_now_price,
    Listing.bid_count,
    Listing.created_at,
    Listing.starts_at,
    Listing.ends_at,
    Listing.closed_at,
)


def cards(*more: ColumnElement[Any]) -> Select[Any]:
    """Each listing has one seller and one category: these joins multiply nothing."""
    return (
        select(*CARD, *more)
        .select_from(Listing)
        .join(Category, Category.id == Listing.category_id)
        .join(User, User.id == Listing.seller_id)
    )


def card_of(row: Row[Any]) -> ListingCard:
    values = {name: getattr(row, name) for name in ListingCard.model_fields}
    for name in ("created_at", "starts_at", "ends_at", "closed_at"):
        values[name] = aware_or_none(values[name])
    return ListingCard(**values)


def aware_or_none(stored: datetime | None) -> datetime | None:
    return None if stored is None else aware(stored)


def reserve_met_of(row: Row[Any]) -> bool | None:
    return None if row.reserve_met is None else bool(row.reserve_met)


def now_of(connection: Connection, now: datetime | None) -> datetime:
    """`now` if given, else the database's clock; aware."""
    return now if now is not None else aware(read_clock(connection))


def masked(username: str) -> str:
    """a***k of whoever_k; as many stars for every name, so that its length says nothing."""
    return f"{username[0]}***{username[-1]}" if len(username) > 1 else f"{username}***"


def rating_of(connection: Connection, seller_id: int) -> Rating:
    """Of the reviews by buyers; what sellers said of this user as a buyer does not count."""
    row = connection.execute(
        select(func.count(), func.sum(Review.rating))
        .select_from(Review)
        .join(Listing, Listing.id == Review.listing_id)
        .where(Review.reviewee_id == seller_id, Listing.seller_id == seller_id)
    ).one()
    count, total = row
    if not count:
        return Rating(average=None, count=0)
    return Rating(average=(Decimal(total) / count).quantize(Decimal("0.1"), ROUND_HALF_UP), count=count)


def offer_of(standing: Standing, now: datetime) -> dict[str, Any]:
    """What counts now, whoever asks: the fields that a listing's page and its changes have in common."""
    is_open = closed_refusal(standing, now) is None
    least = least_bid(standing) if is_open else None
    left = int((standing.ends_at - now).total_seconds()) if standing.status == "active" else 0
    return {
        "status": standing.status,
        "is_open": is_open,
        "current_bid": standing.current_bid,
        "minimum_next_bid": least,
        "can_buy_now": least is not None and standing.buy_now_price is not None and standing.buy_now_price >= least,
        "starts_at": standing.starts_at,
        "ends_at": standing.ends_at,
        "now": now,
        "seconds_left": max(0, left),
    }
