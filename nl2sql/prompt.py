"""Prompts: rendered from versioned files in prompts/, fingerprinted as rendered."""

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
    `fingerprint` is a hash of everything that is sent."""

    messages: tuple[Message, ...]
    reply_schema: Mapping[str, Any]
    version: str
    fingerprint: str
