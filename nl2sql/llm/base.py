"""The one protocol behind which every language model stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from nl2sql.prompt import Prompt


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
