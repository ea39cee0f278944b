"""Models that need no provider: one follows a script, one replays what another model once said."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from nl2sql.errors import LanguageModelError, ModelUnreachable
from nl2sql.llm.around import AroundModel
from nl2sql.llm.base import NO_CALL, NO_USAGE, Call, Completion, LanguageModel, Usage
from nl2sql.llm.recording import (
    RECORDED_ERRORS,
    Record,
    append_record,
    error_record,
    prepare,
    read_records,
    reply_record,
)
from nl2sql.prompt.base import Prompt

Reply = str | LanguageModelError


class ScriptedModel:
    """Says what it was given: replies in order, or what a function makes of the prompt. An error is raised.

    `prompts` are those it got, in order. Raises ModelUnreachable when the script is over.
    """

    def __init__(self, replies: Sequence[Reply] | Callable[[Prompt], Reply], *, name: str = "scripted") -> None:
        self._replies = replies
        self._name = name
        self._lock = Lock()
        self.prompts: list[Prompt] = []

    @property
    def name(self) -> str:
        return self._name

    def complete(self, prompt: Prompt, call: Call = NO_CALL) -> Completion:
        with self._lock:
            turn = len(self.prompts)
            self.prompts.append(prompt)
        reply = self._reply(prompt, turn)
        if isinstance(reply, LanguageModelError):
            raise reply
        return Completion(reply, self._name)

    def _reply(self, prompt: Prompt, turn: int) -> Reply:
        if callable(self._replies):
            return self._replies(prompt)
        if turn >= len(self._replies):
            raise ModelUnreachable(
                "The scripted model has nothing left to say.",
                hint=f"{len(self._replies)} replies, asked {turn + 1} times",
            )
        return self._replies[turn]


@dataclass(frozen=True, slots=True)
class Replayed:
    """What was replayed so far: how many calls, and what the recorded ones had cost when they were made."""

    calls: int = 0
    usage: Usage = NO_USAGE
    seconds: float = 0.0


class _Replies:
    """The last record for a prompt and a sample counts. Safe to share between threads."""

    def __init__(self, path: Path, records: Sequence[Record]) -> None:
        self.path = path
        self._lock = Lock()
        self._records = {record.key: record for record in records}
        self._replayed = Replayed()

    @property
    def replayed(self) -> Replayed:
        return self._replayed

    def asked_names(self) -> list[str]:
        return sorted({record.asked for record in self._records.values()})

    def find(self, prompt: Prompt, call: Call) -> Record | None:
        return self._records.get((prompt.fingerprint, call.sample))

    def replay(self, record: Record, call: Call) -> Completion:
        """What was said then. Nothing is spent for it now, so its usage is zero. Raises what was raised then."""
        with self._lock:
            before = self._replayed
            self._replayed = Replayed(before.calls + 1, before.usage + record.usage, before.seconds + record.seconds)
        call.remark("replayed from a recording")
        if record.error:
            raise RECORDED_ERRORS[record.error](record.text, hint=record.hint)
        return Completion(record.text, record.model)

    def add(self, record: Record) -> None:
        append_record(self.path, record)
        with self._lock:
            if not record.error:
                self._records[record.key] = record


class RecordedModel:
    """Replays a recording, and calls nobody. A prompt that was not recorded raises ModelUnreachable."""

    def __init__(self, path: Path) -> None:
        """Raises ModelUnreachable when there is nothing to replay, ModelReplyInvalid for a line that is no record."""
        if not path.exists():
            raise ModelUnreachable(f"There is no recording {path}.")
        self._replies = _Replies(path, read_records(path))

    @property
    def name(self) -> str:
        return f"{', '.join(self._replies.asked_names()) or 'nothing'} (recorded)"

    @property
    def replayed(self) -> Replayed:
        return self._replies.replayed

    def __repr__(self) -> str:
        return f"RecordedModel({self._replies.path.name!r})"

    def complete(self, prompt: Prompt, call: Call = NO_CALL) -> Completion:
        known = self._replies.find(prompt, call)
        if known is not None:
            return self._replies.replay(known, call)
        asked = f"{prompt.version} prompt {prompt.fingerprint[:12]}"
        sample = f", sample {call.sample}" if call.sample else ""
        raise ModelUnreachable(
            "This question was not recorded, and no language model is connected.",
            hint=f"{self._replies.path.name} has no reply to {asked}{sample}.",
        )


class RecordingModel(AroundModel):
    """Appends what a model says to a recording, and does not ask twice: what that very model said to a prompt before is
    replayed, so that a run that was stopped goes on where it was. What failed then is asked again.

    Recorded are completions, and failures that are the model's own: see `RECORDED_ERRORS`.
    """

    def __init__(self, path: Path, model: LanguageModel) -> None:
        """Raises SettingsInvalid for a file that cannot be written, ModelUnreachable for one that cannot be read, and
        ModelReplyInvalid for a line that is no record."""
        super().__init__(model)
        prepare(path)
        records = read_records(path)
        self._replies = _Replies(path, [each for each in records if each.asked == model.name and not each.error])

    @property
    def replayed(self) -> Replayed:
        return self._replies.replayed

    def complete(self, prompt: Prompt, call: Call = NO_CALL) -> Completion:
        known = self._replies.find(prompt, call)
        if known is not None:
            return self._replies.replay(known, call)
        begun = time.monotonic()
        try:
            said = self._model.complete(prompt, call)
        except LanguageModelError as error:
            if error.code in RECORDED_ERRORS:
                self._replies.add(error_record(error, prompt, call, self.name, time.monotonic() - begun))
            raise
        self._replies.add(reply_record(said, prompt, call, self.name, time.monotonic() - begun))
        return said
