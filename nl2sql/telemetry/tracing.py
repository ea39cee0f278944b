"""OpenTelemetry spans: one for a question, one for each stage in it, one for each call of a language model.

What may be told is the table ATTRIBUTES and nothing else: a text of a question, SQL or a value has no name to go by.
Names follow OpenTelemetry's conventions for database clients (stable) and generative AI (in development), as of 2026.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from nl2sql.answer.base import Answer
from nl2sql.errors import LanguageModelError, Nl2SqlError
from nl2sql.llm.base import Completion, Usage, paid_for
from nl2sql.llm.observed import ModelCall, Report
from nl2sql.telemetry.base import SetAttributes

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

Value = str | int | float | bool

QUESTION = "nl2sql.question"
# Names, codes and model names; what is longer is none of them.
LONGEST_TEXT = 120
ATTRIBUTES: frozenset[str] = frozenset(
    {
        "nl2sql.question.id",
        "nl2sql.role",
        "nl2sql.outcome",
        "nl2sql.code",
        "nl2sql.cached",
        "nl2sql.writer",
        "nl2sql.tables",
        "nl2sql.verdict",
        "nl2sql.scanned_bytes",
        "nl2sql.usage.input_tokens",
        "nl2sql.usage.output_tokens",
        "db.system.name",
        "db.operation.name",
        "db.response.returned_rows",
        "gen_ai.operation.name",
        "gen_ai.provider.name",
        "gen_ai.request.model",
        "gen_ai.response.model",
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.output_tokens",
        "server.address",
        "server.port",
        "error.type",
    }
)
# The conventions' names of databases, where the product's own differ.
SYSTEMS: Mapping[str, str] = {"postgres": "postgresql"}

# The span of the question that this thread works on.
_question: ContextVar[Span | None] = ContextVar("nl2sql_question_span", default=None)


class Tracing:
    """Spans of one tracer. `close` is what is to be called at the end, if anything."""

    def __init__(self, tracer: Tracer, close: Callable[[], None] | None = None) -> None:
        from opentelemetry.trace import SpanKind

        self._tracer = tracer
        self._close = close
        self._inside, self._outside = SpanKind.INTERNAL, SpanKind.CLIENT

    @contextmanager
    def question(self, question_id: str, role: str) -> Iterator[None]:
        with self._span(QUESTION, {"nl2sql.question.id": question_id, "nl2sql.role": role}) as span:
            token = _question.set(span)
            try:
                yield
            finally:
                _question.reset(token)

    @contextmanager
    def stage(self, name: str) -> Iterator[SetAttributes]:
        with self._span(f"nl2sql.{name}", {}, asks=name == "run") as span:

            def tell(attributes: Mapping[str, Value]) -> None:
                told = _of_the_database(attributes) if name == "run" else attributes
                _set(span, told)
                if "db.system.name" in told:
                    _set(_question.get(), {"db.system.name": told["db.system.name"]})

            yield tell

    @contextmanager
    def model_call(self, call: ModelCall) -> Iterator[Report]:
        asked: dict[str, Value] = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": call.provider,
            "gen_ai.request.model": call.model,
        }
        if call.server:
            asked |= {"server.address": call.server, "server.port": call.port}
        with self._span(_clipped(f"chat {call.model}"), asked, asks=True) as span:

            def report(completion: Completion) -> None:
                _set(span, {"gen_ai.response.model": completion.model, **_tokens(completion.usage)})

            try:
                yield report
            except LanguageModelError as error:
                _set(span, _tokens(paid_for(error)))
                raise

    def answered(self, answer: Answer) -> None:
        span = _question.get()
        facts: dict[str, Value] = {
            "nl2sql.outcome": answer.outcome,
            "nl2sql.code": answer.code,
            "nl2sql.cached": answer.cached,
            "nl2sql.writer": answer.origin.writer,
            "nl2sql.usage.input_tokens": answer.usage.prompt_tokens,
            "nl2sql.usage.output_tokens": answer.usage.completion_tokens,
        }
        _set(span, facts)
        if answer.outcome == "failed":
            _mark(span, answer.code)

    def close(self) -> None:
        if self._close is not None:
            self._close()

    @contextmanager
    def _span(self, name: str, attributes: Mapping[str, Value], *, asks: bool = False) -> Iterator[Span]:
        """`asks`: of another system, which makes it a client's span. An error leaves its code: its text may quote."""
        kind = self._outside if asks else self._inside
        allowed = _allowed(attributes)
        opened = self._tracer.start_as_current_span(
            name, kind=kind, attributes=allowed, record_exception=False, set_status_on_exception=False
        )
        with opened as span:
            try:
                yield span
            except BaseException as error:
                _mark(span, error.code if isinstance(error, Nl2SqlError) else type(error).__name__)
                raise


def _of_the_database(attributes: Mapping[str, Value]) -> dict[str, Value]:
    """By the conventions, and without a word of a database that was not asked: rows came from the cache."""
    if attributes.get("nl2sql.cached") is True:
        return {name: value for name, value in attributes.items() if not name.startswith("db.")}
    if "db.system.name" not in attributes:
        return dict(attributes)
    system = str(attributes["db.system.name"])
    return {**attributes, "db.system.name": SYSTEMS.get(system, system), "db.operation.name": "SELECT"}


def _tokens(usage: Usage) -> dict[str, Value]:
    """Nothing where the provider did not say."""
    counted = {
        "gen_ai.usage.input_tokens": usage.prompt_tokens,
        "gen_ai.usage.output_tokens": usage.completion_tokens,
    }
    return {name: count for name, count in counted.items() if count}


def _set(span: Span | None, attributes: Mapping[str, Value]) -> None:
    if span is not None and span.is_recording():
        span.set_attributes(_allowed(attributes))


def _mark(span: Span | None, code: str) -> None:
    if span is not None and span.is_recording():
        from opentelemetry.trace import Status, StatusCode

        span.set_attribute("error.type", _clipped(code))
        span.set_status(Status(StatusCode.ERROR))


def _allowed(attributes: Mapping[str, Value]) -> dict[str, Value]:
    return {
        name: _clipped(value) if isinstance(value, str) else value
        for name, value in attributes.items()
        if name in ATTRIBUTES
    }


def _clipped(text: str) -> str:
    """One short line, without characters that a span's reader would not see."""
    shown = "".join(c if c.isprintable() else " " for c in text[:LONGEST_TEXT])
    return shown if len(text) <= LONGEST_TEXT else shown[:-1] + "…"
