"""A bid that somebody asks to place, and what a fast way needs to know of it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property

from auction_core.bidding import highest_outbid_cents
from auction_core.clock import Clock, aware, naive
from auction_core.money import amount_of, to_cents, to_euros
from auction_core.results import PlacedBid
from auction_core.writes.transact import check_key
from auction_core.writes.transaction import Rules
from auction_core.writes.validation import check_ids


@dataclass(frozen=True)
class Offer:
    """Raises InvalidRequest for values that no bid can have."""

    bidder_id: int
    listing_id: int
    amount: Decimal
    key: str
    rules: Rules
    clock: Clock | None

    def __post_init__(self) -> None:
        check_ids(bidder_id=self.bidder_id, listing_id=self.listing_id)
        object.__setattr__(self, "amount", amount_of(self.amount))
        check_key(self.key)

    @property
    def request(self) -> Mapping[str, object]:
        return {"do": "place_bid", "listing": self.listing_id, "amount": str(self.amount)}

    @cached_property
    def fingerprint(self) -> str:
        """As `fingerprint_of(self.request)`, in a third of the time."""
        canonical = f'{{"amount": "{self.amount}", "do": "place_bid", "listing": {self.listing_id}}}'
        return hashlib.sha256(canonical.encode()).hexdigest()

    @property
    def highest_outbid(self) -> Decimal | None:
        cents = highest_outbid_cents(to_cents(self.amount))
        return None if cents is None else to_euros(cents)

    @property
    def now(self) -> datetime | None:
        """Naive UTC, if somebody overrides the database's clock."""
        return None if self.clock is None else naive(self.clock())

    def placed(self, bid_id: int, placed_at: datetime, bid_count: int, ends_at: datetime) -> PlacedBid:
        """The times are naive UTC."""
        return PlacedBid.model_construct(
            bid_id=bid_id,
            listing_id=self.listing_id,
            bidder_id=self.bidder_id,
            amount=self.amount,
            placed_at=aware(placed_at),
            bid_count=bid_count,
            ends_at=aware(ends_at),
        )
