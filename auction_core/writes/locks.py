"""Locks on rows, always in this order: the listing, then users, then the rest. So no two writes wait for each other.

A foreign key locks the row it points to: that is why a write about a listing and a user takes the listing's lock before
it touches the user, even if it changes neither. SQLite needs none of this: its writes come one at a time.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, Connection, func, select
from sqlalchemy.orm import aliased

from auction_core.errors import ListingNotFound, UserInactive, UserNotFound
from auction_core.tables import Category, Listing, User

_PARENT = aliased(Category)
# The name of a listing's top-level category. A subquery's rows are not locked with the listing.
SECTION: ColumnElement[str] = (
    select(func.coalesce(_PARENT.name, Category.name))
    .select_from(Category)
    .outerjoin(_PARENT, _PARENT.id == Category.parent_id)
    .where(Category.id == Listing.category_id)
    .correlate(Listing)
    .scalar_subquery()
    .label("section")
)
LISTING_COLUMNS = (
    Listing.id,
    Listing.seller_id,
    Listing.status,
    Listing.current_bid,
    Listing.reserve_price,
    Listing.highest_bidder_id,
    Listing.bid_count,
    Listing.ends_at,
    Listing.updated_at,
)


@dataclass(frozen=True, slots=True)
class LockedListing:
    """LISTING_COLUMNS; times are naive UTC."""

    id: int
    seller_id: int
    status: str
    current_bid: Decimal | None
    reserve_price: Decimal | None
    highest_bidder_id: int | None
    bid_count: int
    ends_at: datetime
    updated_at: datetime | None


def lock_listing(connection: Connection, listing_id: int) -> LockedListing:
    """Locked for change. Raises ListingNotFound."""
    return _listing(connection, listing_id, read=False)


def share_listing(connection: Connection, listing_id: int) -> LockedListing:
    """Locked as a reference to it locks it: on PostgreSQL bids go on meanwhile. Raises ListingNotFound."""
    return _listing(connection, listing_id, read=True)


def lock_user(connection: Connection, user_id: int) -> None:
    """Locked for change: what the user's own events need. Raises UserNotFound, UserInactive."""
    _require_active(connection, user_id, lock=True)


def require_active_user(connection: Connection, user_id: int) -> None:
    """Not locked. Raises UserNotFound, UserInactive."""
    _require_active(connection, user_id, lock=False)


def time_of_change(now: datetime, updated_at: datetime | None) -> datetime:
    """What `updated_at` becomes: now, unless the clock went back. Both are naive UTC."""
    return now if updated_at is None else max(now, updated_at)


def _listing(connection: Connection, listing_id: int, *, read: bool) -> LockedListing:
    query = select(*LISTING_COLUMNS).where(Listing.id == listing_id).with_for_update(read=read, key_share=True)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise ListingNotFound
    return LockedListing(*row)


def _require_active(connection: Connection, user_id: int, *, lock: bool) -> None:
    query = select(User.is_active).where(User.id == user_id)
    if lock:
        query = query.with_for_update(key_share=True)
    is_active = connection.execute(query).scalar_one_or_none()
    if is_active is None:
        raise UserNotFound
    if not is_active:
        raise UserInactive
