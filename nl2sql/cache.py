"""Key → bytes, for a while. It knows no stage's types, and losing it never costs more than time."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import sqlite3
import stat
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any, NoReturn, Protocol

import diskcache

log = logging.getLogger(__name__)

SIZE_LIMIT = 256_000_000
# A larger value would push out many answers for one. Everything stays inside one SQLite file below that.
LARGEST_PART = 8
# What waits longer for the cache than this is faster without it.
TIMEOUT_SECONDS = 0.25
_MISS: Any = object()


class Cache(Protocol):
    """Neither raises: what cannot be read is a miss, and what cannot be kept is not kept."""

    def get(self, key: str) -> bytes | None: ...

    def set(self, key: str, value: bytes) -> None: ...


def key(*parts: str) -> str:
    """The same in every process; each part's length is hashed too, so ("ab", "c") is not ("a", "bc")."""
    digest = hashlib.sha256()
    for part in parts:
        raw = part.encode("utf-8", "surrogatepass")
        digest.update(len(raw).to_bytes(8, "big"))
        digest.update(raw)
    return digest.hexdigest()


class NoCache:
    def get(self, key: str) -> bytes | None:
        return None

    def set(self, key: str, value: bytes) -> None:
        return None


class MemoryCache:
    """For one process; the least recently used goes first."""

    def __init__(self, size_limit: int = SIZE_LIMIT) -> None:
        self._size_limit = size_limit
        self._size = 0
        self._values: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> bytes | None:
        with self._lock:
            value = self._values.get(key)
            if value is not None:
                self._values.move_to_end(key)
            return value

    def set(self, key: str, value: bytes) -> None:
        value = _only_bytes(value)
        with self._lock:
            self._size += len(value) - len(self._values.pop(key, b""))
            self._values[key] = value
            while self._size > self._size_limit:
                self._size -= len(self._values.popitem(last=False)[1])


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
        return 0, diskcache.core.MODE_RAW, None, memoryview(_only_bytes(value))

    def fetch(self, mode: int, filename: str | None, value: object, read: bool) -> bytes:
        if mode != diskcache.core.MODE_RAW or filename is not None or type(value) is not bytes or read:
            raise NotOurs("a value that is not plain bytes")
        return value

    def filename(self, key: object = None, value: object = None) -> NoReturn:
        raise TypeError("The cache writes no files of its own.")

    def remove(self, file_path: str) -> None:
        """Culling asks for the files of rows to be removed; rows of ours have none."""


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

# Measured with 50 kB values: a get takes 8 µs when values are evicted by age, and 40 µs when by last use, because each
# get then writes. Answers go stale with the data long before they go unused.
EVICTION_POLICY = "least-recently-stored"


class DiskCache:
    """Shared by threads and processes, in a folder that only its owner can enter. Works as NoCache if that fails."""

    def __init__(self, folder: str | os.PathLike[str], *, size_limit: int = SIZE_LIMIT) -> None:
        self._largest = size_limit // LARGEST_PART
        self._cache: Any = None
        self._told: set[str] = set()
        self._lock = threading.Lock()
        try:
            _make_private(Path(folder))
            self._cache = diskcache.Cache(str(folder), timeout=TIMEOUT_SECONDS, disk=BytesDisk, **_settings(size_limit))
        except _TROUBLE as error:
            log.warning("The cache in %s cannot be used; going on without it: %s", folder, _reason(error))

    def get(self, key: str) -> bytes | None:
        if self._cache is None:
            return None
        try:
            value = self._cache.get(key, default=_MISS)
        except _TROUBLE as error:
            self._tell("The cache could not be read: %s", error)
            return None
        return None if value is _MISS else bytes(value)

    def set(self, key: str, value: bytes) -> None:
        value = _only_bytes(value)
        if self._cache is None or len(value) > self._largest:
            return
        try:
            self._cache.set(key, value)
        except _TROUBLE as error:
            self._tell("The cache could not be written: %s", error)

    def _tell(self, message: str, error: Exception) -> None:
        """Once for each kind of trouble: a cache that is gone would otherwise be told of with every answer."""
        with self._lock:
            level = logging.DEBUG if message in self._told else logging.WARNING
            self._told.add(message)
        log.log(level, message, _reason(error))

    def close(self) -> None:
        if self._cache is not None:
            with contextlib.suppress(*_TROUBLE):
                self._cache.close()


def _reason(error: Exception) -> str:
    name = type(error).__name__
    return f"{name} ({error})" if str(error) else name


def _only_bytes(value: object) -> bytes:
    if type(value) is not bytes:
        raise TypeError("A cache value is bytes.")
    return value


def _settings(size_limit: int) -> dict[str, Any]:
    """Every setting of diskcache is given, so that none is taken from a file that someone else may have written."""
    return {
        **diskcache.DEFAULT_SETTINGS,
        "eviction_policy": EVICTION_POLICY,
        "size_limit": size_limit,
        "disk_min_file_size": 2**31 - 1,
    }


def _make_private(folder: Path) -> None:
    """Raises OSError when the folder is not ours alone."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.stat()
    if found.st_uid != os.geteuid():
        raise PermissionError("the folder belongs to another user")
    if stat.S_IMODE(found.st_mode) != 0o700:
        folder.chmod(0o700)
