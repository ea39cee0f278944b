"""A cache for one process, gone with it."""

from __future__ import annotations

import heapq
import threading
import time
from collections import Counter, OrderedDict
from dataclasses import dataclass

from nl2sql.cache.base import LARGEST_PART, OVERHEAD_BYTES, SIZE_LIMIT, CacheStats, Entry, kind_of, lifetime, only_bytes
from nl2sql.cache.counts import Counts


@dataclass(frozen=True, slots=True)
class _Kept:
    entry: Entry
    until: float  # by the monotonic clock


class MemoryCache:
    """The longest kept goes first, as in the other stores. Bytes cannot be changed by whoever gets them, so nothing is
    copied."""

    def __init__(self, size_limit: int = SIZE_LIMIT) -> None:
        self._size_limit = size_limit
        self._size = 0
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._ends: list[tuple[float, str]] = []  # a heap; an entry that was replaced may still be in it
        self._leases: dict[str, tuple[int, float]] = {}  # key → thread, and until when it has it
        self._counts = Counts()
        self._lock = threading.Lock()

    def get(self, key: str) -> Entry | None:
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None and kept.until <= time.monotonic():
                self._remove(key)
                kept = None
        if kept is None:
            self._counts.miss()
            return None
        self._counts.hit()
        return kept.entry

    def set(self, key: str, value: bytes, *, seconds: float | None = None) -> None:
        value = only_bytes(value)
        if len(value) > self._size_limit // LARGEST_PART:
            return
        lasts = lifetime(seconds)
        until = float("inf") if lasts is None else time.monotonic() + lasts
        with self._lock:
            self._remove_ended()
            if key in self._kept:
                self._remove(key)
            self._kept[key] = _Kept(Entry(value, time.time()), until)
            self._size += len(value) + OVERHEAD_BYTES
            if lasts is not None:
                heapq.heappush(self._ends, (until, key))
            while self._size > self._size_limit:
                self._remove(next(iter(self._kept)))

    def _remove_ended(self) -> None:
        now = time.monotonic()
        while self._ends and self._ends[0][0] <= now:
            until, key = heapq.heappop(self._ends)
            if key in self._kept and self._kept[key].until == until:
                self._remove(key)
        if len(self._ends) > 2 * len(self._kept) + 100:
            self._ends = [(kept.until, key) for key, kept in self._kept.items() if kept.until != float("inf")]
            heapq.heapify(self._ends)

    def _remove(self, key: str) -> None:
        self._size -= len(self._kept.pop(key).entry.value) + OVERHEAD_BYTES

    def acquire(self, key: str, seconds: float) -> bool:
        now = time.monotonic()
        with self._lock:
            if self._leases.get(key, (0, 0.0))[1] > now:
                return False
            self._leases[key] = (threading.get_ident(), now + seconds)
            return True

    def release(self, key: str) -> None:
        with self._lock:
            if self._leases.get(key, (0, 0.0))[0] == threading.get_ident():
                del self._leases[key]

    def stats(self) -> CacheStats:
        entries: Counter[str] = Counter()
        sizes: Counter[str] = Counter()
        now = time.monotonic()
        with self._lock:
            for key, kept in self._kept.items():
                if kept.until > now:
                    entries[kind_of(key)] += 1
                    sizes[kind_of(key)] += len(kept.entry.value)
        counts = self._counts
        return CacheStats("memory", "", self._size_limit, dict(entries), dict(sizes), counts.hits, counts.misses)

    def clear(self, kind: str = "") -> int:
        now = time.monotonic()
        with self._lock:
            chosen = {key: kept for key, kept in self._kept.items() if not kind or kind_of(key) == kind}
            for key in chosen:
                self._remove(key)
        return sum(kept.until > now for kept in chosen.values())

    def close(self) -> None:
        return None
