"""The fixed words and shapes that questions rely on."""

import re
import sqlite3
from pathlib import Path

import pytest

from auction_core.tables import Base

COUNTRIES = {"US", "DE", "GB", "FR", "NL", "IT", "ES", "PL", "SE", "AT", "CH", "BE", "JP", "CA", "AU", "BR", "IN"}
TOP_LEVEL = [
    "Electronics", "Fashion", "Home & Garden", "Collectibles", "Art", "Jewelry & Watches", "Books & Media",
    "Sports & Outdoors", "Toys & Hobbies", "Vehicles", "Musical Instruments", "Business & Industrial",
]  # fmt: skip
SIZES = {"tiny": (200, 500, 5_000), "small": (2_000, 5_000, 60_000)}
TIMES = [(t.name, c.name) for t in Base.metadata.sorted_tables for c in t.columns if c.name.endswith("_at")]


def rows(path: Path, sql: str) -> list[tuple]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def test_sizes_are_those_of_the_scale(any_db: Path) -> None:
    users, listings, bids = SIZES[any_db.stem]
    counted = [rows(any_db, f"SELECT COUNT(*) FROM {table}")[0][0] for table in ("users", "listings", "bids")]
    assert counted[:2] == [users, listings]
    assert abs(counted[2] - bids) <= bids * 0.02


def test_listing_42_is_sold_and_has_bids(any_db: Path) -> None:
    assert rows(any_db, "SELECT status, bid_count > 0 FROM listings WHERE id = 42") == [("sold", 1)]


@pytest.mark.parametrize("name", ["anna_k", "marco77"])
def test_the_named_users_bid_list_and_buy(any_db: Path, name: str) -> None:
    (user,) = rows(any_db, f"SELECT id FROM users WHERE username = '{name}'")[0]
    assert rows(any_db, f"SELECT COUNT(*) FROM bids WHERE bidder_id = {user}")[0][0] >= 10
    assert rows(any_db, f"SELECT COUNT(*) FROM listings WHERE seller_id = {user}")[0][0] >= 1
    assert (
        rows(any_db, f"SELECT COUNT(*) FROM listings WHERE highest_bidder_id = {user} AND status = 'sold'")[0][0] >= 1
    )


def test_categories_are_the_twelve_with_three_to_six_children_each(any_db: Path) -> None:
    assert [
        name for (name,) in rows(any_db, "SELECT name FROM categories WHERE parent_id IS NULL ORDER BY id")
    ] == TOP_LEVEL
    counts = rows(any_db, "SELECT COUNT(*) FROM categories WHERE parent_id IS NOT NULL GROUP BY parent_id")
    assert len(counts) == 12
    assert all(3 <= count <= 6 for (count,) in counts)


def test_the_children_that_the_schema_page_names_are_there(small_db: Path) -> None:
    promised = {
        "Electronics": "Phones, Laptops, Cameras, Audio, Gaming",
        "Jewelry & Watches": "Watches, Rings, Necklaces",
        "Collectibles": "Coins, Stamps, Trading Cards, Comics",
        "Art": "Paintings, Prints, Sculptures, Photography",
        "Fashion": "Shoes, Handbags, Dresses, Jackets",
    }
    found = rows(
        small_db,
        "SELECT p.name, group_concat(c.name, ', ') FROM (SELECT * FROM categories ORDER BY id) c "
        "JOIN categories p ON p.id = c.parent_id GROUP BY p.id",
    )
    assert {parent: children for parent, children in found if parent in promised} == promised


def test_all_countries_occur_with_very_unequal_shares(any_db: Path) -> None:
    counts = dict(rows(any_db, "SELECT country, COUNT(*) FROM users GROUP BY country"))
    assert set(counts) == COUNTRIES
    assert max(counts.values()) > 20 * min(counts.values())


# Of what only the backend writes.
NEVER_SET = {("users", "updated_at"), ("payments", "updated_at"), ("idempotency_keys", "created_at")}


def test_history_stays_between_launch_and_the_as_of_day(any_db: Path) -> None:
    future = {("listings", "starts_at"), ("listings", "ends_at")}
    for table, column in TIMES:
        first, last = rows(any_db, f"SELECT MIN({column}), MAX({column}) FROM {table}")[0]
        if (table, column) in NEVER_SET:
            assert (first, last) == (None, None)
            continue
        assert first > "2023-07-01", (table, column)
        assert last < "2026-06-30 23:59:59" or (table, column) in future, (table, column)
    started_late = "SELECT COUNT(*) FROM listings WHERE status <> 'draft' AND starts_at > '2026-06-30 23:59:59'"
    assert rows(any_db, started_late) == [(0,)]


def test_active_listings_end_after_the_history_and_all_others_before(any_db: Path) -> None:
    counts = dict(rows(any_db, "SELECT status, COUNT(*) FROM listings GROUP BY status"))
    assert set(counts) == {"draft", "active", "sold", "unsold", "cancelled"}
    late = rows(
        any_db, "SELECT DISTINCT status FROM listings WHERE ends_at > '2026-06-30 23:59:59' AND status <> 'draft'"
    )
    assert late == [("active",)]
    assert rows(
        any_db, "SELECT COUNT(*) FROM listings WHERE status = 'active' AND ends_at < '2026-06-30 23:59:59'"
    ) == [(0,)]


def test_every_time_has_the_one_textual_form(any_db: Path) -> None:
    for table, column in TIMES:
        wrong = (
            f"SELECT COUNT(*) FROM {table} WHERE {column} IS NOT NULL AND (typeof({column}) <> 'text' "
            f"OR length({column}) <> 26 OR {column} LIKE '%.000000' "
            f"OR strftime('%Y-%m-%d %H:%M:%S', {column}) <> substr({column}, 1, 19))"
        )
        assert rows(any_db, wrong) == [(0,)], (table, column)


