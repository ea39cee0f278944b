"""Times the stages of one question and tells a listener as each begins and ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Literal

from nl2sql.answer.base import StageTime


@dataclass(frozen=True, slots=True)
class StageEvent:
    """`note` says in a few words what the stage found ("cached", "2 tables"), for a progress line."""

    stage: str
    state: Literal["started", "done"]
    ms: float = 0.0
    note: str = ""


Listener = Callable[[StageEvent], None]


def ignore(event: StageEvent) -> None:
    """A listener for callers that show no progress."""


class Note:
    """What a stage wants said of itself when it is done."""

    def __init__(self) -> None:
        self.text = ""


class Trace:
    def __init__(self, listener: Listener = ignore) -> None:
        self._listener = listener
        self._stages: list[StageTime] = []

    @property
    def stages(self) -> tuple[StageTime, ...]:
        return tuple(self._stages)

    @contextmanager
    def stage(self, name: str) -> Iterator[Note]:
        note = Note()
        self._listener(StageEvent(name, "started"))
        begun = perf_counter()
        try:
            yield note
        finally:
            ms = (perf_counter() - begun) * 1000
            self._stages.append(StageTime(name, ms, note.text))
            self._listener(StageEvent(name, "done", ms, note.text))
