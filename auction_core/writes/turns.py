"""Turns at an SQLite file: one writer at a time, first come, first served.

SQLite itself lets whoever asks at the right moment write next; under many threads one then writes thousands of times
while another waits. Between processes its busy timeout stays the only rule.
"""

import os
import threading
from collections import deque
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from sqlalchemy import Engine

from auction_core.database import POOL_WAIT_SECONDS
from auction_core.errors import TooBusy


class Turns:
    """A lock that is had in the order of asking. Raises TooBusy after waiting for `patience` seconds."""

    def __init__(self, patience: float = POOL_WAIT_SECONDS) -> None:
        self._patience = patience
        self._guard = threading.Lock()
        self._is_taken = False
        self._waiting: deque[threading.Lock] = deque()

    def __enter__(self) -> None:
        with self._guard:
            if not self._is_taken:
                self._is_taken = True
                return
            called = threading.Lock()
            called.acquire()
            self._waiting.append(called)
        try:
            if called.acquire(timeout=self._patience):
                return
        except BaseException:
            self._leave(called)
            raise
        self._leave(called)
        raise TooBusy

    def __exit__(self, *raised: object) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._is_taken = False

    def _leave(self, called: threading.Lock) -> None:
        """Out of the queue; a turn that was given at that very moment goes to the next."""
        with self._guard:
            if called in self._waiting:
                self._waiting.remove(called)
                return
        self.__exit__()


_BY_FILE: dict[Path, Turns] = {}
_BY_FILE_GUARD = threading.Lock()


def turn(engine: Engine) -> AbstractContextManager[None]:
    """Hold it around a write. Nothing to wait for on a server, which queues for each row by itself."""
    if engine.dialect.name != "sqlite":
        return nullcontext()
    file = Path(str(engine.url.database)).resolve()
    with _BY_FILE_GUARD:
        return _BY_FILE.setdefault(file, Turns())


def _forget() -> None:
    """In a forked child nobody holds a turn, whatever the parent's other threads did at that moment."""
    global _BY_FILE_GUARD
    _BY_FILE_GUARD = threading.Lock()
    _BY_FILE.clear()


os.register_at_fork(after_in_child=_forget)
