"""The tiles of a board at work: a few at a time, beside the page, which may be drawn again meanwhile.

What is done stays until it is asked for again; what a page no longer wants is stopped, in the database too.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Condition, Thread
from time import monotonic
from uuid import uuid4

import streamlit as st

from nl2sql.errors import Nl2SqlError, QuestionInvalid
from streamlit_app.boards.compute import Found, TileAnswer
from streamlit_app.services import shielded

log = logging.getLogger(__name__)

# Together at most: more would only queue in the database, and leave nothing for who asks a question meanwhile.
AT_ONCE = 4
Job = Callable[[Callable[[], str]], Found]  # is given what names each asking


class Stopped(Exception):
    """Nobody wants the answer any more."""


@dataclass(slots=True, eq=False)
class _Order:
    """`asking` is the id of what is under way in the pipeline."""

    key: str
    job: Job
    asking: str = ""
    stopped: bool = False


@dataclass(slots=True)
class Work:
    """Of one board in one browser session. `cancel` stops an asking by its id. Times are of `monotonic`."""

    board: str
    cancel: Callable[[str], object]
    refreshed: float = field(default_factory=monotonic)
    refreshed_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    _changed: Condition = field(default_factory=Condition)
    _queue: list[_Order] = field(default_factory=list)
    _running: list[_Order] = field(default_factory=list)
    _done: dict[str, TileAnswer] = field(default_factory=dict)
    _halted: set[str] = field(default_factory=set)
    _count: int = 0

    def want(self, key: str, job: Job) -> None:
        """Once: nothing happens for what is done, under way, or was stopped by hand."""
        with self._changed:
            if key not in self._done and key not in self._halted and not self._is_under_way(key):
                self._take(_Order(key, job))

    def again(self, key: str, job: Job) -> None:
        """Once more; the answer that is there stays until the new one comes."""
        with self._changed:
            self._halted.discard(key)
            if not self._is_under_way(key):
                self._take(_Order(key, job))

    def keep_only(self, keys: Collection[str]) -> None:
        with self._changed:
            self._stop([each for each in (*self._queue, *self._running) if each.key not in keys])
            self._done = {key: done for key, done in self._done.items() if key in keys}
            self._halted &= set(keys)

    def stop(self) -> None:
        """By hand: nothing of it starts again by itself."""
        with self._changed:
            orders = [*self._queue, *self._running]
            self._halted |= {each.key for each in orders}
            self._stop(orders)

    def begin_refresh(self) -> None:
        self.refreshed, self.refreshed_at = monotonic(), datetime.now(UTC)

    def answer(self, key: str) -> TileAnswer | None:
        with self._changed:
            return self._done.get(key)

    def was_stopped(self, key: str) -> bool:
        with self._changed:
            return key in self._halted

    def is_under_way(self, key: str) -> bool:
        with self._changed:
            return self._is_under_way(key)

    def wait(self, seconds: float) -> None:
        """Until something is done, at the longest."""
        with self._changed:
            if self._queue or self._running:
                self._changed.wait(seconds)

    def _is_under_way(self, key: str) -> bool:
        return any(each.key == key for each in (*self._queue, *self._running))

    def _take(self, order: _Order) -> None:
        self._queue.append(order)
        if len(self._running) < AT_ONCE:
            self._start()

    def _start(self) -> None:
        order = self._queue.pop(0)
        self._running.append(order)
        Thread(target=self._work, args=(order,), name="tile", daemon=True).start()

    def _stop(self, orders: list[_Order]) -> None:
        self._queue = [each for each in self._queue if each not in orders]
        self._running = [each for each in self._running if each not in orders]
        for each in orders:
            each.stopped = True
            if each.asking:
                Thread(target=self._cancel, args=(each.asking,), name="stop", daemon=True).start()
        while self._queue and len(self._running) < AT_ONCE:
            self._start()
        self._changed.notify_all()

    def _cancel(self, asking: str) -> None:
        try:
            self.cancel(asking)
        except Exception as error:  # noqa: BLE001 - nobody waits for it any more
            log.warning("a tile that was stopped may still run in the database: %s", type(error).__name__)

    def _work(self, order: _Order) -> None:
        def new_id() -> str:
            with self._changed:
                if order.stopped:
                    raise Stopped
                order.asking = uuid4().hex
                return order.asking

        found: list[Found | str] = []
        try:
            with shielded(found.append):
                found.append(_found(order.job, new_id))
        finally:
            with self._changed:
                if not order.stopped and found:
                    self._count += 1
                    self._done[order.key] = _numbered(found[0], self._count)
                if order in self._running:
                    self._running.remove(order)
                while self._queue and len(self._running) < AT_ONCE:
                    self._start()
                self._changed.notify_all()


def _found(job: Job, new_id: Callable[[], str]) -> Found | str:
    try:
        return job(new_id)
    except Stopped:
        return ""
    except (QuestionInvalid, Nl2SqlError) as error:
        return error.user_message


def _numbered(found: Found | str, number: int) -> TileAnswer:
    if isinstance(found, str):
        return TileAnswer(number, problem=found)
    return TileAnswer(number, found.answer, "", found.applied, found.not_applied, found.unfiltered)


_KEY = "board-work"


def work_of(board: str, cancel: Callable[[str], object]) -> Work:
    """Of this browser tab and the board that is open in it; what another board still did is stopped."""
    known = st.session_state.get(_KEY)
    if isinstance(known, Work) and known.board == board:
        return known
    leave_work()
    made = Work(board, cancel)
    st.session_state[_KEY] = made
    return made


def leave_work() -> None:
    known = st.session_state.pop(_KEY, None)
    if isinstance(known, Work):
        known.stop()
