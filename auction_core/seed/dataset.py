"""All rows of a seeded database: the areas' arrays put together as tables, parents before children."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np

from auction_core.events import Event, ListingCancelled, ListingClosed
from auction_core.money import to_euros
from auction_core.outbox import LANES
from auction_core.seed.accounts import Accounts, make_accounts, make_full_names, make_usernames
from auction_core.seed.bids import Bids, make_bids
from auction_core.seed.catalogue import CHILDREN, SECTIONS
from auction_core.seed.columns import NULL, Column, IntArray, Kind, TableRows, integer, money, strings, time, words
from auction_core.seed.crowd import ANSWERS, QUESTIONS, last_seen, make_comments, make_watches, still_active
from auction_core.seed.offers import SECTION_NAMES, Offers, Outcome, make_offers
from auction_core.seed.people import COUNTRIES, MAIL_DOMAINS
from auction_core.seed.prices import Prices, make_prices
from auction_core.seed.rhythm import Rhythm, off_the_second
from auction_core.seed.scale import DAY, MINUTE, SECOND, History, Streams
from auction_core.seed.settlement import Closings, make_closings, make_payments, make_reviews
from auction_core.seed.wording import ListingTexts, review_texts
from auction_core.tables import CONDITIONS, PAYMENT_METHODS, PAYMENT_STATUSES

_STATUS_OF = {
    Outcome.DRAFT: "draft",
    Outcome.ACTIVE: "active",
    Outcome.SOLD: "sold",
    Outcome.BOUGHT_NOW: "sold",
    Outcome.NO_BIDS: "unsold",
    Outcome.RESERVE_NOT_MET: "unsold",
    Outcome.CANCELLED: "cancelled",
}
# Events are dropped from the outbox some days after they were published.
OUTBOX_DAYS = 3


def generate(streams: Streams, history: History) -> Iterator[TableRows]:
    """Everything is computed before the first table comes; texts are made as they are read."""
    rhythm = Rhythm(history)
    accounts = make_accounts(streams, history, rhythm)
    offers = make_offers(streams, history, rhythm, accounts)
    prices = make_prices(streams, history, offers)
    bids = make_bids(streams, history, rhythm, accounts, offers, prices)
    closings = make_closings(streams, offers, prices, bids)
    yield _users(streams, history, accounts, offers, bids)
    yield _categories()
    yield _listings(streams, offers, prices, closings, _last_changes(offers, prices, bids, closings))
    yield _bids(bids, prices)
    del bids
    yield _comments(streams, history, rhythm, accounts, offers, closings)
    yield _watchlist(streams, history, rhythm, accounts, offers, closings)
    yield from _settlement(streams, history, accounts, offers, prices, closings)
    yield _outbox(streams, history, offers, prices, closings)


def _ids(count: int) -> Column:
    return integer("id", np.arange(1, count + 1, dtype=np.int64))


def _reference(name: str, index: IntArray) -> Column:
    return integer(name, np.where(index == NULL, NULL, index + 1))


def _never(name: str, count: int) -> Column:
    return time(name, np.full(count, NULL, dtype=np.int64))


def _last_changes(offers: Offers, prices: Prices, bids: Bids, closings: Closings) -> IntArray:
    """When each listing was made, had its last bid or closed, whichever was last."""
    changed = np.maximum(offers.created_at, closings.closed_at)
    has_bids = prices.count > 0
    last_bid = bids.placed_at[(prices.first + prices.count - 1)[has_bids]]
    changed[has_bids] = np.maximum(changed[has_bids], last_bid)
    return changed


def _users(streams: Streams, history: History, accounts: Accounts, offers: Offers, bids: Bids) -> TableRows:
    names = make_usernames(streams)
    rng = streams.of("credentials")
    n = len(names)
    domain = rng.integers(0, len(MAIL_DOMAINS), n).tolist()
    token = rng.bytes(16 * n).hex()
    seen = last_seen(streams, history, accounts, offers, bids)
    columns = (
        _ids(n),
        strings("username", names),
        strings("email", [f"{name}@{MAIL_DOMAINS[d]}" for name, d in zip(names, domain, strict=True)]),
        # '!' starts no known hash format: nobody can log in with what the seed writes.
        strings("password_hash", [f"!seed${token[32 * i : 32 * i + 32]}" for i in range(n)]),
        strings("full_name", make_full_names(streams, names)),
        words("country", [code for code, _ in COUNTRIES], accounts.country),
        time("created_at", accounts.created_at),
        time("last_seen_at", seen),
        Column("is_active", Kind.FLAG, still_active(streams, history, seen)),
        _never("updated_at", n),
    )
    return TableRows("users", n, columns)


def _categories() -> TableRows:
    """Top-level categories have the ids 1 to 12; children follow."""
    parents = [NULL] * len(SECTIONS) + [SECTION_NAMES.index(child.section) for child in CHILDREN]
    names = [*SECTION_NAMES, *(child.name for child in CHILDREN)]
    parent = _reference("parent_id", np.array(parents, dtype=np.int64))
    return TableRows("categories", len(names), (_ids(len(names)), strings("name", names), parent))


def _listings(streams: Streams, offers: Offers, prices: Prices, closings: Closings, updated_at: IntArray) -> TableRows:
    texts = ListingTexts(streams, offers)
    n = prices.count.size
    statuses = [_STATUS_OF[outcome] for outcome in Outcome]
    columns = (
        _ids(n),
        _reference("seller_id", offers.seller),
        _reference("category_id", offers.child + len(SECTIONS)),
        Column("title", Kind.TEXT, texts.titles),
        Column("description", Kind.TEXT, texts.descriptions),
        words("item_condition", CONDITIONS, offers.condition),
        money("starting_price", prices.starting),
        money("reserve_price", prices.reserve),
        money("buy_now_price", prices.buy_now),
        money("current_bid", prices.current),
        _reference("highest_bidder_id", closings.highest_bidder),
        integer("bid_count", prices.count),
        words("status", statuses, offers.outcome),
        time("created_at", offers.created_at),
        time("starts_at", offers.starts_at),
        time("ends_at", offers.ends_at),
        time("closed_at", closings.closed_at),
        time("updated_at", updated_at),
    )
    return TableRows("listings", n, columns)


def _bids(bids: Bids, prices: Prices) -> TableRows:
    order = np.argsort(bids.placed_at, kind="stable")
    columns = (
        _ids(order.size),
        _reference("listing_id", bids.listing[order]),
        _reference("bidder_id", bids.bidder[order]),
        money("amount", prices.amount[order]),
        time("placed_at", bids.placed_at[order]),
    )
    return TableRows("bids", order.size, columns)


def _comments(
    streams: Streams, history: History, rhythm: Rhythm, accounts: Accounts, offers: Offers, closings: Closings
) -> TableRows:
    comments = make_comments(streams, history, rhythm, accounts, offers, closings)
    body = np.where(comments.is_answer, comments.body + len(QUESTIONS), comments.body)
    columns = (
        _ids(body.size),
        _reference("listing_id", comments.listing),
        _reference("user_id", comments.user),
        words("body", QUESTIONS + ANSWERS, body),
        time("created_at", comments.created_at),
    )
    return TableRows("comments", body.size, columns)


def _watchlist(
    streams: Streams, history: History, rhythm: Rhythm, accounts: Accounts, offers: Offers, closings: Closings
) -> TableRows:
    watches = make_watches(streams, history, rhythm, accounts, offers, closings)
    columns = (
        _reference("user_id", watches.user),
        _reference("listing_id", watches.listing),
        time("created_at", watches.created_at),
    )
    return TableRows("watchlist", watches.user.size, columns)


def _settlement(
    streams: Streams, history: History, accounts: Accounts, offers: Offers, prices: Prices, closings: Closings
) -> Iterator[TableRows]:
    paid = make_payments(streams, history, accounts, offers, prices, closings)
    sale_columns = (
        _ids(paid.listing.size),
        _reference("listing_id", paid.listing),
        _reference("buyer_id", paid.buyer),
        money("amount", paid.amount),
        money("fee", paid.fee),
        words("method", PAYMENT_METHODS, paid.method),
        words("status", PAYMENT_STATUSES, paid.status),
        time("created_at", paid.created_at),
        time("paid_at", paid.paid_at),
        _never("updated_at", paid.listing.size),
    )
    yield TableRows("payments", paid.listing.size, sale_columns)
    reviews = make_reviews(streams, history, accounts, offers, paid)
    columns = (
        _ids(reviews.listing.size),
        _reference("listing_id", reviews.listing),
        _reference("reviewer_id", reviews.reviewer),
        _reference("reviewee_id", reviews.reviewee),
        integer("rating", reviews.rating),
        strings("body", review_texts(streams, reviews.rating)),
        time("created_at", reviews.created_at),
    )
    yield TableRows("reviews", reviews.listing.size, columns)


def _outbox(streams: Streams, history: History, offers: Offers, prices: Prices, closings: Closings) -> TableRows:
    """The closings of the last days; the newest are still to be published."""
    recent = np.flatnonzero(closings.closed_at > history.now - OUTBOX_DAYS * DAY)
    recent = recent[np.argsort(closings.closed_at[recent], kind="stable")]
    occurred = closings.closed_at[recent]
    delay = streams.of("outbox").integers(SECOND // 10, 20 * SECOND, recent.size)
    published = np.where(occurred > history.now - 30 * MINUTE, NULL, off_the_second(occurred + delay))
    cancelled = (offers.outcome[recent] == Outcome.CANCELLED).astype(np.int64)
    columns = (
        _ids(recent.size),
        words("aggregate_type", (ListingClosed.aggregate_type,), np.zeros_like(recent)),
        _reference("aggregate_id", recent),
        integer("lane", (recent + 1) % LANES),
        words("event_type", (ListingClosed.event_type, ListingCancelled.event_type), cancelled),
        strings("payload", [_closing_event(i, offers, prices, closings) for i in recent.tolist()]),
        time("occurred_at", occurred),
        time("published_at", published),
    )
    return TableRows("event_outbox", recent.size, columns)


def _closing_event(index: int, offers: Offers, prices: Prices, closings: Closings) -> str:
    outcome, sold = Outcome(int(offers.outcome[index])), bool(closings.sold[index])
    closed_at = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(closings.closed_at[index]))
    event: Event
    if outcome is Outcome.CANCELLED:
        event = ListingCancelled(listing_id=index + 1, closed_at=closed_at)
    else:
        event = ListingClosed(
            listing_id=index + 1,
            status="sold" if sold else "unsold",
            bought_now=outcome is Outcome.BOUGHT_NOW,
            winner_id=int(closings.highest_bidder[index]) + 1 if sold else None,
            final_price=to_euros(int(prices.current[index])) if sold else None,
            closed_at=closed_at,
        )
    return json.dumps(event.model_dump(mode="json"))
