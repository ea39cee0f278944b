"""How far a run is, told to whoever watches: a bar on a terminal, an occasional line elsewhere."""

from __future__ import annotations

import sys
from time import monotonic
from typing import TYPE_CHECKING, Any, TextIO

from nl2sql.terminal import is_terminal, visible

if TYPE_CHECKING:
    from evals.runner.work import Work

# A log that is read afterwards wants a line now and then.
LINE_SECONDS = 10.0


class Progress:
    """Writes to standard error only; what cannot be written there is not missed."""

    def __init__(self, stream: TextIO | None = None, *, prefix: str = "") -> None:
        self._stream = stream or sys.stderr
        self._prefix = prefix
        self._bar: Any = None
        self._task: Any = None
        self._told_at = 0.0
        self._begun_at = 0.0
        self._begun_with = 0

    def note(self, text: str) -> None:
        self._line(visible(text))

    def begin(self, work: Work) -> None:
        self._begun_at = self._told_at = monotonic()
        self._begun_with = work.done
        if is_terminal(self._stream):
            self._bar = _bar(self._stream)
            self._task = self._bar.add_task(self._prefix or "asking", total=work.total, completed=work.done, told="")
            self._bar.start()

    def tick(self, work: Work) -> None:
        if self._bar is not None:
            self._bar.update(self._task, completed=work.done, told=_told(work))
        elif monotonic() - self._told_at >= LINE_SECONDS:
            self._told_at = monotonic()
            self._line(f"{work.done:,} of {work.total:,} done, {_told(work)}{self._left(work)}")

    def end(self, work: Work) -> None:
        if self._bar is not None:
            self.tick(work)
            self._bar.stop()
            self._bar = None

    def _left(self, work: Work) -> str:
        done = work.done - self._begun_with
        if not done:
            return ""
        seconds = (monotonic() - self._begun_at) / done * (work.total - work.done)
        minutes, seconds = divmod(round(seconds), 60)
        return f", about {minutes}:{seconds:02} left"

    def _line(self, text: str) -> None:
        try:
            self._stream.write(f"{self._prefix}{': ' if self._prefix else ''}{text}\n")
            self._stream.flush()
        except OSError:
            return


def _told(work: Work) -> str:
    parts = [f"{work.right:,} right"]
    if work.cost:
        parts.append(f"{work.cost:.4f} {work.currency}")
    if wait := work.schedule.waits:
        parts.append(f"the provider is busy, waiting {wait:.0f} s")
    return ", ".join(parts)


def _bar(stream: TextIO) -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    return Bar(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[told]}"),
        TimeRemainingColumn(),
        console=Console(file=stream, markup=False, highlight=False),
        transient=True,
    )
