"""How many rows one person may be given in a minute: a bound on copying a database out, question by question.

In this process only: a second worker counts for itself, and a restart begins anew. Where that matters, the bound
belongs in front of the workers.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from threading import Lock
from typing import NamedTuple

from nl2sql.question import Principal

WINDOW_SECONDS = 60.0
# Answers closer together than this are kept as one: at most about 60 entries for a person, however often they ask.
_GRAIN_SECONDS = 1.0
# About 75 MB if each of them asks every second. Beyond, those whose last rows are oldest are forgotten.
MAX_USERS = 10_000


class _Spent(NamedTuple):
    """Rows returned between two moments of the clock; they leave the window together, by the last."""

    first: float
    last: float
    rows: int


class RowQuota:
    """A sliding window of 60 seconds for each user and role. Safe to share between threads.

    `admit` asks whether anything is left, `spend` counts what was returned: the answer that reaches the limit is given
    whole, and so are those that were admitted at the same time. `clock` is in seconds and never goes back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, *, max_users: int = MAX_USERS) -> None:
        self._clock = clock
        self._max_users = max_users
        self._lock = Lock()
        self._spent: OrderedDict[tuple[str, str], deque[_Spent]] = OrderedDict()

    def admit(self, principal: Principal, limit_rows_per_minute: int) -> float | None:
        """Seconds until there is something left of the limit; None when there is now. Raises ValueError for a limit
        below 1, which nobody could ever meet."""
        if limit_rows_per_minute < 1:
            raise ValueError(f"a limit of {limit_rows_per_minute} rows admits nobody")
        with self._lock:
            now = self._clock()
            entries = self._current(principal, now)
            used = sum(entry.rows for entry in entries)
            wait = None
            for entry in entries:
                if used < limit_rows_per_minute:
                    break
                used -= entry.rows
                wait = entry.last + WINDOW_SECONDS - now
            return wait

    def spend(self, principal: Principal, rows: int) -> None:
        """Counts `rows` that were returned, from the database or from a cache. Raises ValueError for less than none."""
        if rows < 0:
            raise ValueError(f"{rows} rows cannot have been returned")
        if not rows:
            return
        key = _key(principal)
        with self._lock:
            now = self._clock()
            entries = self._current(principal, now) or self._spent.setdefault(key, deque())
            if entries and now - entries[-1].first < _GRAIN_SECONDS:
                last = entries.pop()
                entries.append(_Spent(last.first, now, last.rows + rows))
            else:
                entries.append(_Spent(now, now, rows))
            self._spent.move_to_end(key)
            while len(self._spent) > self._max_users:
                self._spent.popitem(last=False)

    def _current(self, principal: Principal, now: float) -> deque[_Spent]:
        """What is still in the window; whoever has nothing in it is forgotten."""
        key = _key(principal)
        entries = self._spent.get(key)
        if entries is None:
            return deque()
        while entries and entries[0].last + WINDOW_SECONDS <= now:
            entries.popleft()
        if not entries:
            del self._spent[key]
        return entries


def refusal(seconds: float, limit_rows_per_minute: int) -> str:
    """The sentence for someone whom `admit` tells to wait."""
    wait = max(1, math.ceil(seconds))
    unit = "second" if wait == 1 else "seconds"
    return (
        f"You have been given {limit_rows_per_minute:,} rows or more within a minute, which is the limit of your role. "
        f"Please ask again in {wait} {unit}."
    )


def _key(principal: Principal) -> tuple[str, str]:
    return principal.user, principal.role
