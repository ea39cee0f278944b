"""What goes wrong when a test wants it to: lost answers, errors, slowness, quotas."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from tests.fakes.bigquery.errors import ApiError


@dataclass(frozen=True)
class Fault:
    """For one method of the API, like "jobs.insert"; "" for any. `lost`: it is done, and its answer dropped.

    Of a stream of rows, `error` comes after so many rows and `slow_seconds` before each message.
    """

    method: str = ""
    error: ApiError | None = None
    drop: bool = False
    lost: bool = False
    slow_seconds: float = 0.0
    after_rows: int = 0


class Faults:
    """Queued faults are used up one request each, in order. A limit of None does not hold."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queued: list[Fault] = []
        self.concurrent_jobs: int | None = None  # of all users: more are refused
        self.requests_left: int | None = None  # of each user, until it is set again
        self._by_user: dict[str, int] = {}

    def add(self, *faults: Fault) -> None:
        with self._lock:
            self._queued += faults

    def clear(self) -> None:
        with self._lock:
            self._queued.clear()
            self._by_user.clear()
            self.concurrent_jobs = self.requests_left = None

    def take(self, method: str) -> Fault | None:
        with self._lock:
            for place, fault in enumerate(self._queued):
                if fault.method in ("", method):
                    return self._queued.pop(place)
        return None

    def count(self, user: str) -> None:
        with self._lock:
            used = self._by_user[user] = self._by_user.get(user, 0) + 1
            if self.requests_left is not None and used > self.requests_left:
                raise ApiError("rateLimitExceeded", "Exceeded rate limits: too many api requests per user per method.")
