"""The auction's writes: one transaction each, carried out once for its idempotency key.

    store = Store.open("postgresql://auction@db/auction")
    store.place_bid(bidder_id=7, listing_id=42, amount=Decimal("12.50"), key=str(uuid4()))

`key` is 1 to 64 visible ASCII characters that the caller makes up for each request and repeats when it repeats the
request: a bid that was placed is then not placed again, and its first result is returned. Every method raises

- a WriteRefused when the rules forbid the write (see `auction_core.errors`); nothing was written;
- TooBusy when the database rolled it back every time; nothing was written;
- OutcomeUnknown when the database went away: repeat with the same key;
- DatabaseUnreachable when it was not there at all.

Ids are whole numbers from 1, amounts Decimal euros with two decimals; times are aware, in whatever zone. Threads may
share a store; after a fork each process opens its own.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Self, TypeVar

from sqlalchemy import Engine

from auction_core.clock import Clock
from auction_core.database import open_for_writing, parse_url
from auction_core.passwords import hash_password
from auction_core.results import (
    AddedComment,
    CancelledListing,
    ClosedListing,
    LeftReview,
    OpenedListing,
    PlacedBid,
    RecordedPayment,
    RegisteredUser,
    Result,
    Watching,
)
from auction_core.writes import bids, closing, comments, listings, payments, reviews, users, watching
from auction_core.writes.transact import transact
from auction_core.writes.transaction import Rules, Transaction
from auction_core.writes.validation import check_ids, prose

R = TypeVar("R", bound=Result)
NOBODY = 0
USUAL = Rules()


class Store:
    def __init__(self, engine: Engine, *, rules: Rules = USUAL, clock: Clock | None = None) -> None:
        """`engine` is of `auction_core.database.open_for_writing`. Without `clock`, the database tells the time."""
        self.engine = engine
        self.rules = rules
        self.clock = clock

    @classmethod
    def open(cls, url: str, *, clients: int = 32, rules: Rules = USUAL, clock: Clock | None = None) -> Self:
        """For up to `clients` writes at once; connects at the first.

        Raises Refused for an address that no auction can be at.
        """
        return cls(open_for_writing(parse_url(url), clients=clients), rules=rules, clock=clock)

    def close(self) -> None:
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def place_bid(self, *, bidder_id: int, listing_id: int, amount: Decimal, key: str) -> PlacedBid:
        """A bid of exactly the buy-now price wins at once.

        Raises BidTooLow (with the minimum), BidAboveBuyNow, ListingClosed, ListingNotOpen, SellerCannotBid,
        UserInactive, ListingNotFound, UserNotFound.
        """
        return bids.place_bid(self.engine, self.rules, self.clock, bidder_id, listing_id, amount, key)

    def buy_now(self, *, buyer_id: int, listing_id: int, key: str) -> PlacedBid:
        """Places the winning bid at the buy-now price and closes the listing as sold, with a payment due.

        Raises BuyNowUnavailable when there is no such price or a bid has reached it; else as `place_bid`.
        """
        check_ids(buyer_id=buyer_id, listing_id=listing_id)
        request = {"do": "buy_now", "listing": listing_id}
        return self._write(buyer_id, key, request, PlacedBid, lambda tx: bids.buy_now(tx, buyer_id, listing_id))

    def open_listing(
        self,
        *,
        seller_id: int,
        category_id: int,
        title: str,
        description: str,
        item_condition: str,
        starting_price: Decimal,
        ends_at: datetime,
        starts_at: datetime | None = None,
        reserve_price: Decimal | None = None,
        buy_now_price: Decimal | None = None,
        key: str,
    ) -> OpenedListing:
        """A listing that takes bids from `starts_at` (now, if none) until just before `ends_at`.

        Raises InvalidRequest (with field and problem), CategoryNotFound, UserNotFound, UserInactive.
        """
        draft = listings.Draft(
            seller_id,
            category_id,
            title,
            description,
            item_condition,
            starting_price,
            reserve_price,
            buy_now_price,
            starts_at,
            ends_at,
        ).checked()
        return self._write(seller_id, key, draft.request(), OpenedListing, lambda tx: listings.open_listing(tx, draft))

    def cancel_listing(self, *, seller_id: int, listing_id: int, key: str) -> CancelledListing:
        """Raises NotYourListing, ListingHasBids, ListingClosed, ListingNotFound."""
        check_ids(seller_id=seller_id, listing_id=listing_id)
        request = {"do": "cancel_listing", "listing": listing_id}
        return self._write(
            seller_id, key, request, CancelledListing, lambda tx: listings.cancel_listing(tx, seller_id, listing_id)
        )

    def close_due_listings(self, *, limit: int = 100) -> list[ClosedListing]:
        """Closes up to `limit` listings that have run out, each in a transaction of its own and exactly once.

        Any number of workers may call it at once; each listing is in the answer of one of them. A sold listing gets its
        pending payment in the same transaction. Needs no key: a listing that is closed is not due.
        """
        return closing.close_due_listings(self.engine, self.rules, self.clock, limit)

    def record_payment(
        self, *, user_id: int, listing_id: int, method: str | None = None, status: str = "paid", key: str
    ) -> RecordedPayment:
        """What became of the payment of a sold listing: pending → paid or failed, failed → paid, paid → refunded.

        The winner pays and the seller refunds. `method` None keeps the one that the payment has.
        Raises ListingNotFound, PaymentNotFound, NotYourPayment, NotYourListing, PaymentSettled (with its status),
        InvalidRequest.
        """
        check_ids(user_id=user_id, listing_id=listing_id)
        payments.check_payment(method, status)
        request = {"do": "record_payment", "listing": listing_id, "method": method, "status": status}
        return self._write(
            user_id,
            key,
            request,
            RecordedPayment,
            lambda tx: payments.record_payment(tx, user_id, listing_id, method, status),
        )

    def add_comment(self, *, user_id: int, listing_id: int, body: str, key: str) -> AddedComment:
        """`body` is 1 to 2,000 characters. Raises ListingNotFound, UserNotFound, UserInactive, InvalidRequest."""
        check_ids(user_id=user_id, listing_id=listing_id)
        said = prose(body, "body", comments.LONGEST_COMMENT, may_be_empty=False)
        request = {"do": "add_comment", "listing": listing_id, "body": said}
        return self._write(
            user_id, key, request, AddedComment, lambda tx: comments.add_comment(tx, user_id, listing_id, said)
        )

    def watch(self, *, user_id: int, listing_id: int, key: str) -> Watching:
        """Watching what is watched changes nothing. Raises ListingNotFound, UserNotFound, UserInactive."""
        check_ids(user_id=user_id, listing_id=listing_id)
        request = {"do": "watch", "listing": listing_id}
        return self._write(user_id, key, request, Watching, lambda tx: watching.watch(tx, user_id, listing_id))

    def unwatch(self, *, user_id: int, listing_id: int, key: str) -> Watching:
        """Not watching what is not watched changes nothing. Raises as `watch`."""
        check_ids(user_id=user_id, listing_id=listing_id)
        request = {"do": "unwatch", "listing": listing_id}
        return self._write(user_id, key, request, Watching, lambda tx: watching.unwatch(tx, user_id, listing_id))

    def leave_review(self, *, reviewer_id: int, listing_id: int, rating: int, body: str, key: str) -> LeftReview:
        """The seller and the winner of a sold listing review each other, once each; `rating` is 1 to 5.

        `body` is up to 2,000 characters. Raises NotYourSale, ListingNotSold, AlreadyReviewed, ListingNotFound,
        InvalidRequest.
        """
        check_ids(reviewer_id=reviewer_id, listing_id=listing_id)
        stars = reviews.check_rating(rating)
        said = prose(body, "body", reviews.LONGEST_REVIEW, may_be_empty=True)
        request = {"do": "leave_review", "listing": listing_id, "rating": stars, "body": said}
        return self._write(
            reviewer_id,
            key,
            request,
            LeftReview,
            lambda tx: reviews.leave_review(tx, reviewer_id, listing_id, stars, said),
        )

    def register_user(
        self, *, username: str, email: str, password: str, full_name: str, country: str, key: str
    ) -> RegisteredUser:
        """The password is kept as an argon2id hash only. Raises UsernameTaken, EmailTaken, InvalidRequest."""
        applicant = users.Applicant(username, email, password, full_name, country).checked()
        kept = hash_password(password)
        return self._write(
            NOBODY, key, applicant.request(), RegisteredUser, lambda tx: users.register_user(tx, applicant, kept)
        )

    def _write(
        self,
        actor_id: int,
        key: str,
        request: Mapping[str, object],
        result_type: type[R],
        work: Callable[[Transaction], R],
    ) -> R:
        return transact(
            self.engine,
            self.rules,
            self.clock,
            actor_id=actor_id,
            key=key,
            request=request,
            result_type=result_type,
            work=work,
        )
