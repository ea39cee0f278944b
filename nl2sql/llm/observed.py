"""A language model whose calls are told to an observer: who was asked, how long it took, what it cost."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from nl2sql.llm.base import NO_CALL, Call, Completion, LanguageModel
from nl2sql.prompt.base import Prompt


@dataclass(frozen=True, slots=True)
class ModelCall:
    """`server` and `port` are where the endpoint is; "" and 0 for a model that needs none."""

    model: str
    provider: str
    server: str = ""
    port: int = 0


Report = Callable[[Completion], None]
# Around one call: an error leaves through it, with the tokens it cost; a completion is reported to what it yields.
Observe = Callable[[ModelCall], AbstractContextManager[Report]]


class ObservedModel:
    """Says and raises what the model does, and nothing of its own. The observer is given no prompt."""

    def __init__(self, model: LanguageModel, observe: Observe, provider: str = "openai") -> None:
        self._model = model
        self._observe = observe
        self._call = ModelCall(model.name, provider, *getattr(model, "server", ()))

    @property
    def name(self) -> str:
        return self._model.name

    def __repr__(self) -> str:
        return f"ObservedModel({self._model!r})"

    def complete(self, prompt: Prompt, call: Call = NO_CALL) -> Completion:
        with self._observe(self._call) as report:
            completion = self._model.complete(prompt, call)
            report(completion)
        return completion
