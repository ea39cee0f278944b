"""One maker for many askers: a value that is missing is made once, and whoever asks meanwhile waits for it."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from nl2sql.cache.base import Cache, Entry
from nl2sql.errors import QueryCancelled

# Between two looks for what another process makes: a short value comes soon, a long one is not asked for too often.
FIRST_PAUSE_SECONDS = 0.005
LONGEST_PAUSE_SECONDS = 0.25


def never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Made:
    """A new value, and how long it may be kept; None: until it is evicted."""

    value: bytes
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Fetched:
    """`cached`: this call did not make the value; it was kept, or another asker's run brought it."""

    entry: Entry
    cached: bool


@dataclass(slots=True, eq=False)
class _Flight:
    """One run of a maker. Without entry and error once it is over: it was given up, and somebody else must make it."""

    over: threading.Event = field(default_factory=threading.Event)
    began: float = math.inf  # its run, by the monotonic clock; before, its leader waits for another process or run
    entry: Entry | None = None
    error: Exception | None = None

    def awaited(self, errand: _Errand) -> bool:
        """Whether it was over before it ran for as long as one waits. Raises QueryCancelled."""
        joined = time.monotonic()
        while True:
            errand.still_wanted()
            remaining = max(joined, self.began) + errand.wait_seconds - time.monotonic()
            if self.over.wait(min(max(0.0, remaining), LONGEST_PAUSE_SECONDS)):
                return True
            if remaining <= 0:
                return False

    def landed(self) -> Fetched | None:
        """None when it was given up. Raises what its maker raised."""
        if self.error is not None:
            raise self.error
        return None if self.entry is None else Fetched(self.entry, cached=True)


@dataclass(frozen=True, slots=True)
class _Errand:
    """What one caller asks for."""

    key: str
    make: Callable[[], Made]
    wait_seconds: float
    given_up: Callable[[], bool]

    def still_wanted(self) -> None:
        if self.given_up():
            raise QueryCancelled("The question was stopped.")


class Flights:
    """For many threads. Threads of this process wait for each other here; processes by the leases of the cache."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._lock = threading.Lock()
        self._running: dict[str, _Flight] = {}
        self._next: dict[str, _Flight] = {}  # fresh ones that begin when the running one is over

    def fetch(
        self,
        key: str,
        make: Callable[[], Made],
        *,
        wait_seconds: float,
        fresh: bool = False,
        given_up: Callable[[], bool] = never,
    ) -> Fetched:
        """The kept value, or one that `make` makes now: here, in another thread or in another process.

        Whoever waited for a run of `wait_seconds` makes it itself. What `make` raises is raised to every thread that
        waits for it, except that a maker whose own asker gave up (QueryCancelled, or what is no Exception) leaves the
        making to the next who waits. `fresh` reads nothing and takes only a run that begins after this call. While one
        waits, QueryCancelled is raised soon after `given_up` is true.
        """
        errand = _Errand(key, make, wait_seconds, given_up)
        return self._fetch_fresh(errand) if fresh else self._fetch(errand)

    def _fetch(self, errand: _Errand) -> Fetched:
        while True:
            entry = self._cache.get(errand.key)
            if entry is not None:
                return Fetched(entry, cached=True)
            flight, is_mine = self._joined(self._running, errand.key)
            if is_mine:
                return self._lead(errand, flight, self._made_once)
            if not flight.awaited(errand):
                return self._made(errand, _Flight())
            landed = flight.landed()
            if landed is not None:
                return landed

    def _fetch_fresh(self, errand: _Errand) -> Fetched:
        while True:
            running, is_mine = self._joined(self._running, errand.key)
            if is_mine:
                return self._lead(errand, running, self._made)
            waiting, is_mine = self._joined(self._next, errand.key)
            if is_mine:
                return self._lead(errand, waiting, partial(self._made_next, running=running))
            if not waiting.awaited(errand):
                return self._made(errand, _Flight())
            landed = waiting.landed()
            if landed is not None:
                return landed

    def _joined(self, flights: dict[str, _Flight], key: str) -> tuple[_Flight, bool]:
        """The flight of a key, and whether it is a new one that the caller has to lead."""
        with self._lock:
            found = flights.get(key)
            if found is not None:
                return found, False
            flights[key] = flight = _Flight()
            return flight, True

    def _lead(self, errand: _Errand, flight: _Flight, fetch: Callable[[_Errand, _Flight], Fetched]) -> Fetched:
        try:
            fetched = fetch(errand, flight)
            flight.entry = fetched.entry
        except QueryCancelled:
            raise
        except Exception as error:
            flight.error = error
            raise
        finally:
            with self._lock:
                for flights in (self._running, self._next):
                    if flights.get(errand.key) is flight:
                        del flights[errand.key]
            flight.over.set()
        return fetched

    def _made_once(self, errand: _Errand, flight: _Flight) -> Fetched:
        """By this process, or by another one that has the lease."""
        pause = FIRST_PAUSE_SECONDS
        deadline = time.monotonic() + errand.wait_seconds
        while not self._cache.acquire(errand.key, errand.wait_seconds):
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return self._made(errand, flight)
            errand.still_wanted()
            time.sleep(min(pause, remaining))
            pause = min(pause * 1.5, LONGEST_PAUSE_SECONDS)
            entry = self._cache.get(errand.key)
            if entry is not None:
                return Fetched(entry, cached=True)
        try:
            entry = self._cache.get(errand.key)  # another may have made it just before it gave the lease back
            return self._made(errand, flight) if entry is None else Fetched(entry, cached=True)
        finally:
            self._cache.release(errand.key)

    def _made_next(self, errand: _Errand, flight: _Flight, *, running: _Flight) -> Fetched:
        """Whoever joined until the other run is over gets what begins then; whoever asks from there on does not."""
        running.awaited(errand)
        with self._lock:
            del self._next[errand.key]
            self._running.setdefault(errand.key, flight)
        return self._made(errand, flight)

    def _made(self, errand: _Errand, flight: _Flight) -> Fetched:
        flight.began = time.monotonic()
        made = errand.make()
        self._cache.set(errand.key, made.value, seconds=made.seconds)
        return Fetched(Entry(made.value, time.time()), cached=False)
