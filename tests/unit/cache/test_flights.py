"""A value that is missing is made once for all who ask for it at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from nl2sql.cache.base import Cache, NoCache
from nl2sql.cache.flights import Fetched, Flights, Made
from nl2sql.cache.memory import MemoryCache
from nl2sql.errors import QueryCancelled, QueryFailed

KEY = "result:1"


class Maker:
    """Makes b"1", b"2"… when it is let go; counts its runs and the most at one time."""

    def __init__(self, *, held: bool = True, size: int = 0, error: BaseException | None = None) -> None:
        self.runs = 0
        self.at_once = 0
        self.most_at_once = 0
        self.let_go = threading.Event()
        self.started = threading.Semaphore(0)
        self.error = error
        self._size = size
        self._lock = threading.Lock()
        if not held:
            self.let_go.set()

    def __call__(self) -> Made:
        with self._lock:
            self.runs += 1
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            number = self.runs
        self.started.release()
        assert self.let_go.wait(30)
        with self._lock:
            self.at_once -= 1
        if self.error is not None:
            raise self.error
        return Made(f"{number}".encode() + bytes(self._size), None)


@pytest.fixture
def threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(32)


def eventually(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.005)


def all_wait(flights: Flights, waiting: list[Future[Fetched]]) -> None:
    """Until each has had time to join: none can be seen from outside while it waits."""
    time.sleep(0.6)  # a busy machine may start a thread late
    assert not any(each.done() for each in waiting)


@pytest.mark.parametrize("cache", [MemoryCache(), NoCache()], ids=["kept", "not kept"])
def test_twenty_threads_share_one_run(cache: Cache, threads: ThreadPoolExecutor) -> None:
    flights, make = Flights(cache), Maker()
    asked = [threads.submit(flights.fetch, KEY, make, wait_seconds=30) for _ in range(20)]
    all_wait(flights, asked)
    make.let_go.set()
    found = [each.result(30) for each in asked]
    assert make.runs == 1
    assert {each.entry.value for each in found} == {b"1"}
    assert sorted(each.cached for each in found) == [False] + [True] * 19


def test_what_was_kept_is_read_and_not_made() -> None:
    cache, make = MemoryCache(), Maker(held=False)
    flights = Flights(cache)
    first = flights.fetch(KEY, make, wait_seconds=30)
    second = flights.fetch(KEY, make, wait_seconds=30)
    assert (first.cached, second.cached, make.runs) == (False, True, 1)
    assert second.entry == cache.get(KEY)
    assert flights.fetch("result:2", make, wait_seconds=30).entry.value == b"2"


def test_it_is_kept_for_as_long_as_the_maker_says() -> None:
    cache = MemoryCache()
    Flights(cache).fetch(KEY, lambda: Made(b"1", 0.05), wait_seconds=30)
    assert cache.get(KEY) is not None
    eventually(lambda: cache.get(KEY) is None)


def test_a_value_too_large_to_keep_reaches_everybody_who_waits(threads: ThreadPoolExecutor) -> None:
    flights, make = Flights(MemoryCache(10_000)), Maker(size=10_000)
    asked = [threads.submit(flights.fetch, KEY, make, wait_seconds=30) for _ in range(10)]
    all_wait(flights, asked)
    make.let_go.set()
    assert {len(each.result(30).entry.value) for each in asked} == {10_001}
    assert make.runs == 1
    assert not flights.fetch(KEY, make, wait_seconds=30).cached


def test_an_error_reaches_everybody_who_waits_and_the_next_tries_again(threads: ThreadPoolExecutor) -> None:
    cache, make = MemoryCache(), Maker(error=QueryFailed("no such column"))
    flights = Flights(cache)
    asked = [threads.submit(flights.fetch, KEY, make, wait_seconds=30) for _ in range(10)]
    all_wait(flights, asked)
    make.let_go.set()
    assert {each.exception(30) for each in asked} == {make.error}
    assert make.runs == 1
    assert cache.get(KEY) is None
    make.error = None
    assert flights.fetch(KEY, make, wait_seconds=30).entry.value == b"2"


@pytest.mark.parametrize("gave_up", [QueryCancelled("stopped"), KeyboardInterrupt()], ids=["cancelled", "interrupted"])
def test_when_the_asker_of_the_run_gives_up_another_who_waits_makes_it(
    gave_up: BaseException, threads: ThreadPoolExecutor
) -> None:
    flights, first, then = Flights(MemoryCache()), Maker(error=gave_up), Maker(held=False)
    leader = threads.submit(flights.fetch, KEY, first, wait_seconds=30)
    assert first.started.acquire(timeout=30)
    asked = [threads.submit(flights.fetch, KEY, then, wait_seconds=30) for _ in range(10)]
    all_wait(flights, asked)
    first.let_go.set()
    assert leader.exception(30) is gave_up
    assert {each.result(30).entry.value for each in asked} == {b"1"}
    assert then.runs == 1


def test_who_waited_long_enough_makes_it(threads: ThreadPoolExecutor) -> None:
    flights, stuck, quick = Flights(MemoryCache()), Maker(), Maker(held=False)
    leader = threads.submit(flights.fetch, KEY, stuck, wait_seconds=30)
    assert stuck.started.acquire(timeout=30)
    found = flights.fetch(KEY, quick, wait_seconds=0.1)
    assert (found.cached, quick.runs) == (False, 1)
    stuck.let_go.set()
    assert leader.result(30).entry.value == b"1"


@pytest.mark.parametrize("fresh", [False, True])
def test_whoever_gives_up_waiting_is_let_go_and_the_others_are_not(fresh: bool, threads: ThreadPoolExecutor) -> None:
    flights, stuck, then, no_more = Flights(MemoryCache()), Maker(), Maker(held=False), threading.Event()
    leader = threads.submit(flights.fetch, KEY, stuck, wait_seconds=30)
    assert stuck.started.acquire(timeout=30)
    gives_up = [
        threads.submit(flights.fetch, KEY, then, wait_seconds=30, fresh=fresh, given_up=no_more.is_set)
        for _ in range(5)
    ]
    stays = [threads.submit(flights.fetch, KEY, then, wait_seconds=30, fresh=fresh) for _ in range(5)]
    all_wait(flights, [*gives_up, *stays])
    no_more.set()
    assert {type(each.exception(30)) for each in gives_up} == {QueryCancelled}
    assert not leader.done()
    stuck.let_go.set()
    assert leader.result(30).entry.value == b"1"
    got = {each.result(30).entry.value for each in stays}
    # Whoever wakes up after the fresh run is over makes another one.
    assert got <= {b"%d" % run for run in range(1, then.runs + 1)} if fresh else got == {b"1"}
    assert (then.runs > 0) == fresh


def test_whoever_gives_up_does_not_wait_for_another_process_either(threads: ThreadPoolExecutor) -> None:
    cache, make, no_more = MemoryCache(), Maker(held=False), threading.Event()
    assert cache.acquire(KEY, 60)
    asked = threads.submit(Flights(cache).fetch, KEY, make, wait_seconds=30, given_up=no_more.is_set)
    time.sleep(0.1)
    no_more.set()
    assert isinstance(asked.exception(30), QueryCancelled)
    assert make.runs == 0


def test_when_another_process_takes_too_long_one_thread_makes_it_for_all(threads: ThreadPoolExecutor) -> None:
    cache, make = MemoryCache(), Maker(held=False)
    assert cache.acquire(KEY, 60)
    flights = Flights(cache)
    leader = threads.submit(flights.fetch, KEY, make, wait_seconds=1.0)
    eventually(lambda: KEY in flights._running)
    asked = [threads.submit(flights.fetch, KEY, make, wait_seconds=0.1) for _ in range(10)]
    assert {each.result(30).entry.value for each in [leader, *asked]} == {b"1"}
    assert make.runs == 1


def test_other_keys_do_not_wait(threads: ThreadPoolExecutor) -> None:
    flights, stuck = Flights(MemoryCache()), Maker()
    leader = threads.submit(flights.fetch, KEY, stuck, wait_seconds=30)
    assert stuck.started.acquire(timeout=30)
    assert not flights.fetch("result:2", Maker(held=False), wait_seconds=30).cached
    stuck.let_go.set()
    leader.result(30)


def test_fresh_makes_anew_and_keeps_it() -> None:
    flights, make = Flights(MemoryCache()), Maker(held=False)
    flights.fetch(KEY, make, wait_seconds=30)
    found = flights.fetch(KEY, make, wait_seconds=30, fresh=True)
    assert (found.entry.value, found.cached, make.runs) == (b"2", False, 2)
    assert flights.fetch(KEY, make, wait_seconds=30).entry.value == b"2"


def test_fresh_never_takes_a_run_that_began_before_it_was_asked_for(threads: ThreadPoolExecutor) -> None:
    flights, make = Flights(MemoryCache()), Maker()
    older = threads.submit(flights.fetch, KEY, make, wait_seconds=30)
    assert make.started.acquire(timeout=30)
    fresh = [threads.submit(flights.fetch, KEY, make, wait_seconds=30, fresh=True) for _ in range(10)]
    all_wait(flights, fresh)
    make.let_go.set()
    assert older.result(30).entry.value == b"1"
    assert {each.result(30).entry.value for each in fresh} == {b"2"}  # they shared the one that began after
    assert (make.runs, make.most_at_once) == (2, 1)
    assert sorted(each.result().cached for each in fresh) == [False] + [True] * 9


def test_each_fresh_one_of_a_long_row_sees_a_run_of_its_own_time(threads: ThreadPoolExecutor) -> None:
    """The value is a clock: nobody gets one from before they asked, although runs are shared."""
    flights = Flights(MemoryCache())
    runs = []

    def make() -> Made:
        began = time.monotonic()
        runs.append(began)
        time.sleep(0.002)
        return Made(repr(began).encode(), None)

    def ask(_: int) -> bool:
        asked = time.monotonic()
        return float(flights.fetch(KEY, make, wait_seconds=30, fresh=True).entry.value) >= asked

    assert all(threads.map(ask, range(400)))
    assert len(runs) < 400


def test_fresh_is_not_held_up_for_longer_than_it_would_wait(threads: ThreadPoolExecutor) -> None:
    flights, stuck, quick = Flights(MemoryCache()), Maker(), Maker(held=False)
    leader = threads.submit(flights.fetch, KEY, stuck, wait_seconds=30)
    assert stuck.started.acquire(timeout=30)
    assert flights.fetch(KEY, quick, wait_seconds=0.1, fresh=True).entry.value == b"1"
    stuck.let_go.set()
    leader.result(30)
    assert quick.runs == 1


def test_nothing_is_left_over_when_all_is_done(threads: ThreadPoolExecutor) -> None:
    flights = Flights(MemoryCache())
    for fresh in (False, True):
        for error in (None, QueryFailed("no"), QueryCancelled("no"), KeyboardInterrupt()):
            make = Maker(held=False, error=error)
            asked = [threads.submit(flights.fetch, f"k:{n % 3}", make, wait_seconds=30, fresh=fresh) for n in range(30)]
            for each in asked:
                each.exception(30)
    assert (flights._running, flights._next) == ({}, {})
