"""The load tool itself: it leaves everything else alone, it catches stores that lie, and it can be interrupted."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from sqlalchemy import func, select, text
from typer.testing import CliRunner

from auction_core.cli import app
from auction_core.errors import BidTooLow, DatabaseUnreachable
from auction_core.load_test.crew import OpenBids, open_store
from auction_core.load_test.plan import Plan
from auction_core.load_test.report import Report
from auction_core.load_test.run import run_load
from auction_core.results import PlacedBid
from auction_core.store import Store
from auction_core.tables import Base, Bid, Listing
from tests.integration.auction_core.world import World, make_world

pytestmark = pytest.mark.xdist_group("auction load")

# A load ends when this happened, on a machine of any speed.
ENOUGH_BIDS = 100
AT_MOST_SECONDS = 60.0


def load_briefly(url: str, open_bids: OpenBids = open_store) -> Report:
    plan = Plan(url, clients=4, seconds=AT_MOST_SECONDS, hot=1, spread=3, processes=2)

    def enough(left: float, bids: int) -> None:
        if bids >= ENOUGH_BIDS:
            raise KeyboardInterrupt

    return run_load(plan, enough, open_bids)


@pytest.fixture(scope="module", autouse=True)
def clients_start_at_once() -> None:
    """The first process of the fork server waits for its imports, longer than the shortest of these loads lasts."""
    first = multiprocessing.get_context("forkserver").Process(target=time.time)
    first.start()
    first.join()


@pytest.fixture
def auction(tmp_path: Path) -> Iterator[World]:
    world = make_world(f"sqlite:///{tmp_path}/auction.db")
    yield world
    world.engine.dispose()


def test_a_load_test_leaves_every_other_row_as_it_was(world: World) -> None:
    listing = world.listing()
    with Store(world.engine) as store:
        store.place_bid(bidder_id=2, listing_id=listing, amount=Decimal("12.00"), key="mine")
    before = _all_rows(world)
    report = load_briefly(world.url)

    assert [(finding.name, finding.samples) for finding in report.violated] == []
    assert report.bids > 0
    assert _all_rows(world) == before


class Forgetful(Store):
    """Acknowledges some bids without placing them."""

    def place_bid(self, *, bidder_id: int, listing_id: int, amount: Decimal, key: str) -> PlacedBid:
        placed = super().place_bid(bidder_id=bidder_id, listing_id=listing_id, amount=amount, key=key)
        if placed.bid_id % 7 == 0:
            with self.engine.begin() as connection:
                connection.execute(text("DELETE FROM bids WHERE id = :id"), {"id": placed.bid_id})
        return placed


class Secretive(Store):
    """Refuses some bids after placing them."""

    def place_bid(self, *, bidder_id: int, listing_id: int, amount: Decimal, key: str) -> PlacedBid:
        placed = super().place_bid(bidder_id=bidder_id, listing_id=listing_id, amount=amount, key=key)
        if placed.bid_id % 7 == 0:
            raise BidTooLow(amount + 1)
        return placed


class Doubling(Store):
    """Takes no notice of keys."""

    def place_bid(self, *, bidder_id: int, listing_id: int, amount: Decimal, key: str) -> PlacedBid:
        key = f"{time.monotonic_ns()}"
        return super().place_bid(bidder_id=bidder_id, listing_id=listing_id, amount=amount, key=key)


class Clumsy(Store):
    """Fails at some keys, with an error that nobody documented."""

    def place_bid(self, *, bidder_id: int, listing_id: int, amount: Decimal, key: str) -> PlacedBid:
        if crc32(key.encode()) % 7 == 0:
            raise KeyError(key)
        return super().place_bid(bidder_id=bidder_id, listing_id=listing_id, amount=amount, key=key)


def open_forgetful(url: str, clients: int) -> Store:
    return Forgetful.open(url, clients=clients)


def open_secretive(url: str, clients: int) -> Store:
    return Secretive.open(url, clients=clients)


def open_doubling(url: str, clients: int) -> Store:
    return Doubling.open(url, clients=clients)


def open_clumsy(url: str, clients: int) -> Store:
    return Clumsy.open(url, clients=clients)


@pytest.mark.parametrize(
    ("open_bids", "rules"),
    [
        (open_forgetful, {"acknowledged_bids_are_kept", "bid_count_is_number_of_bids"}),
        (open_secretive, {"refused_bids_are_not_kept", "each_bid_was_asked_for"}),
        (open_doubling, {"acknowledged_bids_are_kept"}),
        (open_clumsy, {"errors_are_of_the_family"}),
    ],
)
def test_a_store_that_lies_is_found_out(auction: World, open_bids: OpenBids, rules: set[str]) -> None:
    report = load_briefly(auction.url, open_bids)

    assert rules <= {finding.name for finding in report.violated}


def test_the_command_tells_programs_what_it_found(auction: World) -> None:
    done = CliRunner().invoke(app, ["load", "--url", auction.url, "--clients", "2", "--seconds", "2", "--json"])

    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["holds"] is True
    assert told["bids"] > 0
    assert {row["outcome"] for row in told["latencies"]} >= {"accepted"}


def test_kept_rows_are_removed_when_asked(auction: World) -> None:
    before = _all_rows(auction)
    for _ in range(2):
        report = run_load(Plan(auction.url, clients=1, seconds=0.5, spread=2, processes=1, keep=True))
        assert report.kept
    assert _all_rows(auction) != before

    done = CliRunner().invoke(app, ["load", "--url", auction.url, "--remove"])

    assert "2 load tests" in done.output
    assert _all_rows(auction) == before


def test_ctrl_c_still_proves_and_removes(auction: World) -> None:
    before = _all_rows(auction)
    command = [
        sys.executable,
        "-m",
        "auction_core.cli",
        "load",
        "--url",
        auction.url,
        "--clients",
        "2",
        "--seconds",
        "60",
    ]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        _wait_for_bids(auction)
        os.killpg(running.pid, signal.SIGINT)
        output, _ = running.communicate(timeout=60)
    finally:
        running.kill()
        running.wait()

    assert running.returncode == 130
    assert "Interrupted. No bid was lost" in output
    assert _all_rows(auction) == before


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnreachable):
        run_load(Plan(f"sqlite:///{tmp_path}/none.db"))

    assert list(tmp_path.iterdir()) == []


def _wait_for_bids(world: World) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with world.engine.connect() as connection:
            bids = connection.execute(select(func.count(Bid.id)).join(Listing)).scalar_one()
            connection.rollback()
        if bids > 20:
            return
        time.sleep(0.1)
    pytest.fail("no client bids")


def _all_rows(world: World) -> dict[str, list[Any]]:
    with world.engine.connect() as connection:
        rows = {
            table.name: sorted(map(repr, connection.execute(select(table)))) for table in Base.metadata.sorted_tables
        }
        connection.rollback()
    return rows
