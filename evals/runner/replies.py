"""What the language model said in a run: kept in its recording as soon as it came, and given again instead of asking.

The product's own recording replays too; this one knows more of a run. Each repeat of a case is a draw of its own, kept
under a sample number of its own (`repeat * STRIDE` + the product's), while the endpoint gets the product's. What the
run paid for before it was stopped counts as paid by it. Of each reply only its place in the file is held in memory.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Lock

from evals.errors import LogInvalid
from evals.runner.meter import STRIDE, current
from nl2sql.errors import LanguageModelError, ModelTimedOut, ModelUnreachable
from nl2sql.llm.around import AroundModel
from nl2sql.llm.base import NO_CALL, NO_USAGE, Call, Completion, LanguageModel, Usage, charge
from nl2sql.llm.recording import (
    RECORDED_ERRORS,
    Record,
    append_record,
    error_record,
    parse_record,
    prepare,
    reply_record,
)
from nl2sql.prompt.base import Prompt

Key = tuple[str, int, str]


class Replies:
    """A recording, and where in it each reply stands. Safe for many threads."""

    def __init__(self, path: Path) -> None:
        """Raises LogInvalid for a file that cannot be read, ModelReplyInvalid for a line that is no record."""
        self.path = path
        self.is_broken = False
        self._lock = Lock()
        self._places: dict[Key, int] = {}
        self._names: set[str] = set()
        self._position = 0
        self._spent: dict[str, Usage] = {}
        self._read_on()

    @property
    def names(self) -> list[str]:
        """Models that were asked."""
        return sorted(self._names)

    @property
    def spent(self) -> Usage:
        """What all replies in the file cost when they came."""
        return sum(self._spent.values(), NO_USAGE)

    def find(self, prompt: Prompt, sample: int, asked: str = "") -> Record | None:
        """Of whichever model, where `asked` is not given. The last that was written counts."""
        with self._lock:
            names = [asked] if asked else self.names
            places = [self._places.get((prompt.fingerprint, sample, name)) for name in names]
            place = max((each for each in places if each is not None), default=None)
        if place is None:
            return None
        with _readable(self.path), self.path.open("rb") as file:
            file.seek(place)
            return parse_record(self.path, 0, file.readline())

    def add(self, record: Record) -> None:
        """What cannot be written is told by `is_broken`: whoever asked has the reply all the same."""
        if not append_record(self.path, record):
            self.is_broken = True
            return
        with self._lock:
            self._read_on()

    def _read_on(self) -> None:
        """From where it was read before to its last whole line."""
        with _readable(self.path), self.path.open("rb") as file:
            file.seek(self._position)
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    break
                record = parse_record(self.path, number, line) if line.strip() else None
                if record is not None:
                    self._places[record.fingerprint, record.sample, record.asked] = self._position
                    self._names.add(record.asked)
                    self._spent[record.asked] = self._spent.get(record.asked, NO_USAGE) + record.usage
                self._position += len(line)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise LogInvalid(f"The recording {path} cannot be read: {why}.") from None


def open_replies(path: Path) -> Replies:
    """One that is to be added to; made where there is none. Raises SettingsInvalid where it cannot be written."""
    prepare(path)
    return Replies(path)


class KeepingModel(AroundModel):
    """Appends what a model says before anything else is done with it, and asks for nothing twice. A model that had no
    time is asked again; every other failure of its own is one."""

    def __init__(self, model: LanguageModel, replies: Replies, *, is_own: bool) -> None:
        """`is_own`: what the recording holds was paid for by this run."""
        super().__init__(model)
        self._replies = replies
        self._is_own = is_own

    def complete(self, prompt: Prompt, call: Call = NO_CALL) -> Completion:
        known = self._replies.find(prompt, call.sample, self.name)
        if known is not None and known.error != ModelTimedOut.code:
            return given_again(known, is_paid=self._is_own)
        begun = time.monotonic()
        try:
            said = self._model.complete(prompt, replace(call, sample=call.sample % STRIDE))
        except LanguageModelError as error:
            if error.code in RECORDED_ERRORS:
                self._replies.add(error_record(error, prompt, call, self.name, time.monotonic() - begun))
            raise
        self._replies.add(reply_record(said, prompt, call, self.name, time.monotonic() - begun))
        return said


class ReplayingModel:
    """Gives again what another run recorded, and calls nobody."""

    def __init__(self, replies: Replies) -> None:
        self._replies = replies

    @property
    def name(self) -> str:
        return f"{', '.join(self._replies.names) or 'nothing'} (recorded)"

    def complete(self, prompt: Prompt, call: Call = NO_CALL) -> Completion:
        known = self._replies.find(prompt, call.sample)
        if known is not None:
            return given_again(known, is_paid=False)
        sample = f", sample {call.sample}" if call.sample else ""
        raise ModelUnreachable(
            "This question was not recorded, and no language model is connected.",
            hint=f"{self._replies.path.name} has no reply to {prompt.version} prompt "
            f"{prompt.fingerprint[:12]}{sample}.",
        )


def given_again(record: Record, *, is_paid: bool) -> Completion:
    """Raises what was raised then. What is not paid for now costs nothing, and is noted as that."""
    if not is_paid:
        current().give_again(record.usage)
    usage = record.usage if is_paid else NO_USAGE
    if record.error:
        error = RECORDED_ERRORS[record.error](record.text, hint=record.hint)
        charge(error, usage)
        raise error
    return Completion(record.text, record.model, usage)
