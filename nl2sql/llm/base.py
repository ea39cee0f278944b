"""The one protocol behind which every language model stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from nl2sql.errors import ModelUnreachable
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


@dataclass(frozen=True, slots=True)
class Completion:
    text: str
    model: str
    usage: Usage = Usage()


class LanguageModel(Protocol):
    """`complete` raises only LanguageModelError and its children, within the model's own time limit (seconds)."""

    @property
    def name(self) -> str: ...

    def complete(self, prompt: Prompt) -> Completion: ...
