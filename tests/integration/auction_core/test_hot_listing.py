"""32 bidders at once on one listing, in processes that are killed without warning and replaced."""

import pytest

from auction_core.load_test.plan import Plan
from auction_core.load_test.run import run_load
from tests.integration.auction_core.world import World

# One after the other on one worker: the three engines would only take the processor from each other.
pytestmark = pytest.mark.xdist_group("auction load")

SECONDS = 20
CLIENTS = 32


def test_no_bid_is_lost_on_a_hot_listing_whose_clients_are_killed(world: World) -> None:
    report = run_load(Plan(world.url, clients=CLIENTS, seconds=SECONDS, hot=1, spread=0, processes=8, kill=True))

    assert [(finding.name, finding.samples) for finding in report.violated] == []
    assert report.bids > SECONDS
    assert report.killed_processes > SECONDS / 2
    assert report.unknown.requests > 0, "no client was killed while it waited for an answer"
    assert report.unknown.still_unknown == 0
    assert report.refusals.keys() >= {"bid_too_low", "seller_cannot_bid", "idempotency_conflict"}
    assert report.repeats > 0
