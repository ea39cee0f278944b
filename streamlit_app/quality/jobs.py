"""An evaluation as a process of its own, so that the app stays fluent: one at a time, and none outlives the app."""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from threading import Lock, Thread, Timer
from typing import IO, Literal

import streamlit as st

from nl2sql.crash import redact
from nl2sql.exit_codes import ExitCode
from streamlit_app.quality.progress import LogWatch

RunWriter = Literal["offline", "configured", "llm"]
# running; done: all was asked; missed: and something that must be right is not; unusable: suite, setting or database;
# paused: the provider or the budget ended it; stopped: somebody did; broken: none of these.
State = Literal["running", "done", "missed", "unusable", "paused", "stopped", "broken"]
GOES_ON: frozenset[State] = frozenset({"paused", "stopped", "broken"})

# Questions at once: a language model is waited for, and the rest leaves a processor to the app.
AT_ONCE = 2
# Of what a run prints so much is kept, for the sentence that says why it failed.
MAX_LINES, MAX_LINE_BYTES = 20, 600
# A run that was asked to stop finishes the questions it is at; afterwards it is ended. Its log then still goes on.
STOP_SECONDS = 20.0
END_SECONDS = 3.0
# Below the app's own, on a scale to 19: whoever reads a page goes first.
NICENESS = 10


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be run. `prompt` and `budget` (money) are for a language model; `out` is the log."""

    suite: Path
    writer: RunWriter
    out: Path
    prompt: str = ""
    budget: Decimal | None = None


class Busy(Exception):
    """Another run is under way."""


def command_of(order: Order) -> list[str]:
    """Of the console command; a list, so that no shell ever reads any of it."""
    options = ["--writer", order.writer, "--out", str(order.out), "--concurrency", str(AT_ONCE)]
    if order.prompt:
        options += ["--prompt", order.prompt]
    if order.budget is not None:
        options += ["--budget", f"{order.budget:f}"]
    return [sys.executable, "-m", "evals.command.app", "eval", "run", *options, "--", str(order.suite.absolute())]


class Job:
    """A run under way, or one that ended. For many threads."""

    def __init__(self, order: Order, command: list[str]) -> None:
        """Raises OSError where no process can be started."""
        self.order = order
        self.watch = LogWatch(order.out)
        self.is_stopping = False
        self._said: deque[str] = deque(maxlen=MAX_LINES)
        nothing = subprocess.DEVNULL
        self._process = subprocess.Popen(  # noqa: S603 - a list, of this program and choices that were looked up
            command, stdin=nothing, stdout=nothing, stderr=subprocess.PIPE, start_new_session=True
        )
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, self._process.pid, NICENESS)
        self._reader = Thread(target=self._read, name="evaluation", daemon=True)
        self._reader.start()

    @property
    def state(self) -> State:
        code = self._process.poll()
        if code is None:
            return "running"
        progress = self.watch.read()
        is_whole = 0 < progress.total <= progress.done
        if code == ExitCode.ANSWERED:
            return "done"
        if code == ExitCode.UNEXPECTED and is_whole:
            return "missed"
        if self.is_stopping or code == ExitCode.INTERRUPTED:
            return "stopped"
        return "unusable" if code == ExitCode.USAGE else "paused" if code == ExitCode.FAILED else "broken"

    @property
    def said(self) -> tuple[str, ...]:
        """The last lines that it printed, without secrets and tracebacks."""
        if self._process.poll() is not None:
            self._reader.join(END_SECONDS)
        lines = [each for each in self._said if each]
        begins = next((place for place, each in enumerate(lines) if each.startswith("Traceback ")), len(lines))
        return tuple(lines[:begins])

    def stop(self) -> None:
        """As Ctrl-C does: what was answered is kept."""
        self.is_stopping = True
        self._process.send_signal(signal.SIGINT)
        insist = Timer(STOP_SECONDS, self._process.terminate)
        insist.daemon = True
        insist.start()

    def end(self) -> None:
        """At once, and not before it is gone."""
        self._process.terminate()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(END_SECONDS)

    def _read(self) -> None:
        pipe: IO[bytes] | None = self._process.stderr
        if pipe is not None:
            with pipe:
                while line := pipe.readline(MAX_LINE_BYTES):
                    self._said.append(redact(line.decode("utf-8", "replace").rstrip()))
        self._process.wait()


class Jobs:
    """The app's runs: the one under way, or the last one until somebody has seen how it ended."""

    def __init__(self, command: Callable[[Order], list[str]] = command_of) -> None:
        self._command = command
        self._lock = Lock()
        self._job: Job | None = None

    @property
    def current(self) -> Job | None:
        return self._job

    def start(self, order: Order) -> Job:
        """Raises Busy, and OSError where no process can be started."""
        with self._lock:
            if self._job is not None and self._job.state == "running":
                raise Busy
            self._job = Job(order, self._command(order))
            return self._job

    def forget(self) -> None:
        """Takes off the screen how the last run ended."""
        with self._lock:
            if self._job is not None and self._job.state != "running":
                self._job = None

    def close(self) -> None:
        with self._lock:
            if self._job is not None and self._job.state == "running":
                self._job.end()


def _release(jobs: Jobs) -> None:
    atexit.unregister(jobs.close)
    jobs.close()


@st.cache_resource(show_spinner=False, on_release=_release)
def all_jobs() -> Jobs:
    """One for the whole app."""
    made = Jobs()
    atexit.register(made.close)
    return made
