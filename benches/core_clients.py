"""The clients of benches.core: processes of threads, each a bidder that bids again at once, in one of several ways."""

from __future__ import annotations

import itertools
import random
import threading
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from multiprocessing.connection import Connection as Pipe
from multiprocessing.sharedctypes import Synchronized
from time import perf_counter, process_time
from typing import Protocol

import pymysql
from sqlalchemy import make_url

from auction_core.bidding import minimum_next_bid
from auction_core.database import open_for_writing, parse_url
from auction_core.errors import BidTooLow
from auction_core.outbox import LANES
from auction_core.writes.bids import place_bid
from auction_core.writes.transaction import Rules

# Above any increment, so that each bid that comes in the order of its amount counts.
STEP = Decimal(100)
START = Decimal(1)
CONNECT_SECONDS = 20.0
# Before each slice, not counted: all connections open, all procedures parsed.
WARM_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Seen:
    """`minimum`: what the next bid must be at least, as the answer told."""

    accepted: bool
    minimum: Decimal


class Bid(Protocol):
    """Places one bid, or finds that it was too low."""

    def __call__(self, bidder_id: int, listing_id: int, amount: Decimal) -> Seen: ...


Close = Callable[[], object]
# In its own thread, what a client bids with, and how it lets go of its connection.
Client = Callable[[], tuple[Bid, Close]]


@dataclass(frozen=True, slots=True)
class Slice:
    """For so long, so many threads of each process bid in this way on these listings.

    On one listing a client bids the minimum that its last answer told, and up to `leap` steps more: as people do who
    cannot know what others bid meanwhile, so that some bids come too low, by the same rule in each way. On many
    listings amounts rise from bid to bid over all clients, so that nearly all count.
    """

    way: str
    listings: Sequence[int]
    threads: int
    seconds: float
    leap: int


@dataclass(slots=True)
class Count:
    """`cpu` and `server_cpu`: the seconds of processor time that the clients and the server took."""

    accepted: int = 0
    refused: int = 0
    failed: int = 0
    cpu: float = 0.0
    server_cpu: float = 0.0
    seconds: list[float] = field(default_factory=list)

    def add(self, other: Count) -> None:
        self.accepted += other.accepted
        self.refused += other.refused
        self.failed += other.failed
        self.cpu += other.cpu
        self.seconds.extend(other.seconds)


def ours(url: str) -> Client:
    engine = open_for_writing(parse_url(url))
    rules = Rules()
    run, numbers = uuid.uuid4().hex, itertools.count()

    def bid(bidder_id: int, listing_id: int, amount: Decimal) -> Seen:
        try:
            placed = place_bid(engine, rules, None, bidder_id, listing_id, amount, f"{run}-{next(numbers)}")
        except BidTooLow as refusal:
            return Seen(False, refusal.minimum)
        return Seen(True, minimum_next_bid(placed.amount, START))

    # The pool stays from slice to slice, as it does in a service: a connection parses the procedure at its first call.
    return lambda: (bid, lambda: None)


def raw(url: str, *, whole: bool = False) -> Client:
    """The usual transaction, statement by statement; `whole` also writes an idempotency key and an event."""
    address = make_url(url)

    def client() -> tuple[Bid, Close]:
        connection = pymysql.connect(
            host=address.host or "localhost",
            port=address.port or 3306,
            user=address.username,
            password=address.password or "",
            database=address.database,
            autocommit=True,
        )
        cursor = connection.cursor()
        run, numbers = uuid.uuid4().hex, itertools.count()

        def bid(bidder_id: int, listing_id: int, amount: Decimal) -> Seen:
            cursor.execute("BEGIN")
            cursor.execute(
                "SELECT current_bid, starting_price, seller_id, status, bid_count, ends_at > UTC_TIMESTAMP(6) "
                "FROM listings WHERE id = %s FOR UPDATE",
                (listing_id,),
            )
            current, start, seller, status, count, is_open = cursor.fetchone()
            minimum = minimum_next_bid(current, start)
            if not is_open or status != "active" or seller == bidder_id or amount < minimum:
                cursor.execute("ROLLBACK")
                return Seen(False, minimum)
            cursor.execute(
                "INSERT INTO bids (listing_id, bidder_id, amount, placed_at) VALUES (%s, %s, %s, UTC_TIMESTAMP(6))",
                (listing_id, bidder_id, amount),
            )
            cursor.execute(
                "UPDATE listings SET current_bid = %s, highest_bidder_id = %s, bid_count = %s WHERE id = %s",
                (amount, bidder_id, count + 1, listing_id),
            )
            if whole:
                cursor.execute(
                    "INSERT INTO idempotency_keys (actor_id, idempotency_key, fingerprint, result, created_at) "
                    "VALUES (%s, %s, %s, %s, UTC_TIMESTAMP(6))",
                    (bidder_id, f"{run}-{next(numbers)}", "f" * 64, "r" * 200),
                )
                cursor.execute(
                    "INSERT INTO event_outbox (aggregate_type, aggregate_id, lane, event_type, payload, occurred_at) "
                    "VALUES ('listing', %s, %s, 'bid_placed', %s, UTC_TIMESTAMP(6))",
                    (listing_id, listing_id % LANES, '{"padding": "' + "p" * 200 + '"}'),
                )
            cursor.execute("COMMIT")
            return Seen(True, minimum_next_bid(amount, start))

        return bid, connection.close

    return client


