"""Every invariant holds on seeded data, and every one of them is seen to break."""

import sqlite3
from pathlib import Path

import pytest

from auction_core import invariants, outbox
from auction_core.check import Finding, check_database
from auction_core.errors import DatabaseUnreachable
from auction_core.invariants import INVARIANTS

SOLD_LATE = "(SELECT MIN(id) FROM listings WHERE status = 'sold' AND closed_at > ends_at AND bid_count > 3)"
BREAKS: dict[str, str] = {
    "references_exist": "UPDATE comments SET user_id = 999999 WHERE id = 5",
    "current_bid_is_highest_bid": f"UPDATE listings SET current_bid = current_bid + 1 WHERE id = {SOLD_LATE}",
    "bid_count_is_number_of_bids": "UPDATE listings SET bid_count = bid_count + 1 WHERE id = 42",
    "highest_bidder_placed_highest_bid": "UPDATE listings SET highest_bidder_id = highest_bidder_id % 9 + 1 "
    "WHERE id = 42",
    "sellers_never_bid_on_their_own": "UPDATE bids SET bidder_id = "
    "(SELECT seller_id FROM listings WHERE id = listing_id) WHERE id = 900",
    "bids_rise_by_the_increment": "UPDATE bids SET amount = "
    "(SELECT MAX(amount) - 0.01 FROM bids WHERE listing_id = 42) "
    "WHERE id = (SELECT MIN(id) FROM bids WHERE listing_id = 42)",
    "bids_reach_the_starting_price": "UPDATE listings SET starting_price = current_bid WHERE id = 42",
    "bids_never_pass_buy_now": "UPDATE listings SET buy_now_price = current_bid - 0.5 WHERE id = 42",
    "bids_fall_in_the_open_time": "UPDATE bids SET placed_at = '2023-01-01 00:00:00.000001' WHERE id = 700",
    "bidders_had_joined": "UPDATE users SET created_at = '2026-06-30 00:00:00.000001' "
    "WHERE id = (SELECT bidder_id FROM bids WHERE id = 700)",
    "drafts_have_no_bids": "UPDATE listings SET status = 'draft', closed_at = NULL WHERE id = 42",
    "sold_has_a_winner": "UPDATE listings SET highest_bidder_id = NULL WHERE id = 42",
    "sold_meets_the_reserve": "UPDATE listings SET reserve_price = current_bid + 1 WHERE id = 42",
    "sold_ran_out_or_was_bought_now": f"UPDATE listings SET closed_at = starts_at WHERE id = {SOLD_LATE}",
    "unsold_missed_the_reserve": "UPDATE listings SET status = 'unsold' WHERE id = 42",
    "closed_at_follows_status": "UPDATE listings SET closed_at = NULL WHERE id = 42",
    "cancelled_has_no_winner": "UPDATE listings SET highest_bidder_id = 3 WHERE status = 'cancelled'",
    "listings_sit_on_children": "UPDATE listings SET category_id = 1 WHERE id = 42",
    "category_names_are_unique": "UPDATE categories SET name = 'Watches' WHERE id = 20",
    "payments_only_for_sold": "UPDATE payments SET listing_id = (SELECT MIN(id) FROM listings WHERE status = 'unsold') "
    "WHERE id = 9",
    "payments_match_the_sale": "UPDATE payments SET amount = amount + 1 WHERE id = 9",
    "paid_at_follows_status": "UPDATE payments SET paid_at = NULL "
    "WHERE id = (SELECT MIN(id) FROM payments WHERE status = 'paid')",
    "listings_change_with_their_bids": "UPDATE listings SET updated_at = created_at WHERE id = 42",
    "events_keep_their_lane": "UPDATE event_outbox SET lane = (lane + 1) % 16 WHERE id = 1",
    "reviews_join_seller_and_winner": "UPDATE reviews SET reviewee_id = reviewer_id WHERE id = 4",
}


def findings_of(path: Path) -> dict[str, Finding]:
    return {finding.invariant.name: finding for finding in check_database(f"sqlite:///{path}")}


def test_seeded_data_keeps_every_invariant(any_db: Path) -> None:
    broken = {name: finding.samples for name, finding in findings_of(any_db).items() if finding.violations}
    assert broken == {}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_other_seeds_keep_every_invariant(tmp_path: Path, seed: int) -> None:
    from auction_core.seed.run import seed_database

    seed_database(f"sqlite:///{tmp_path / 'a.db'}", "tiny", seed)
    assert [name for name, finding in findings_of(tmp_path / "a.db").items() if finding.violations] == []


def test_the_check_and_the_outbox_count_the_same_lanes() -> None:
    assert invariants.LANES == outbox.LANES


def test_every_invariant_has_a_break() -> None:
    assert set(BREAKS) == {invariant.name for invariant in INVARIANTS}


@pytest.mark.parametrize("name", BREAKS)
def test_a_corrupted_row_is_reported_by_its_invariant(tiny_copy: Path, name: str) -> None:
    connection = sqlite3.connect(tiny_copy)
    changed = connection.execute(BREAKS[name]).rowcount
    connection.commit()
    connection.close()
    assert changed >= 1
    finding = findings_of(tiny_copy)[name]
    assert finding.violations >= 1
    assert 1 <= len(finding.samples) <= 3


def test_a_second_winner_is_named_with_its_id(tiny_copy: Path) -> None:
    connection = sqlite3.connect(tiny_copy)
    connection.execute(BREAKS["bid_count_is_number_of_bids"])
    connection.commit()
    connection.close()
    broken = {name: f for name, f in findings_of(tiny_copy).items() if f.violations}
    assert list(broken) == ["bid_count_is_number_of_bids"]
    assert (broken["bid_count_is_number_of_bids"].violations, broken["bid_count_is_number_of_bids"].samples) == (
        1,
        (42,),
    )


def test_a_file_that_is_not_there_is_not_created_by_a_check(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnreachable, match="auction-core seed"):
        findings_of(tmp_path / "absent.db")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_database_is_told_to_be_seeded_first(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "empty.db").close()
    (tmp_path / "empty.db").touch()
    with pytest.raises(DatabaseUnreachable, match="Tables are missing"):
        findings_of(tmp_path / "empty.db")
