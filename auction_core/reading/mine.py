"""What a user sees of their own: bids, watched listings, sales, payments. Newest first, a page at a time."""

from typing import Any, Literal

from sqlalchemy import Connection, Row, func, select

from auction_core.clock import aware
from auction_core.errors import InvalidRequest
from auction_core.reading.cursor import Key, after, check_limit, decode, encode
from auction_core.reading.rows import RESERVE_MET, aware_or_none, card_of, cards, reserve_met_of
from auction_core.reading.views import MyBid, MyPayment, MySale, MyWatch, Page
from auction_core.tables import PAYMENT_STATUSES, Bid, Listing, Payment, Watch

LIMIT = 24
DUE = ("pending", "failed")


def bids_of(connection: Connection, user_id: int, cursor: str | None = None, *, limit: int = LIMIT) -> Page[MyBid]:
    """One line for each listing that the user bid on, by the time of the user's last bid."""
    last_placed = func.max(Bid.placed_at)
    mine = (
        select(
            Bid.listing_id,
            func.max(Bid.amount).label("amount"),
            func.count().label("bids"),
            last_placed.label("placed_at"),
        )
        .where(Bid.bidder_id == user_id)
        .group_by(Bid.listing_id)
        .order_by(last_placed.desc(), Bid.listing_id.desc())
        .limit(limit + 1)
    )
    last = _last("bids", user_id, cursor, limit)
    if last is not None:
        mine = mine.having(after(last_placed, Bid.listing_id.expression, last, falling=True))
    page = mine.subquery("mine")
    query = (
        cards(page.c.amount, page.c.bids, page.c.placed_at, Listing.highest_bidder_id.expression)
        .join(page, page.c.listing_id == Listing.id)
        .order_by(page.c.placed_at.desc(), Listing.id.desc())
    )
    rows = connection.execute(query).all()
    items = tuple(
        MyBid(
            listing=card_of(row),
            amount=row.amount,
            bids=row.bids,
            placed_at=aware(row.placed_at),
            standing=_standing(row, user_id),
        )
        for row in rows[:limit]
    )
    return Page(items=items, next_cursor=_next("bids", user_id, rows, limit, "placed_at"))


def watchlist_of(
    connection: Connection, user_id: int, cursor: str | None = None, *, limit: int = LIMIT
) -> Page[MyWatch]:
    """By the time since when the user watches."""
    query = cards(Watch.created_at.label("since")).join(Watch, Watch.listing_id == Listing.id)
    query = query.where(Watch.user_id == user_id)
    last = _last("watchlist", user_id, cursor, limit)
    if last is not None:
        query = query.where(after(Watch.created_at.expression, Watch.listing_id.expression, last, falling=True))
    query = query.order_by(Watch.created_at.desc(), Watch.listing_id.desc()).limit(limit + 1)
    rows = connection.execute(query).all()
    items = tuple(MyWatch(listing=card_of(row), since=aware(row.since)) for row in rows[:limit])
    return Page(items=items, next_cursor=_next("watchlist", user_id, rows, limit, "since"))


def sales_of(connection: Connection, user_id: int, cursor: str | None = None, *, limit: int = LIMIT) -> Page[MySale]:
    """The user's own listings, drafts too."""
    query = cards(RESERVE_MET, Payment.status.label("payment_status"))
    query = query.outerjoin(Payment, Payment.listing_id == Listing.id).where(Listing.seller_id == user_id)
    last = _last("sales", user_id, cursor, limit)
    if last is not None:
        query = query.where(after(Listing.created_at.expression, Listing.id.expression, last, falling=True))
    rows = connection.execute(query.order_by(Listing.created_at.desc(), Listing.id.desc()).limit(limit + 1)).all()
    items = tuple(
        MySale(listing=card_of(row), reserve_met=reserve_met_of(row), payment_status=row.payment_status)
        for row in rows[:limit]
    )
    return Page(items=items, next_cursor=_next("sales", user_id, rows, limit, "created_at"))


def payments_of(
    connection: Connection, user_id: int, cursor: str | None = None, *, status: str | None = None, limit: int = LIMIT
) -> Page[MyPayment]:
    """What the user pays for; `status` "due" is pending or failed. Raises InvalidRequest."""
    if status is not None and status not in (*PAYMENT_STATUSES, "due"):
        raise InvalidRequest("status", f"must be due or one of {', '.join(PAYMENT_STATUSES)}")
    of = f"payments {status}"
    columns = (
        Payment.id,
        Payment.listing_id,
        Listing.title,
        Payment.amount,
        Payment.method,
        Payment.status,
        Payment.created_at,
        Payment.paid_at,
    )
    query = select(*columns).join(Listing, Listing.id == Payment.listing_id).where(Payment.buyer_id == user_id)
    if status is not None:
        query = query.where(Payment.status.in_(DUE if status == "due" else (status,)))
    last = _last(of, user_id, cursor, limit)
    if last is not None:
        query = query.where(after(Payment.created_at.expression, Payment.id.expression, last, falling=True))
    rows = connection.execute(query.order_by(Payment.created_at.desc(), Payment.id.desc()).limit(limit + 1)).all()
    items = tuple(
        MyPayment(
            payment_id=row.id,
            listing_id=row.listing_id,
            title=row.title,
            amount=row.amount,
            method=row.method,
            status=row.status,
            created_at=aware(row.created_at),
            paid_at=aware_or_none(row.paid_at),
        )
        for row in rows[:limit]
    )
    return Page(items=items, next_cursor=_next(of, user_id, rows, limit, "created_at"))


def _standing(row: Row[Any], user_id: int) -> Literal["leading", "outbid", "won", "lost"]:
    leads = row.highest_bidder_id == user_id
    if row.status == "active":
        return "leading" if leads else "outbid"
    return "won" if leads and row.status == "sold" else "lost"


def _last(of: str, user_id: int, cursor: str | None, limit: int) -> tuple[Key, int] | None:
    check_limit(limit)
    return None if cursor is None else decode(f"{of} of {user_id}", cursor)


def _next(of: str, user_id: int, rows: Any, limit: int, field: str) -> str | None:
    if len(rows) <= limit:
        return None
    return encode(f"{of} of {user_id}", getattr(rows[limit - 1], field), rows[limit - 1].id)
