"""Whose turn it is: cases in the order of the suite, those that met a busy provider once more later, and no faster than
the provider can do.

After a busy provider half as many cases are asked at once, and none until it may be asked again; each round of good
answers allows for one more (additive increase, multiplicative decrease: Chiu and Jain, 1989).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from heapq import heappop, heappush
from threading import Condition

from evals.cases.base import Case

# The first pause after a failure of the provider, in seconds; doubled with each more of the same case, to the longest.
PAUSE, LONGEST_PAUSE = 1.0, 60.0
# Cases in a row that had all their retries in vain: by then it is not the cases.
IN_VAIN = 3


@dataclass(frozen=True, slots=True)
class Task:
    """`place` is where it stands in the run, from 0."""

    place: int
    case: Case
    repeat: int
    retries: int = 0


class Schedule:
    """For many threads. Every task that is taken is given back: `done`, `busy` or `dropped`."""

    def __init__(
        self,
        tasks: Iterator[Task],
        *,
        at_once: int,
        retries: int,
        clock: Callable[[], float] = time.monotonic,
        pause: float = PAUSE,
    ) -> None:
        self._tasks = tasks
        self._most = self._now_at_once = at_once
        self._retries = retries
        self._clock = clock
        self._pause = pause
        self._changed = Condition()
        self._under_way = 0
        self._waiting: list[tuple[float, int, Task]] = []
        self._in_vain: list[Task] = []
        self._good_in_a_row = 0
        self._asked_again_at = 0.0
        self._slowed_at = -1.0
        self._has_worked = False
        self._peeked: Task | None = None
        self.stopped = ""

    @property
    def at_once(self) -> int:
        """How many cases may be asked at once just now."""
        return self._now_at_once

    @property
    def waits(self) -> float:
        """Seconds until anybody is asked again; 0 when nobody waits."""
        return max(0.0, self._asked_again_at - self._clock())

    def take(self) -> Task | None:
        """The next, as soon as it may be asked; None when there is nothing more to do."""
        with self._changed:
            while True:
                if self.stopped or self._is_over():
                    self._changed.notify_all()
                    return None
                wait = self._wait()
                if wait is None:
                    self._under_way += 1
                    return self._next()
                self._changed.wait(wait)

    def done(self) -> None:
        """The provider, if it was asked, has answered."""
        with self._changed:
            self._under_way -= 1
            self._has_worked = True
            self._good_in_a_row += 1
            if self._good_in_a_row >= self._now_at_once < self._most:
                self._now_at_once += 1
                self._good_in_a_row = 0
            self._changed.notify_all()

    def busy(self, task: Task, wait: float = 0.0) -> bool:
        """`wait` is what the provider asked for, in seconds. Whether the case had all its retries in vain."""
        with self._changed:
            self._under_way -= 1
            now = self._clock()
            self._good_in_a_row = 0
            self._has_worked = False
            pause = max(wait, min(self._pause * 2.0**task.retries, LONGEST_PAUSE))
            if now >= self._slowed_at:  # those that were under way together are one sign, not eight
                self._now_at_once = max(1, self._now_at_once // 2)
                self._slowed_at = now + pause
            self._asked_again_at = max(self._asked_again_at, now + pause)
            is_in_vain = task.retries >= self._retries
            if is_in_vain:
                self._in_vain.append(task)
                if len(self._in_vain) >= IN_VAIN:
                    self.stopped = self.stopped or "provider"
            else:
                again = Task(task.place, task.case, task.repeat, task.retries + 1)
                heappush(self._waiting, (now + pause, task.place, again))
            self._changed.notify_all()
            return is_in_vain

    def dropped(self) -> None:
        """Nothing came of it: the run stops."""
        with self._changed:
            self._under_way -= 1
            self._changed.notify_all()

    def stop(self, why: str) -> None:
        with self._changed:
            self.stopped = self.stopped or why
            self._changed.notify_all()

    def given_up(self) -> list[Task]:
        """Cases asked in vain although the provider answers others: they have failed. Each is told once. At the end of
        a run, those after which nobody answered any more have stopped it."""
        with self._changed:
            if not self._in_vain or self.stopped:
                return []
            if self._has_worked:
                told, self._in_vain = self._in_vain, []
                return told
            if self._is_over():
                self.stopped = "provider"
            return []

    def _is_over(self) -> bool:
        return not self._under_way and not self._waiting and self._peek() is None

    def _wait(self) -> float | None:
        """None when a task may be taken now, else how long nothing can change by itself."""
        now = self._clock()
        if self._under_way >= self._now_at_once:
            return 3600.0
        if now < self._asked_again_at:
            return self._asked_again_at - now
        if self._waiting and self._waiting[0][0] <= now:
            return None
        if self._peek() is not None:
            return None
        return self._waiting[0][0] - now if self._waiting else 3600.0

    def _next(self) -> Task:
        if self._waiting and self._waiting[0][0] <= self._clock():
            return heappop(self._waiting)[2]
        task = self._peek()
        if task is None:
            raise RuntimeError("a task was taken although none is left")
        self._peeked = None
        return task

    def _peek(self) -> Task | None:
        if self._peeked is None:
            self._peeked = next(self._tasks, None)
        return self._peeked
