"""Opening listings, and taking them back while nobody has bid."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import Connection, select, update

from auction_core import events
from auction_core.clock import aware, naive
from auction_core.errors import (
    CategoryNotFound,
    InvalidRequest,
    ListingClosed,
    ListingHasBids,
    NotYourListing,
)
from auction_core.money import amount_of
from auction_core.results import CancelledListing, OpenedListing, utc_text
from auction_core.tables import CONDITIONS, Category, Listing
from auction_core.writes.locks import lock_listing, require_active_user, time_of_change
from auction_core.writes.rows import insert_row
from auction_core.writes.transaction import Rules, Transaction
from auction_core.writes.validation import check_ids, choice, line, moment, prose

LONGEST_TITLE = 120
LONGEST_DESCRIPTION = 10_000
# Clocks of callers that are this far behind may still say "from now on".
LATE_START = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Draft:
    """A listing as its seller wants it. `checked` is the way to make one that can be opened."""

    seller_id: int
    category_id: int
    title: str
    description: str
    item_condition: str
    starting_price: Decimal
    reserve_price: Decimal | None
    buy_now_price: Decimal | None
    starts_at: datetime | None
    ends_at: datetime

    def checked(self) -> "Draft":
        """With texts trimmed, amounts of two decimals and times in UTC. Raises InvalidRequest."""
        check_ids(seller_id=self.seller_id, category_id=self.category_id)
        fit = replace(
            self,
            title=line(self.title, "title", LONGEST_TITLE),
            description=prose(self.description, "description", LONGEST_DESCRIPTION, may_be_empty=True),
            item_condition=choice(self.item_condition, "item_condition", CONDITIONS),
            starting_price=amount_of(self.starting_price, "starting_price"),
            reserve_price=_amount_or_none(self.reserve_price, "reserve_price"),
            buy_now_price=_amount_or_none(self.buy_now_price, "buy_now_price"),
            starts_at=None if self.starts_at is None else moment(self.starts_at, "starts_at"),
            ends_at=moment(self.ends_at, "ends_at"),
        )
        if fit.reserve_price is not None and fit.reserve_price < fit.starting_price:
            raise InvalidRequest("reserve_price", "must be at least the starting price")
        if fit.buy_now_price is not None and fit.buy_now_price < (fit.reserve_price or fit.starting_price):
            raise InvalidRequest("buy_now_price", "must be at least the starting price and the reserve")
        return fit

    def request(self) -> dict[str, object]:
        """The names and values that tell this request from another."""
        wanted: dict[str, object] = {name: getattr(self, name) for name in self.__slots__}
        return {
            "do": "open_listing",
            **wanted,
            "starts_at": None if self.starts_at is None else utc_text(self.starts_at),
            "ends_at": utc_text(self.ends_at),
        }


def open_listing(tx: Transaction, draft: Draft) -> OpenedListing:
    """`draft` is checked. Raises InvalidRequest, CategoryNotFound, UserNotFound, UserInactive."""
    require_active_user(tx.connection, draft.seller_id)
    _require_child_category(tx.connection, draft.category_id)
    now = tx.now()
    starts_at, ends_at = _open_time(draft, now, tx.rules)
    row = {
        "seller_id": draft.seller_id,
        "category_id": draft.category_id,
        "title": draft.title,
        "description": draft.description,
        "item_condition": draft.item_condition,
        "starting_price": draft.starting_price,
        "reserve_price": draft.reserve_price,
        "buy_now_price": draft.buy_now_price,
        "bid_count": 0,
        "status": "active",
        "created_at": now,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "updated_at": now,
    }
    listing_id = insert_row(tx.connection, Listing, row)
    event = events.ListingOpened(
        listing_id=listing_id,
        seller_id=draft.seller_id,
        category_id=draft.category_id,
        title=draft.title,
        starting_price=draft.starting_price,
        buy_now_price=draft.buy_now_price,
        starts_at=aware(starts_at),
        ends_at=aware(ends_at),
    )
    tx.append(event, now)
    return OpenedListing(
        listing_id=listing_id, starts_at=aware(starts_at), ends_at=aware(ends_at), minimum_bid=draft.starting_price
    )


def cancel_listing(tx: Transaction, seller_id: int, listing_id: int) -> CancelledListing:
    """Before or after its start, until its end.

    Raises NotYourListing, ListingHasBids, ListingClosed, ListingNotFound.
    """
    listing = lock_listing(tx.connection, listing_id)
    if listing.seller_id != seller_id:
        raise NotYourListing
    closed_at = time_of_change(tx.now(), listing.updated_at)
    if listing.status not in {"draft", "active"} or (listing.status == "active" and closed_at >= listing.ends_at):
        raise ListingClosed
    if listing.bid_count:
        raise ListingHasBids
    cancelled = update(Listing).where(Listing.id == listing_id)
    tx.connection.execute(cancelled.values(status="cancelled", closed_at=closed_at, updated_at=closed_at))
    tx.append(events.ListingCancelled(listing_id=listing_id, closed_at=aware(closed_at)), closed_at)
    return CancelledListing(listing_id=listing_id, closed_at=aware(closed_at))


def _amount_or_none(value: object, field: str) -> Decimal | None:
    return None if value is None else amount_of(value, field)


def _require_child_category(connection: Connection, category_id: int) -> None:
    parent = select(Category.parent_id).where(Category.id == category_id)
    if connection.execute(parent).scalar_one_or_none() is None:
        raise CategoryNotFound


def _open_time(draft: Draft, now: datetime, rules: Rules) -> tuple[datetime, datetime]:
    starts_at = now if draft.starts_at is None else naive(draft.starts_at)
    if starts_at < now - LATE_START:
        raise InvalidRequest("starts_at", "must not be in the past")
    if starts_at > now + rules.longest:
        raise InvalidRequest("starts_at", f"must be at most {_spoken(rules.longest)} from now")
    starts_at, ends_at = max(starts_at, now), naive(draft.ends_at)
    if ends_at - starts_at < rules.shortest:
        raise InvalidRequest("ends_at", f"must be at least {_spoken(rules.shortest)} after the start")
    if ends_at - starts_at > rules.longest:
        raise InvalidRequest("ends_at", f"must be at most {_spoken(rules.longest)} after the start")
    return starts_at, ends_at


def _spoken(length: timedelta) -> str:
    """Such as '90 days' or '0:01:00'."""
    return f"{length.days} days" if length.seconds == 0 and length.days > 1 else str(length)
