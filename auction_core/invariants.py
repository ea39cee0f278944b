"""What always holds in an auction database: a name, a sentence, and a query for the ids that break it.

The SQL runs unchanged on SQLite, MySQL 8/MariaDB and PostgreSQL. Bids are aggregated before they are joined, which on a
large database is the difference between seconds and minutes.
"""

from dataclasses import dataclass

from auction_core.bidding import INCREMENT_BANDS
from auction_core.money import to_euros
from auction_core.tables import Base


@dataclass(frozen=True, slots=True)
class Invariant:
    """`broken` selects one column, `id`, of the rows that break the rule; `of` names the table the ids are from."""

    name: str
    rule: str
    of: str
    broken: str


def _increment_case(price: str) -> str:
    bands = ((to_euros(floor), to_euros(step)) for floor, step in reversed(INCREMENT_BANDS))
    return f"CASE {' '.join(f'WHEN {price} >= {floor} THEN {step}' for floor, step in bands)} END"


def _orphans() -> str:
    """Rows whose reference leads nowhere; a table without an id shows its first key column."""
    parts = []
    for table in Base.metadata.sorted_tables:
        key = next(iter(table.primary_key.columns)).name
        for foreign in sorted(table.foreign_keys, key=lambda foreign: foreign.parent.name):
            column, parent = foreign.parent.name, foreign.column.table.name
            parts.append(
                f"SELECT c.{key} AS id FROM {table.name} c LEFT JOIN {parent} p ON p.id = c.{column} "  # noqa: S608 - names are ours
                f"WHERE c.{column} IS NOT NULL AND p.id IS NULL"
            )
    return " UNION ALL ".join(parts)


# `auction_core.outbox.LANES`, which stands above this module.
LANES = 16
# Amounts are doubles on SQLite: a tenth of a cent is far above their error and below any real difference.
_SLACK = "0.001"

