"""What one asking of a case does with the language model: its prompts, what was given again, and what went wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from threading import Lock

from evals.cases.base import Case
from nl2sql.errors import BudgetSpent, LanguageModelError, ModelAuthFailed, ModelBusy, ModelTimedOut, ModelUnreachable
from nl2sql.llm.around import AroundModel
from nl2sql.llm.base import NO_CALL, NO_USAGE, Call, Completion, LanguageModel, Usage
from nl2sql.prompt.base import Prompt

# Between the sample numbers of one repeat and the next; the product draws a handful of candidates.
STRIDE = 1_000
# The provider did not do its part, and may do it later: it says nothing of the case.
AWAY = (ModelBusy, ModelUnreachable, ModelTimedOut)
# Nobody need be asked again before somebody has done something about it.
FINAL = (ModelAuthFailed, BudgetSpent)


@dataclass(slots=True)
class Meter:
    """Of one asking; candidates of a question are drawn in several threads. `case` is the one whose own question is
    being asked, None for an earlier turn; `trouble` the last that kept the provider from answering."""

    repeat: int = 0
    case: Case | None = None
    prompts: list[str] = field(default_factory=list)
    unpaid: Usage = NO_USAGE
    trouble: LanguageModelError | None = None
    _lock: Lock = field(default_factory=Lock)

    def give_again(self, usage: Usage) -> None:
        with self._lock:
            self.unpaid += usage

    def send(self, prompt: Prompt) -> None:
        with self._lock:
            if prompt.fingerprint not in self.prompts:
                self.prompts.append(prompt.fingerprint)

    def fail(self, error: LanguageModelError) -> None:
        """What is final outweighs what may be over soon."""
        with self._lock:
            if isinstance(error, FINAL) or (isinstance(error, AWAY) and not isinstance(self.trouble, FINAL)):
                self.trouble = error


# Threads that a question starts take their variables from the thread that asks it.
_CURRENT: ContextVar[Meter | None] = ContextVar("meter", default=None)


def current() -> Meter:
    return _CURRENT.get() or Meter()


@contextmanager
def metered(repeat: int) -> Iterator[Meter]:
    meter = Meter(repeat)
    token = _CURRENT.set(meter)
    try:
        yield meter
    finally:
        _CURRENT.reset(token)


class MeteredModel(AroundModel):
    """Outermost of all. `keep` is given each prompt before anybody is asked."""

    def __init__(self, model: LanguageModel, keep: Callable[[Prompt], None]) -> None:
        super().__init__(model)
        self._keep = keep

    def complete(self, prompt: Prompt, call: Call = NO_CALL) -> Completion:
        meter = current()
        self._keep(prompt)
        meter.send(prompt)
        try:
            return self._model.complete(prompt, replace(call, sample=call.sample + STRIDE * meter.repeat))
        except LanguageModelError as error:
            meter.fail(error)
            raise
