"""One listing as one viewer may see it, what changed since, and all its bids."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, case, select
from sqlalchemy.orm import aliased

from auction_core.clock import aware
from auction_core.errors import ListingNotFound
from auction_core.reading.cursor import after, check_limit, decode, encode, is_id
from auction_core.reading.rows import (
    RESERVE_MET,
    aware_or_none,
    masked,
    now_of,
    offer_of,
    rating_of,
    reserve_met_of,
)
from auction_core.reading.views import BidLine, CommentLine, ListingChanges, ListingPage, Page, Seller
from auction_core.standing import STANDING_COLUMNS, standing_of
from auction_core.tables import Bid, Category, Comment, Listing, Payment, User, Watch

MOST_BIDS = 50
MOST_COMMENTS = 100
NOBODY = 0

_Parent = aliased(Category)
_Winner = aliased(User)
_STANDING = (
    Listing.id,
    *STANDING_COLUMNS,
    Listing.closed_at,
    RESERVE_MET,
)


def listing_page(
    connection: Connection,
    listing_id: int,
    viewer_id: int | None = None,
    *,
    bids: int = 20,
    comments: int = MOST_COMMENTS,
    now: datetime | None = None,
) -> ListingPage:
    """The newest `bids` (at most 50) and `comments` (at most 100). Raises ListingNotFound, also for another's draft."""
    viewer = viewer_id or NOBODY
    row = _page_row(connection, listing_id, viewer)
    is_own = row.seller_id == viewer
    leads = viewer != NOBODY and row.highest_bidder_id == viewer
    sold = row.status == "sold"
    return ListingPage(
        id=row.id,
        title=row.title,
        description=row.description,
        item_condition=row.item_condition,
        category_id=row.category_id,
        category=row.category,
        parent_category=row.parent,
        seller=Seller(
            id=row.seller_id,
            username=row.username,
            country=row.country,
            rating=rating_of(connection, row.seller_id),
        ),
        starting_price=row.starting_price,
        buy_now_price=row.buy_now_price,
        bid_count=row.bid_count,
        reserve_met=reserve_met_of(row),
        reserve_price=row.own_reserve,
        closed_at=aware_or_none(row.closed_at),
        is_own=is_own,
        is_leading=leads,
        is_watching=row.watched is not None,
        winner=(row.winner if is_own or leads else masked(row.winner)) if sold and row.winner else None,
        payment_status=row.payment_status if sold and (is_own or leads) else None,
        bids=_bid_lines(_newest_bids(connection, listing_id, min(bids, MOST_BIDS)), viewer),
        comments=_comments(connection, row, min(comments, MOST_COMMENTS)),
        **offer_of(standing_of(row), now_of(connection, now)),
    )


def changes_since(
    connection: Connection,
    listing_id: int,
    last_bid_id: int = 0,
    viewer_id: int | None = None,
    *,
    now: datetime | None = None,
) -> ListingChanges:
    """Up to 50 of the bids after `last_bid_id`: a bid's id is higher than those before it on its listing.

    Raises ListingNotFound, also for a draft.
    """
    viewer = viewer_id or NOBODY
    row = None
    if is_id(listing_id):
        query = select(*_STANDING).where(Listing.id == listing_id, Listing.status != "draft")
        row = connection.execute(query).one_or_none()
    if row is None:
        raise ListingNotFound
    newest = _newest_bids(connection, listing_id, MOST_BIDS)
    offer = offer_of(standing_of(row), now_of(connection, now))
    del offer["starts_at"]
    return ListingChanges(
        listing_id=row.id,
        bid_count=row.bid_count,
        reserve_met=reserve_met_of(row),
        is_leading=viewer != NOBODY and row.highest_bidder_id == viewer,
        closed_at=aware_or_none(row.closed_at),
        last_bid_id=newest[0].id if newest else 0,
        bids=_bid_lines([bid for bid in newest if bid.id > last_bid_id], viewer),
        **offer,
    )


