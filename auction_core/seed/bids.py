"""Who bids and when: rivals that outbid each other, late bids, and the ring that bids up its own sellers."""

from dataclasses import dataclass

import numpy as np

from auction_core.seed.accounts import RING_BIDDERS, RING_SELLERS, Accounts, choose
from auction_core.seed.columns import BoolArray, FloatArray, IntArray
from auction_core.seed.offers import Offers, Outcome, section_rates
from auction_core.seed.prices import GATHERING, Prices
from auction_core.seed.rhythm import Rhythm, off_the_second
from auction_core.seed.scale import MINUTE, SECOND, History, Streams

# Bids of one listing are at least this far apart.
GAP = 1_500_000
# Ordinary bidding stops here. With late bids at most 58 s before the end, no bid lies between 59 and 61 s before it:
# every way of measuring "the last 60 seconds" (truncated, rounded, exact) then counts the same bids.
QUIET = 75 * SECOND
# Seconds before the end of the last, the last but one and the third last bid where a listing is sniped.
LATE = ((1.0, 12.0), (14.0, 30.0), (32.0, 58.0))
RING_BID_SHARE = 0.45


@dataclass(frozen=True, slots=True)
class Bids:
    """In the order of the listings and, within one, of time. `listing` and `bidder` are indexes, not ids."""

    listing: IntArray
    bidder: IntArray
    placed_at: IntArray


def make_bids(
    streams: Streams, history: History, rhythm: Rhythm, accounts: Accounts, offers: Offers, prices: Prices
) -> Bids:
    listing = np.repeat(np.arange(prices.count.size, dtype=np.int64), prices.count)
    position = np.arange(listing.size, dtype=np.int64) - prices.first[listing]
    placed = _moments(streams.of("bid times"), history, rhythm, offers, prices, listing, position)
    bidder = _bidders(streams.of("bidders"), accounts, offers, prices, listing, position)
    return Bids(listing, bidder, placed)


def _moments(
    rng: np.random.Generator,
    history: History,
    rhythm: Rhythm,
    offers: Offers,
    prices: Prices,
    listing: IntArray,
    position: IntArray,
) -> IntArray:
    outcome, starts, ends = offers.outcome, offers.starts_at, offers.ends_at
    n = starts.size
    quick = starts + ((ends - starts) * rng.uniform(0.08, 0.85, n)).astype(np.int64)
    stop = np.where(outcome == Outcome.BOUGHT_NOW, quick, ends - QUIET)
    stop = np.minimum(stop, history.now - MINUTE)
    start = starts + MINUTE
    # Sorting keys that start with the listing's number sorts every listing's shares at once.
    key: FloatArray = listing.astype(np.float64) + np.minimum(rng.random(listing.size) ** GATHERING, 0.999_999)
    key.sort()
    share: FloatArray = key - listing.astype(np.float64)
    placed = rhythm.place(share, start[listing], (stop - prices.count * GAP)[listing]) + position * GAP
    late = _late_counts(rng, offers, prices)
    from_end = prices.count[listing] - 1 - position
    before_end = np.zeros(listing.size)
    for rank, (low, high) in enumerate(LATE):
        before_end = np.where(from_end == rank, rng.uniform(low, high, listing.size), before_end)
    sniping = from_end < late[listing]
    placed = np.where(sniping, ends[listing] - (before_end * SECOND).astype(np.int64), placed)
    return off_the_second(placed)


def _late_counts(rng: np.random.Generator, offers: Offers, prices: Prices) -> IntArray:
    n = prices.count.size
    runs_out = (offers.outcome == Outcome.SOLD) | (offers.outcome == Outcome.RESERVE_NOT_MET)
    sniped = runs_out & (rng.random(n) < section_rates("sniped")[offers.section])
    return np.where(sniped, np.minimum(rng.integers(1, len(LATE) + 1, n), prices.count), 0).astype(np.int64)


def _bidders(
    rng: np.random.Generator,
    accounts: Accounts,
    offers: Offers,
    prices: Prices,
    listing: IntArray,
    position: IntArray,
) -> IntArray:
    existing = accounts.existing(offers.starts_at)
    # About half as many people as bids; each bid comes from another of them than the one before.
    people = np.where(prices.count > 0, np.minimum(2 + prices.count * 2 // 5, 40), 0)
    first = np.cumsum(people) - people
    interested = choose(rng, accounts.bid_weight, np.repeat(existing, people))
    move = 1 + np.floor(rng.random(listing.size) * (people[listing] - 1)).astype(np.int64)
    walk = np.cumsum(move)
    seat = (walk - walk[prices.first[listing]]) % people[listing]
    bidder = interested[first[listing] + seat]
    loses = position < prices.count[listing] - 1
    ring = offers.from_ring[listing] & loses & (rng.random(listing.size) < RING_BID_SHARE)
    bidder[ring] = _ring_members(rng, accounts, offers.seller[listing[ring]], position[ring])
    return _settle_rivals(rng, accounts, bidder, offers.seller[listing], existing[listing], position)


def _ring_members(rng: np.random.Generator, accounts: Accounts, seller: IntArray, position: IntArray) -> IntArray:
    """Half of the ring's bidders serve each seller, and now and then the other one."""
    own = np.searchsorted(accounts.ring_sellers, seller)
    side = np.where(rng.random(seller.size) < 0.15, (own + 1) % RING_SELLERS, own)
    half = RING_BIDDERS // RING_SELLERS
    member: IntArray = accounts.ring_bidders[side * half + (position // 2 + rng.integers(0, 2, seller.size)) % half]
    return member


def _settle_rivals(
    rng: np.random.Generator,
    accounts: Accounts,
    bidder: IntArray,
    seller: IntArray,
    existing: IntArray,
    position: IntArray,
) -> IntArray:
    """Redraw bids on one's own listing and bids over one's own bid until there are none."""
    for _ in range(1_000):
        clash = _clashes(bidder, seller, position)
        if not clash.any():
            return bidder
        bidder[clash] = choose(rng, accounts.bid_weight, existing[clash])
    raise AssertionError("no rival bidders to be had: every listing needs two possible bidders besides its seller")


def _clashes(bidder: IntArray, seller: IntArray, position: IntArray) -> BoolArray:
    clash: BoolArray = bidder == seller
    clash[1:] |= (bidder[1:] == bidder[:-1]) & (position[1:] > 0)
    return clash
