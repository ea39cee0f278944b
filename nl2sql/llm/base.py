"""The one protocol behind which every language model stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from typing import Protocol

from nl2sql.errors import LanguageModelError, ModelUnreachable
from nl2sql.prompt.base import Prompt

# Tests set this to False, so that a forgotten fake fails at once instead of paying a provider.
ALLOW_MODEL_REQUESTS = True


def refuse_unless_allowed() -> None:
    """Every model that leaves the process calls this first. Raises ModelUnreachable when requests are switched off."""
    if not ALLOW_MODEL_REQUESTS:
        raise ModelUnreachable(
            "Requests to language models are switched off in this process.",
            hint="nl2sql.llm.base.ALLOW_MODEL_REQUESTS is False; use a scripted or recorded model.",
        )


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the provider counted them; 0 when it did not say. `cached_tokens` are those of the prompt's that the
    provider had read before, and asks less for."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.cached_tokens + other.cached_tokens,
        )


NO_USAGE = Usage()


def charge(error: LanguageModelError, usage: Usage) -> None:
    """Notes on an error what was paid for it in all."""
    error.prompt_tokens, error.completion_tokens = usage.prompt_tokens, usage.completion_tokens
    error.cached_tokens = usage.cached_tokens


def paid_for(error: LanguageModelError) -> Usage:
    return Usage(error.prompt_tokens, error.completion_tokens, error.cached_tokens)


@dataclass(frozen=True, slots=True)
class Completion:
    text: str
    model: str
    usage: Usage = NO_USAGE


def _to_nobody(*_: object) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Call:
    """What goes with one asking of a model, and is no part of the prompt.

    `user` is whose budget pays. `sample` tells candidates for the same prompt apart: 0 is the model's best, each higher
    one another draw. `cancelled` is set, from another thread, when nobody waits any more. `remark` takes what belongs
    into the trace, in a few words without anything secret ("429, again in 2.0 s"); `progress` the characters of the
    reply that have come so far. Both may be called from other threads, and never raise.
    """

    user: str = ""
    sample: int = 0
    cancelled: Event = field(default_factory=Event)
    remark: Callable[[str], None] = _to_nobody
    progress: Callable[[int], None] = _to_nobody


NO_CALL = Call()


class LanguageModel(Protocol):
    """`complete` raises only LanguageModelError and its children, within the model's own time limit (seconds), and
    ModelCancelled soon after `call.cancelled` is set."""

    @property
    def name(self) -> str: ...

    def complete(self, prompt: Prompt, call: Call = NO_CALL) -> Completion: ...