def test_short_and_long_literals_split_time_alike(small_db: Path) -> None:
    for operator in ("<", "<=", ">", ">="):
        counts = {
            rows(small_db, f"SELECT COUNT(*) FROM bids WHERE placed_at {operator} '{literal}'")[0]
            for literal in ("2025-01-01", "2025-01-01 00:00:00", "2025-01-01 00:00:00.000000")
        }
        assert len(counts) == 1
    december = "SELECT COUNT(*) FROM bids WHERE placed_at >= '2024-12-01' AND placed_at < '2025-01-01'"
    assert rows(small_db, december) == rows(
        small_db, "SELECT COUNT(*) FROM bids WHERE strftime('%Y-%m', placed_at) = '2024-12'"
    )


def test_money_is_numeric_and_divides_as_such(any_db: Path) -> None:
    kinds = rows(
        any_db, "SELECT DISTINCT typeof(amount) FROM bids UNION SELECT DISTINCT typeof(current_bid) FROM listings"
    )
    assert {kind for (kind,) in kinds} == {"real", "null"}
    # A whole amount kept as an integer would make 15 / 10 give 1.
    whole = rows(any_db, "SELECT COUNT(*), SUM(typeof(starting_price) = 'real') FROM listings WHERE starting_price = 1")
    assert whole[0][0] > 20
    assert whole[0][0] == whole[0][1]
    cents = rows(any_db, "SELECT COUNT(*) FROM bids WHERE ABS(amount * 100 - ROUND(amount * 100)) > 0.000001")
    assert cents == [(0,)]


def test_no_bid_lies_in_the_second_around_the_sniping_limit(any_db: Path) -> None:
    gap = (
        "SELECT COUNT(*) FROM bids b JOIN listings l ON l.id = b.listing_id "
        "WHERE (julianday(l.ends_at) - julianday(b.placed_at)) * 86400 BETWEEN 58.9 AND 61.1"
    )
    assert rows(any_db, gap) == [(0,)]


def test_nobody_outbids_themselves(any_db: Path) -> None:
    twice = (
        "SELECT COUNT(*) FROM (SELECT bidder_id, "
        "LAG(bidder_id) OVER (PARTITION BY listing_id ORDER BY placed_at) AS before "
        "FROM bids) WHERE bidder_id = before"
    )
    assert rows(any_db, twice) == [(0,)]


def test_ids_follow_time(any_db: Path) -> None:
    for table, column in (
        ("bids", "placed_at"),
        ("listings", "created_at"),
        ("users", "created_at"),
        ("payments", "created_at"),
    ):
        disorder = f"SELECT COUNT(*) FROM (SELECT {column} AS t, LAG({column}) OVER (ORDER BY id) AS p FROM {table})"
        disorder += " WHERE t < p"
        assert rows(any_db, disorder) == [(0,)], table


def test_refunded_payments_keep_paid_at_and_every_status_occurs(small_db: Path) -> None:
    found = rows(
        small_db, "SELECT status, COUNT(*) > 20, COUNT(paid_at) > 0 FROM payments GROUP BY status ORDER BY status"
    )
    assert found == [("failed", 1, 0), ("paid", 1, 1), ("pending", 1, 0), ("refunded", 1, 1)]


def test_reviews_go_both_ways(small_db: Path) -> None:
    about = rows(
        small_db,
        "SELECT r.reviewee_id = l.seller_id, COUNT(*) FROM reviews r JOIN listings l ON l.id = r.listing_id GROUP BY 1",
    )
    assert all(count > 500 for _, count in about)
    assert len(about) == 2


def test_buy_nows_close_early_at_their_price(small_db: Path) -> None:
    early = rows(
        small_db,
        "SELECT current_bid = buy_now_price, COUNT(*) FROM listings WHERE status = 'sold' AND closed_at < ends_at "
        "GROUP BY 1",
    )
    assert len(early) == 1
    assert early[0][0] == 1
    assert early[0][1] > 150


def test_some_users_never_bid_and_some_never_list(any_db: Path) -> None:
    users = SIZES[any_db.stem][0]
    silent = rows(any_db, "SELECT COUNT(*) FROM users WHERE id NOT IN (SELECT bidder_id FROM bids)")[0][0]
    no_sellers = rows(any_db, "SELECT COUNT(*) FROM users WHERE id NOT IN (SELECT seller_id FROM listings)")[0][0]
    assert silent > users * 0.1
    assert no_sellers > users * 0.4


def test_addresses_are_reserved_ones_and_hashes_open_nothing(any_db: Path) -> None:
    for email, secret, username in rows(any_db, "SELECT email, password_hash, username FROM users"):
        assert re.fullmatch(r"[a-z0-9_.]+@([a-z]+\.)?example\.(com|org)", email), email
        assert re.fullmatch(r"!seed\$[0-9a-f]{32}", secret)
        assert re.fullmatch(r"[a-z0-9_.]{3,40}", username)


def test_titles_fit_their_category(small_db: Path) -> None:
    watches = rows(
        small_db, "SELECT title FROM listings WHERE category_id = (SELECT id FROM categories WHERE name = 'Watches')"
    )
    assert len(watches) > 80
    assert all(re.search(r"[A-Z].* (19|20)\d\d, ", title) for (title,) in watches)
    assert any(title.startswith("Vintage Omega Seamaster ") for (title,) in watches)
    assert rows(small_db, "SELECT COUNT(DISTINCT title) > 2000 FROM listings") == [(1,)]
