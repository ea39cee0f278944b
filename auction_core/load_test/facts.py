"""What the database holds of a run, read in one snapshot, beside the ledgers that the proof compares it with."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from auction_core.load_test.stage import Stage
from auction_core.money import to_cents
from auction_core.results import utc_text
from auction_core.tables import Bid, IdempotencyKey, Listing, OutboxEvent


@dataclass(frozen=True, slots=True)
class KeptBid:
    bid_id: int
    listing_id: int
    bidder_id: int
    cents: int
    placed_at: str


@dataclass(frozen=True, slots=True)
class KeptListing:
    listing_id: int
    starting_cents: int
    current_cents: int | None
    highest_bidder_id: int | None
    bid_count: int


@dataclass(frozen=True, slots=True)
class Facts:
    """`keys` leads from (actor, key) to the id of its bid; `events` are the payloads of bid_placed in their order."""

    bids: dict[int, KeptBid] = field(default_factory=dict)
    listings: dict[int, KeptListing] = field(default_factory=dict)
    keys: dict[tuple[int, str], int] = field(default_factory=dict)
    events: dict[int, list[dict[str, Any]]] = field(default_factory=dict)

    def rising(self) -> dict[int, list[KeptBid]]:
        """The bids of each listing, the lowest first."""
        ordered: dict[int, list[KeptBid]] = {listing: [] for listing in self.listings}
        for bid in sorted(self.bids.values(), key=lambda bid: (bid.listing_id, bid.cents, bid.bid_id)):
            ordered.setdefault(bid.listing_id, []).append(bid)
        return ordered


def read_facts(connection: Connection, stage: Stage) -> Facts:
    """The connection's transaction must show one state throughout: REPEATABLE READ, or SQLite."""
    return Facts(
        _bids(connection, stage), _listings(connection, stage), _keys(connection, stage), _events(connection, stage)
    )


def _bids(connection: Connection, stage: Stage) -> dict[int, KeptBid]:
    wanted = select(Bid.id, Bid.listing_id, Bid.bidder_id, Bid.amount, Bid.placed_at)
    rows = connection.execute(wanted.where(Bid.listing_id.in_(stage.listing_ids)))
    return {
        row.id: KeptBid(row.id, row.listing_id, row.bidder_id, to_cents(row.amount), _utc(row.placed_at))
        for row in rows
    }


def _listings(connection: Connection, stage: Stage) -> dict[int, KeptListing]:
    columns = (Listing.id, Listing.starting_price, Listing.current_bid, Listing.highest_bidder_id, Listing.bid_count)
    rows = connection.execute(select(*columns).where(Listing.id.in_(stage.listing_ids)))
    return {
        row.id: KeptListing(
            row.id,
            to_cents(row.starting_price),
            None if row.current_bid is None else to_cents(row.current_bid),
            row.highest_bidder_id,
            row.bid_count,
        )
        for row in rows
    }


def _keys(connection: Connection, stage: Stage) -> dict[tuple[int, str], int]:
    wanted = select(IdempotencyKey.actor_id, IdempotencyKey.idempotency_key, IdempotencyKey.result)
    rows = connection.execute(wanted.where(IdempotencyKey.actor_id.in_(stage.user_ids)))
    return {(row.actor_id, row.idempotency_key): int(json.loads(row.result)["bid_id"]) for row in rows}


def _events(connection: Connection, stage: Stage) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {listing: [] for listing in stage.listing_ids}
    wanted = select(OutboxEvent.aggregate_id, OutboxEvent.payload).where(
        OutboxEvent.id > stage.outbox_before,
        OutboxEvent.aggregate_type == "listing",
        OutboxEvent.aggregate_id.in_(stage.listing_ids),
        OutboxEvent.event_type == "bid_placed",
    )
    for row in connection.execute(wanted.order_by(OutboxEvent.id)):
        found[row.aggregate_id].append(row.payload)
    return found


def _utc(stored: datetime) -> str:
    return utc_text(stored)
