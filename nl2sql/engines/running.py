"""What runs at this moment, by question, so that another thread can stop it."""

from __future__ import annotations

import contextlib
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator

from nl2sql.engines.deadline import Backstop


class Running:
    """Safe for many threads. One question may run several statements at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_question: defaultdict[str, list[Backstop]] = defaultdict(list)

    @contextlib.contextmanager
    def bounded(self, question_id: str, seconds: float, stop: Callable[[], None]) -> Iterator[Backstop]:
        """Calls `stop` from another thread when the block still runs after `seconds`, or when the question is
        cancelled: the block then asks the backstop's `cancelled` what it was. Without a question, by time alone."""
        backstop = Backstop(seconds, stop)
        with self._lock:
            if question_id:
                self._by_question[question_id].append(backstop)
        try:
            with backstop:
                yield backstop
        finally:
            with self._lock:
                if question_id:
                    self._by_question[question_id].remove(backstop)
                    if not self._by_question[question_id]:
                        del self._by_question[question_id]

    def cancel(self, question_id: str) -> bool:
        """Whether there was anything to stop."""
        with self._lock:
            found = list(self._by_question.get(question_id, ()))
        for backstop in found:
            backstop.cancel()
        return bool(found)
