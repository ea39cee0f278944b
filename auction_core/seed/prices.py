"""How many bids each listing draws and the price each bid offers, by the increments of `auction_core.bidding`."""

from dataclasses import dataclass

import numpy as np

from auction_core.bidding import INCREMENT_BANDS
from auction_core.seed.columns import FloatArray, IntArray
from auction_core.seed.offers import Offers, Outcome
from auction_core.seed.scale import History, Streams

_FLOORS = np.array([floor for floor, _ in INCREMENT_BANDS], dtype=np.int64)
_STEPS = np.array([step for _, step in INCREMENT_BANDS], dtype=np.int64)
# Least increments that fit below each floor, running up from nothing.
_STEPS_BELOW = np.concatenate(([0.0], np.cumsum(np.diff(_FLOORS) / _STEPS[:-1])))

MOST_BIDS = 160
# Interest gathers towards the end of an auction: a bid's place in it is a uniform number to this power.
GATHERING = 0.6
# A listing uses at most this part of the increments between its start and its value, so that values, and not the
# number of bids, set the prices.
ROOM = 0.7


@dataclass(frozen=True, slots=True)
class Prices:
    """Cents by listing. `amount` holds the bids of listing i from `first[i]`, `count[i]` of them, rising."""

    starting: IntArray
    reserve: IntArray
    buy_now: IntArray
    current: IntArray
    count: IntArray
    first: IntArray
    amount: IntArray


def increments(price: IntArray) -> IntArray:
    steps: IntArray = _STEPS[np.searchsorted(_FLOORS, price, side="right") - 1]
    return steps


def rounded(euros: FloatArray) -> IntArray:
    """Cents at a price a person would name: steps of 10 cents, 50 cents, 1, 5 and 25 euros as it grows."""
    unit = np.array([10, 50, 1_00, 5_00, 25_00])[np.searchsorted(np.array([10.0, 60.0, 500.0, 2_500.0]), euros)]
    cents: IntArray = np.maximum(np.round(euros * 100.0 / unit).astype(np.int64) * unit, 50)
    return cents


def make_prices(streams: Streams, history: History, offers: Offers) -> Prices:
    rng = streams.of("prices")
    value = rounded(offers.value)
    starting = _starting_prices(rng, offers, value)
    run = _run(history, offers)
    # What an open listing has fetched by now lies as far towards its value as its auction has run.
    value = np.where(run < 1.0, np.round(starting * (value / starting) ** run), value).astype(np.int64)
    count = _bid_counts(rng, offers, run, starting, value, streams.scale.bids)
    first = np.cumsum(count) - count
    amount = _paths(rng, starting, value, count, first)
    current = np.where(count > 0, amount[np.minimum(first + count, amount.size) - 1], -1)
    reserve = _reserves(rng, offers, starting, value, current)
    buy_now = _buy_now_prices(rng, offers, starting, reserve, value, current)
    return Prices(starting, reserve, buy_now, current, count, first, amount)


def _run(history: History, offers: Offers) -> FloatArray:
    """The part of each auction that is over: below 1 for open listings alone."""
    passed = (history.now - offers.starts_at) / np.maximum(offers.ends_at - offers.starts_at, 1)
    return np.where(offers.outcome == Outcome.ACTIVE, np.clip(passed, 0.0, 1.0), 1.0)


def _starting_prices(rng: np.random.Generator, offers: Offers, value: IntArray) -> IntArray:
    n = value.size
    from_one = (rng.random(n) < 0.28) & (value > 10_00) & (value < 150_00)
    part = rounded(value / 100.0 * rng.uniform(0.15, 0.85, n))
    starting = np.where(from_one, 1_00, np.minimum(part, value))
    dear = rounded(value / 100.0 * rng.uniform(0.9, 1.6, n))
    return np.where(offers.outcome == Outcome.NO_BIDS, dear, starting).astype(np.int64)


