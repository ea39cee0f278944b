"""A cache in a Redis server, shared by replicas of the product. Imported only where one is used."""

from __future__ import annotations

import ipaddress
import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

import redis
from redis.backoff import NoBackoff
from redis.connection import Connection, ConnectionPool, SSLConnection, UnixDomainSocketConnection
from redis.retry import Retry

from nl2sql.cache import redis_scripts
from nl2sql.cache.base import LARGEST_PART, OVERHEAD_BYTES, SIZE_LIMIT, CacheStats, Entry, lifetime, only_bytes
from nl2sql.cache.breaker import Breaker, reason
from nl2sql.cache.counts import Counts
from nl2sql.cache.redis_address import RedisAddress, read_address
from nl2sql.cache.stored import from_stored, to_stored

log = logging.getLogger(__name__)
T = TypeVar("T")

# What waits longer for the cache than this is faster without it; for a connection, and for each answer.
TIMEOUT_SECONDS = 0.25
# Nothing of ours stays for ever in a server of someone else, also not what lost its place in the index.
LONGEST_SECONDS = 30 * 86_400.0
_INDEX_MS = int(LONGEST_SECONDS * 1000) + 86_400_000
_SCAN_COUNT = 1000
_NO_CONNECTION = (redis.ConnectionError, redis.TimeoutError, OSError)
# A server of another kind at the address answers what the client cannot read: that ends in errors of Python's own.
_TROUBLE = (redis.RedisError, OSError, ValueError, TypeError, LookupError, AttributeError)


class RedisCache:
    """Works as NoCache while the server cannot be used: that costs one short wait in a few seconds, and ends by itself.

    Keys start with the namespace of the address. All are in one slot, so that a script may touch them together.
    """

    def __init__(self, address: str, *, size_limit: int = SIZE_LIMIT) -> None:
        """Raises ValueError for an address that is none; a server that does not answer is no error."""
        self._address = read_address(address)
        self._size_limit = size_limit
        self._client: Any = redis.Redis(connection_pool=_pool(self._address))
        prefix = f"{{{self._address.namespace}}}:1:"  # raise the digit when the layout of the index changes
        self._entry = f"{prefix}entry:"
        self._lease = f"{prefix}lease:"
        self._index = [f"{prefix}{part}" for part in ("order", "expiry", "sizes", "totals")]
        self._keep = self._client.register_script(redis_scripts.KEEP)
        self._totals = self._client.register_script(redis_scripts.TOTALS)
        self._remove = self._client.register_script(redis_scripts.REMOVE)
        self._give_back = self._client.register_script(redis_scripts.GIVE_BACK)
        # A server that is full or a read-only copy refuses to write and can still be read.
        self._reading = Breaker(log)
        self._writing = Breaker(log)
        self._counts = Counts()
        self._tokens: dict[tuple[str, int], bytes] = {}  # of the leases that a thread of this process has

    def get(self, key: str) -> Entry | None:
        entry = from_stored(self._read(lambda: self._value(key), None))
        if entry is None:
            self._counts.miss()
        else:
            self._counts.hit()
        return entry

    def _value(self, key: str) -> object:
        try:
            return self._client.get(self._entry + key)
        except redis.ResponseError as error:
            if str(error).startswith("WRONGTYPE"):
                return None
            raise

    def set(self, key: str, value: bytes, *, seconds: float | None = None) -> None:
        value = only_bytes(value)
        if len(value) > self._size_limit // LARGEST_PART:
            return
        stored = to_stored(value, time.time())
        ms = _milliseconds(lifetime(seconds) or LONGEST_SECONDS)
        numbers = [ms, len(value), self._size_limit, OVERHEAD_BYTES, _INDEX_MS]
        self._write(lambda: self._keep(keys=self._index, args=[self._entry, key, stored, *numbers]), None)

    def acquire(self, key: str, seconds: float) -> bool:
        token = os.urandom(16)
        lease = self._lease + key
        taken = self._write(lambda: bool(self._client.set(lease, token, nx=True, px=_milliseconds(seconds))), None)
        if taken:
            self._tokens[key, threading.get_ident()] = token
        return taken is not False

    def release(self, key: str) -> None:
        token = self._tokens.pop((key, threading.get_ident()), None)
        if token is not None:
            self._write(lambda: self._give_back(keys=[self._lease + key], args=[token]), None)

    def stats(self) -> CacheStats:
        totals = self._write(self._totals_by_name, None) or {}
        kinds = [name[2:] for name, number in totals.items() if name.startswith("n:") and number > 0]
        return CacheStats(
            "redis",
            self._address.place,
            self._size_limit,
            {kind: totals[f"n:{kind}"] for kind in kinds},
            {kind: totals[f"b:{kind}"] for kind in kinds},
            self._counts.hits,
            self._counts.misses,
            self._reading.trouble or self._writing.trouble,
        )

    def _totals_by_name(self) -> dict[str, int]:
        flat = self._totals(keys=self._index, args=[self._entry])
        return {name.decode(): int(number) for name, number in zip(flat[::2], flat[1::2], strict=True)}

    def clear(self, kind: str = "") -> int:
        """Looks through all keys of the database, so that also what lost its place in the index goes."""
        removed = 0
        cursor = 0
        while True:
            found = self._write(lambda at=cursor: self._scanned(at, kind), None)  # type: ignore[misc]
            if found is None:
                return removed
            cursor, keys = found
            if keys:
                gone = self._write(
                    lambda them=keys: self._remove(keys=self._index, args=[self._entry, *them]),  # type: ignore[misc]
                    None,
                )
                removed += gone or 0
            if cursor == 0:
                return removed

    def _scanned(self, cursor: int, kind: str) -> tuple[int, list[bytes]]:
        after, names = self._client.scan(cursor, match=f"{self._entry}{_literal(kind)}*", count=_SCAN_COUNT)
        start = len(self._entry)
        keys = [name[start:] for name in names]
        return int(after), [key for key in keys if not kind or key.partition(b":")[0] == kind.encode()]

    def close(self) -> None:
        self._client.connection_pool.disconnect()

    def _read(self, work: Callable[[], T], otherwise: T) -> T:
        if not self._reading.allows():
            return otherwise
        try:
            done = work()
        except _TROUBLE as error:
            self._reading.failed(self._told("read", error))
            return otherwise
        self._reading.worked()
        return done

    def _write(self, work: Callable[[], T], otherwise: T) -> T:
        if not self._writing.allows() or not self._reading.allows():
            return otherwise
        try:
            done = work()
        except _TROUBLE as error:
            unreachable = isinstance(error, _NO_CONNECTION)
            (self._reading if unreachable else self._writing).failed(self._told("written", error))
            return otherwise
        self._reading.worked()
        self._writing.worked()
        return done

    def _told(self, verb: str, error: Exception) -> str:
        why = reason(error)
        for secret in (self._address.password, self._address.username):
            why = why.replace(secret, "…") if secret else why
        return f"The cache at {self._address.place} could not be {verb}; going on without it: {why}."


