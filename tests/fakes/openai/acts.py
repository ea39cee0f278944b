"""What the scripted endpoint can be told to do with one request: values only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from time import time
from typing import Any, Literal

# What an endpoint can be told not to support. Routes answer 404, everything else 400 in the words of a provider.
Rejected = Literal[
    "responses",
    "chat",
    "embeddings",
    "models",
    "stream",
    "stream_options",
    "temperature",
    "seed",
    "reasoning",
    "json_schema",
    "strict",
    "json_object",
]


@dataclass(frozen=True)
class Received:
    """One request. `api` is chat, responses, embeddings or models; `number` counts from 1; `port` is the caller's."""

    api: str
    path: str
    body: Mapping[str, Any]
    headers: Mapping[str, str]
    number: int
    port: int = 0

    @property
    def texts(self) -> list[str]:
        """What each message says, the system's first, the same for both protocols."""
        messages = self.body.get("messages") or self.body.get("input") or []
        told = [self.body["instructions"]] if self.body.get("instructions") else []
        return told + [str(message["content"]) for message in messages if isinstance(message, Mapping)]

    @property
    def prompt(self) -> str:
        return "\n\n".join(self.texts)


@dataclass(frozen=True)
class Act:
    """A good reply of `text`, unless something below says otherwise. Seconds throughout.

    `usage` is (prompt tokens, completion tokens, cached prompt tokens); None: the endpoint does not say.
    `finish` other than "stop" is a reply that is not whole: "length", "content_filter".
    `failed` is an error after the reply began: an `error` line (chat) or `response.failed` (responses).
    `status` other than 200 answers with the error `message` (`code`, `param`); `body` replaces everything with
    these bytes, under `content_type`.
    `stall` passes before anything is sent; `drip` between single bytes of the body; `pause` between pieces of a stream.
    `drop` hangs up without a word. `cut` ends a stream after so many pieces: properly but early, or with `reset`
    as a connection that breaks.
    """

    text: str = "{}"
    model: str = "served-2026-01"
    usage: tuple[int, int, int] | None = (11, 7, 3)
    finish: str = "stop"
    refusal: str = ""
    failed: str = ""
    status: int = 200
    message: str = "The scripted endpoint refuses."
    code: str | None = None
    param: str | None = None
    body: bytes | None = None
    content_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    stall: float = 0.0
    drip: float = 0.0
    pause: float = 0.0
    drop: bool = False
    cut: int | None = None
    reset: bool = False
    # Characters in one piece of a stream.
    piece: int = 16

    def then(self, **changes: Any) -> Act:
        return replace(self, **changes)


Scripted = Act | str
Script = Sequence[Scripted] | Callable[[Received], Scripted]


def say(text: str, **more: Any) -> Act:
    return Act(text, **more)


def refuse(status: int, message: str = "The scripted endpoint refuses.", **more: Any) -> Act:
    return Act(status=status, message=message, **more)


def busy(retry_after: float | str = "", **more: Any) -> Act:
    """429. A number is seconds in Retry-After; `http_date(seconds)` makes the other form."""
    headers = {"Retry-After": str(retry_after)} if retry_after != "" else {}
    return Act(status=429, message="Rate limit reached.", headers=headers, **more)


def http_date(seconds_from_now: float) -> str:
    return formatdate(time() + seconds_from_now, usegmt=True)


def html(status: int = 200) -> Act:
    return Act(status=status, body=b"<!doctype html><title>Sign in</title>", content_type="text/html; charset=utf-8")


def fenced(text: str) -> Act:
    return Act(f"Sure! Here is what you asked for:\n\n```json\n{text}\n```\nLet me know how it goes.")


# More than any reader should take in: text of 3 MB.
HUGE = Act("x" * 3_000_000, piece=100_000)
EMPTY = Act("")
REFUSAL = Act("", refusal="I'm sorry, I can't help with that.")
TRUNCATED = Act('{"kind": "sql", "sql": "SELECT COUNT(*) FROM listings"}', cut=2)
MALFORMED = Act('{"kind": "sql", "sql": "SELECT 1"')
DROPPED = Act(drop=True)
