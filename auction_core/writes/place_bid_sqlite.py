"""The fast way on SQLite: a few statements of the driver itself in one immediate transaction, in this thread's turn."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Engine, PoolProxiedConnection

from auction_core.bidding import Standing, bid_refusal, end_after_bid
from auction_core.clock import aware, naive
from auction_core.errors import WriteRefused
from auction_core.events import BidPlaced
from auction_core.outbox import LANES
from auction_core.results import PlacedBid
from auction_core.writes.driver import on_driver
from auction_core.writes.offer import Offer
from auction_core.writes.turns import turn

_READ = """
SELECT u.is_active, u.created_at, l.seller_id, l.status, l.starting_price, l.buy_now_price, l.current_bid,
    l.highest_bidder_id, l.bid_count, l.starts_at, l.ends_at, l.updated_at
FROM users u, listings l WHERE u.id = ? AND l.id = ?
"""
_KEY_IS_TAKEN = "SELECT 1 FROM idempotency_keys WHERE actor_id = ? AND idempotency_key = ?"
_UPDATE = """
UPDATE listings SET current_bid = ?, highest_bidder_id = ?, bid_count = bid_count + 1, ends_at = ?, updated_at = ?
WHERE id = ?
"""
_BID = "INSERT INTO bids (listing_id, bidder_id, amount, placed_at) VALUES (?, ?, ?, ?)"
_KEY = """
INSERT INTO idempotency_keys (actor_id, idempotency_key, fingerprint, result, created_at) VALUES (?, ?, ?, ?, ?)
"""
_EVENT = """
INSERT INTO event_outbox (aggregate_type, aggregate_id, lane, event_type, payload, occurred_at)
VALUES ('listing', ?, ?, 'bid_placed', ?, ?)
"""


def place_on_sqlite(engine: Engine, offer: Offer) -> PlacedBid | WriteRefused | None:
    """Or why it does not count; None: it takes more than this to say."""

    def place(connection: PoolProxiedConnection) -> PlacedBid | WriteRefused | None:
        cursor = connection.cursor()
        cursor.execute("BEGIN IMMEDIATE")
        placed = _place(cursor, offer)
        cursor.execute("COMMIT" if isinstance(placed, PlacedBid) else "ROLLBACK")
        cursor.close()
        return placed

    with turn(engine):
        return on_driver(engine, "placing a bid", place)


def _place(cursor: Any, offer: Offer) -> PlacedBid | WriteRefused | None:
    row = cursor.execute(_READ, (offer.bidder_id, offer.listing_id)).fetchone()
    if row is None or not row[0] or cursor.execute(_KEY_IS_TAKEN, (offer.bidder_id, offer.key)).fetchone():
        return None
    joined, seller, status, start, buy_now, current, previous, count, starts, ends, updated = row[1:]
    standing = Standing(
        seller,
        status,
        _euros(start),
        _euros_or_none(buy_now),
        _euros_or_none(current),
        _time(starts),
        _time(ends),
    )
    now = offer.now or naive(datetime.now(UTC))
    moment = max(_text(now), updated or joined, joined)  # texts of one form: their order is that of the times
    at = _time(moment)
    refusal = bid_refusal(standing, offer.bidder_id, offer.amount, at)
    if refusal is not None or offer.amount == standing.buy_now_price:
        return refusal
    ends_at = end_after_bid(standing.ends_at, at, offer.rules.sniping)
    amount = float(offer.amount)
    cursor.execute(_UPDATE, (amount, offer.bidder_id, _text(naive(ends_at)), moment, offer.listing_id))
    cursor.execute(_BID, (offer.listing_id, offer.bidder_id, amount, moment))
    placed = offer.placed(cursor.lastrowid, naive(at), count + 1, naive(ends_at))
    event = BidPlaced.model_construct(
        listing_id=offer.listing_id,
        bid_id=placed.bid_id,
        bidder_id=offer.bidder_id,
        amount=offer.amount,
        placed_at=at,
        bid_count=placed.bid_count,
        previous_bidder_id=previous,
        ends_at=ends_at,
    )
    cursor.execute(_KEY, (offer.bidder_id, offer.key, offer.fingerprint, placed.model_dump_json(), moment))
    payload = json.dumps(event.model_dump(mode="json"))
    cursor.execute(_EVENT, (offer.listing_id, offer.listing_id % LANES, payload, moment))
    return placed


def _euros(stored: float) -> Decimal:
    return Decimal(f"{stored:.2f}")


def _euros_or_none(stored: float | None) -> Decimal | None:
    return None if stored is None else _euros(stored)


def _time(stored: str) -> datetime:
    return aware(datetime.fromisoformat(stored))


def _text(moment: datetime) -> str:
    """Always six decimals, as SQLAlchemy writes it."""
    return moment.isoformat(" ", "microseconds")
