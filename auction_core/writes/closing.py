"""Closing listings that ran out, by any number of workers at once."""

import logging
from datetime import datetime

from sqlalchemy import Engine, select, update
from sqlalchemy.exc import DBAPIError, TimeoutError

from auction_core import events
from auction_core.bidding import is_sold
from auction_core.clock import Clock, aware
from auction_core.database import describe, reason_of
from auction_core.errors import AuctionError, DatabaseUnreachable, InvalidRequest, TooBusy
from auction_core.results import ClosedListing
from auction_core.tables import Listing
from auction_core.writes.locks import LISTING_COLUMNS, SECTION, time_of_change
from auction_core.writes.payments import demand_payment
from auction_core.writes.transact import NotConnected, begun, connect, is_lost, is_passing
from auction_core.writes.transaction import Rules, Transaction
from auction_core.writes.turns import turn

LOG = logging.getLogger(__name__)
# Of one call; a worker that finds more calls again.
LARGEST_LIMIT = 10_000


def close_due_listings(engine: Engine, rules: Rules, clock: Clock | None, limit: int) -> list[ClosedListing]:
    """Up to `limit` listings, the longest overdue first, each closed in a transaction of its own.

    A listing that another worker is closing, or that the database would not let go, is left for the next call. Should
    the connection break while a closing is committed, that one may be closed and in nobody's answer; its events tell.
    Raises InvalidRequest for a limit that is none; TooBusy and DatabaseUnreachable only when nothing was closed.
    """
    if type(limit) is not int or not 1 <= limit <= LARGEST_LIMIT:
        raise InvalidRequest("limit", f"must be a whole number from 1 to {LARGEST_LIMIT}")
    closed: list[ClosedListing] = []
    try:
        for listing_id in _due_listings(engine, rules, clock, limit):
            try:
                with turn(engine), connect(engine) as connection, begun(connection):
                    one = close_listing(Transaction(connection, rules, clock), listing_id)
                if one is not None:
                    closed.append(one)
            except DBAPIError as error:
                if is_lost(error) or not is_passing(error):
                    raise
                LOG.info("listing %d is left for the next closing: %s", listing_id, type(error.orig).__name__)
    except (DBAPIError, TimeoutError, NotConnected, TooBusy) as error:
        if not closed:
            raise _unreachable(engine, error) from error
        LOG.warning("closing broke off after %d listings: %s", len(closed), type(error).__name__)
    return closed


def close_listing(tx: Transaction, listing_id: int) -> ClosedListing | None:
    """Sold or unsold; None when it is not due (any more) or somebody else is at it."""
    query = select(*LISTING_COLUMNS, SECTION).where(Listing.id == listing_id)
    listing = tx.connection.execute(query.with_for_update(skip_locked=True, key_share=True)).one_or_none()
    if listing is None or listing.status != "active":
        return None
    closed_at = time_of_change(tx.now(), listing.updated_at)
    if closed_at < listing.ends_at:  # a late bid moved the end
        return None
    sold = is_sold(listing.current_bid, listing.reserve_price)
    closed = ClosedListing(
        listing_id=listing_id,
        status="sold" if sold else "unsold",
        closed_at=aware(closed_at),
        winner_id=listing.highest_bidder_id if sold else None,
        final_price=listing.current_bid if sold else None,
    )
    changed = {"status": closed.status, "closed_at": closed_at, "updated_at": closed_at}
    tx.connection.execute(update(Listing).where(Listing.id == listing_id).values(changed))
    tx.append(events.ListingClosed(bought_now=False, **closed.model_dump(exclude={"payment_id"})), closed_at)
    if not sold:
        return closed
    due = (listing.section, listing.highest_bidder_id, listing.current_bid)
    return closed.model_copy(update={"payment_id": demand_payment(tx, listing_id, *due, closed_at)})


def _due_listings(engine: Engine, rules: Rules, clock: Clock | None, limit: int) -> list[int]:
    with turn(engine), connect(engine) as connection, connection.begin():
        now: datetime = Transaction(connection, rules, clock).now()
        due = select(Listing.id).where(Listing.status == "active", Listing.ends_at <= now)
        return [int(one) for one in connection.scalars(due.order_by(Listing.ends_at).limit(limit))]


def _unreachable(engine: Engine, error: Exception) -> AuctionError:
    if isinstance(error, AuctionError):
        return error
    if isinstance(error, NotConnected):
        return DatabaseUnreachable(f"Cannot open the {describe(engine.url)}: {reason_of(error.cause)}.")
    kind = type(getattr(error, "orig", error)).__name__
    return DatabaseUnreachable(f"Closing listings in the {describe(engine.url)} failed ({kind}).")
