"""Compares what clients were told with what the database holds. Pure: no clock, no database.

Each rule yields a sentence for every violation that it finds.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from auction_core.bidding import minimum_next_bid_cents
from auction_core.load_test.facts import Facts, KeptBid
from auction_core.load_test.ledger import FOREIGN_ERROR, Book, Request
from auction_core.money import to_euros

# What the requests of these clients may be told, beside their acknowledgement.
EXPECTED = frozenset(
    {
        "bid_too_low",
        "seller_cannot_bid",
        "idempotency_conflict",
        "too_busy",
        "database_unreachable",
        "outcome_unknown",
        FOREIGN_ERROR,  # has a rule of its own
    }
)
SAMPLES = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """`samples` are some of the violations, as sentences."""

    name: str
    rule: str
    violations: int
    samples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    book: Book
    facts: Facts


def prove(evidence: Evidence) -> list[Finding]:
    findings = []
    for name, (sentence, rule) in RULES.items():
        violations = list(rule(evidence))
        findings.append(Finding(name, sentence, len(violations), tuple(violations[:SAMPLES])))
    return findings


def _acknowledged_bids_are_kept(evidence: Evidence) -> Iterator[str]:
    bids = evidence.facts.bids
    for request, placed in evidence.book.accepted():
        told = KeptBid(placed.bid_id, placed.listing_id, placed.bidder_id, placed.cents, placed.placed_at)
        asked = (request.listing_id, request.bidder_id, request.cents)
        kept = bids.get(placed.bid_id)
        if kept is None:
            yield f"bid {placed.bid_id} {_words(request)} was acknowledged and is not there"
        elif kept != told:
            yield f"bid {placed.bid_id} was acknowledged as {told}, and is {kept}"
        elif asked != (kept.listing_id, kept.bidder_id, kept.cents):
            yield f"bid {placed.bid_id} is {kept}, which is not what was asked for: {_words(request)}"
        elif evidence.facts.keys.get((request.bidder_id, request.key)) != placed.bid_id:
            yield f"key {request.key} does not lead to its bid {placed.bid_id}"


def _refused_bids_are_not_kept(evidence: Evidence) -> Iterator[str]:
    for request, code in evidence.book.refused():
        kept = _bid_of(evidence, request)
        if kept is not None:
            yield f"bid {kept.bid_id} {_words(request)} was refused ({code}) and is there"


def _each_bid_was_asked_for(evidence: Evidence) -> Iterator[str]:
    asked = {request for request, _ in evidence.book.accepted()} | set(evidence.book.unsure())
    wanted = {(request.listing_id, request.bidder_id, request.cents) for request in asked}
    for bid in evidence.facts.bids.values():
        if (bid.listing_id, bid.bidder_id, bid.cents) not in wanted:
            yield f"nobody was told, or could think, that there is {bid}"


def _no_key_has_two_bids(evidence: Evidence) -> Iterator[str]:
    keys = Counter(evidence.facts.keys.values())
    for bid in evidence.facts.bids.values():
        if keys[bid.bid_id] != 1:
            yield f"bid {bid.bid_id} has {keys[bid.bid_id]} keys"
    for (_, key), bid_id in evidence.facts.keys.items():
        if bid_id not in evidence.facts.bids:
            yield f"key {key} leads to bid {bid_id}, which is not there"


def _repeated_requests_get_the_first_answer(evidence: Evidence) -> Iterator[str]:
    for request, answers in evidence.book.answers.items():
        placed = {answer.placed for answer in answers if answer.placed is not None}
        if len(placed) > 1:
            yield f"key {request.key} was answered by {sorted(each.bid_id for each in placed)} in different words"


def _bids_rise_in_order_of_time(evidence: Evidence) -> Iterator[str]:
    for listing, bids in evidence.facts.rising().items():
        kept = evidence.facts.listings.get(listing)
        if bids and kept is not None and bids[0].cents < kept.starting_cents:
            yield f"bid {bids[0].bid_id} is below the starting price of listing {listing}"
        for lower, higher in pairwise(bids):
            if higher.cents < minimum_next_bid_cents(lower.cents, 0):
                yield f"bid {higher.bid_id} exceeds bid {lower.bid_id} by less than the increment"
            if higher.placed_at < lower.placed_at or higher.bid_id < lower.bid_id:
                yield f"bid {higher.bid_id} is higher than bid {lower.bid_id} and was placed before it"


def _listings_tell_their_bids(evidence: Evidence) -> Iterator[str]:
    rising = evidence.facts.rising()
    for listing in evidence.facts.listings.values():
        bids = rising[listing.listing_id]
        last = bids[-1] if bids else None
        told = (listing.current_cents, listing.highest_bidder_id, listing.bid_count)
        if told != (last and last.cents, last and last.bidder_id, len(bids)):
            yield f"listing {listing.listing_id} tells {told} of {len(bids)} bids, the highest {last}"


def _each_bid_has_one_event_in_order(evidence: Evidence) -> Iterator[str]:
    for listing, bids in evidence.facts.rising().items():
        told = [
            (event["bid_id"], event["bidder_id"], event["amount"], event["bid_count"], event["previous_bidder_id"])
            for event in evidence.facts.events.get(listing, [])
        ]
        previous = [None, *(bid.bidder_id for bid in bids)]
        due = [
            (bid.bid_id, bid.bidder_id, f"{to_euros(bid.cents):.2f}", number, previous[number - 1])
            for number, bid in enumerate(bids, start=1)
        ]
        if told != due:
            at = next((n for n, pair in enumerate(zip(told, due, strict=False)) if pair[0] != pair[1]), None)
            where = f"event {at + 1} is {told[at]} instead of {due[at]}" if at is not None else "the rest is right"
            yield f"listing {listing} has {len(told)} events for {len(due)} bids; {where}"


def _too_low_names_a_higher_minimum(evidence: Evidence) -> Iterator[str]:
    for entry in evidence.book.entries:
        minimum = entry.answer.minimum_cents
        if entry.answer.outcome == "bid_too_low" and (minimum is None or minimum <= entry.request.cents):
            yield f"{_words(entry.request)} was too low, with a minimum of {minimum} cents"


def _answers_are_expected(evidence: Evidence) -> Iterator[str]:
    for request, code in evidence.book.refused():
        if code not in EXPECTED:
            yield f"{_words(request)} was refused: {code}"


def _errors_are_of_the_family(evidence: Evidence) -> Iterator[str]:
    for entry in evidence.book.entries:
        if entry.answer.outcome == FOREIGN_ERROR:
            yield f"{_words(entry.request)} met a {entry.answer.detail}"


Rule = Callable[[Evidence], Iterator[str]]

RULES: dict[str, tuple[str, Rule]] = {
    "acknowledged_bids_are_kept": (
        "every acknowledged bid is in the database, with its amount, bidder and time",
        _acknowledged_bids_are_kept,
    ),
    "refused_bids_are_not_kept": ("no refused bid is in the database", _refused_bids_are_not_kept),
    "each_bid_was_asked_for": ("every bid was acknowledged, or its outcome is unknown", _each_bid_was_asked_for),
    "no_key_has_two_bids": ("every bid has one key, and every key one bid", _no_key_has_two_bids),
    "repeated_requests_get_the_first_answer": (
        "a repeated request gets the answer of the first",
        _repeated_requests_get_the_first_answer,
    ),
    "bids_rise_in_order_of_time": (
        "bids rise by the increment at least, in the order of their times",
        _bids_rise_in_order_of_time,
    ),
    "listings_tell_their_bids": (
        "current_bid, highest_bidder_id and bid_count are those of the bids",
        _listings_tell_their_bids,
    ),
    "each_bid_has_one_event_in_order": (
        "the outbox has one event for each bid, in their order",
        _each_bid_has_one_event_in_order,
    ),
    "too_low_names_a_higher_minimum": (
        "who is refused as too low is told a minimum above the amount",
        _too_low_names_a_higher_minimum,
    ),
    "answers_are_expected": ("nothing is refused for another reason than the clients gave", _answers_are_expected),
    "errors_are_of_the_family": ("every error is an AuctionError", _errors_are_of_the_family),
}


def _bid_of(evidence: Evidence, request: Request) -> KeptBid | None:
    """The bid that was placed by this very request: its key with its listing and amount."""
    kept = evidence.facts.bids.get(evidence.facts.keys.get((request.bidder_id, request.key), 0))
    if kept is None or (kept.listing_id, kept.cents) != (request.listing_id, request.cents):
        return None
    return kept


def _words(request: Request) -> str:
    """For messages."""
    return (
        f"of {to_euros(request.cents)} on listing {request.listing_id} by user {request.bidder_id}, key {request.key}"
    )
