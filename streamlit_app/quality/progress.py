"""How far a run is, read from its log while it grows: each line once, whoever looks and how often."""

from __future__ import annotations

import os
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from time import monotonic

from evals.log.records import CaseRecord, RunHeader, decode
from evals.outcome import Result, result_of


@dataclass(frozen=True, slots=True)
class Progress:
    """Answers so far, by result. `total` is 0 before the log has begun; `seconds_left` is None while nobody knows."""

    total: int
    results: Counter[Result]
    seconds_left: float | None = None

    @property
    def done(self) -> int:
        return self.results.total()


class LogWatch:
    """For many threads. A log that another file took the place of is read anew; a line that is none is passed over."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._inode = 0
        self._offset = 0
        self._total = 0
        self._results: dict[tuple[str, int], Result] = {}
        self._begun_at = 0.0
        self._begun_with = 0

    def read(self) -> Progress:
        with self._lock:
            with suppress(OSError):  # not there yet
                self._read_on()
            if self._total and not self._begun_at:
                self._begun_at, self._begun_with = monotonic(), len(self._results)
            return Progress(self._total, Counter(self._results.values()), self._left())

    def _read_on(self) -> None:
        with self._path.open("rb") as file:
            inode = os.fstat(file.fileno()).st_ino
            if inode != self._inode:
                self._inode, self._offset = inode, 0
            file.seek(self._offset)
            for raw in file:
                if not raw.endswith(b"\n"):
                    return
                self._offset += len(raw)
                self._take(raw)

    def _take(self, raw: bytes) -> None:
        try:
            line = decode(raw)
        except (ValueError, RecursionError):
            return
        if isinstance(line, RunHeader):
            self._total = line.case_count * line.repeats
        elif isinstance(line, CaseRecord):
            self._results[line.key] = result_of(line.outcome)

    def _left(self) -> float | None:
        done = len(self._results) - self._begun_with
        if done <= 0:
            return None
        return (monotonic() - self._begun_at) / done * max(0, self._total - len(self._results))
