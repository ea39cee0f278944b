"""Accounts: who they are, when they joined, how much they list and bid, and the ring that bids up its own sales."""

from dataclasses import dataclass

import numpy as np

from auction_core.seed.columns import BoolArray, FloatArray, IntArray
from auction_core.seed.people import COUNTRIES, FAMILY_ENDS, FAMILY_STARTS, FIRST_NAMES, NICK_ENDS, NICK_STARTS
from auction_core.seed.rhythm import Rhythm, off_the_second
from auction_core.seed.scale import DAY, HOUR, History, Streams

NEVER_BID = 0.22
NEVER_LIST = 0.64
RING_SELLERS = 2
RING_BIDDERS = 6
# Two accounts that questions name: early, in these countries, and busy on both sides.
NAMED = {5: ("anna_k", "DE"), 9: ("marco77", "IT")}
# Enough people on the first morning for sellers, rival bidders and both named accounts.
FOUNDERS = 16


@dataclass(frozen=True, slots=True)
class Accounts:
    """Index i has id i + 1; `created_at` rises with i. Weights of 0 mean never."""

    created_at: IntArray
    country: IntArray
    bid_weight: FloatArray
    list_weight: FloatArray
    ring_sellers: IntArray
    ring_bidders: IntArray
    ring_start: int

    def existing(self, moments: IntArray) -> IntArray:
        return np.searchsorted(self.created_at, moments, side="left").astype(np.int64)


def choose(rng: np.random.Generator, weight: FloatArray, existing: IntArray) -> IntArray:
    """One account for each entry of `existing`, by weight, among the first `existing` accounts."""
    total = np.concatenate(([0.0], np.cumsum(weight)))
    picked = np.searchsorted(total, rng.random(existing.size) * total[existing], side="right") - 1
    return np.minimum(picked, existing - 1).astype(np.int64)


def make_accounts(streams: Streams, history: History, rhythm: Rhythm) -> Accounts:
    rng, n = streams.of("accounts"), streams.scale.users
    ring_size = RING_SELLERS + RING_BIDDERS
    ring_start = history.now - 400 * DAY
    founders = max(FOUNDERS, n * 6 // 100)
    created = rhythm.draw(rng, history.launch + 8 * HOUR, history.now - HOUR, n)
    created[:founders] = history.launch + rng.integers(HOUR, 8 * HOUR, founders)
    created[n - ring_size :] = ring_start - 2 * DAY + rng.integers(0, 30 * HOUR, ring_size)
    order = np.argsort(created, kind="stable")
    ring = np.flatnonzero(order >= n - ring_size)
    sellers, bidders = ring[:RING_SELLERS], ring[RING_SELLERS:]
    country = _countries(rng, n)
    country[ring] = 0
    for index, (_, code) in NAMED.items():
        country[index] = [c for c, _ in COUNTRIES].index(code)
    bid_weight, list_weight = _weights(rng, n)
    bid_weight[ring] = 0.0
    list_weight[ring] = 0.0
    return Accounts(off_the_second(created[order]), country, bid_weight, list_weight, sellers, bidders, int(ring_start))


def _countries(rng: np.random.Generator, n: int) -> IntArray:
    """Shares by largest remainder, each country at least once, in random order."""
    exact = np.array([share for _, share in COUNTRIES]) * n / 100.0
    counts = np.maximum(np.floor(exact).astype(np.int64), 1)
    for index in np.argsort(-(exact - np.floor(exact)), kind="stable"):
        counts[index] += counts.sum() < n
    counts[0] += n - counts.sum()
    return rng.permutation(np.repeat(np.arange(len(COUNTRIES)), counts)).astype(np.int64)


def _weights(rng: np.random.Generator, n: int) -> tuple[FloatArray, FloatArray]:
    bid = np.exp(rng.normal(0.0, 1.2, n)) * (rng.random(n) >= NEVER_BID)
    lists: BoolArray = rng.random(n) >= NEVER_LIST
    bid[:FOUNDERS] = np.maximum(bid[:FOUNDERS], 0.5)
    lists[:FOUNDERS:3] = True
    named = np.array(list(NAMED))
    lists[named] = True
    # Zipf: the seller of rank r lists in proportion to 1 / r ** 1.05. Founders share the ranks like anybody.
    zipf = np.zeros(n)
    sellers = np.flatnonzero(lists)
    zipf[sellers] = 1.0 / rng.permutation(np.arange(1, sellers.size + 1)) ** 1.05
    zipf[named] = 1.0 / 12.0**1.05
    bid[named] = np.quantile(bid, 0.97)
    return bid, zipf


def make_usernames(streams: Streams) -> list[str]:
    """Unique: a name drawn again gets a number that only it has."""
    rng, n = streams.of("usernames"), streams.scale.users
    form = rng.choice(6, n, p=[0.26, 0.28, 0.12, 0.14, 0.12, 0.08]).tolist()
    first = rng.integers(0, len(FIRST_NAMES), n).tolist()
    letter = rng.integers(0, 26, n).tolist()
    number = rng.integers(2, 100, n).tolist()
    start = rng.integers(0, len(NICK_STARTS), n).tolist()
    end = rng.integers(0, len(NICK_ENDS), n).tolist()
    taken = {name for name, _ in NAMED.values()}
    names: list[str] = []
    for i in range(n):
        if i in NAMED:
            names.append(NAMED[i][0])
            continue
        nick = f"{NICK_STARTS[start[i]]}_{NICK_ENDS[end[i]]}"
        base = _username(form[i], FIRST_NAMES[first[i]], letter[i], number[i], nick)
        name = base if base not in taken else f"{base}_{i + 1}"
        taken.add(name)
        names.append(name)
    return names


def _username(form: int, first: str, letter: int, number: int, nick: str) -> str:
    initial = chr(ord("a") + letter)
    return (
        f"{first}_{initial}",
        f"{first}{number:02d}",
        f"{initial}.{first}",
        nick,
        f"{first}_{nick.split('_')[1]}",
        f"{nick}{number}",
    )[form]


def make_full_names(streams: Streams, usernames: list[str]) -> list[str]:
    """The first name that the username shows, if it shows one, and a family name that nobody bears."""
    rng, n = streams.of("full names"), streams.scale.users
    drawn = rng.integers(0, len(FIRST_NAMES), n).tolist()
    start = rng.integers(0, len(FAMILY_STARTS), n).tolist()
    end = rng.integers(0, len(FAMILY_ENDS), n).tolist()
    known = set(FIRST_NAMES)
    names: list[str] = []
    for i, username in enumerate(usernames):
        shown = username.split("_")[0].split(".")[-1].rstrip("0123456789")
        first = shown if shown in known else FIRST_NAMES[drawn[i]]
        names.append(f"{first.capitalize()} {FAMILY_STARTS[start[i]]}{FAMILY_ENDS[end[i]]}")
    return names
