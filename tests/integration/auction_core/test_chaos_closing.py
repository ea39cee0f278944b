"""Workers that close the same listings at once, while bids arrive until the last moment."""

import json
import multiprocessing
import multiprocessing.process
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import bindparam, text, update

from auction_core.check import find_violations
from auction_core.errors import DatabaseUnreachable
from auction_core.invariants import INVARIANTS
from auction_core.load_test.client import Part
from auction_core.load_test.crew import Crew
from auction_core.load_test.ledger import Book, count_accepted, read_book
from auction_core.load_test.proof import Evidence, prove
from auction_core.load_test.run import read_evidence
from auction_core.load_test.stage import Stage
from auction_core.store import Store
from auction_core.tables import Listing
from tests.integration.auction_core.world import BUYERS, CATEGORY, SELLER, World

pytestmark = pytest.mark.xdist_group("auction load")

LISTINGS = 24
CLOSERS = 3
# When so many bids are placed, the clients are at work, and the listings are made to end one after the other.
BIDS_BEFORE_THE_END = 5 * LISTINGS
ENDING = timedelta(seconds=2)
LAST_BIDS_SECONDS = 0.5
AT_MOST_SECONDS = 60.0
START_CENTS = 10_00


def test_each_listing_closes_once_with_one_winner_who_placed_the_last_acknowledged_bid(
    world: World, tmp_path: Path
) -> None:
    listings = [
        world.listing(reserve_price=Decimal("9999999.00") if number % 4 == 0 else None) for number in range(LISTINGS)
    ]
    context = multiprocessing.get_context("forkserver")
    closers = [
        context.Process(target=close_until_all_are_closed, args=(world.url, LISTINGS, tmp_path, number), daemon=True)
        for number in range(CLOSERS)
    ]
    for closer in closers:
        closer.start()
    _bid_until_all_are_closed(world, listings, tmp_path, closers)
    for closer in closers:
        closer.join(AT_MOST_SECONDS)
        assert closer.exitcode == 0

    closed = [json.loads(line) for path in tmp_path.glob("*.closed") for line in path.read_text().splitlines()]
    assert sorted(each["listing_id"] for each in closed) == listings, "each in the answer of one closer"
    assert {each["status"] for each in closed} == {"sold", "unsold"}
    book = read_book(tmp_path)
    _answers_are_what_acknowledged_bids_make_them(closed, book)
    _the_database_agrees(world, listings, book)
    assert _late_refusals(book) > 0, "nobody bid after the end"
    _events_end_with_the_closing(world, closed)


def close_until_all_are_closed(url: str, number: int, folder: Path, name: int) -> None:
    """In a process of its own: writes down what it closed."""
    with Store.open(url, clients=1) as store, (folder / f"{name}.closed").open("a") as notes:
        end = time.monotonic() + AT_MOST_SECONDS
        while time.monotonic() < end:
            with suppress(DatabaseUnreachable):  # SQLite was busy for too long
                for each in store.close_due_listings(limit=5):
                    notes.write(each.model_dump_json() + "\n")
            with store.engine.connect() as connection:
                left = "SELECT COUNT(*) FROM listings WHERE status = 'active'"
                still_open = connection.execute(text(left)).scalar_one()
                connection.rollback()
            if still_open == 0:
                return


class AllAreClosed(Exception):
    pass


def _bid_until_all_are_closed(
    world: World, listings: list[int], folder: Path, closers: Sequence[multiprocessing.process.BaseProcess]
) -> None:
    parts = [
        tuple(Part("", bidder, SELLER, tuple(listings), (), START_CENTS) for bidder in BUYERS[start : start + 4])
        for start in (0, 4, 8)
    ]
    offsets: dict[Path, int] = {}
    placed = 0

    def tick(left: float) -> None:
        nonlocal placed
        before, placed = placed, placed + count_accepted(folder, offsets)
        if before < BIDS_BEFORE_THE_END <= placed:
            _let_end(world, listings)
        if not any(closer.is_alive() for closer in closers):
            time.sleep(LAST_BIDS_SECONDS)
            raise AllAreClosed

    with pytest.raises(AllAreClosed):
        Crew(world.url, parts, folder, seed=1).work(AT_MOST_SECONDS, kill=False, tick=tick)


def _let_end(world: World, listings: list[int]) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    ends = [{"listing": each, "ends": now + ENDING * number / LISTINGS} for number, each in enumerate(listings, 1)]
    with world.engine.begin() as connection:
        connection.execute(
            update(Listing).where(Listing.id == bindparam("listing")).values(ends_at=bindparam("ends")), ends
        )


def _answers_are_what_acknowledged_bids_make_them(closed: list[dict[str, object]], book: Book) -> None:
    """None of the requests is of unknown outcome here, so the ledgers know every bid."""
    assert book.unsure() == []
    last: dict[int, tuple[int, int]] = {}
    for _, placed in book.accepted():
        last[placed.listing_id] = max(last.get(placed.listing_id, (0, 0)), (placed.cents, placed.bidder_id))
    for each in closed:
        cents, bidder = last[int(str(each["listing_id"]))]
        if each["status"] == "sold":
            assert (Decimal(str(each["final_price"])) * 100, each["winner_id"]) == (cents, bidder)
        else:
            assert each["payment_id"] is None


def _the_database_agrees(world: World, listings: list[int], book: Book) -> None:
    stage = Stage("test", SELLER, tuple(BUYERS), (1, CATEGORY), tuple(listings), (), 0)
    facts, invariants = read_evidence(world.url, stage)
    findings = [*prove(Evidence(book, facts)), *invariants]
    broken = {finding.name: finding.samples for finding in findings if finding.violations}
    assert broken.keys() <= {"answers_are_expected"}, broken  # for here listings close
    assert {code for _, code in book.refused()} <= EXPECTED
    with world.engine.connect() as connection:
        violated = [each.name for each in INVARIANTS if find_violations(connection, each).violations]
        connection.rollback()
    assert violated == []


EXPECTED = {"listing_closed", "bid_too_low", "seller_cannot_bid", "idempotency_conflict", "too_busy"}


def _late_refusals(book: Book) -> int:
    return sum(code == "listing_closed" for _, code in book.refused())


def _events_end_with_the_closing(world: World, closed: list[dict[str, object]]) -> None:
    with world.engine.connect() as connection:
        told = connection.execute(text("SELECT aggregate_id, event_type FROM event_outbox ORDER BY id")).all()
        owed = Counter(connection.execute(text("SELECT listing_id FROM payments")).scalars())
        connection.rollback()
    for each in closed:
        types = [event_type for listing, event_type in told if listing == each["listing_id"]]
        sold = each["status"] == "sold"
        bids = types.count("bid_placed")
        assert types == ["bid_placed"] * bids + ["listing_closed"] + ["payment_due"] * sold
        assert owed[each["listing_id"]] == sold
