"""The read views on each engine: what they show, to whom, in which order, page after page."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Connection, insert, update

from auction_core.database import parse_url
from auction_core.errors import InvalidRequest, ListingNotFound, UserNotFound
from auction_core.reading import (
    bids_of,
    categories,
    changes_since,
    listing_page,
    open_for_reading,
    payments_of,
    profile,
    sales_of,
    search,
    viewer_of,
    watchlist_of,
)
from auction_core.tables import Bid, Comment, Listing, Payment, Review, User, Watch
from tests.integration.auction_core.world import CATEGORY, SELLER, World

NOW = datetime.now(UTC).replace(tzinfo=None)
SECRETS = ("example.org", "password", "full_name", "User 1")


@pytest.fixture
def reader(world: World) -> Iterator[Connection]:
    engine = open_for_reading(parse_url(world.url), clients=2)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def write(world: World, table: type, *rows: dict[str, Any]) -> None:
    with world.engine.begin() as connection:
        connection.execute(insert(table), list(rows))


def bid(world: World, listing: int, bidder: int, amount: str, number: int, minutes: int = 10) -> None:
    """Bid `number` of the listing, and the listing as the store would leave it."""
    placed = NOW - timedelta(minutes=minutes)
    row = {"listing_id": listing, "bidder_id": bidder, "amount": Decimal(amount), "placed_at": placed}
    write(world, Bid, row)
    standing = {"current_bid": Decimal(amount), "highest_bidder_id": bidder, "bid_count": number}
    with world.engine.begin() as connection:
        connection.execute(update(Listing).where(Listing.id == listing).values(standing))


def titles(page: Any) -> list[str]:
    return [card.title for card in page.items]


def test_a_search_finds_filters_and_escapes(world: World, reader: Connection) -> None:
    world.listing(title="100% wool coat")
    world.listing(title="100 wool_coats", starting_price=Decimal("80"))
    world.listing(title="שעון ⌚ wool", buy_now_price=Decimal("99"))
    world.listing(title="Draft of wool", status="draft")
    world.listing(title="Sold wool", status="sold", closed_at=NOW)
    world.listing(title="Over wool", ends_at=NOW - timedelta(seconds=1))
    assert titles(search(reader, q="WOOL coat", sort="price_up")) == ["100% wool coat", "100 wool_coats"]
    assert titles(search(reader, q="0%w")) == titles(search(reader, q="1_0")) == []
    assert titles(search(reader, q="100%")) == ["100% wool coat"]
    assert titles(search(reader, q="l_c")) == ["100 wool_coats"]
    assert titles(search(reader, q="⌚")) == ["שעון ⌚ wool"]
    assert titles(search(reader, q="'; DROP TABLE listings; --")) == []
    assert titles(search(reader, q="/ \\")) == []
    assert titles(search(reader, price_from=Decimal("10.01"))) == ["100 wool_coats"]
    assert len(search(reader, price_to=Decimal("10")).items) == 2
    assert len(search(reader, category_id=1).items) == len(search(reader, category_id=CATEGORY).items) == 3
    assert search(reader, category_id=2**40).items == ()
    assert titles(search(reader, status="sold")) == ["Sold wool"]
    assert sorted(titles(search(reader, q="wool", status=None)))[-1] == "שעון ⌚ wool"
    assert len(search(reader, status=None).items) == 5


@pytest.mark.parametrize("sort", ["ending_soon", "newest", "price_up", "price_down", "most_bids"])
def test_pages_of_a_search_show_each_listing_once_in_order(world: World, reader: Connection, sort: str) -> None:
    for number in range(11):
        world.listing(
            title=f"Watch {number}",
            starting_price=Decimal(10 + number % 3) + Decimal("0.10"),
            bid_count=number % 2,
            ends_at=NOW.replace(microsecond=7) + timedelta(hours=1 + number % 4),
            created_at=NOW.replace(microsecond=0) - timedelta(hours=number % 5),
        )
    whole = search(reader, sort=sort, limit=100)
    assert whole.next_cursor is None and len(whole.items) == 11
    seen, cursor = [], None
    while True:
        page = search(reader, sort=sort, limit=3, cursor=cursor)
        seen += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    assert tuple(seen) == whole.items
    keys = {
        "ending_soon": [card.ends_at for card in seen],
        "newest": [-card.created_at.timestamp() for card in seen],
        "price_up": [card.price for card in seen],
        "price_down": [-card.price for card in seen],
        "most_bids": [-card.bid_count for card in seen],
    }[sort]
    assert keys == sorted(keys)


def test_what_no_search_can_take_is_refused(world: World, reader: Connection) -> None:
    for _ in range(3):
        world.listing()
    cursor = search(reader, limit=1).next_cursor
    assert cursor is not None
    refused: list[dict[str, Any]] = [
        {"limit": 0},
        {"limit": 101},
        {"sort": "reserve_price"},
        {"status": "draft"},
        {"price_from": Decimal("NaN")},
        {"price_to": Decimal("-1")},
        {"q": "x" * 101},
        {"q": "a\x00b"},
        {"q": "a b c d e f g h i"},
        {"cursor": cursor[:-2] + "xx"},
        {"cursor": cursor, "q": "another"},
        {"cursor": "é"},
        {"cursor": ""},
        {"cursor": "A" * 500},
    ]
    for values in refused:
        with pytest.raises(InvalidRequest):
            search(reader, **values)


def test_a_listing_shows_masked_bidders_and_keeps_its_reserve(world: World, reader: Connection) -> None:
    listing = world.listing(reserve_price=Decimal("777.77"), buy_now_price=Decimal("900"))
    bid(world, listing, 2, "10.00", 1, minutes=9)
    bid(world, listing, 3, "12.00", 2, minutes=8)
    comment = {"listing_id": listing, "user_id": SELLER, "body": "Hello", "created_at": NOW}
    write(world, Comment, comment, comment | {"user_id": 4, "body": "Hi", "created_at": NOW - timedelta(hours=1)})
    write(world, Watch, {"listing_id": listing, "user_id": 3, "created_at": NOW})
    seen = listing_page(reader, listing, 3)
    assert [(line.bidder, line.is_own, line.amount) for line in seen.bids] == [
        ("user3", True, Decimal("12.00")),
        ("u***2", False, Decimal("10.00")),
    ]
    assert (seen.minimum_next_bid, seen.current_bid, seen.bid_count) == (Decimal("12.50"), Decimal("12.00"), 2)
    assert seen.is_leading and seen.is_watching and seen.is_open and not seen.is_own and seen.can_buy_now
    assert (seen.reserve_met, seen.reserve_price) == (False, None)
    assert 3500 < seen.seconds_left <= 3600
    assert [(line.body, line.is_seller) for line in seen.comments] == [("Hi", False), ("Hello", True)]
    assert (seen.category, seen.parent_category) == ("Watches", "Jewelry & Watches")
    for viewer in (None, 2, 3, 4):
        written = listing_page(reader, listing, viewer).model_dump_json()
        assert "777.77" not in written and not any(secret in written for secret in SECRETS)
    assert listing_page(reader, listing, SELLER).reserve_price == Decimal("777.77")
    assert [line.bidder for line in listing_page(reader, listing, SELLER).bids] == ["u***3", "u***2"]
    bid(world, listing, 2, "800.00", 3)
    assert listing_page(reader, listing).reserve_met is True
    assert "777.77" not in changes_since(reader, listing).model_dump_json()


def test_a_draft_is_its_sellers_alone_and_odd_ids_are_nobodys(world: World, reader: Connection) -> None:
    draft = world.listing(status="draft")
    assert listing_page(reader, draft, SELLER).is_open is False
    for view in (lambda: listing_page(reader, draft), lambda: listing_page(reader, draft, 2)):
        with pytest.raises(ListingNotFound):
            view()
    for number in (0, -1, 2**31, 2**70, draft + 99):
        with pytest.raises(ListingNotFound):
            listing_page(reader, number)
        with pytest.raises(ListingNotFound):
            changes_since(reader, number)
        with pytest.raises(UserNotFound):
            profile(reader, number + 10_000 if number == draft + 99 else number)
    with pytest.raises(ListingNotFound):
        changes_since(reader, draft)


def test_changes_are_the_bids_since_the_last_one_known(world: World, reader: Connection) -> None:
    listing = world.listing()
    assert changes_since(reader, listing).last_bid_id == 0
    bid(world, listing, 2, "10.00", 1)
    first = changes_since(reader, listing)
    assert [line.amount for line in first.bids] == [Decimal("10.00")]
    bid(world, listing, 3, "11.00", 2)
    bid(world, listing, 2, "12.00", 3)
    second = changes_since(reader, listing, first.last_bid_id, 2)
    assert [(line.amount, line.bidder) for line in second.bids] == [
        (Decimal("12.00"), "user2"),
        (Decimal("11.00"), "u***3"),
    ]
    assert second.is_leading and second.current_bid == Decimal("12.00")
    assert changes_since(reader, listing, second.last_bid_id).bids == ()


def test_the_clock_decides_what_is_open(world: World, reader: Connection) -> None:
    listing = world.listing()
    opened = listing_page(reader, listing)
    over = listing_page(reader, listing, now=opened.ends_at)
    assert (over.is_open, over.minimum_next_bid, over.seconds_left) == (False, None, 0)
    before = listing_page(reader, listing, now=opened.starts_at - timedelta(seconds=1))
    assert (before.is_open, before.status) == (False, "active")
    assert search(reader, now=opened.ends_at).items == ()


def test_a_user_sees_own_bids_watches_sales_and_payments_page_by_page(world: World, reader: Connection) -> None:
    listings = [world.listing(title=f"Watch {number}") for number in range(5)]
    for number, listing in enumerate(listings):
        bid(world, listing, 2, "10.00", 1, minutes=30 - number)
        bid(world, listing, 3, "11.00", 2, minutes=20)
    bid(world, listings[0], 2, "12.00", 3, minutes=1)
    write(world, Watch, *({"user_id": 2, "listing_id": listing, "created_at": NOW} for listing in listings))
    sold = {"status": "sold", "closed_at": NOW}
    with world.engine.begin() as connection:
        connection.execute(update(Listing).where(Listing.id.in_(listings[:2])).values(sold))
    due = {"amount": Decimal("12"), "fee": Decimal("1"), "method": "card", "created_at": NOW}
    write(world, Payment, due | {"listing_id": listings[0], "buyer_id": 2, "status": "pending"})
    write(world, Payment, due | {"listing_id": listings[1], "buyer_id": 3, "status": "paid", "paid_at": NOW})

    def all_of(view: Any, user: int) -> list[Any]:
        found, cursor = [], None
        while True:
            page = view(reader, user, cursor, limit=2)
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                return found

    mine = all_of(bids_of, 2)
    assert [item.listing.id for item in mine] == [listings[0], *reversed(listings[1:])]
    assert [(item.standing, item.amount, item.bids) for item in mine[:2]] == [
        ("won", Decimal("12.00"), 2),
        ("outbid", Decimal("10.00"), 1),
    ]
    assert mine[-1].standing == "lost"
    assert {item.standing for item in all_of(bids_of, 3)} == {"leading", "won", "lost"}
    assert [item.listing.id for item in all_of(watchlist_of, 2)] == listings[::-1]
    sales = all_of(sales_of, SELLER)
    assert sorted(item.listing.id for item in sales) == sorted(listings)
    assert {item.listing.id: item.payment_status for item in sales}[listings[1]] == "paid"
    assert [item.listing_id for item in payments_of(reader, 2, status="pending").items] == [listings[0]]
    assert payments_of(reader, 2, status="paid").items == payments_of(reader, 3, status="due").items == ()
    assert payments_of(reader, 2, status="due").items == payments_of(reader, 2).items != ()
    won = listing_page(reader, listings[0], 2)
    assert (won.winner, won.payment_status) == ("user2", "pending")
    other = listing_page(reader, listings[0], 3)
    assert (other.winner, other.payment_status) == ("u***2", None)
    cursor = bids_of(reader, 2, limit=2).next_cursor
    with pytest.raises(InvalidRequest):
        bids_of(reader, 3, cursor)


def test_a_profile_rates_the_seller_by_buyers_only(world: World, reader: Connection) -> None:
    first, second, bought = world.listing(status="sold"), world.listing(status="sold"), world.listing(seller_id=5)
    about = {"reviewee_id": SELLER, "body": "Fine", "created_at": NOW}
    write(
        world,
        Review,
        about | {"listing_id": first, "reviewer_id": 2, "rating": 5},
        about | {"listing_id": second, "reviewer_id": 3, "rating": 4, "created_at": NOW + timedelta(seconds=1)},
        about | {"listing_id": bought, "reviewer_id": 5, "rating": 1},
    )
    seen = profile(reader, SELLER)
    assert (seen.rating.average, seen.rating.count) == (Decimal("4.5"), 2)
    assert (seen.sold_listings, seen.active_listings) == (2, 0)
    assert [line.reviewer for line in seen.reviews] == ["user3", "user2"]
    assert not any(secret in seen.model_dump_json() for secret in SECRETS)
    assert listing_page(reader, first).seller.rating == seen.rating
    assert profile(reader, 9).rating.average is None
    with world.engine.begin() as connection:
        connection.execute(update(User).where(User.id == 9).values(is_active=False))
    with pytest.raises(UserNotFound):
        profile(reader, 9)
    assert viewer_of(reader, 9) is viewer_of(reader, 2**40) is None
    signed_in = viewer_of(reader, 8)
    assert signed_in is not None and signed_in.username == "user8"


def test_categories_are_a_tree(reader: Connection) -> None:
    (top,) = categories(reader)
    assert (top.name, [child.name for child in top.children]) == ("Jewelry & Watches", ["Watches"])


def test_reading_waits_for_no_writer(world: World, reader: Connection) -> None:
    listing = world.listing()
    with world.engine.begin() as writing:
        writing.execute(update(Listing).where(Listing.id == listing).values(title="Not yet"))
        assert listing_page(reader, listing).title == "Vintage steel watch"
    assert listing_page(reader, listing).title == "Not yet"
