"""Listings before the bidding: what is offered, by whom, when, and how it is going to end."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from auction_core.seed.accounts import Accounts, choose
from auction_core.seed.catalogue import CHILDREN, DECLINE_TO, DECLINING_SECTION, SECTIONS
from auction_core.seed.columns import BoolArray, FloatArray, IntArray
from auction_core.seed.rhythm import Rhythm, month_mask, off_the_second
from auction_core.seed.scale import DAY, HOUR, MINUTE, History, Streams

DRAFTS, CANCELLED, ACTIVE = 0.03, 0.03, 0.025
DURATIONS = np.array([1, 3, 5, 7, 10], dtype=np.int64)
DURATION_SHARES = (0.06, 0.20, 0.22, 0.38, 0.14)
CONDITION_SHARES = (0.16, 0.24, 0.42, 0.18)
CONDITION_PRICE = np.array([1.30, 1.12, 0.92, 0.62])
# In the bad month sales and prices fall beyond the fall in listings (rhythm.BAD_MONTH).
BAD_MONTH_SOLD = 0.72
BAD_MONTH_PRICE = 0.55
# Share of listings that the ring's sellers place once it is there.
RING_SHARE = 0.022
# Listing 42 is promised to be sold after bidding.
PROMISED = 41


class Outcome(IntEnum):
    DRAFT = 0
    ACTIVE = 1
    SOLD = 2
    BOUGHT_NOW = 3
    NO_BIDS = 4
    RESERVE_NOT_MET = 5
    CANCELLED = 6


@dataclass(frozen=True, slots=True)
class Offers:
    """Index i has id i + 1; `created_at` rises with i. `value` is what the item would fetch, in euros."""

    seller: IntArray
    child: IntArray
    section: IntArray
    condition: IntArray
    value: FloatArray
    outcome: IntArray
    created_at: IntArray
    starts_at: IntArray
    ends_at: IntArray
    from_ring: BoolArray


SECTION_NAMES = tuple(section.name for section in SECTIONS)
SECTION_OF = np.array([SECTION_NAMES.index(child.section) for child in CHILDREN], dtype=np.int64)


def section_rates(attribute: str) -> FloatArray:
    return np.array([getattr(section, attribute) for section in SECTIONS], dtype=np.float64)


def make_offers(streams: Streams, history: History, rhythm: Rhythm, accounts: Accounts) -> Offers:
    rng, n = streams.of("offers"), streams.scale.listings
    stage = _stages(rng, n)
    created, starts, ends = _moments(rng, history, rhythm, stage)
    order = np.argsort(created, kind="stable")
    stage, created, starts, ends = stage[order], created[order], starts[order], ends[order]
    child = _children(rng, history, ends)
    section = SECTION_OF[child]
    condition = rng.choice(4, n, p=CONDITION_SHARES).astype(np.int64)
    seller, from_ring = _sellers(rng, accounts, created)
    outcome = _outcomes(rng, history, stage, section, ends)
    return Offers(
        seller,
        child,
        section,
        condition,
        _values(rng, history, child, condition, ends),
        outcome,
        created,
        starts,
        ends,
        from_ring,
    )


def _stages(rng: np.random.Generator, n: int) -> IntArray:
    """DRAFT, ACTIVE, CANCELLED, and SOLD for everything that has run its course."""
    stage = np.full(n, Outcome.SOLD, dtype=np.int64)
    drafts, cancelled, active = (max(4, round(n * share)) for share in (DRAFTS, CANCELLED, ACTIVE))
    stage[:drafts] = Outcome.DRAFT
    stage[drafts : drafts + cancelled] = Outcome.CANCELLED
    stage[drafts + cancelled : drafts + cancelled + active] = Outcome.ACTIVE
    return rng.permutation(stage)


def _moments(
    rng: np.random.Generator, history: History, rhythm: Rhythm, stage: IntArray
) -> tuple[IntArray, IntArray, IntArray]:
    """Ends are drawn from the rhythm; a listing starts whole days before, at the same time of day."""
    n = stage.size
    first_start = history.launch + 12 * HOUR
    active, draft = stage == Outcome.ACTIVE, stage == Outcome.DRAFT
    low = np.where(active, history.now + 2 * MINUTE, first_start + DAY)
    high = np.where(active, history.now + 9 * DAY + 12 * HOUR, history.now - 3 * MINUTE)
    ends = off_the_second(rhythm.draw(rng, low, high, n))
    days = rng.choice(DURATIONS, n, p=DURATION_SHARES)
    days = np.minimum(days, (ends - first_start) // DAY)
    # An active listing has been on for two hours at least.
    needed = np.searchsorted(DURATIONS * DAY, ends - history.now + 2 * HOUR)
    days = np.where(active, np.maximum(days, DURATIONS[np.clip(needed, 0, 4)]), days)
    starts = ends - days * DAY
    early = np.exp(rng.normal(np.log(20.0), 1.3, n)) * MINUTE
    created = np.maximum(starts - early.astype(np.int64), history.launch + 8 * HOUR + rng.integers(0, 3 * HOUR, n))
    created = np.where(draft, ends - days * DAY, created)
    planned = created + rng.integers(HOUR, 14 * DAY, n)
    starts = np.where(draft, off_the_second(planned), starts)
    ends = np.where(draft, starts + days * DAY, ends)
    return off_the_second(created), starts, ends


def _children(rng: np.random.Generator, history: History, ends: IntArray) -> IntArray:
    section_total = {name: sum(c.weight for c in CHILDREN if c.section == name) for name in SECTION_NAMES}
    weights = np.array(
        [SECTIONS[s].weight * c.weight / section_total[c.section] for c, s in zip(CHILDREN, SECTION_OF, strict=True)]
    )
    child = rng.choice(len(CHILDREN), ends.size, p=weights / weights.sum())
    declining: BoolArray = np.isin(SECTION_OF, SECTION_NAMES.index(DECLINING_SECTION))
    age = np.clip((ends - history.launch) / (history.now - history.launch), 0.0, 1.0)
    leave = declining[child] & (rng.random(ends.size) > 1.0 - (1.0 - DECLINE_TO) * age)
    others = np.where(declining, 0.0, weights)
    elsewhere = rng.choice(len(CHILDREN), ends.size, p=others / others.sum())
    return np.where(leave, elsewhere, child).astype(np.int64)


def _sellers(rng: np.random.Generator, accounts: Accounts, created: IntArray) -> tuple[IntArray, BoolArray]:
    seller = choose(rng, accounts.list_weight, accounts.existing(created))
    from_ring: BoolArray = (created > accounts.ring_start) & (rng.random(created.size) < RING_SHARE)
    from_ring[PROMISED] = False
    member = accounts.ring_sellers[rng.integers(0, accounts.ring_sellers.size, created.size)]
    return np.where(from_ring, member, seller), from_ring


def _values(
    rng: np.random.Generator, history: History, child: IntArray, condition: IntArray, ends: IntArray
) -> FloatArray:
    price = np.array([c.price for c in CHILDREN])[child] * CONDITION_PRICE[condition]
    spread = np.array([c.spread for c in CHILDREN])[child]
    bad = month_mask(ends, np.datetime64(history.bad_month, "M"))
    value: FloatArray = price * np.exp(rng.normal(0.0, 1.0, child.size) * spread) * np.where(bad, BAD_MONTH_PRICE, 1.0)
    return np.clip(value, 3.0, 60_000.0)


def _outcomes(
    rng: np.random.Generator, history: History, stage: IntArray, section: IntArray, ends: IntArray
) -> IntArray:
    n = stage.size
    chance = section_rates("sold")[section]
    chance = np.where(month_mask(ends, np.datetime64(history.bad_month, "M")), chance * BAD_MONTH_SOLD, chance)
    sells = rng.random(n) < chance
    bought_now = rng.random(n) < section_rates("buy_now")[section]
    reserve_not_met = rng.random(n) < 0.35
    closed = np.where(
        sells,
        np.where(bought_now, Outcome.BOUGHT_NOW, Outcome.SOLD),
        np.where(reserve_not_met, Outcome.RESERVE_NOT_MET, Outcome.NO_BIDS),
    )
    outcome = np.where(stage == Outcome.SOLD, closed, stage).astype(np.int64)
    outcome[PROMISED] = Outcome.SOLD
    return outcome
