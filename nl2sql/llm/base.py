"""The one protocol behind which every language model stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from nl2sql.errors import LanguageModelError, ModelUnreachable
from nl2sql.prompt import Prompt

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
    """Tokens as the provider counted them; 0 when it did not say."""

    prompt_tokens: int = 0
    completion_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(self.prompt_tokens + other.prompt_tokens, self.completion_tokens + other.completion_tokens)


NO_USAGE = Usage()


def charge(error: LanguageModelError, usage: Usage) -> None:
    """Notes on an error what was paid for it in all."""
    error.prompt_tokens, error.completion_tokens = usage.prompt_tokens, usage.completion_tokens


def paid_for(error: LanguageModelError) -> Usage:
    return Usage(error.prompt_tokens, error.completion_tokens)


@dataclass(frozen=True, slots=True)
class Completion:
    text: str
    model: str
    usage: Usage = NO_USAGE


class LanguageModel(Protocol):
    """`complete` raises only LanguageModelError and its children, within the model's own time limit (seconds)."""

    @property
    def name(self) -> str: ...

    def complete(self, prompt: Prompt) -> Completion: ...
