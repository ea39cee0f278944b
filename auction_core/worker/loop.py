"""A piece of work that is done again and again in a thread of its own, whatever fails in it."""

import logging
import random
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

from sqlalchemy.exc import DBAPIError, ProgrammingError, TimeoutError

from auction_core.errors import AuctionError
from auction_core.metrics import WorkerMetrics

# After this many seconds without a sign of life something hangs that no time limit catches. The slowest that is sound
# is a statement that waits 20 s for its server, several in a row.
SILENCE_SECONDS = 120.0
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 15.0

# What a pass may ask between its steps.
Stopping = Callable[[], bool]
Work = Callable[[Stopping], bool]

logger = logging.getLogger("auction_core.worker")


class Loop:
    """Calls `work` every so many seconds, at once again while it says True: there is more to do.

    A failed pass is one line in the log and one more in the metrics; the pause then doubles up to
    LONGEST_PAUSE_SECONDS, and is spread so that many workers do not come back at the same moment.
    """

    def __init__(self, name: str, every_seconds: float, work: Work, metrics: WorkerMetrics) -> None:
        self.name = name
        self._every = every_seconds
        self._work = work
        self._metrics = metrics
        self._stop = Event()
        self._failures = 0
        self._last_sign = time.monotonic()
        # A thread that hangs must not keep the process: what it held is given back by time or by the database.
        self._thread = Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._last_sign = time.monotonic()
        self._thread.start()

    def stop(self) -> None:
        """Asks only: the pass that is under way ends by itself."""
        self._stop.set()

    def join(self, seconds: float) -> bool:
        """Whether it has ended within the time."""
        self._thread.join(max(0.0, seconds))
        return not self._thread.is_alive()

    def stopping(self) -> bool:
        """Asking is a sign of life."""
        self._last_sign = time.monotonic()
        return self._stop.is_set()

    def silent_seconds(self) -> float:
        return time.monotonic() - self._last_sign

    def is_alive(self) -> bool:
        return self._thread.is_alive() and self.silent_seconds() < SILENCE_SECONDS + self._every

    def _run(self) -> None:
        while not self.stopping():
            more = self._pass()
            if not more:
                self._stop.wait(self._pause_seconds())

    def _pass(self) -> bool:
        try:
            with self._metrics.loop_seconds.labels(self.name).time():
                more = self._work(self.stopping)
        except Exception as error:  # noqa: BLE001 - the loop outlives whatever fails in it, and says so
            self._failures += 1
            self._metrics.loop_errors.labels(self.name).inc()
            details = {"loop": self.name, "failures": self._failures}
            logger.error("%s failed: %s", self.name, sentence_of(error), extra=details)
            return False
        if self._failures:
            logger.info("%s works again", self.name, extra={"loop": self.name, "failures": self._failures})
            self._failures = 0
        return more

    def _pause_seconds(self) -> float:
        if not self._failures:
            return self._every
        doubled = FIRST_PAUSE_SECONDS * 2 ** min(self._failures - 1, 10)
        longest = max(self._every, min(doubled, LONGEST_PAUSE_SECONDS))
        return random.uniform(longest / 2, longest)  # noqa: S311 - spreads those who failed together


def sentence_of(error: Exception) -> str:
    """One sentence without secrets: of a foreign error the kind and the place, never its text."""
    if isinstance(error, AuctionError):
        return error.user_message
    if isinstance(error, ProgrammingError) or "no such table" in str(getattr(error, "orig", "")):
        return "The database lacks a table or column: run 'auction-core migrate'."
    if isinstance(error, DBAPIError):
        code = next((part for part in getattr(error.orig, "args", ()) if isinstance(part, int)), None)
        code = code or getattr(error.orig, "sqlstate", None)
        return f"The database refused or went away ({type(error.orig).__name__}{f' {code}' if code else ''})."
    if isinstance(error, TimeoutError):
        return "No connection to the database came free in time."
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"Unexpected {type(error).__name__}{place}."
