"""Spans to a collector by OTLP over HTTP, where the host has set up nothing itself.

Where they go, with which headers, how many at once and which are sampled is told by the OTEL_… variables. Whatever a
collector does, no question waits for it, and an outage is one line in the log.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nl2sql.errors import SettingsInvalid

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

log = logging.getLogger(__name__)

SERVICE = "nl2sql"
# A collector that is there takes the last spans in milliseconds; a command must not wait longer to end.
CLOSE_SECONDS = 2.0
# They tell every try of every batch, and quote addresses, which may hold a password.
_NOISY = (
    "opentelemetry.exporter.otlp.proto.http.trace_exporter",
    "opentelemetry.exporter.otlp.common.http",
    "opentelemetry.exporter.otlp.proto.http",
    "opentelemetry.sdk._shared_internal",
    "opentelemetry.sdk.trace.export",
)


class Provider:
    """A tracer provider of our own, and the thread that closes it: none can be started while a process ends."""

    def __init__(self) -> None:
        """Raises SettingsInvalid for OTEL_… variables that cannot be used."""
        self.tracers = _tracer_provider()
        self._ending, self._ended = threading.Event(), threading.Event()
        threading.Thread(target=self._shut_down, name="nl2sql-traces-close", daemon=True).start()
        atexit.register(self.close)

    def close(self) -> None:
        """Delivers the last spans, for at most CLOSE_SECONDS."""
        self._ending.set()
        self._ended.wait(CLOSE_SECONDS)
        atexit.unregister(self.close)

    def _shut_down(self) -> None:
        self._ending.wait()
        self.tracers.shutdown()
        self._ended.set()


def _tracer_provider() -> TracerProvider:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    for name in _NOISY:
        logging.getLogger(name).addFilter(_NOT_OURS)
    # Resource.create reads OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES; what is given to it would win over them.
    resource = Resource.create()
    if not _service_is_named():
        resource = resource.merge(Resource({SERVICE_NAME: SERVICE}))
    try:
        provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        provider.add_span_processor(BatchSpanProcessor(_quiet(OTLPSpanExporter())))
    except (ValueError, TypeError, OSError) as error:
        message = "The setting traces is otlp, but the OTEL_… variables cannot be used."
        raise SettingsInvalid(message, hint=type(error).__name__) from None
    return provider


def _service_is_named() -> bool:
    return bool(os.environ.get("OTEL_SERVICE_NAME")) or "service.name=" in os.environ.get(
        "OTEL_RESOURCE_ATTRIBUTES", ""
    )


class _NotOurs(logging.Filter):
    """Drops what the exporter says in a thread that delivers our spans: `_quiet` says it once."""

    def __init__(self) -> None:
        super().__init__()
        self.delivering = threading.local()
        self.down = False

    def filter(self, record: logging.LogRecord) -> bool:
        # The queue that runs full is told in the thread of a question, and follows from the outage.
        return not (getattr(self.delivering, "now", False) or self.down)


_NOT_OURS = _NotOurs()


def _quiet(exporter: SpanExporter) -> SpanExporter:
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

    class QuietExporter(SpanExporter):
        _down = False

        def export(self, spans: Sequence[Any]) -> SpanExportResult:
            _NOT_OURS.delivering.now = True
            try:
                result = exporter.export(spans)
            except Exception:  # noqa: BLE001 - whatever it is, no question may notice
                result = SpanExportResult.FAILURE
            finally:
                _NOT_OURS.delivering.now = False
            self._tell(result is SpanExportResult.SUCCESS)
            return result

        def _tell(self, delivered: bool) -> None:
            was_down, self._down = self._down, not delivered
            _NOT_OURS.down = self._down
            if not delivered and not was_down:
                log.warning("The collector takes no spans; they are dropped. Said once until it takes them again.")
            elif delivered and was_down:
                log.warning("The collector takes spans again.")

        def shutdown(self) -> None:
            _NOT_OURS.delivering.now = True
            try:
                exporter.shutdown()
            finally:
                _NOT_OURS.delivering.now = _NOT_OURS.down = False

    return QuietExporter()
