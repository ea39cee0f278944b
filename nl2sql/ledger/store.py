"""The ledger that writes: a bounded queue in memory, and one thread that empties it into a database, batch by batch."""

from __future__ import annotations

import atexit
import logging
import os
import weakref
from collections import deque
from contextlib import suppress
from threading import Event, Lock, Thread, current_thread
from time import monotonic, sleep
from typing import Final

from nl2sql.ledger.address import address_of, reason
from nl2sql.ledger.base import LedgerRow, Verdict
from nl2sql.ledger.batches import Batch, Feedback, Item, LedgerDatabase
from nl2sql.ledger.table import now

# A question and its SQL are about 2 kB: 20 MB while a database is away, and at most 100 MB of very long ones.
MOST_ITEMS: Final = 10_000
MOST_CHARS: Final = 100_000_000
_BATCH: Final = 500
# Questions that end together are written together.
_LINGER_SECONDS: Final = 0.05
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 30.0
_CLOSE_SECONDS: Final = 2.0
_CLOSING_PAUSE: Final = 0.1
_TIDY_SECONDS: Final = 3_600.0

_log = logging.getLogger("nl2sql.ledger")


class SqlLedger:
    """Safe to share between threads, and usable in a child after a fork. Raises SettingsInvalid for an address that can
    never work; everything else a database does only delays or, with a full queue, drops rows.

    `record` and `give_feedback` take microseconds: they put something into a queue. After `close` they still work; the
    thread starts again.
    """

    def __init__(self, url: str, days: int, redact: str, *, most_items: int = MOST_ITEMS) -> None:
        self._database = LedgerDatabase(address_of(url), days, redact)
        self._most_items = most_items
        self._start_empty()
        _open_ledgers.add(self)

    def _start_empty(self) -> None:
        self._lock = Lock()
        self._queue: deque[Item] = deque()
        self._chars = 0
        self._lost = 0
        self._lost_is_told = False
        self._thread: Thread | None = None
        self._wake, self._closing = Event(), Event()
        self._deadline = 0.0
        # Of the thread alone.
        self._held = Batch([], [])
        self._failures = 0
        self._tidied_at = -_TIDY_SECONDS

    def record(self, row: LedgerRow) -> None:
        try:
            self._put(row, len(row.question) + len(row.sql) + len(row.plan))
        except Exception as error:  # noqa: BLE001 - the answer is there, and must not be lost for its row
            _log.warning("A question could not be taken into the ledger (%s).", type(error).__name__)

    def give_feedback(self, question_id: str, verdict: Verdict, comment: str = "") -> None:
        try:
            self._put(Feedback(question_id, verdict, comment, now()), len(comment))
        except Exception as error:  # noqa: BLE001 - as above
            _log.warning("A feedback could not be taken into the ledger (%s).", type(error).__name__)

    def close(self) -> None:
        with self._lock:
            if self._thread is None and (self._queue or self._held):
                with suppress(RuntimeError):  # at the very end of a process no thread starts any more
                    self._start()
            thread = self._thread
            self._deadline = monotonic() + _CLOSE_SECONDS
            self._closing.set()
            self._wake.set()
        if thread is not None and thread is not current_thread():
            thread.join(_CLOSE_SECONDS)
        if waiting := len(self._queue) + len(self._held):
            _log.warning("The ledger was closed before %d entries could be written.", waiting)

    def leave_to_parent(self) -> None:
        """After a fork: what the queue holds is written by the process that took it, and its thread is only there."""
        self._database.leave_to_parent()
        self._start_empty()

    def _put(self, item: Item, chars: int) -> None:
        with self._lock:
            if len(self._queue) + len(self._held) >= self._most_items or self._chars + chars > MOST_CHARS:
                self._lost += 1
                return
            self._queue.append(item)
            self._chars += chars
            if self._thread is None:
                self._start()
        if not self._wake.is_set():
            self._wake.set()

    def _start(self) -> None:
        self._closing.clear()
        thread = Thread(target=self._work, name="ledger", daemon=True)
        thread.start()
        self._thread = thread

    def _work(self) -> None:
        """Until it is closed and nothing is left, or its time for that is over."""
        while True:
            self._wake.wait(_TIDY_SECONDS)
            self._closing.wait(_LINGER_SECONDS)
            self._wake.clear()
            while self._take():
                if not self._flush() and self._gives_up():
                    break
            self._tidy()
            if self._closing.is_set() and self._ends():
                return

    def _take(self) -> bool:
        """Fills what the thread holds from the queue; whether there is anything to write."""
        with self._lock:
            count = min(_BATCH - len(self._held), len(self._queue))
            items = [self._queue.popleft() for _ in range(count)]
            if not self._queue:
                self._chars = 0
            self._chars -= min(self._chars, sum(_size(item) for item in items))
            lost = self._lost
        batch, refused = self._database.batch_of(items)
        self._held.rows += batch.rows
        self._held.feedback += batch.feedback
        self._add_lost(refused)
        return bool(self._held) or lost + refused > 0

    def _flush(self) -> bool:
        with self._lock:
            lost = self._lost
        try:
            refused = self._database.write(self._held, lost)
        except Exception as error:  # noqa: BLE001 - whatever a driver raises: the thread lives on and tries again
            self._tell_failure(error)
            return False
        self._held = Batch([], [])
        self._add_lost(refused - lost)
        if refused:
            _log.warning("The ledger's database refused %d rows for what is in them.", refused)
        if self._failures:
            _log.warning("The ledger is written again; %d rows were lost meanwhile.", lost)
        self._failures, self._lost_is_told = 0, False
        return True

    def _add_lost(self, count: int) -> None:
        with self._lock:
            self._lost += count

    def _tell_failure(self, error: Exception) -> None:
        """Once when it begins, and once when rows are lost."""
        self._failures += 1
        if self._failures == 1:
            _log.warning("The ledger cannot be written: %s. Answers go on; rows wait in memory.", reason(error))
        if self._lost and not self._lost_is_told:
            self._lost_is_told = True
            _log.warning("The ledger's queue is full: rows are being lost until its database can be written.")

    def _gives_up(self) -> bool:
        """Waits before the next try. Only one that is being closed, and has no time left for that, gives up."""
        if not self._closing.is_set():
            self._closing.wait(min(_FIRST_PAUSE * 2 ** min(self._failures - 1, 16), _LONGEST_PAUSE))
            return False
        sleep(_CLOSING_PAUSE)
        return monotonic() + _CLOSING_PAUSE > self._deadline

    def _tidy(self) -> None:
        """Old rows go once at the start and then every hour, by the thread alone; at the end of a short process too."""
        if self._failures or monotonic() - self._tidied_at < _TIDY_SECONDS:
            return
        self._tidied_at = monotonic()
        try:
            self._database.delete_old(self._is_hurried)
        except Exception as error:  # noqa: BLE001 - as above; in an hour it is tried again
            _log.warning("Old rows of the ledger could not be deleted: %s.", reason(error))

    def _is_hurried(self) -> bool:
        """Half of the time for closing is left to questions that come meanwhile."""
        return self._closing.is_set() and monotonic() > self._deadline - _CLOSE_SECONDS / 2

    def _ends(self) -> bool:
        self._database.disconnect()
        with self._lock:
            if (self._queue or self._held) and monotonic() < self._deadline:
                self._wake.set()
                return False
            self._thread = None
            return True


def _size(item: Item) -> int:
    if isinstance(item, LedgerRow):
        return len(item.question) + len(item.sql) + len(item.plan)
    return len(item.comment)


_open_ledgers: weakref.WeakSet[SqlLedger] = weakref.WeakSet()


def _close_forgotten() -> None:
    for ledger in list(_open_ledgers):
        ledger.close()


def _leave_all_to_parent() -> None:
    for ledger in list(_open_ledgers):
        ledger.leave_to_parent()


atexit.register(_close_forgotten)
if hasattr(os, "register_at_fork"):  # not on Windows, where nothing forks
    os.register_at_fork(after_in_child=_leave_all_to_parent)