def _milliseconds(seconds: float) -> int:
    return max(1, int(min(seconds, LONGEST_SECONDS) * 1000))


def _literal(text: str) -> str:
    """As a pattern of Redis that matches this text alone."""
    return "".join(f"\\{c}" if c in "*?[]^\\" else c for c in text)


def _pool(address: RedisAddress) -> ConnectionPool:
    options: dict[str, Any] = {
        "db": address.database,
        "username": address.username or None,
        "password": address.password or None,
        "socket_timeout": TIMEOUT_SECONDS,
        "socket_connect_timeout": TIMEOUT_SECONDS,
        "retry": Retry(NoBackoff(), 0),
        "decode_responses": False,
        "protocol": 2,  # one round trip less for each connection, and nothing comes unasked
        "driver_info": None,
    }
    if address.socket_path:
        return ConnectionPool(connection_class=UnixDomainSocketConnection, path=address.socket_path, **options)
    options |= {"host": address.host, "port": address.port}
    if not address.is_encrypted:
        return ConnectionPool(connection_class=_BoundedConnection, **options)
    options |= {"ssl_cert_reqs": "required", "ssl_check_hostname": True, **address.tls_files}
    return ConnectionPool(connection_class=_BoundedTlsConnection, **options)


class _Bounded:
    """Looking up a name knows no time limit: done aside first, and not waited for."""

    host: str
    port: int

    def _connect(self) -> Any:
        _look_up(self.host, self.port)
        return super()._connect()  # type: ignore[misc]


class _BoundedConnection(_Bounded, Connection):
    pass


class _BoundedTlsConnection(_Bounded, SSLConnection):
    pass


def _look_up(host: str, port: int) -> None:
    """Raises TimeoutError when the name is not found in time; what else is wrong with it is found by connecting."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        aside = threading.Thread(target=_look_up_quietly, args=(host, port), daemon=True)
        aside.start()
        aside.join(TIMEOUT_SECONDS)
        if aside.is_alive():
            raise redis.TimeoutError(f"the name {host} was not found in time") from None


def _look_up_quietly(host: str, port: int) -> None:
    try:
        socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return
