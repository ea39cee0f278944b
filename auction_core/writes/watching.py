"""Watchlists. A user's own lock keeps the order of what the user starts and stops watching."""

from sqlalchemy import Connection, delete, insert, select

from auction_core.clock import aware
from auction_core.errors import ListingNotFound
from auction_core.events import WatchStarted, WatchStopped
from auction_core.results import Watching
from auction_core.tables import Watch
from auction_core.writes.locks import lock_user, share_listing
from auction_core.writes.transaction import Transaction


def watch(tx: Transaction, user_id: int, listing_id: int) -> Watching:
    """Raises ListingNotFound (a draft is there for its seller only), UserNotFound, UserInactive."""
    listing = share_listing(tx.connection, listing_id)
    lock_user(tx.connection, user_id)
    if listing.status == "draft" and listing.seller_id != user_id:
        raise ListingNotFound
    if not _is_watching(tx.connection, user_id, listing_id):
        now = tx.now()
        row = {"user_id": user_id, "listing_id": listing_id, "created_at": now}
        tx.connection.execute(insert(Watch).values(row))
        tx.append(WatchStarted(user_id=user_id, listing_id=listing_id, created_at=aware(now)), now)
    return Watching(listing_id=listing_id, watching=True)


def unwatch(tx: Transaction, user_id: int, listing_id: int) -> Watching:
    """Raises ListingNotFound, UserNotFound, UserInactive."""
    share_listing(tx.connection, listing_id)
    lock_user(tx.connection, user_id)
    if _is_watching(tx.connection, user_id, listing_id):
        now = tx.now()
        mine = (Watch.user_id == user_id, Watch.listing_id == listing_id)
        tx.connection.execute(delete(Watch).where(*mine))
        tx.append(WatchStopped(user_id=user_id, listing_id=listing_id, stopped_at=aware(now)), now)
    return Watching(listing_id=listing_id, watching=False)


def _is_watching(connection: Connection, user_id: int, listing_id: int) -> bool:
    mine = (Watch.user_id == user_id, Watch.listing_id == listing_id)
    return connection.execute(select(Watch.user_id).where(*mine)).one_or_none() is not None
