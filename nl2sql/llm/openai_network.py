"""The client's connections, watched: a call that is out of time, no longer wanted or flooded ends within a tick, also
while no byte arrives. The client's own timeouts start again with every byte, and cannot be ended from another thread.

Connecting (with looking up the host's name) and the TLS handshake run on a thread of their own, because the system
bounds them alone. A handshake that is given up ends at once; a thread that connects ends at the limit for that, and one
that looks up a name when the system's resolver does.
"""

from __future__ import annotations

import contextlib
import selectors
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from os import dup
from socket import SHUT_RDWR, socket
from threading import Event, Lock, Thread
from time import monotonic
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from httpx2 import Client

# How often a waiting call looks up whether it is still wanted, in seconds.
TICK_SECONDS = 0.1
# Little enough for a socket that is ready to take it whole.
PIECE_BYTES = 16_384


@dataclass(slots=True)
class Watch:
    """`deadline` in seconds of the monotonic clock; `limit` is the most bytes that are read in all."""

    deadline: float
    cancelled: Event
    limit: int
    received: int = 0

    @property
    def left(self) -> float:
        return self.deadline - monotonic()

    @property
    def is_flooded(self) -> bool:
        return self.received > self.limit

    @property
    def is_over(self) -> bool:
        return self.cancelled.is_set() or self.is_flooded or self.left <= 0

    @property
    def tick(self) -> float:
        """Seconds to wait before the next look; never 0, which sockets read as "do not wait at all"."""
        return min(TICK_SECONDS, max(self.left, 0.001))


_WATCH: ContextVar[Watch | None] = ContextVar("watch", default=None)


@contextlib.contextmanager
def watching(watch: Watch) -> Iterator[None]:
    """What this thread sends and reads meanwhile is under `watch`; the client raises a timeout when it is over."""
    token = _WATCH.set(watch)
    try:
        yield
    finally:
        _WATCH.reset(token)


def watch_connections(client: Client) -> None:
    """Puts the watch below a client and its proxies. The HTTP library has no public way to set it after the fact, and
    none to keep the proxies of the environment when a transport is given."""
    for transport in (client._transport, *client._mounts.values()):
        pool: Any = getattr(transport, "_pool", None)
        if pool is not None:
            pool._network_backend = _WatchedBackend(pool._network_backend)


class _WatchedBackend:
    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def connect_tcp(self, *args: Any, **options: Any) -> _WatchedStream:
        return _WatchedStream(_unless_given_up(lambda: self._inner.connect_tcp(*args, **options)))

    def connect_unix_socket(self, *args: Any, **options: Any) -> _WatchedStream:
        return _WatchedStream(self._inner.connect_unix_socket(*args, **options))

    def sleep(self, seconds: float) -> None:
        self._inner.sleep(seconds)


class _WatchedStream:
    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        import httpcore2

        watch = _WATCH.get()
        if watch is None:
            return bytes(self._inner.read(max_bytes, timeout))
        while not watch.is_over:
            with contextlib.suppress(httpcore2.ReadTimeout):
                received: bytes = self._inner.read(max_bytes, watch.tick)
                watch.received += len(received)
                return received
        raise httpcore2.ReadTimeout("given up")

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        import httpcore2

        watch = _WATCH.get()
        if watch is None:
            self._inner.write(buffer, timeout)
            return
        connection = self._inner.get_extra_info("socket")
        for start in range(0, len(buffer), PIECE_BYTES):
            while not watch.is_over and not _takes_more(connection, watch.tick):
                pass
            if watch.is_over:
                raise httpcore2.WriteTimeout("given up")
            self._inner.write(buffer[start : start + PIECE_BYTES], max(watch.left, 0.001))

    def start_tls(self, *args: Any, **options: Any) -> _WatchedStream:
        # A handshake takes the socket over, and only shutting the connection down wakes who waits for the other side.
        with socket(fileno=dup(self._inner.get_extra_info("socket").fileno())) as twin:
            return _WatchedStream(
                _unless_given_up(lambda: self._inner.start_tls(*args, **options), lambda: _shut_down(twin))
            )

    def close(self) -> None:
        self._inner.close()

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _shut_down(connection: socket) -> None:
    with contextlib.suppress(OSError):  # it may be gone already
        connection.shutdown(SHUT_RDWR)


def _takes_more(connection: Any, seconds: float) -> bool:
    with selectors.DefaultSelector() as selector:
        selector.register(connection, selectors.EVENT_WRITE)
        return bool(selector.select(seconds))


def _unless_given_up(make: Callable[[], Any], give_up: Callable[[], None] | None = None) -> Any:
    """The stream that `make` returns. Raises what it raises, and ConnectTimeout when the watch is over before."""
    import httpcore2

    watch = _WATCH.get()
    if watch is None:
        return make()
    attempt = _Attempt(make)
    Thread(target=attempt.run, name="connect to a language model", daemon=True).start()
    while not attempt.done.wait(watch.tick):
        if watch.is_over and attempt.give_up():
            if give_up:
                give_up()
            raise httpcore2.ConnectTimeout("given up")
    if attempt.error is not None:
        raise attempt.error
    return attempt.stream


class _Attempt:
    """One stream in the making, which its maker may no longer want when it is there."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._lock = Lock()
        self._is_given_up = False
        self.done = Event()
        self.stream: Any = None
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            stream, error = self._make(), None
        except BaseException as raised:  # noqa: BLE001 - it is raised again in the thread that waits
            stream, error = None, raised
        with self._lock:
            self.stream, self.error = stream, error
            self.done.set()
            is_wanted = not self._is_given_up
        if stream is not None and not is_wanted:
            stream.close()

    def give_up(self) -> bool:
        """False when it is too late for that: the stream, or an error, is there."""
        with self._lock:
            self._is_given_up = not self.done.is_set()
            return self._is_given_up
