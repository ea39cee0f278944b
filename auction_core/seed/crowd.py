"""What people do besides bidding: questions under listings, watching, and being seen."""

from dataclasses import dataclass

import numpy as np

from auction_core.seed.accounts import Accounts, choose
from auction_core.seed.bids import Bids
from auction_core.seed.columns import NULL, BoolArray, IntArray
from auction_core.seed.offers import Offers, Outcome
from auction_core.seed.rhythm import Rhythm, off_the_second
from auction_core.seed.scale import DAY, HOUR, MINUTE, History, Streams
from auction_core.seed.settlement import Closings

QUESTIONS_PER_LISTING, ANSWERED, WATCHES_PER_LISTING = 0.5, 0.55, 2.2

QUESTIONS = (
    "Is the photo of the very item on sale?",
    "Do you ship abroad?",
    "Is pick-up possible at the weekend?",
    "Are there any scratches that the photos do not show?",
    "Could you add a photo of the back?",
    "Does it work as it should?",
    "What are the exact measurements?",
    "Is the original box included?",
    "How old is it?",
    "Would you combine shipping?",
)
ANSWERS = (
    "Yes, with pleasure.",
    "No, sorry.",
    "I have added a photo.",
    "Shipping abroad is fine, please ask for the price.",
    "It works and was tested this week.",
    "Only the small marks that you see in the photos.",
    "Please see the description.",
)


@dataclass(frozen=True, slots=True)
class Comments:
    listing: IntArray
    user: IntArray
    is_answer: BoolArray
    body: IntArray
    created_at: IntArray


@dataclass(frozen=True, slots=True)
class Watches:
    """Unique pairs, sorted by user and listing."""

    user: IntArray
    listing: IntArray
    created_at: IntArray


def open_until(history: History, offers: Offers, closings: Closings) -> IntArray:
    return np.minimum(np.where(closings.closed_at == NULL, history.now - MINUTE, closings.closed_at), offers.ends_at)


def make_comments(
    streams: Streams, history: History, rhythm: Rhythm, accounts: Accounts, offers: Offers, closings: Closings
) -> Comments:
    rng = streams.of("comments")
    public = np.flatnonzero(offers.outcome != Outcome.DRAFT)
    listing = public[rng.integers(0, public.size, round(public.size * QUESTIONS_PER_LISTING))]
    starts, stop = offers.starts_at[listing], open_until(history, offers, closings)[listing]
    asker = choose(rng, accounts.bid_weight, accounts.existing(starts))
    asked = rhythm.draw(rng, starts, stop, listing.size)
    by_other = asker != offers.seller[listing]
    delay = (np.exp(rng.normal(np.log(3.0), 1.0, listing.size)) * HOUR).astype(np.int64)
    answered = by_other & (rng.random(listing.size) < ANSWERED) & (asked + delay < stop)
    users = np.concatenate((asker[by_other], offers.seller[listing[answered]]))
    moments = off_the_second(np.concatenate((asked[by_other], (asked + delay)[answered])))
    is_answer = np.arange(users.size) >= by_other.sum()
    body = np.where(is_answer, rng.integers(0, len(ANSWERS), users.size), rng.integers(0, len(QUESTIONS), users.size))
    where = np.concatenate((listing[by_other], listing[answered]))
    order = np.argsort(moments, kind="stable")
    return Comments(where[order], users[order], is_answer[order], body[order], moments[order])


def make_watches(
    streams: Streams, history: History, rhythm: Rhythm, accounts: Accounts, offers: Offers, closings: Closings
) -> Watches:
    rng = streams.of("watches")
    public = np.flatnonzero(offers.outcome != Outcome.DRAFT)
    listing = public[rng.integers(0, public.size, round(public.size * WATCHES_PER_LISTING))]
    user = choose(rng, accounts.bid_weight, accounts.existing(offers.starts_at[listing]))
    pairs = np.unique((user * offers.seller.size + listing)[user != offers.seller[listing]])
    user, listing = pairs // offers.seller.size, pairs % offers.seller.size
    stop = open_until(history, offers, closings)[listing]
    return Watches(user, listing, off_the_second(rhythm.draw(rng, offers.starts_at[listing], stop, pairs.size)))


def last_seen(streams: Streams, history: History, accounts: Accounts, offers: Offers, bids: Bids) -> IntArray:
    """Some minutes after the latest bid or listing; accounts without either looked around for some days."""
    rng, n = streams.of("last seen"), accounts.country.size
    idle = np.where(rng.random(n) < 0.5, 30 * DAY, 400 * DAY)
    seen = accounts.created_at + (rng.random(n) ** 2 * idle).astype(np.int64)
    np.maximum.at(seen, bids.bidder, bids.placed_at)
    np.maximum.at(seen, offers.seller, offers.created_at)
    return off_the_second(np.minimum(seen + rng.integers(MINUTE, 3 * HOUR, n), history.now - 1))


def still_active(streams: Streams, history: History, seen: IntArray) -> IntArray:
    """Accounts closed by their owners: some of those not seen for four months."""
    rng = streams.of("closed accounts")
    gone = (seen < history.now - 120 * DAY) & (rng.random(seen.size) < 0.2)
    return (~gone).astype(np.int64)
