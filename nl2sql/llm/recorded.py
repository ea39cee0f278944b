"""Models that need no provider: one follows a script, one replays what another model once said."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from nl2sql.errors import LanguageModelError, ModelReplyInvalid, ModelUnreachable
from nl2sql.llm.base import NO_CALL, Call, Completion, LanguageModel, Usage
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
class _Record:
    """One line of a recording. `asked` is the name the model was asked by, `model` the one it answered with."""

    fingerprint: str
    asked: str
    model: str
    text: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    version: str = ""

    def completion(self) -> Completion:
        return Completion(self.text, self.model, Usage(self.prompt_tokens, self.completion_tokens))

    def line(self) -> str:
        fields = {name: getattr(self, name) for name in self.__slots__}
        return json.dumps(fields, ensure_ascii=False) + "\n"


class RecordedModel:
    """Replays a JSON Lines file by prompt fingerprint; the last line for a fingerprint counts.

    Given `model`, what is not in the file is asked of it and appended, and only what that very model said is replayed.
    Without, a prompt that was never recorded raises ModelUnreachable.
    """

    def __init__(self, path: Path, model: LanguageModel | None = None) -> None:
        """Raises ModelUnreachable when there is nothing to replay, ModelReplyInvalid for a line that is no record."""
        if model is None and not path.exists():
            raise ModelUnreachable(f"There is no recording {path}.")
        self._path = path
        self._model = model
        self._lock = Lock()
        records = _read(path) if path.exists() else []
        if model is not None:
            records = [record for record in records if record.asked == model.name]
        self._records = {record.fingerprint: record for record in records}

    @property
    def name(self) -> str:
        if self._model is not None:
            return self._model.name
        asked = sorted({record.asked for record in self._records.values()})
        return f"{', '.join(asked) or 'nothing'} (recorded)"

    def complete(self, prompt: Prompt, call: Call = NO_CALL) -> Completion:
        known = self._records.get(prompt.fingerprint)
        if known is not None:
            return known.completion()
        if self._model is None:
            raise ModelUnreachable(
                "This question was not recorded, and no language model is connected.",
                hint=f"{self._path.name} has no reply to {prompt.version} prompt {prompt.fingerprint[:12]}.",
            )
        return self._record(prompt, self._model, call)

    def _record(self, prompt: Prompt, model: LanguageModel, call: Call) -> Completion:
        said = model.complete(prompt, call)
        usage = said.usage
        record = _Record(
            prompt.fingerprint,
            model.name,
            said.model,
            said.text,
            usage.prompt_tokens,
            usage.completion_tokens,
            prompt.version,
        )
        with self._lock:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(record.line())
            self._records[record.fingerprint] = record
        return said


def _read(path: Path) -> list[_Record]:
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelUnreachable(f"The recording {path} cannot be read.", hint=str(error)) from None
    return [_parse(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]


def _parse(path: Path, number: int, line: str) -> _Record:
    try:
        record = _Record(**json.loads(line))
    except (TypeError, ValueError) as error:
        raise ModelReplyInvalid(f"{path}:{number}: this line is not a recorded reply.", hint=str(error)) from None
    if not all(isinstance(text, str) for text in (record.fingerprint, record.asked, record.model, record.text)):
        raise ModelReplyInvalid(f"{path}:{number}: fingerprint, asked, model and text must be texts.")
    return record
