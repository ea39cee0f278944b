"""Prometheus metrics in a registry of their own, and the page on which Prometheus reads them.

Every label has few values: outcomes, codes, stages and model names; never a name of a person, a role or a text.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from time import perf_counter
from typing import TYPE_CHECKING, get_args

from nl2sql.answer.base import Answer, Outcome
from nl2sql.errors import LanguageModelError
from nl2sql.llm.base import Completion, Usage, paid_for
from nl2sql.llm.observed import ModelCall, Report
from nl2sql.telemetry.base import STAGES, NoTelemetry, SetAttributes

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
OTHER = "other"
OUTCOMES: frozenset[str] = frozenset(get_args(Outcome))
WRITERS = frozenset({"llm", "offline", "verified", "sql", "none"})
# Codes are constants of the product, about 60 today, and models are what settings name. Past these numbers of distinct
# ones, a process counts new ones as "other": each is kept by Prometheus for as long as it keeps anything.
MOST_CODES, MOST_MODELS = 100, 20
LONGEST_LABEL = 60
# The guard takes a millisecond or two and a cached result less; a statement may take its 30 s, a writing stage
# twice the 30 s of a model.
STAGE_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
# From an answer out of the cache (some 10 ms) to four calls of a model at their limits (120 s); repairs and candidates
# may take longer still.
QUESTION_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120)
# Nothing, a figure, a chart, a page, the usual row limit of 1,000, and exports.
RESULT_ROWS = (0, 1, 10, 50, 100, 500, 1_000, 5_000, 10_000, 100_000)

# Whether the question of this thread was counted: one that ended with an unexpected error is counted as well.
_counted: ContextVar[list[bool] | None] = ContextVar("nl2sql_counted", default=None)


class Metrics(NoTelemetry):
    """Safe for many threads. Two on one registry is an error of prometheus_client's: use `shared_metrics`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        from prometheus_client import Counter, Gauge, Histogram

        self.registry = registry
        self._questions = Counter(
            "nl2sql_questions_total",
            "Questions by how they ended.",
            ["outcome", "code", "writer", "cached"],
            registry=registry,
        )
        self._in_flight = Gauge("nl2sql_questions_in_flight", "Questions being worked on.", registry=registry)
        self._question_seconds = Histogram(
            "nl2sql_question_seconds",
            "From a question to its answer, in seconds.",
            buckets=QUESTION_SECONDS,
            registry=registry,
        )
        self._stage_seconds = Histogram(
            "nl2sql_stage_seconds", "Time in a stage, in seconds.", ["stage"], buckets=STAGE_SECONDS, registry=registry
        )
        self._tokens = Counter(
            "nl2sql_model_tokens_total",
            "Tokens as the provider of the language model counted them.",
            ["direction", "model"],
            registry=registry,
        )
        self._rows = Histogram(
            "nl2sql_result_rows", "Rows of answered questions.", buckets=RESULT_ROWS, registry=registry
        )
        self._bytes = Counter("nl2sql_scanned_bytes_total", "Bytes the database says it bills for.", registry=registry)
        self._codes, self._models = _Bounded(MOST_CODES), _Bounded(MOST_MODELS)

    @contextmanager
    def question(self, question_id: str, role: str) -> Iterator[None]:
        counted: list[bool] = []
        token = _counted.set(counted)
        begun = perf_counter()
        self._in_flight.inc()
        try:
            yield
        except BaseException as error:
            if not counted:
                # What is no Exception stops a thread from outside: a page that is left, a key pressed.
                self._count("failed", "unexpected" if isinstance(error, Exception) else "interrupted", "none", False)
            raise
        finally:
            self._in_flight.dec()
            self._question_seconds.observe(perf_counter() - begun)
            _counted.reset(token)

    @contextmanager
    def stage(self, name: str) -> Iterator[SetAttributes]:
        begun = perf_counter()
        try:
            yield _needs_no_attributes
        finally:
            self._stage_seconds.labels(name if name in STAGES else OTHER).observe(perf_counter() - begun)

    @contextmanager
    def model_call(self, call: ModelCall) -> Iterator[Report]:
        def report(completion: Completion) -> None:
            self._spend(call.model, completion.usage)

        try:
            yield report
        except LanguageModelError as error:
            self._spend(call.model, paid_for(error))
            raise

    def answered(self, answer: Answer) -> None:
        counted = _counted.get()
        if counted is not None:
            counted.append(True)
        self._count(answer.outcome, answer.code, answer.origin.writer, answer.cached)
        if answer.table is None:
            return
        self._rows.observe(answer.table.row_count)
        if answer.table.billed_bytes and not answer.cached:
            self._bytes.inc(answer.table.billed_bytes)

    def _count(self, outcome: str, code: str, writer: str, cached: bool) -> None:
        self._questions.labels(
            outcome if outcome in OUTCOMES else OTHER,
            self._codes.label(code),
            writer if writer in WRITERS else OTHER,
            "true" if cached else "false",
        ).inc()

    def _spend(self, model: str, usage: Usage) -> None:
        label = self._models.label(model)
        for direction, tokens in (("input", usage.prompt_tokens), ("output", usage.completion_tokens)):
            if tokens > 0:
                self._tokens.labels(direction, label).inc(tokens)


class _Bounded:
    """The first few distinct values as they are, "other" for all that come later or are no names."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: set[str] = set()
        self._lock = threading.Lock()

    def label(self, value: str) -> str:
        if value in self._known:
            return value
        if not value.isprintable() or not 0 < len(value) <= LONGEST_LABEL:
            return OTHER
        with self._lock:
            if len(self._known) >= self._most:
                return OTHER
            self._known.add(value)
        return value


def _needs_no_attributes(attributes: object) -> None:
    return None


@cache
def shared_metrics() -> Metrics:
    """The one of this process: however many pipelines it has, Prometheus reads one page."""
    from prometheus_client import CollectorRegistry

    return Metrics(CollectorRegistry())


_served: dict[int, bool] = {}
_serving = threading.Lock()


def serve_metrics(metrics: Metrics, port: int) -> bool:
    """Whether the page is there, on 127.0.0.1 alone. Each port is tried once in a process; one that is in use is told
    in one warning and harms nothing else."""
    from prometheus_client import start_http_server

    with _serving:
        if port not in _served:
            try:
                start_http_server(port, addr=HOST, registry=metrics.registry)
                _served[port] = True
            except OSError as error:
                _served[port] = False
                why = error.strerror or type(error).__name__
                log.warning("Port %d of %s cannot be used for metrics (%s); there are none.", port, HOST, why)
        return _served[port]
