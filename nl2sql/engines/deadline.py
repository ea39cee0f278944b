"""The time limit of a statement: stopping it from outside when its own limit did not, and saying so."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from nl2sql.errors import QueryTimedOut


class Backstop:
    """Calls `stop` from another thread if the block still runs after `seconds`.

    Leaving the block waits for a `stop` under way, and none can start later: it never hits the connection's next user.
    Starting and cancelling costs about 70 µs.
    """

    def __init__(self, seconds: float, stop: Callable[[], None]) -> None:
        self._stop = stop
        self._lock = threading.Lock()
        self._left = False
        self._timer = threading.Timer(seconds, self._fire)
        self._timer.daemon = True
        self.fired = False

    def _fire(self) -> None:
        with self._lock:
            if not self._left:
                self.fired = True
                self._stop()

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        with self._lock:
            self._left = True


def query_timed_out(seconds: float) -> QueryTimedOut:
    return QueryTimedOut(
        f"The database was stopped after {seconds:g} seconds. Ask for less at once, such as a shorter period.",
        hint=f"Stopped at the limit of {seconds:g} s. Aggregate before joining, and filter early.",
    )
