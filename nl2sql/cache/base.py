"""Key → bytes, for a while. It knows no stage's types, and losing it never costs more than time."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

# The largest a cache may become, in bytes.
SIZE_LIMIT = 256_000_000
# A value larger than this part of the limit would push out many answers for one: it is not kept.
LARGEST_PART = 8
# What an entry takes beside its value: key, times and index. Measured in Redis, which needs the most: 737.
OVERHEAD_BYTES = 750
# Stores that count time in milliseconds cannot keep anything for less.
_SHORTEST_SECONDS = 0.001


@dataclass(frozen=True, slots=True)
class Entry:
    """`stored_at` is in seconds since 1970, by the clock of the machine that stored it."""

    value: bytes
    stored_at: float


@dataclass(frozen=True, slots=True)
class CacheStats:
    """`entries` and `bytes` by kind of key ("draft", "result"); `hits` and `misses` since this process began.

    `trouble` says in a sentence why the cache does not work at the moment, and is empty when it does.
    """

    kind: str
    place: str
    size_limit: int
    entries: Mapping[str, int] = field(default_factory=dict)
    bytes: Mapping[str, int] = field(default_factory=dict)
    hits: int = 0
    misses: int = 0
    trouble: str = ""


class Cache(Protocol):
    """Nothing raises for what a store can do: what cannot be read is a miss, and what cannot be kept is not kept."""

    def get(self, key: str) -> Entry | None:
        """None also for what is older than it was to be kept."""
        ...

    def set(self, key: str, value: bytes, *, seconds: float | None = None) -> None:
        """Keeps the value at most so long; without `seconds`, until it is evicted. The longest kept goes first, and a
        value of more than `size_limit // LARGEST_PART` bytes is not kept. Raises TypeError for what is not bytes."""
        ...

    def acquire(self, key: str, seconds: float) -> bool:
        """Takes the lease of a key for at most so long; False while another, in any process, has it. True when the
        store does not answer: then nobody is waited for."""
        ...

    def release(self, key: str) -> None:
        """Gives back the lease that this thread took; one that it lost to another meanwhile stays the other's."""
        ...

    def stats(self) -> CacheStats: ...

    def clear(self, kind: str = "") -> int:
        """Removes all entries, or those of one kind; how many there were."""
        ...

    def close(self) -> None: ...


def key(kind: str, *parts: str) -> str:
    """`kind:` and a digest: the same in every process. Each part's length is hashed too, so ("ab", "c") is not
    ("a", "bc")."""
    digest = hashlib.sha256()
    for part in (kind, *parts):
        raw = part.encode("utf-8", "surrogatepass")
        digest.update(len(raw).to_bytes(8, "big"))
        digest.update(raw)
    return f"{kind}:{digest.hexdigest()}"


def kind_of(key: str) -> str:
    return key.partition(":")[0]


def lifetime(seconds: float | None) -> float | None:
    """In seconds, above zero; None for ever."""
    if seconds is None or math.isinf(seconds):
        return None
    return seconds if seconds > _SHORTEST_SECONDS else _SHORTEST_SECONDS


def only_bytes(value: object) -> bytes:
    if type(value) is not bytes:
        raise TypeError("A cache value is bytes.")
    return value


class NoCache:
    def get(self, key: str) -> Entry | None:
        return None

    def set(self, key: str, value: bytes, *, seconds: float | None = None) -> None:
        return None

    def acquire(self, key: str, seconds: float) -> bool:
        return True

    def release(self, key: str) -> None:
        return None

    def stats(self) -> CacheStats:
        return CacheStats("off", "", 0)

    def clear(self, kind: str = "") -> int:
        return 0

    def close(self) -> None:
        return None
