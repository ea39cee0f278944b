"""The file of a recording: JSON lines, one for each call, which many threads and processes may append at once.

A line is written in one piece, and nothing that is there is ever changed. What a killed run left of its last line is
passed over.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

from nl2sql.errors import LanguageModelError, ModelReplyInvalid, ModelTimedOut, ModelUnreachable, SettingsInvalid
from nl2sql.llm.base import Call, Completion, Usage, paid_for
from nl2sql.prompt.base import Prompt

# Failures that are the model's own, by code: it was asked and this came of it. That a key was refused, an endpoint was
# away or busy, or somebody gave up says nothing of the model, and is not recorded.
RECORDED_ERRORS: Mapping[str, type[LanguageModelError]] = MappingProxyType(
    {error.code: error for error in (ModelReplyInvalid, ModelTimedOut, LanguageModelError)}
)
_log = logging.getLogger("nl2sql.llm")


@dataclass(frozen=True, slots=True)
class Record:
    """One line. `asked` is the name the model was asked by, `model` the one it answered with. With `error`, the code of
    a failure, `text` is its sentence and `hint` its hint. `seconds` is how long the call took."""

    fingerprint: str
    asked: str
    model: str
    text: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    version: str = ""
    sample: int = 0
    cached_tokens: int = 0
    seconds: float = 0.0
    error: str = ""
    hint: str = ""

    @property
    def key(self) -> tuple[str, int]:
        return self.fingerprint, self.sample

    @property
    def usage(self) -> Usage:
        return Usage(self.prompt_tokens, self.completion_tokens, self.cached_tokens)


def reply_record(said: Completion, prompt: Prompt, call: Call, asked: str, seconds: float) -> Record:
    return _record(said.usage, prompt, call, asked, seconds, model=said.model, text=said.text)


def error_record(error: LanguageModelError, prompt: Prompt, call: Call, asked: str, seconds: float) -> Record:
    said = {"model": asked, "text": error.user_message, "error": error.code, "hint": error.hint}
    return _record(paid_for(error), prompt, call, asked, seconds, **said)


def _record(usage: Usage, prompt: Prompt, call: Call, asked: str, seconds: float, **said: str) -> Record:
    return Record(
        fingerprint=prompt.fingerprint,
        asked=asked,
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        cached_tokens=usage.cached_tokens,
        version=prompt.version,
        sample=call.sample,
        seconds=round(seconds, 3),
        **said,
    )


def prepare(path: Path) -> None:
    """An empty file, which only its owner can read, where there is none yet. Raises SettingsInvalid."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(_open_to_append(path))
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise SettingsInvalid(f"The recording {path} cannot be written: {why}.", hint="See llm_record.") from None


def append_record(path: Path, record: Record) -> bool:
    """Whether it could be written. A disk that is full must not take the reply from whoever asked."""
    line = json.dumps(asdict(record), ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"
    try:
        descriptor = _open_to_append(path)
        try:
            # One call of write on a file opened to append: the system lets no other writer come between.
            os.write(descriptor, line if _ends_with_a_line(descriptor) else b"\n" + line)
        finally:
            os.close(descriptor)
    except OSError as error:
        _log.warning("A reply could not be recorded: %s.", error.strerror or type(error).__name__)
        return False
    return True


def read_records(path: Path) -> list[Record]:
    """In the order of writing. Raises ModelUnreachable for a file that cannot be read, ModelReplyInvalid for a line
    that is no record; a line that breaks off is passed over with a warning."""
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise ModelUnreachable(f"The recording {path} cannot be read: {why}.") from None
    found = (parse_record(path, number, line) for number, line in enumerate(lines, 1) if line.strip())
    return [record for record in found if record is not None]


def _open_to_append(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)


def _ends_with_a_line(descriptor: int) -> bool:
    """A run that was killed while it wrote leaves half a line, which must not spoil the next one."""
    size = os.fstat(descriptor).st_size
    if not size:
        return True
    os.lseek(descriptor, size - 1, os.SEEK_SET)
    return os.read(descriptor, 1) == b"\n"


def parse_record(path: Path, number: int, line: bytes) -> Record | None:
    """None for a line that breaks off. Raises ModelReplyInvalid for one that is no record."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:  # not UTF-8 is a ValueError too
        if line.startswith(b"{"):
            _log.warning("%s:%d: this line breaks off and is passed over.", path, number)
            return None
        raise _no_record(path, number, str(error)) from None
    try:
        record = Record(**value)
    except TypeError as error:
        raise _no_record(path, number, str(error)) from None
    for field in fields(Record):
        if not _fits(getattr(record, field.name), type(field.default)):
            raise _no_record(path, number, f"{field.name} has a value that it cannot have")
    if record.error and record.error not in RECORDED_ERRORS:
        raise _no_record(path, number, "error is no code of a failure that is recorded")
    return record


def _fits(value: Any, kind: type) -> bool:
    """Fields without a default are texts."""
    if kind in (int, float):
        allowed = (int,) if kind is int else (int, float)
        return isinstance(value, allowed) and not isinstance(value, bool) and value >= 0
    return isinstance(value, str)


def _no_record(path: Path, number: int, why: str) -> ModelReplyInvalid:
    return ModelReplyInvalid(f"{path}:{number}: this line is not a recorded reply.", hint=why)
