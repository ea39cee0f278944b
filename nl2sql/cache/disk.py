"""A cache in a folder of this machine, shared by threads and processes; only its owner can enter it."""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import stat
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import diskcache

from nl2sql.cache.base import LARGEST_PART, SIZE_LIMIT, CacheStats, Entry, kind_of, lifetime, only_bytes
from nl2sql.cache.breaker import Breaker, reason
from nl2sql.cache.counts import Counts
from nl2sql.cache.stored import HEADER_BYTES, from_stored, to_stored

log = logging.getLogger(__name__)
T = TypeVar("T")

# What waits longer for the cache than this is faster without it.
TIMEOUT_SECONDS = 0.25
# Measured with 50 kB values: a get takes 8 µs when values are evicted by age, and 40 µs when by last use, because each
# get then writes. Answers go stale with the data long before they go unused.
EVICTION_POLICY = "least-recently-stored"
_DATABASE = "cache.db"
ByKind = tuple[Mapping[str, int], Mapping[str, int]]
_NOTHING: ByKind = ({}, {})


class NotOurs(OSError):
    """A row that this cache cannot have written. diskcache takes an OSError for a miss."""


class BytesDisk(diskcache.Disk):  # type: ignore[misc]
    """Text keys, bytes inside SQLite, and nothing else.

    diskcache's own class unpickles rows marked so (CVE-2025-69872), and opens and removes files that rows name: whoever
    can write the file could run code with it. Here no row can do either.
    """

    def put(self, key: object) -> tuple[str, bool]:
        if type(key) is not str:
            raise TypeError("A cache key is text.")
        return key, True

    def get(self, key: object, raw: object) -> str:
        if type(key) is not str or not raw:
            raise NotOurs("a key that is not text")
        return key

    def store(self, value: object, read: bool, key: object = None) -> tuple[int, int, None, memoryview]:
        if read:
            raise TypeError("A cache value is bytes, not a file.")
        return 0, diskcache.core.MODE_RAW, None, memoryview(only_bytes(value))

    def fetch(self, mode: int, filename: str | None, value: object, read: bool) -> bytes:
        if mode != diskcache.core.MODE_RAW or filename is not None or type(value) is not bytes or read:
            raise NotOurs("a value that is not plain bytes")
        return value

    def filename(self, key: object = None, value: object = None) -> NoReturn:
        raise TypeError("The cache writes no files of its own.")

    def remove(self, file_path: str) -> None:
        """Culling asks for the files of rows to be removed; rows of ours have none."""


class BytesCache(diskcache.Cache):  # type: ignore[misc]
    _VALUE = (
        "SELECT mode, filename, value FROM Cache WHERE key = ? AND raw = 1 AND (expire_time IS NULL OR expire_time > ?)"
    )

    def value(self, key: str) -> bytes | None:
        """As `get`, which spends a microsecond on what cannot be here: counters, files, other kinds of keys."""
        for mode, filename, value in self._sql(self._VALUE, (key, time.time())).fetchall():
            if mode == diskcache.core.MODE_RAW and filename is None and type(value) is bytes:
                return value
        return None


# What diskcache, SQLite and the file system raise when the cache is damaged, locked, full or gone; a damaged Settings
# table also makes diskcache fail in ways of its own.
_TROUBLE = (
    sqlite3.Error,
    sqlite3.Warning,
    diskcache.Timeout,
    OSError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
)


