"""What is sent to a language model, and what went wrong with an earlier try. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Message:
    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """`reply_schema` is the JSON schema the reply must follow; `version` is "<id>@<version>" of the template;
    `fingerprint` is a hash of everything that is sent; `tokens` is how many the messages are, as estimated."""

    messages: tuple[Message, ...]
    reply_schema: Mapping[str, Any]
    version: str
    fingerprint: str
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that was wrong with a statement: `code` is the guard's ("unknown_column") or "database"; `text` says
    what to do about it, or what the database said; `fragment` is the SQL it is about, "" where that is not known."""

    code: str
    text: str
    fragment: str = ""


@dataclass(frozen=True, slots=True)
class EarlierTry:
    """SQL that was written for the same question and could not be used, and why."""

    sql: str
    problems: tuple[Problem, ...]
