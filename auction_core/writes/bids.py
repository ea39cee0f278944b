"""Bids: placing one, and buying at once.

A bid first takes the engine's own fast way, which places it or says why it does not count. What the fast ways leave
open – a bid that wins at once, a key that another request took at the same moment – is done under the listing's lock
from here, as `buy_now` is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Engine, select, update

from auction_core import events
from auction_core.bidding import Standing, bid_refusal, buy_now_refusal, end_after_bid
from auction_core.clock import Clock, aware, naive
from auction_core.errors import BuyNowUnavailable, ListingNotFound, UserInactive, UserNotFound, WriteRefused
from auction_core.results import PlacedBid
from auction_core.standing import STANDING_COLUMNS, standing_of
from auction_core.tables import Bid, Listing, User
from auction_core.writes.locks import SECTION, time_of_change
from auction_core.writes.offer import Offer
from auction_core.writes.payments import demand_payment
from auction_core.writes.place_bid_servers import place_on_mysql, place_on_postgresql
from auction_core.writes.place_bid_sqlite import place_on_sqlite
from auction_core.writes.rows import insert_row
from auction_core.writes.transact import carry_out, transact
from auction_core.writes.transaction import Rules, Transaction

_FAST: dict[str, Callable[[Engine, Offer], PlacedBid | WriteRefused | None]] = {
    "sqlite": place_on_sqlite,
    "mysql": place_on_mysql,
    "mariadb": place_on_mysql,
    "postgresql": place_on_postgresql,
}


def place_bid(
    engine: Engine,
    rules: Rules,
    clock: Clock | None,
    bidder_id: int,
    listing_id: int,
    amount: Decimal,
    key: str,
) -> PlacedBid:
    """Raises as `Store.place_bid`."""
    offer = Offer(bidder_id, listing_id, amount, key, rules, clock)
    fast = _FAST[engine.dialect.name]
    outcome = carry_out(engine, lambda: fast(engine, offer))
    if isinstance(outcome, WriteRefused):
        raise outcome
    if outcome is not None:
        return outcome
    return transact(
        engine,
        rules,
        clock,
        actor_id=bidder_id,
        key=key,
        request=offer.request,
        result_type=PlacedBid,
        work=lambda tx: _place(tx, _meet_offer(tx, offer), offer.amount),
    )


def buy_now(tx: Transaction, buyer_id: int, listing_id: int) -> PlacedBid:
    """Raises as `Store.buy_now`."""
    meeting = _meet(tx, buyer_id, listing_id)
    refusal = buy_now_refusal(meeting.standing, buyer_id, aware(meeting.moment))
    if refusal is not None or meeting.standing.buy_now_price is None:
        raise refusal or BuyNowUnavailable
    return _place(tx, meeting, meeting.standing.buy_now_price)


@dataclass(frozen=True, slots=True)
class Meeting:
    """A bidder and a listing that is locked, at the moment (naive) that a bid would be placed."""

    bidder_id: int
    listing_id: int
    section: str
    standing: Standing
    highest_bidder_id: int | None
    bid_count: int
    moment: datetime


def _meet_offer(tx: Transaction, offer: Offer) -> Meeting:
    meeting = _meet(tx, offer.bidder_id, offer.listing_id)
    refusal = bid_refusal(meeting.standing, offer.bidder_id, offer.amount, aware(meeting.moment))
    if refusal is not None:
        raise refusal
    return meeting


def _meet(tx: Transaction, bidder_id: int, listing_id: int) -> Meeting:
    query = select(SECTION, *STANDING_COLUMNS, Listing.updated_at).where(Listing.id == listing_id)
    # FOR NO KEY UPDATE on PostgreSQL: comments and watchers may refer to the listing meanwhile.
    listing = tx.connection.execute(query.with_for_update(key_share=True)).one_or_none()
    if listing is None:
        raise ListingNotFound
    bidder = tx.connection.execute(select(User.is_active, User.created_at).where(User.id == bidder_id)).one_or_none()
    if bidder is None:
        raise UserNotFound
    if not bidder.is_active:
        raise UserInactive
    # A clock that was set back does not take time back: bids of a listing stay in order, after their bidders' joining.
    moment = max(time_of_change(tx.now(), listing.updated_at), bidder.created_at)
    return Meeting(
        bidder_id,
        listing_id,
        listing.section,
        standing_of(listing),
        listing.highest_bidder_id,
        listing.bid_count,
        moment,
    )


def _place(tx: Transaction, meeting: Meeting, amount: Decimal) -> PlacedBid:
    """Nothing refuses it. At the buy-now price it ends the auction, and no guard against sniping moves the end."""
    won = amount == meeting.standing.buy_now_price
    at = aware(meeting.moment)
    ends_at = meeting.standing.ends_at if won else end_after_bid(meeting.standing.ends_at, at, tx.rules.sniping)
    changes: dict[str, object] = {
        "current_bid": amount,
        "highest_bidder_id": meeting.bidder_id,
        "bid_count": meeting.bid_count + 1,
        "ends_at": naive(ends_at),
        "updated_at": meeting.moment,
    }
    if won:
        changes |= {"status": "sold", "closed_at": meeting.moment}
    tx.connection.execute(update(Listing).where(Listing.id == meeting.listing_id).values(changes))
    bid = {
        "listing_id": meeting.listing_id,
        "bidder_id": meeting.bidder_id,
        "amount": amount,
        "placed_at": meeting.moment,
    }
    placed = PlacedBid(
        bid_id=insert_row(tx.connection, Bid, bid),
        listing_id=meeting.listing_id,
        bidder_id=meeting.bidder_id,
        amount=amount,
        placed_at=at,
        bid_count=meeting.bid_count + 1,
        ends_at=ends_at,
        won=won,
    )
    tx.append(
        events.BidPlaced(
            listing_id=placed.listing_id,
            bid_id=placed.bid_id,
            bidder_id=placed.bidder_id,
            amount=amount,
            placed_at=at,
            bid_count=placed.bid_count,
            previous_bidder_id=meeting.highest_bidder_id,
            ends_at=ends_at,
        ),
        meeting.moment,
    )
    return placed.model_copy(update={"payment_id": _sell(tx, meeting, amount)}) if won else placed


def _sell(tx: Transaction, meeting: Meeting, price: Decimal) -> int:
    """Tells of the closing and makes the payment due, whose id it returns."""
    at = aware(meeting.moment)
    tx.append(
        events.ListingClosed(
            listing_id=meeting.listing_id,
            status="sold",
            bought_now=True,
            winner_id=meeting.bidder_id,
            final_price=price,
            closed_at=at,
        ),
        meeting.moment,
    )
    return demand_payment(tx, meeting.listing_id, meeting.section, meeting.bidder_id, price, meeting.moment)