def django(url: str) -> Client:
    from benches.core_django import connect

    return connect(url)


WAYS: dict[str, Callable[[str], Client]] = {
    "place_bid": ours,
    "raw": raw,
    "raw, whole": lambda url: raw(url, whole=True),
    "django": django,
}


def serve(url: str, orders: Pipe, amounts: Synchronized[int]) -> None:
    """In a process of its own: carries out slices until told None. Answers with a sentence when it cannot."""
    clients: dict[str, Client] = {}
    with suppress(EOFError, OSError, KeyboardInterrupt):  # whoever orders has gone, or stops
        while (order := orders.recv()) is not None:
            if order.way not in clients:
                clients[order.way] = WAYS[order.way](url)
            crowd = Crowd(clients[order.way], order, amounts)
            orders.send(crowd.connect())
            orders.recv()
            orders.send(crowd.run())


class Crowd:
    """The clients of one slice, a thread and a connection each."""

    def __init__(self, client: Client, order: Slice, amounts: Synchronized[int]) -> None:
        self._client, self._order, self._amounts = client, order, amounts
        self._ready, self._go = threading.Semaphore(0), threading.Event()
        self._counts: list[Count] = []
        self._failures: list[str] = []
        self._threads = [threading.Thread(target=self._bid, daemon=True) for _ in range(order.threads)]

    def connect(self) -> str | None:
        """Why it failed, if it did. The clients then wait for `run`."""
        for thread in self._threads:
            thread.start()
        answered = [self._ready.acquire(timeout=CONNECT_SECONDS) for _ in self._threads]
        failure = next(iter(self._failures), None if all(answered) else "the server does not answer")
        return failure and f"The clients of '{self._order.way}' cannot bid: {failure}."

    def run(self) -> Count:
        begun = process_time()
        self._go.set()
        for thread in self._threads:
            thread.join(timeout=self._order.seconds + CONNECT_SECONDS)
        whole = Count(cpu=process_time() - begun)
        for count in self._counts:
            whole.add(count)
        return whole

    def _bid(self) -> None:
        try:
            bid, close = self._client()
            seen, until = Seen(False, START), perf_counter() + WARM_SECONDS
            while perf_counter() < until:
                seen = self._once(bid, seen.minimum, Count())
        except Exception as error:  # noqa: BLE001 - any: it ends in the sentence
            self._failures.append(reason_of(error))
            return
        finally:
            self._ready.release()
        self._go.wait()
        count, until = Count(), perf_counter() + self._order.seconds
        while perf_counter() < until:
            try:
                seen = self._once(bid, seen.minimum, count)
            except Exception:  # noqa: BLE001 - counted and shown
                count.failed += 1
        close()
        self._counts.append(count)

    def _once(self, bid: Bid, minimum: Decimal, count: Count) -> Seen:
        order, bidder = self._order, random.randrange(2, 42)  # noqa: S311 - no secrets
        listing = random.choice(order.listings)  # noqa: S311
        if order.leap:
            amount = minimum + random.randrange(order.leap) * STEP  # noqa: S311
        else:
            with self._amounts.get_lock():
                self._amounts.value += 1
                amount = self._amounts.value * STEP
        begun = perf_counter()
        seen = bid(bidder, listing, amount)
        if seen.accepted:
            count.accepted += 1
            count.seconds.append(perf_counter() - begun)
        else:
            count.refused += 1
        return seen


def reason_of(error: BaseException) -> str:
    """What a driver or the store said, such as 'Too many connections'."""
    cause = getattr(error, "orig", None) or error
    return str(cause.args[-1] if cause.args else cause).rstrip(".") or type(cause).__name__
