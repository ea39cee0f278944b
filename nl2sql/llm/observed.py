"""A language model whose calls are told to an observer: who was asked, how long it took, what it cost."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from nl2sql.llm.around import AroundModel
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


class ObservedModel(AroundModel):
    """Says and raises what the model does, and nothing of its own. The observer is given no prompt."""

    def __init__(self, model: LanguageModel, observe: Observe, provider: str = "openai") -> None:
        super().__init__(model)
        self._observe = observe
        self._call = ModelCall(self.name, provider, *self.server)

    def complete(self, prompt: Prompt, call: Call = NO_CALL) -> Completion:
        with self._observe(self._call) as report:
            completion = self._model.complete(prompt, call)
            report(completion)
        return completion