def bids_on(
    connection: Connection, listing_id: int, viewer_id: int | None = None, cursor: str | None = None, *, limit: int = 24
) -> Page[BidLine]:
    """Newest first, which is highest first. Raises ListingNotFound, also for a draft, and InvalidRequest."""
    check_limit(limit)
    shown = select(Listing.id).where(Listing.id == listing_id, Listing.status != "draft")
    if not is_id(listing_id) or connection.execute(shown).one_or_none() is None:
        raise ListingNotFound
    of = f"bids on {listing_id}"
    query = select(Bid.id, Bid.bidder_id, Bid.amount, Bid.placed_at, User.username)
    query = query.join(User, User.id == Bid.bidder_id).where(Bid.listing_id == listing_id)
    if cursor is not None:
        query = query.where(after(Bid.amount.expression, Bid.id.expression, decode(of, cursor), falling=True))
    rows = connection.execute(query.order_by(Bid.amount.desc(), Bid.id.desc()).limit(limit + 1)).all()
    more = encode(of, rows[limit - 1].amount, rows[limit - 1].id) if len(rows) > limit else None
    return Page(items=_bid_lines(rows[:limit], viewer_id or NOBODY), next_cursor=more)


def _page_row(connection: Connection, listing_id: int, viewer: int) -> Row[Any]:
    if not is_id(listing_id):
        raise ListingNotFound
    row = connection.execute(
        select(
            *_STANDING,
            Listing.title,
            Listing.description,
            Listing.item_condition,
            Listing.category_id,
            Category.name.label("category"),
            _Parent.name.label("parent"),
            User.username,
            User.country,
            _Winner.username.label("winner"),
            Payment.status.label("payment_status"),
            Watch.user_id.label("watched"),
            # The database hands the reserve to its owner alone.
            case((Listing.seller_id == viewer, Listing.reserve_price)).label("own_reserve"),
        )
        .select_from(Listing)
        .join(Category, Category.id == Listing.category_id)
        .join(User, User.id == Listing.seller_id)
        .outerjoin(_Parent, _Parent.id == Category.parent_id)
        .outerjoin(_Winner, _Winner.id == Listing.highest_bidder_id)
        .outerjoin(Payment, Payment.listing_id == Listing.id)
        .outerjoin(Watch, (Watch.listing_id == Listing.id) & (Watch.user_id == viewer))
        .where(Listing.id == listing_id)
    ).one_or_none()
    if row is None or (row.status == "draft" and row.seller_id != viewer):
        raise ListingNotFound
    return row


def _newest_bids(connection: Connection, listing_id: int, limit: int) -> Sequence[Row[Any]]:
    """By falling amount, which is also the order of time and of ids, and the one that has an index."""
    columns = (Bid.id, Bid.bidder_id, Bid.amount, Bid.placed_at)
    newest = (
        select(*columns).where(Bid.listing_id == listing_id).order_by(Bid.amount.desc()).limit(limit).subquery("newest")
    )
    query = select(newest, User.username).join(User, User.id == newest.c.bidder_id).order_by(newest.c.amount.desc())
    return connection.execute(query).all()


def _bid_lines(rows: Sequence[Any], viewer: int) -> tuple[BidLine, ...]:
    return tuple(
        BidLine(
            id=row.id,
            bidder=row.username if row.bidder_id == viewer else masked(row.username),
            is_own=row.bidder_id == viewer,
            amount=row.amount,
            placed_at=aware(row.placed_at),
        )
        for row in rows
    )


def _comments(connection: Connection, listing: Row[Any], limit: int) -> tuple[CommentLine, ...]:
    """The newest, oldest of them first: a conversation reads downwards."""
    rows = connection.execute(
        select(Comment.id, Comment.user_id, User.username, Comment.body, Comment.created_at)
        .join(User, User.id == Comment.user_id)
        .where(Comment.listing_id == listing.id)
        .order_by(Comment.created_at.desc(), Comment.id.desc())
        .limit(limit)
    ).all()
    return tuple(
        CommentLine(
            id=row.id,
            username=row.username,
            is_seller=row.user_id == listing.seller_id,
            body=row.body,
            created_at=aware(row.created_at),
        )
        for row in reversed(rows)
    )
