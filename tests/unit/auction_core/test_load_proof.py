"""An honest run passes the proof, and every way of bending it breaks the rule that forbids it."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace

import pytest

from auction_core.load_test.facts import Facts, KeptBid, KeptListing
from auction_core.load_test.ledger import ACCEPTED, FOREIGN_ERROR, NEVER, Answer, Book, Entry, Placed, Request
from auction_core.load_test.proof import RULES, Evidence, prove

LISTING = 9
TIMES = ("2026-01-01T00:00:00.000001Z", "2026-01-01T00:00:00.000002Z", "2026-01-01T00:00:00.000003Z")
# Bidders 1, 2, 1 bid 1.00, 1.25 and 1.50.
BIDS = [KeptBid(n, LISTING, 2 - n % 2, 75 + 25 * n, TIMES[n - 1]) for n in (1, 2, 3)]
REQUESTS = [Request(bid.bidder_id, f"key-{bid.bid_id}", LISTING, bid.cents) for bid in BIDS]
TOO_LOW = Request(2, "low", LISTING, 99)
LOST = Request(2, "lost", LISTING, 175)


def told(bid: KeptBid) -> Answer:
    placed = Placed(bid.bid_id, bid.bidder_id, bid.listing_id, bid.cents, bid.placed_at, bid.bid_id)
    return Answer(ACCEPTED, 0.01, 0.0, placed)


def entries() -> list[Entry]:
    accepted = [Entry(request, told(bid)) for request, bid in zip(REQUESTS, BIDS, strict=True)]
    return [
        *accepted,
        accepted[0],  # repeated
        Entry(TOO_LOW, Answer("bid_too_low", 0.01, 0.0, minimum_cents=175)),
        Entry(LOST, NEVER),
    ]


def facts() -> Facts:
    event = {"listing_id": LISTING}
    events = [
        event
        | {
            "bid_id": bid.bid_id,
            "bidder_id": bid.bidder_id,
            "amount": f"{bid.cents / 100:.2f}",
            "bid_count": bid.bid_id,
            "previous_bidder_id": None if bid.bid_id == 1 else BIDS[bid.bid_id - 2].bidder_id,
        }
        for bid in BIDS
    ]
    return Facts(
        bids={bid.bid_id: bid for bid in BIDS},
        listings={LISTING: KeptListing(LISTING, 100, 150, 1, 3)},
        keys={(request.bidder_id, request.key): bid.bid_id for request, bid in zip(REQUESTS, BIDS, strict=True)},
        events={LISTING: deepcopy(events)},
    )


def violated(told_to_clients: list[Entry], kept: Facts) -> set[str]:
    return {finding.name for finding in prove(Evidence(Book(told_to_clients), kept)) if finding.violations}


def test_an_honest_run_passes() -> None:
    assert violated(entries(), facts()) == set()


def test_a_request_of_unknown_outcome_may_have_its_bid_or_not() -> None:
    kept = facts()
    kept.bids[4] = KeptBid(4, LISTING, 2, 175, TIMES[2])
    kept.keys[(2, "lost")] = 4
    kept.listings[LISTING] = KeptListing(LISTING, 100, 175, 2, 4)
    last = {"bid_id": 4, "bidder_id": 2, "amount": "1.75", "bid_count": 4, "previous_bidder_id": 1}
    kept.events[LISTING].append(last)

    assert violated(entries(), kept) == set()


def lose_a_bid(kept: Facts) -> None:
    del kept.bids[3]


def change_an_amount(kept: Facts) -> None:
    kept.bids[3] = replace(kept.bids[3], cents=160)


def change_a_bidder(kept: Facts) -> None:
    kept.bids[3] = replace(kept.bids[3], bidder_id=2)


def lose_a_key(kept: Facts) -> None:
    del kept.keys[(1, "key-1")]


def keep_what_was_refused(kept: Facts) -> None:
    kept.bids[4] = KeptBid(4, LISTING, 2, 99, TIMES[0])
    kept.keys[(2, "low")] = 4


def make_up_a_bid(kept: Facts) -> None:
    kept.bids[4] = KeptBid(4, LISTING, 1, 500, TIMES[2])


def give_a_bid_two_keys(kept: Facts) -> None:
    kept.keys[(2, "second")] = 2


def place_bids_out_of_order(kept: Facts) -> None:
    kept.bids[2] = replace(kept.bids[2], placed_at="2025-12-31T23:59:59.999999Z")


def rise_by_too_little(kept: Facts) -> None:
    kept.bids[2] = replace(kept.bids[2], cents=124)


def start_too_low(kept: Facts) -> None:
    kept.listings[LISTING] = replace(kept.listings[LISTING], starting_cents=101)


def forget_the_price(kept: Facts) -> None:
    kept.listings[LISTING] = replace(kept.listings[LISTING], current_cents=125)


def miscount(kept: Facts) -> None:
    kept.listings[LISTING] = replace(kept.listings[LISTING], bid_count=2)


def crown_another(kept: Facts) -> None:
    kept.listings[LISTING] = replace(kept.listings[LISTING], highest_bidder_id=2)


def lose_an_event(kept: Facts) -> None:
    kept.events[LISTING].pop()


def double_an_event(kept: Facts) -> None:
    kept.events[LISTING].append(kept.events[LISTING][-1])


def swap_events(kept: Facts) -> None:
    kept.events[LISTING].reverse()


@pytest.mark.parametrize(
    ("bend", "rule"),
    [
        (lose_a_bid, "acknowledged_bids_are_kept"),
        (change_an_amount, "acknowledged_bids_are_kept"),
        (change_a_bidder, "acknowledged_bids_are_kept"),
        (lose_a_key, "acknowledged_bids_are_kept"),
        (keep_what_was_refused, "refused_bids_are_not_kept"),
        (make_up_a_bid, "each_bid_was_asked_for"),
        (make_up_a_bid, "no_key_has_two_bids"),
        (give_a_bid_two_keys, "no_key_has_two_bids"),
        (lose_a_bid, "no_key_has_two_bids"),
        (place_bids_out_of_order, "bids_rise_in_order_of_time"),
        (rise_by_too_little, "bids_rise_in_order_of_time"),
        (start_too_low, "bids_rise_in_order_of_time"),
        (forget_the_price, "listings_tell_their_bids"),
        (miscount, "listings_tell_their_bids"),
        (crown_another, "listings_tell_their_bids"),
        (lose_an_event, "each_bid_has_one_event_in_order"),
        (double_an_event, "each_bid_has_one_event_in_order"),
        (swap_events, "each_bid_has_one_event_in_order"),
    ],
)
def test_a_database_that_was_bent_breaks_the_rule(bend: Callable[[Facts], None], rule: str) -> None:
    kept = facts()
    bend(kept)

    assert rule in violated(entries(), kept)


@pytest.mark.parametrize(
    ("entry", "rule"),
    [
        (Entry(REQUESTS[0], told(BIDS[1])), "repeated_requests_get_the_first_answer"),
        (Entry(Request(1, "new", LISTING, 300), told(BIDS[0])), "acknowledged_bids_are_kept"),
        (Entry(LOST, Answer("bid_too_low", 0.01, 0.0, minimum_cents=175)), "too_low_names_a_higher_minimum"),
        (Entry(TOO_LOW, Answer("listing_closed", 0.01, 0.0)), "answers_are_expected"),
        (Entry(LOST, Answer(FOREIGN_ERROR, 0.01, 0.0, detail="KeyError")), "errors_are_of_the_family"),
    ],
)
def test_an_answer_that_cannot_be_right_breaks_the_rule(entry: Entry, rule: str) -> None:
    assert rule in violated([*entries(), entry], facts())


def test_every_rule_has_a_case_here() -> None:
    marks = (test_a_database_that_was_bent_breaks_the_rule, test_an_answer_that_cannot_be_right_breaks_the_rule)
    cases = {case[1] for test in marks for case in test.pytestmark[0].args[1]}  # type: ignore[attr-defined]

    assert cases == set(RULES)
