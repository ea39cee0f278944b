"""What the product tells the outside while it works: spans, metrics and the question's id in every line of the log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from nl2sql.answer.base import Answer
from nl2sql.llm.base import Completion
from nl2sql.llm.observed import ModelCall, Report

# Sets attributes of the span it came with: names of OpenTelemetry's conventions where there is one.
SetAttributes = Callable[[Mapping[str, str | int | float | bool]], None]
STAGES = ("understand", "write", "repair", "check", "run", "candidates", "explain")


class Telemetry(Protocol):
    """No method raises for what an exporter or a collector does, and none waits for one; `close` waits a bounded time.

    Safe for many threads, each with a question of its own.
    """

    def question(self, question_id: str, role: str) -> AbstractContextManager[None]:
        """Around all of one question, in the thread that works on it."""
        ...

    def stage(self, name: str) -> AbstractContextManager[SetAttributes]:
        """Around one stage of it. Never the text of a question, nor SQL, nor values: only names, numbers and codes."""
        ...

    def model_call(self, call: ModelCall) -> AbstractContextManager[Report]:
        """Around one call of a language model: what `ObservedModel` takes."""
        ...

    def answered(self, answer: Answer) -> None:
        """Once for each question, at its end and still within `question`."""
        ...

    def close(self) -> None:
        """Delivers what is still to be delivered, for a bounded time. May be called twice."""
        ...


def _set_nothing(attributes: Mapping[str, str | int | float | bool]) -> None:
    return None


def _report_nothing(completion: Completion) -> None:
    return None


# Made once: with everything off, a question must cost next to nothing.
_NO_QUESTION: AbstractContextManager[None] = nullcontext()
_NO_STAGE: AbstractContextManager[SetAttributes] = nullcontext(_set_nothing)
_NO_CALL: AbstractContextManager[Report] = nullcontext(_report_nothing)


class NoTelemetry:
    def question(self, question_id: str, role: str) -> AbstractContextManager[None]:
        return _NO_QUESTION

    def stage(self, name: str) -> AbstractContextManager[SetAttributes]:
        return _NO_STAGE

    def model_call(self, call: ModelCall) -> AbstractContextManager[Report]:
        return _NO_CALL

    def answered(self, answer: Answer) -> None:
        return None

    def close(self) -> None:
        return None
