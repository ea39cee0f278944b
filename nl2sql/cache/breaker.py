"""Whether a store is worth asking: one that failed is left alone for a moment, and tried again by itself."""

from __future__ import annotations

import logging
import threading
import time

# A store that does not answer costs one wait in so long; one that came back is found after so long.
PAUSE_SECONDS = 3.0


class Breaker:
    """For many threads. Says that the store fails once, however often it is found so, and once that it works again."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._pause = PAUSE_SECONDS
        self._retry_at = 0.0  # by the monotonic clock; 0: it works
        self._lock = threading.Lock()
        self.trouble = ""

    def allows(self) -> bool:
        """Of many callers after a pause one goes ahead; the others stay away for another pause, or until it works."""
        if not self._retry_at:
            return True
        with self._lock:
            now = time.monotonic()
            if self._retry_at and now < self._retry_at:
                return False
            if self._retry_at:
                self._retry_at = now + self._pause
            return True

    def worked(self) -> None:
        if not self._retry_at:
            return
        with self._lock:
            if self._retry_at:
                self._retry_at, self.trouble = 0.0, ""
                self._log.info("The cache works again.")

    def failed(self, trouble: str) -> None:
        """`trouble` is a sentence for the log and for stats: nothing secret."""
        with self._lock:
            level = logging.DEBUG if self._retry_at else logging.WARNING
            self._retry_at = time.monotonic() + self._pause
            self.trouble = trouble
        self._log.log(level, "%s", trouble)


def reason(error: Exception) -> str:
    name = type(error).__name__
    return f"{name} ({error})" if str(error) else name
