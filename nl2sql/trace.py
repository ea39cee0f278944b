"""Times the stages of one question and tells a listener as each begins and ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Literal

from nl2sql.answer.base import StageTime
from nl2sql.errors import Nl2SqlError


@dataclass(frozen=True, slots=True)
class StageEvent:
    """`note` says in a few words what the stage found ("cached", "2 tables"), for a progress line.

    Between its start and its end a stage may make remarks, which are kept, and tell its progress, which is not.
    """

    stage: str
    state: Literal["started", "remark", "progress", "done"]
    ms: float = 0.0
    note: str = ""


Listener = Callable[[StageEvent], None]
Fact = str | int | float | bool
Span = Callable[[str], AbstractContextManager[Callable[[Mapping[str, Fact]], None]]]


def ignore(event: StageEvent) -> None:
    """A listener for callers that show no progress."""


class Note:
    """What a stage wants said of itself when it is done: words for a person (without any, a stage that failed gets the
    code of its error), and `facts` for its span. `remark` and `progress` are told at once, and may be called from other
    threads."""

    def __init__(self, stage: str = "", listener: Listener = ignore) -> None:
        self.text = ""
        self.facts: dict[str, Fact] = {}
        self.remarks: list[str] = []
        self._stage = stage
        self._listener = listener

    def remark(self, text: str) -> None:
        self.remarks.append(text)
        self._listener(StageEvent(self._stage, "remark", note=text))

    def progress(self, text: str) -> None:
        self._listener(StageEvent(self._stage, "progress", note=text))


def _told_to_nobody(facts: Mapping[str, Fact]) -> None:
    return None


@contextmanager
def _no_span(stage: str) -> Iterator[Callable[[Mapping[str, Fact]], None]]:
    yield _told_to_nobody


class Trace:
    """`span` is opened around each stage; what it yields is told the stage's facts at its end."""

    def __init__(self, listener: Listener = ignore, span: Span = _no_span) -> None:
        self._listener = listener
        self._span = span
        self._stages: list[StageTime] = []

    @property
    def stages(self) -> tuple[StageTime, ...]:
        return tuple(self._stages)

    @contextmanager
    def stage(self, name: str) -> Iterator[Note]:
        note = Note(name, self._listener)
        self._listener(StageEvent(name, "started"))
        begun = perf_counter()
        try:
            with self._span(name) as tell:
                try:
                    yield note
                except Nl2SqlError as error:
                    note.text = note.text or error.code.replace("_", " ")
                    raise
                finally:
                    tell(note.facts)
        finally:
            ms = (perf_counter() - begun) * 1000
            self._stages.append(StageTime(name, ms, note.text, tuple(note.remarks)))
            self._listener(StageEvent(name, "done", ms, note.text))
