"""The prompts of a run, each once: `NAME.prompts.jsonl` beside the log, JSON lines that are only ever added to.

What a prompt says is kept in paragraphs, because most of it – instructions, the description of the data – is the same
in the next prompt: a line of type “text” for each paragraph that is new, then one of type “prompt” that names them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

from evals.errors import LogInvalid

_GAP = "\n\n"


def prompts_of(log: Path) -> Path:
    return log.with_name(f"{log.name.removesuffix('.jsonl')}.prompts.jsonl")


class Said(Protocol):
    @property
    def role(self) -> str: ...
    @property
    def content(self) -> str: ...


class Sent(Protocol):
    """What a prompt must have to be kept: nl2sql.prompt.base.Prompt does."""

    @property
    def messages(self) -> Sequence[Said]: ...
    @property
    def version(self) -> str: ...
    @property
    def fingerprint(self) -> str: ...
    @property
    def tokens(self) -> int: ...


class PromptKeys:
    """Which prompts and paragraphs a file holds already. Only their hashes are in memory."""

    def __init__(self) -> None:
        self._known: set[bytes] = set()

    def note(self, line: bytes) -> None:
        """A line that is in the file. One that breaks off, or is none of ours, is no key."""
        try:
            value = json.loads(line)
            name = value["fingerprint"] if value["type"] == "prompt" else value["hash"]
        except (ValueError, KeyError, TypeError):
            return
        self._known.add(_short(str(name)))

    def new_lines(self, prompt: Sent) -> bytes:
        """What is to be added for a prompt; nothing where it is there. It counts as added from now on."""
        if _short(prompt.fingerprint) in self._known:
            return b""
        lines: list[dict[str, Any]] = []
        messages = []
        for message in prompt.messages:
            hashes = []
            for text in message.content.split(_GAP):
                name = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
                hashes.append(name)
                if _short(name) not in self._known:
                    self._known.add(_short(name))
                    lines.append({"type": "text", "hash": name, "text": text})
            messages.append({"role": message.role, "texts": hashes})
        lines.append(
            {
                "type": "prompt",
                "fingerprint": prompt.fingerprint,
                "version": prompt.version,
                "tokens": prompt.tokens,
                "messages": messages,
            }
        )
        self._known.add(_short(prompt.fingerprint))
        return b"".join(_line(each) for each in lines)


def _short(name: str) -> bytes:
    return name[:16].encode("ascii", "replace")


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"


def read_prompts(path: Path) -> dict[str, tuple[tuple[str, str], ...]]:
    """Fingerprint → messages as (role, content). A file that is not there holds none; a line that breaks off is passed
    over. Raises LogInvalid for a file that is something else."""
    texts: dict[str, str] = {}
    found: dict[str, tuple[tuple[str, str], ...]] = {}
    for number, value in _values(path):
        try:
            if value["type"] == "text":
                texts[value["hash"]] = value["text"]
            elif value["type"] == "prompt":
                found[value["fingerprint"]] = tuple(
                    (each["role"], _GAP.join(texts.get(name, "…") for name in each["texts"]))
                    for each in value["messages"]
                )
        except (KeyError, TypeError):
            raise LogInvalid(f"{path}, line {number}: this is no line of a file of prompts.") from None
    return found


def _values(path: Path) -> Iterator[tuple[int, Any]]:
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                try:
                    yield number, json.loads(line)
                except (ValueError, RecursionError):
                    if not line.startswith(b"{"):
                        raise LogInvalid(f"{path}, line {number}: this is no line of a file of prompts.") from None
    except FileNotFoundError:
        return
    except OSError as error:
        raise LogInvalid(f"{path} cannot be read: {error.strerror or type(error).__name__}.") from None