def _bid_counts(
    rng: np.random.Generator, offers: Offers, run: FloatArray, starting: IntArray, value: IntArray, target: int
) -> IntArray:
    """Of an auction that has run for a part p of its time, p ** (1 / GATHERING) of the bids have come."""
    outcome = offers.outcome
    come = run ** (1 / GATHERING)
    has_bids = np.isin(outcome, (Outcome.SOLD, Outcome.BOUGHT_NOW, Outcome.RESERVE_NOT_MET))
    has_bids |= (outcome == Outcome.ACTIVE) & (rng.random(value.size) < 0.8 * np.sqrt(come))
    appeal = np.exp(rng.normal(0.0, 0.9, value.size)) * (value / 100.0) ** 0.15
    appeal *= np.select([outcome == Outcome.BOUGHT_NOW, outcome == Outcome.RESERVE_NOT_MET], [0.15, 0.6], 1.0)
    appeal *= np.where(offers.from_ring, 1.8, 1.0) * come
    room = 1 + np.floor(ROOM * (_steps_to(value) - _steps_to(starting))).astype(np.int64)
    most = np.where(has_bids, np.clip(room, 1, MOST_BIDS), 0)
    low, high = 0.0, float(MOST_BIDS) * 64
    for _ in range(40):
        middle = (low + high) / 2
        total = int(np.minimum(1 + np.floor(appeal * middle), most).sum())
        low, high = (middle, high) if total < target else (low, middle)
    count: IntArray = np.minimum(1 + np.floor(appeal * high), most).astype(np.int64)
    return count


def _steps_to(price: IntArray) -> FloatArray:
    band = np.searchsorted(_FLOORS, price, side="right") - 1
    steps: FloatArray = _STEPS_BELOW[band] + (price - _FLOORS[band]) / _STEPS[band]
    return steps


def _paths(rng: np.random.Generator, starting: IntArray, value: IntArray, count: IntArray, first: IntArray) -> IntArray:
    """Round k gives every listing with more than k bids its next one; listings are in falling order of count."""
    amount = np.empty(int(count.sum()), dtype=np.int64)
    order = np.argsort(-count, kind="stable")
    counts, goal, offset = count[order], value[order], first[order]
    price = starting[order]
    more = np.searchsorted(-counts, -np.arange(int(counts[0])), side="left")
    for k, m in enumerate(more.tolist()):
        price = _opening(rng, price[:m]) if k == 0 else _next_bids(rng, price[:m], goal[:m], counts[:m] - k)
        amount[offset[:m] + k] = price
    return amount


def _opening(rng: np.random.Generator, starting: IntArray) -> IntArray:
    above = rng.integers(0, 3, starting.size) * (rng.random(starting.size) < 0.2)
    return starting + above * increments(starting)


def _next_bids(rng: np.random.Generator, price: IntArray, goal: IntArray, left: IntArray) -> IntArray:
    """`left` bids are still to come, this one included; the last one reaches the goal if increments let it."""
    step = increments(price)
    share = np.where(left == 1, 1.0, np.minimum(rng.random(price.size) * 2.0 / left, 1.0))
    wanted = price * np.maximum(goal / price, 1.0) ** share
    wanted = np.where(left == 1, wanted, np.floor(wanted / step) * step)
    odd = rng.integers(1, 100, price.size) % step * ((rng.random(price.size) < 0.08) & (left > 1))
    bid: IntArray = np.maximum(price + step, np.round(wanted).astype(np.int64)) + odd
    return bid


def _reserves(
    rng: np.random.Generator, offers: Offers, starting: IntArray, value: IntArray, current: IntArray
) -> IntArray:
    n = value.size
    top = np.maximum(np.where(current > 0, current, value), starting)
    below = starting + ((top - starting) * rng.uniform(0.2, 0.95, n) / 100.0).astype(np.int64) * 100
    above = rounded(top / 100.0 * rng.uniform(1.08, 1.6, n)) + increments(top)
    chosen = np.where(rng.random(n) < 0.18, below, -1)
    return np.where(offers.outcome == Outcome.RESERVE_NOT_MET, above, chosen).astype(np.int64)


def _buy_now_prices(
    rng: np.random.Generator, offers: Offers, starting: IntArray, reserve: IntArray, value: IntArray, current: IntArray
) -> IntArray:
    """The winning bid where it was bought now; elsewhere a price that neither reserve nor bids reach, or none."""
    n = value.size
    top = np.maximum.reduce([starting, reserve, value, current])
    out_of_reach = rounded(top / 100.0 * rng.uniform(1.12, 1.7, n)) + increments(top)
    offered = np.where(rng.random(n) < 0.2, out_of_reach, -1)
    return np.where(offers.outcome == Outcome.BOUGHT_NOW, current, offered).astype(np.int64)
