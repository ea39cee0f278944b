"""The time limit of a statement: stopping it from outside when its own limit did not, and saying so."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

from nl2sql.errors import QueryCancelled, QueryTimedOut

# A stop that comes before its statement has reached the database stops nothing there: so it is said again. Each may
# cost a connection of its own.
REPEAT_SECONDS = 0.25


class Backstop:
    """Calls `stop` from another thread if the block still runs after `seconds`, and again until it is left.

    Leaving the block waits for a `stop` under way, and none can start later: it never hits the connection's next user.
    Starting and cancelling costs about 70 µs.
    """

    def __init__(self, seconds: float, stop: Callable[[], None]) -> None:
        self._stop = stop
        self._lock = threading.Lock()
        self._left = threading.Event()
        self._timer = threading.Timer(seconds, self._fire)
        self._timer.daemon = True
        self.fired = False
        self.cancelled = False

    def cancel(self) -> None:
        """Calls `stop` now, unless the block was left already."""
        with self._lock:
            if self._left.is_set():
                return
            again = not self.stopped
            self.cancelled = True
            self._stop()
        if again:
            threading.Thread(target=self._repeat, daemon=True).start()

    @property
    def stopped(self) -> bool:
        """Whether the block is to end, for whichever reason."""
        return self.fired or self.cancelled

    @contextlib.contextmanager
    def stopping(self, stop: Callable[[], None]) -> Iterator[None]:
        """Inside, `stop` is what is called: for a block that waits for a connection before there is any to stop."""
        before = self._stop
        with self._lock:
            self._stop = stop
        try:
            yield
        finally:
            with self._lock:
                self._stop = before

    def _fire(self) -> None:
        with self._lock:
            if self._left.is_set() or self.cancelled:
                return
            self.fired = True
            self._stop()
        self._repeat()

    def _repeat(self) -> None:
        while not self._left.wait(REPEAT_SECONDS):
            with self._lock:
                if not self._left.is_set():
                    self._stop()

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        with self._lock:
            self._left.set()


def query_timed_out(seconds: float) -> QueryTimedOut:
    return QueryTimedOut(
        f"The database was stopped after {seconds:g} seconds. Ask for less at once, such as a shorter period.",
        hint=f"Stopped at the limit of {seconds:g} s. Aggregate before joining, and filter early.",
    )


def query_cancelled() -> QueryCancelled:
    return QueryCancelled("The question was stopped, and the database with it.", hint="Someone cancelled it.")
