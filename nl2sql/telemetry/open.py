"""Settings' words → the Telemetry of a pipeline. Nothing of OpenTelemetry or Prometheus is loaded unless it is used."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

from nl2sql.answer.base import Answer
from nl2sql.errors import SettingsInvalid
from nl2sql.llm.base import Completion
from nl2sql.llm.observed import ModelCall, Report
from nl2sql.telemetry.base import NoTelemetry, SetAttributes, Telemetry
from nl2sql.telemetry.logs import numbered

INSTALL = "pip install 'nl2sql[observability]'"


def open_telemetry(traces: str = "off", metrics_port: int = 0) -> Telemetry:
    """`traces` is "off" or "otlp"; `metrics_port` 0 means no metrics. A tracer provider that the host has set up gets
    the spans whatever `traces` says. Raises SettingsInvalid where the extra is not installed."""
    parts: list[Telemetry] = [QuestionIds()]
    if traces == "otlp" or _host_traces():
        parts.append(_tracing())
    if metrics_port:
        parts.append(_metrics(metrics_port))
    return parts[0] if len(parts) == 1 else Several(parts)


def _host_traces() -> bool:
    """A provider can only have been set up in a process that has imported the API."""
    if "opentelemetry.trace" not in sys.modules:
        return False
    from opentelemetry.trace import ProxyTracerProvider, get_tracer_provider

    return not isinstance(get_tracer_provider(), ProxyTracerProvider)


def _tracing() -> Telemetry:
    try:
        from nl2sql.telemetry.tracing import Tracing

        if _host_traces():
            from opentelemetry.trace import get_tracer

            return Tracing(get_tracer("nl2sql"))
        from nl2sql.telemetry.otlp import Provider

        provider = Provider()
        return Tracing(provider.tracers.get_tracer("nl2sql"), provider.close)
    except ImportError:
        raise _missing("traces is otlp", "OpenTelemetry") from None


def _metrics(port: int) -> Telemetry:
    from nl2sql.telemetry.metrics import serve_metrics, shared_metrics

    try:
        metrics = shared_metrics()
    except ImportError:
        raise _missing(f"metrics_port is {port}", "Prometheus' client") from None
    serve_metrics(metrics, port)
    return metrics


def _missing(setting: str, what: str) -> SettingsInvalid:
    return SettingsInvalid(
        f"The setting {setting}, but {what} is not installed. Install it with: {INSTALL}", hint=INSTALL
    )


class QuestionIds(NoTelemetry):
    """Nothing but the question's id in each line of the log."""

    @contextmanager
    def question(self, question_id: str, role: str) -> Iterator[None]:
        with numbered(question_id):
            yield


class Several:
    """All of its parts, each around the next."""

    def __init__(self, parts: Sequence[Telemetry]) -> None:
        self._parts = tuple(parts)

    @contextmanager
    def question(self, question_id: str, role: str) -> Iterator[None]:
        with ExitStack() as stack:
            for part in self._parts:
                stack.enter_context(part.question(question_id, role))
            yield

    @contextmanager
    def stage(self, name: str) -> Iterator[SetAttributes]:
        with ExitStack() as stack:
            told = [stack.enter_context(part.stage(name)) for part in self._parts]

            def tell(attributes: Mapping[str, str | int | float | bool]) -> None:
                for each in told:
                    each(attributes)

            yield tell

    @contextmanager
    def model_call(self, call: ModelCall) -> Iterator[Report]:
        with ExitStack() as stack:
            told = [stack.enter_context(part.model_call(call)) for part in self._parts]

            def report(completion: Completion) -> None:
                for each in told:
                    each(completion)

            yield report

    def answered(self, answer: Answer) -> None:
        for part in self._parts:
            part.answered(answer)

    def close(self) -> None:
        for part in self._parts:
            part.close()