class DiskCache:
    """Works as NoCache while the folder cannot be used. Readers do not wait for a writer."""

    def __init__(self, folder: str | os.PathLike[str], *, size_limit: int = SIZE_LIMIT) -> None:
        self._folder = Path(folder)
        self._size_limit = size_limit
        self._cache: BytesCache | None = None
        self._is_suspect = False  # a write failed: the file may have been replaced
        self._lock = threading.Lock()
        # Reading works on where writing does not: a full disk, another process that writes.
        self._reading = Breaker(log)
        self._writing = Breaker(log)
        self._counts = Counts()
        self._tokens: dict[tuple[str, int], bytes] = {}  # of the leases that a thread of this process has
        self._read(lambda _: None, None)

    def get(self, key: str) -> Entry | None:
        entry = from_stored(self._read(lambda store: store.value(key), None))
        if entry is None:
            self._counts.miss()
        else:
            self._counts.hit()
        return entry

    def set(self, key: str, value: bytes, *, seconds: float | None = None) -> None:
        value = only_bytes(value)
        if len(value) > self._size_limit // LARGEST_PART:
            return
        stored = to_stored(value, time.time())
        self._write(lambda store: store.set(key, stored, expire=lifetime(seconds), tag=kind_of(key)), None)

    def acquire(self, key: str, seconds: float) -> bool:
        token = os.urandom(16)
        taken = self._write(lambda store: bool(store.add(_lease(key), token, expire=seconds)), None)
        if taken:
            self._tokens[key, threading.get_ident()] = token
        return taken is not False

    def release(self, key: str) -> None:
        token = self._tokens.pop((key, threading.get_ident()), None)
        if token is not None:
            self._write(lambda store: _give_back(store, _lease(key), token), None)

    def stats(self) -> CacheStats:
        entries, sizes = self._read(self._summed, _NOTHING)
        return CacheStats(
            "disk",
            str(self._folder),
            self._size_limit,
            entries,
            sizes,
            self._counts.hits,
            self._counts.misses,
            self._reading.trouble or self._writing.trouble,
        )

    def _summed(self, _: Any) -> ByKind:
        """How many entries there are and how long their values, by kind. Lengths are read without the values."""
        query = (
            "SELECT tag, COUNT(*), SUM(LENGTH(value)) FROM Cache"
            " WHERE typeof(tag) = 'text' AND (expire_time IS NULL OR expire_time > ?) GROUP BY tag"
        )
        address = (self._folder.absolute() / _DATABASE).as_uri() + "?mode=ro"
        with contextlib.closing(sqlite3.connect(address, uri=True, timeout=TIMEOUT_SECONDS)) as connection:
            rows = connection.execute(query, (time.time(),)).fetchall()
        return (
            {tag: count for tag, count, _ in rows},
            {tag: size - count * HEADER_BYTES for tag, count, size in rows},
        )

    def clear(self, kind: str = "") -> int:
        entries, _ = self._read(self._summed, _NOTHING)
        found = entries.get(kind, 0) if kind else sum(entries.values())
        removed = self._write(lambda store: store.evict(kind) if kind else store.clear(), None)
        return 0 if removed is None else found

    def close(self) -> None:
        if self._cache is not None:
            with contextlib.suppress(*_TROUBLE):
                self._cache.close()

    def _read(self, work: Callable[[Any], T], otherwise: T) -> T:
        if not self._reading.allows():
            return otherwise
        try:
            store = self._cache
            done = work(self._opened() if store is None else store)  # “or” would count the rows: it has a length
        except _TROUBLE as error:
            self._failed(self._reading, "read", error)
            return otherwise
        self._reading.worked()
        return done

    def _write(self, work: Callable[[Any], T], otherwise: T) -> T:
        """What cannot be opened cannot be read either, and is told of once."""
        store = self._read(lambda store: store, None)
        if store is None or not self._writing.allows():
            return otherwise
        try:
            done = work(self._opened(anew=True) if self._is_suspect else store)
        except _TROUBLE as error:
            self._failed(self._writing, "written", error)
            return otherwise
        self._writing.worked()
        return done

    def _failed(self, breaker: Breaker, verb: str, error: Exception) -> None:
        if isinstance(error, diskcache.Timeout):
            why = "another process holds it"  # nothing is wrong with what is open
        else:
            why = reason(error)
            self._is_suspect = True
            if breaker is self._reading:
                self._cache = None
        breaker.failed(f"The cache in {self._folder} could not be {verb}; going on without it: {why}.")

    def _opened(self, *, anew: bool = False) -> BytesCache:
        """What was open stays in use until another can be opened."""
        with self._lock:
            if self._cache is None or anew:
                _make_private(self._folder)
                settings = _settings(self._size_limit)
                self._cache = BytesCache(str(self._folder), timeout=TIMEOUT_SECONDS, disk=BytesDisk, **settings)
                self._is_suspect = False
            return self._cache


def _lease(key: str) -> str:
    return f"lease:{key}"


def _give_back(store: Any, lease: str, token: bytes) -> None:
    with store.transact():
        if store.get(lease) == token:
            store.delete(lease)


def _settings(size_limit: int) -> dict[str, Any]:
    """Every setting of diskcache is given, so that none is taken from a file that someone else may have written."""
    return {
        **diskcache.DEFAULT_SETTINGS,
        "eviction_policy": EVICTION_POLICY,
        "size_limit": size_limit,
        "disk_min_file_size": 2**31 - 1,
    }


def _make_private(folder: Path) -> None:
    """Raises OSError when the folder is not ours alone. A folder that holds other things keeps its rights."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.stat()
    if found.st_uid != os.geteuid():
        raise PermissionError("the folder belongs to another user")
    if stat.S_IMODE(found.st_mode) != 0o700:
        if any(folder.iterdir()) and not (folder / diskcache.core.DBNAME).exists():
            raise PermissionError("the folder holds other things, and others can enter it")
        folder.chmod(0o700)
