"""The auction in plain Python, to compare the store with: dictionaries, no database, one request at a time."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from auction_core.bidding import minimum_next_bid_cents

WINDOW = timedelta(minutes=2)
EXTENSION = timedelta(minutes=5)
LATE_START = timedelta(minutes=1)
BEFORE = {"paid": {"pending", "failed"}, "failed": {"pending"}, "refunded": {"paid"}}


class Refusal(Exception):
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass
class Payment:
    buyer: int
    cents: int
    method: str = "card"
    status: str = "pending"


@dataclass
class Lot:
    seller: int
    start_cents: int
    reserve: int | None
    buy_now: int | None
    starts: datetime
    ends: datetime
    updated: datetime
    status: str = "active"
    bids: list[tuple[int, int, datetime]] = field(default_factory=list)  # bidder, cents, placed_at
    closed: datetime | None = None
    payment: Payment | None = None
    reviewers: set[int] = field(default_factory=set)

    @property
    def current(self) -> int | None:
        return self.bids[-1][1] if self.bids else None

    @property
    def leader(self) -> int | None:
        return self.bids[-1][0] if self.bids else None

    @property
    def minimum(self) -> int:
        least = minimum_next_bid_cents(self.current, self.start_cents)
        return least if self.buy_now is None else min(least, self.buy_now)


class Model:
    """Amounts are whole cents. `users` leads to (joined, is active); `events` are (type, aggregate id) in order."""

    def __init__(self, users: dict[int, tuple[datetime, bool]], clock: Callable[[], datetime]) -> None:
        self.users = users
        self.lots: dict[int, Lot] = {}
        self.watching: set[tuple[int, int]] = set()
        self.comments = 0
        self.events: list[tuple[str, int]] = []
        self._clock = clock

    def open_listing(
        self,
        seller: int,
        cents: int,
        reserve: int | None,
        buy_now: int | None,
        starts: datetime | None,
        ends: datetime,
        listing: int,
    ) -> dict[str, Any]:
        """`listing` is the id that it gets."""
        self._prices_make_sense(cents, reserve, buy_now)
        self._active(seller)
        now = self._clock()
        opens = now if starts is None else starts
        if opens < now - LATE_START:
            raise Refusal("invalid_request")
        opens = max(opens, now)
        if not timedelta(minutes=1) <= ends - opens <= timedelta(days=90):
            raise Refusal("invalid_request")
        self.lots[listing] = Lot(seller, cents, reserve, buy_now, opens, ends, now)
        self._tell("listing_opened", listing)
        return {"listing_id": listing, "starts_at": opens, "ends_at": ends}

    def place_bid(self, bidder: int, listing: int, cents: int) -> dict[str, Any]:
        lot, at = self._meet(bidder, listing)
        if lot.buy_now is not None and cents > lot.buy_now:
            raise Refusal("bid_above_buy_now")
        if cents < lot.minimum:
            raise Refusal("bid_too_low")
        return self._place(bidder, listing, cents, at)

    def buy_now(self, buyer: int, listing: int) -> dict[str, Any]:
        lot, at = self._meet(buyer, listing)
        if lot.buy_now is None or lot.buy_now < lot.minimum:
            raise Refusal("buy_now_unavailable")
        return self._place(buyer, listing, lot.buy_now, at)

    def cancel_listing(self, seller: int, listing: int) -> dict[str, Any]:
        lot = self._lot(listing)
        if lot.seller != seller:
            raise Refusal("not_your_listing")
        at = max(self._clock(), lot.updated)
        if lot.status != "active" or at >= lot.ends:
            raise Refusal("listing_closed")
        if lot.bids:
            raise Refusal("listing_has_bids")
        lot.status, lot.closed, lot.updated = "cancelled", at, at
        self._tell("listing_cancelled", listing)
        return {"closed_at": at}

    def due(self) -> set[int]:
        now = self._clock()
        return {number for number, lot in self.lots.items() if lot.status == "active" and lot.ends <= now}

    def close(self, listing: int) -> dict[str, Any]:
        """One that is due."""
        lot = self.lots[listing]
        at = max(self._clock(), lot.updated)
        sold = lot.current is not None and lot.current >= (lot.reserve or 0)
        self._end(listing, at, "sold" if sold else "unsold")
        return {"status": lot.status, "closed_at": at, "winner_id": lot.leader if sold else None}

    def record_payment(self, user: int, listing: int, method: str, status: str) -> dict[str, Any]:
        lot = self._lot(listing)
        payment = lot.payment
        if payment is None:
            raise Refusal("payment_not_found")
        if status == "refunded" and user != lot.seller:
            raise Refusal("not_your_listing")
        if status != "refunded" and user != payment.buyer:
            raise Refusal("not_your_payment")
        if payment.status not in BEFORE[status]:
            raise Refusal("payment_settled")
        if status == "refunded" and method != payment.method:
            raise Refusal("invalid_request")
        payment.status, payment.method = status, method
        self._tell("payment_recorded", listing)
        return {"status": status, "method": method}

    def add_comment(self, user: int, listing: int, body: str) -> dict[str, Any]:
        self._lot(listing)
        self._active(user)
        self.comments += 1
        self._tell("comment_added", self.comments)
        return {"listing_id": listing, "comment_id": self.comments}

    def watch(self, user: int, listing: int) -> dict[str, Any]:
        return self._watch(user, listing, on=True)

    def unwatch(self, user: int, listing: int) -> dict[str, Any]:
        return self._watch(user, listing, on=False)

    def leave_review(self, user: int, listing: int, rating: int) -> dict[str, Any]:
        lot = self._lot(listing)
        if lot.status != "sold":
            raise Refusal("listing_not_sold")
        if user not in {lot.seller, lot.leader}:
            raise Refusal("not_your_sale")
        if user in lot.reviewers:
            raise Refusal("already_reviewed")
        lot.reviewers.add(user)
        review = sum(len(each.reviewers) for each in self.lots.values())
        self._tell("review_left", review)
        return {"review_id": review, "reviewee_id": lot.leader if user == lot.seller else lot.seller, "rating": rating}

    def register_user(self, user: int) -> None:
        """`user` is the id that the newcomer gets."""
        self.users[user] = (self._clock(), True)
        self._tell("user_registered", user)

    def _meet(self, bidder: int, listing: int) -> tuple[Lot, datetime]:
        """An open listing of somebody else's, and the moment of the bid."""
        lot = self._lot(listing)
        self._active(bidder)
        at = max(self._clock(), lot.updated, self.users[bidder][0])
        if lot.status != "active" or at >= lot.ends:
            raise Refusal("listing_closed")
        if at < lot.starts:
            raise Refusal("listing_not_open")
        if bidder == lot.seller:
            raise Refusal("seller_cannot_bid")
        return lot, at

    def _place(self, bidder: int, listing: int, cents: int, at: datetime) -> dict[str, Any]:
        lot = self.lots[listing]
        lot.bids.append((bidder, cents, at))
        lot.updated = at
        self._tell("bid_placed", listing)
        won = cents == lot.buy_now
        if won:
            self._end(listing, at, "sold")
        elif lot.ends - at <= WINDOW:
            lot.ends = max(lot.ends, at + EXTENSION)
        return {"placed_at": at, "bid_count": len(lot.bids), "ends_at": lot.ends, "won": won}

    def _end(self, listing: int, at: datetime, status: str) -> None:
        lot = self.lots[listing]
        lot.status, lot.closed, lot.updated = status, at, at
        self._tell("listing_closed", listing)
        if status == "sold" and lot.leader is not None and lot.current is not None:
            lot.payment = Payment(lot.leader, lot.current)
            self._tell("payment_due", listing)

    def _watch(self, user: int, listing: int, *, on: bool) -> dict[str, Any]:
        self._lot(listing)
        self._active(user)
        if ((user, listing) in self.watching) != on:
            self.watching ^= {(user, listing)}
            self._tell("watch_started" if on else "watch_stopped", user)
        return {"watching": on}

    def _lot(self, listing: int) -> Lot:
        if listing not in self.lots:
            raise Refusal("listing_not_found")
        return self.lots[listing]

    def _active(self, user: int) -> None:
        if user not in self.users:
            raise Refusal("user_not_found")
        if not self.users[user][1]:
            raise Refusal("user_inactive")

    def _tell(self, event: str, aggregate: int) -> None:
        self.events.append((event, aggregate))

    @staticmethod
    def _prices_make_sense(cents: int, reserve: int | None, buy_now: int | None) -> None:
        if reserve is not None and reserve < cents:
            raise Refusal("invalid_request")
        if buy_now is not None and buy_now < (reserve or cents):
            raise Refusal("invalid_request")