INVARIANTS: tuple[Invariant, ...] = (
    Invariant("references_exist", "every reference leads to a row", "any table", _orphans()),
    Invariant(
        "current_bid_is_highest_bid",
        "current_bid is the highest amount bid, or empty without bids",
        "listings",
        "SELECT l.id FROM listings l "
        "LEFT JOIN (SELECT listing_id, MAX(amount) AS highest FROM bids GROUP BY listing_id) b ON b.listing_id = l.id "
        "WHERE COALESCE(l.current_bid, -1) <> COALESCE(b.highest, -1)",
    ),
    Invariant(
        "bid_count_is_number_of_bids",
        "bid_count is the number of bids",
        "listings",
        "SELECT l.id FROM listings l LEFT JOIN (SELECT listing_id, COUNT(*) AS placed FROM bids GROUP BY listing_id) b "
        "ON b.listing_id = l.id WHERE l.bid_count <> COALESCE(b.placed, 0)",
    ),
    Invariant(
        "highest_bidder_placed_highest_bid",
        "highest_bidder_id placed the bid of current_bid; nobody without bids (cancelled listings aside)",
        "listings",
        "SELECT l.id FROM listings l WHERE l.status <> 'cancelled' "
        "AND (l.highest_bidder_id IS NOT NULL OR l.current_bid IS NOT NULL) AND NOT EXISTS (SELECT 1 FROM bids b "
        "WHERE b.listing_id = l.id AND b.amount = l.current_bid AND b.bidder_id = l.highest_bidder_id)",
    ),
    Invariant(
        "sellers_never_bid_on_their_own",
        "no seller bids on their own listing",
        "bids",
        "SELECT b.id FROM bids b JOIN listings l ON l.id = b.listing_id WHERE b.bidder_id = l.seller_id",
    ),
    Invariant(
        "bids_rise_by_the_increment",
        "each bid exceeds the one before, by at least the increment if it is not of the buy-now price",
        "bids",
        "SELECT id FROM (SELECT id, listing_id, amount, "  # noqa: S608 - only the numbers of the increment table go in
        "LAG(amount) OVER (PARTITION BY listing_id ORDER BY placed_at, id) AS previous FROM bids) b "
        f"WHERE amount < previous + {_increment_case('previous')} - {_SLACK} AND (amount < previous + {_SLACK} "
        "OR NOT EXISTS (SELECT 1 FROM listings l WHERE l.id = b.listing_id AND l.buy_now_price = b.amount))",
    ),
    Invariant(
        "bids_reach_the_starting_price",
        "no bid is below the starting price",
        "bids",
        "SELECT b.id FROM bids b JOIN listings l ON l.id = b.listing_id WHERE b.amount < l.starting_price",
    ),
    Invariant(
        "bids_never_pass_buy_now",
        "no bid exceeds the buy-now price, and reaching it closes the listing as sold",
        "listings",
        "SELECT l.id FROM listings l WHERE l.current_bid > l.buy_now_price "
        "OR (l.current_bid = l.buy_now_price AND l.status <> 'sold')",
    ),
    Invariant(
        "bids_fall_in_the_open_time",
        "bids are placed between the start and the end or early closing of a listing",
        "bids",
        "SELECT b.id FROM bids b JOIN listings l ON l.id = b.listing_id "
        "WHERE b.placed_at < l.starts_at OR b.placed_at > l.ends_at OR b.placed_at > l.closed_at",
    ),
    Invariant(
        "bidders_had_joined",
        "nobody bids before joining",
        "bids",
        "SELECT b.id FROM bids b JOIN users u ON u.id = b.bidder_id WHERE b.placed_at < u.created_at",
    ),
    Invariant(
        "drafts_have_no_bids",
        "a draft has no bids",
        "listings",
        "SELECT id FROM listings WHERE status = 'draft' AND (bid_count <> 0 OR current_bid IS NOT NULL)",
    ),
    Invariant(
        "sold_has_a_winner",
        "a sold listing has a price and a winner",
        "listings",
        "SELECT id FROM listings WHERE status = 'sold' AND (current_bid IS NULL OR highest_bidder_id IS NULL)",
    ),
    Invariant(
        "sold_meets_the_reserve",
        "a sold listing met its reserve or had none",
        "listings",
        "SELECT id FROM listings WHERE status = 'sold' AND current_bid < reserve_price",
    ),
    Invariant(
        "sold_ran_out_or_was_bought_now",
        "a sold listing closed after its end, or earlier at its buy-now price",
        "listings",
        "SELECT id FROM listings WHERE status = 'sold' AND closed_at < ends_at "
        "AND COALESCE(current_bid, -1) <> COALESCE(buy_now_price, -2)",
    ),
    Invariant(
        "unsold_missed_the_reserve",
        "an unsold listing ran out without bids or below its reserve",
        "listings",
        "SELECT id FROM listings WHERE status = 'unsold' "
        "AND (closed_at < ends_at OR (current_bid IS NOT NULL AND current_bid >= COALESCE(reserve_price, 0)))",
    ),
    Invariant(
        "closed_at_follows_status",
        "closed_at is set for sold, unsold and cancelled listings, and empty for drafts and active ones",
        "listings",
        "SELECT id FROM listings WHERE (status IN ('sold', 'unsold', 'cancelled') AND closed_at IS NULL) "
        "OR (status IN ('draft', 'active') AND closed_at IS NOT NULL)",
    ),
    Invariant(
        "cancelled_has_no_winner",
        "a cancelled listing has no winner",
        "listings",
        "SELECT id FROM listings WHERE status = 'cancelled' AND highest_bidder_id IS NOT NULL",
    ),
    Invariant(
        "listings_sit_on_children",
        "listings sit on child categories only",
        "listings",
        "SELECT l.id FROM listings l JOIN categories c ON c.id = l.category_id WHERE c.parent_id IS NULL",
    ),
    Invariant(
        "category_names_are_unique",
        "no two categories share a name, and there are two levels",
        "categories",
        "SELECT c.id FROM categories c JOIN categories p ON p.id = c.parent_id WHERE p.parent_id IS NOT NULL "
        "UNION SELECT MAX(id) FROM categories GROUP BY name HAVING COUNT(*) > 1",
    ),
    Invariant(
        "payments_only_for_sold",
        "payments exist for sold listings only",
        "payments",
        "SELECT p.id FROM payments p JOIN listings l ON l.id = p.listing_id WHERE l.status <> 'sold'",
    ),
    Invariant(
        "payments_match_the_sale",
        "the winner pays the final price, after closing",
        "payments",
        "SELECT p.id FROM payments p JOIN listings l ON l.id = p.listing_id WHERE l.status = 'sold' AND "
        "(p.buyer_id <> l.highest_bidder_id OR p.amount <> l.current_bid OR p.created_at < l.closed_at)",
    ),
    Invariant(
        "paid_at_follows_status",
        "paid and refunded payments have a paid_at after created_at; pending and failed ones have none",
        "payments",
        "SELECT id FROM payments WHERE (status IN ('paid', 'refunded') AND (paid_at IS NULL OR paid_at < created_at)) "
        "OR (status IN ('pending', 'failed') AND paid_at IS NOT NULL)",
    ),
    Invariant(
        "reviews_join_seller_and_winner",
        "reviews are between the seller and the winner of a sold listing, in either direction",
        "reviews",
        "SELECT r.id FROM reviews r JOIN listings l ON l.id = r.listing_id WHERE l.status <> 'sold' OR NOT ("
        "(r.reviewer_id = l.seller_id AND r.reviewee_id = l.highest_bidder_id) OR "
        "(r.reviewer_id = l.highest_bidder_id AND r.reviewee_id = l.seller_id))",
    ),
    Invariant(
        "listings_change_with_their_bids",
        "a listing's updated_at is not before its highest bid",
        "listings",
        # The highest bid is found by an index; bids_rise_by_the_increment says that it is the last one.
        "SELECT l.id FROM listings l JOIN bids b ON b.listing_id = l.id AND b.amount = l.current_bid "
        "WHERE b.placed_at > l.updated_at",
    ),
    Invariant(
        "events_keep_their_lane",
        "all events of an aggregate are in the lane of its id",
        "event_outbox",
        f"SELECT id FROM event_outbox WHERE lane <> aggregate_id % {LANES}",  # noqa: S608 - a number
    ),
)
