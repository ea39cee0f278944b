"""Spans on their way to a collector on the loopback interface: one that is there, one that is not, one that stalls."""

from __future__ import annotations

import json
import logging
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from nl2sql.answer.base import Answer
from nl2sql.question import Question
from nl2sql.telemetry.base import Telemetry
from nl2sql.telemetry.open import open_telemetry
from nl2sql.telemetry.otlp import CLOSE_SECONDS

ANSWER = Answer(Question.parse("How many bids?"), "answered", "Three.")
# What a busy machine may add to waiting times.
SLACK_SECONDS = 8.0


class Collector:
    """`status` and `stall` (seconds) are how it takes what it gets; `names` are the spans that came."""

    def __init__(self) -> None:
        self.status, self.stall = 200, 0.0
        self.bodies: list[bytes] = []
        self.paths: list[str] = []
        self.closing = threading.Event()

    @property
    def resources(self) -> list[Any]:
        return [each for body in self.bodies for each in ExportTraceServiceRequest.FromString(body).resource_spans]

    @property
    def names(self) -> list[str]:
        return [span.name for each in self.resources for scope in each.scope_spans for span in scope.spans]

    @property
    def services(self) -> set[str]:
        return {a.value.string_value for r in self.resources for a in r.resource.attributes if a.key == "service.name"}


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    made = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            made.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            made.paths.append(self.path)
            made.closing.wait(made.stall)
            self.send_response(made.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    _point_to(monkeypatch, server.server_port)
    yield made
    made.closing.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A port that is taken and does not listen: every connection to it is refused."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        _point_to(monkeypatch, port)
        yield port


def _point_to(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://u:hunter2@127.0.0.1:{port}")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")


def ask(telemetry: Telemetry) -> None:
    with telemetry.question("q1", "analyst"):
        with telemetry.stage("run") as tell:
            tell({"db.system.name": "sqlite", "db.response.returned_rows": 1})
        telemetry.answered(ANSWER)


def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def test_spans_arrive_under_the_products_name(collector: Collector) -> None:
    telemetry = open_telemetry("otlp")
    ask(telemetry)
    telemetry.close()
    telemetry.close()
    assert sorted(collector.names) == ["nl2sql.question", "nl2sql.run"]
    assert collector.services == {"nl2sql"}
    assert set(collector.paths) == {"/v1/traces"}


@pytest.mark.parametrize(
    ("variable", "value"),
    [("OTEL_SERVICE_NAME", "sales-desk"), ("OTEL_RESOURCE_ATTRIBUTES", "service.name=sales-desk,team=a")],
)
def test_the_host_may_name_the_service(
    collector: Collector, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    telemetry = open_telemetry("otlp")
    ask(telemetry)
    telemetry.close()
    assert collector.services == {"sales-desk"}


def test_two_pipelines_in_one_process_close_for_themselves(collector: Collector) -> None:
    first, second = open_telemetry("otlp"), open_telemetry("otlp")
    ask(first)
    first.close()
    ask(second)
    second.close()
    assert collector.names.count("nl2sql.question") == 2


def test_a_sampler_that_drops_everything_is_obeyed(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    telemetry = open_telemetry("otlp")
    ask(telemetry)
    telemetry.close()
    assert collector.bodies == []


def test_a_dead_collector_is_one_line_in_the_log(nobody: int, caplog: pytest.LogCaptureFixture) -> None:
    telemetry = open_telemetry("otlp")
    begun = time.monotonic()
    with caplog.at_level(logging.INFO):
        for _ in range(500):
            ask(telemetry)
        assert time.monotonic() - begun < SLACK_SECONDS
        until(lambda: "takes no spans" in caplog.text)
        for _ in range(5_000):  # more than the queue holds
            ask(telemetry)
        telemetry.close()
    assert time.monotonic() - begun < 30 + CLOSE_SECONDS + SLACK_SECONDS
    assert len(caplog.records) == 1
    assert "hunter2" not in caplog.text and str(nobody) not in caplog.text


@pytest.mark.parametrize("status", [400, 401, 404, 500, 503])
def test_a_collector_that_refuses_is_one_line_until_it_takes_spans_again(
    collector: Collector, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    collector.status = status
    telemetry = open_telemetry("otlp")
    with caplog.at_level(logging.INFO):
        ask(telemetry)
        until(lambda: "takes no spans" in caplog.text)
        collector.status = 200
        ask(telemetry)
        until(lambda: "takes spans again" in caplog.text)
        telemetry.close()
    assert len(caplog.records) == 2


def test_a_collector_that_stalls_keeps_neither_a_question_nor_the_end_waiting(collector: Collector) -> None:
    collector.stall = 60.0
    telemetry = open_telemetry("otlp")
    ask(telemetry)
    until(lambda: bool(collector.bodies))
    begun = time.monotonic()
    ask(telemetry)
    telemetry.close()
    assert time.monotonic() - begun < CLOSE_SECONDS + SLACK_SECONDS


PROCESS = """
from nl2sql.telemetry.open import open_telemetry
telemetry = open_telemetry("otlp")
with telemetry.question("q1", "analyst"):
    pass
"""


def test_a_process_that_ends_delivers_what_it_has(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "60000")
    done = subprocess.run([sys.executable, "-c", PROCESS], capture_output=True, text=True, timeout=100, check=True)
    assert collector.names == ["nl2sql.question"]
    assert done.stderr == ""


def test_a_process_ends_soon_without_its_collector(nobody: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "60")
    begun = time.monotonic()
    done = subprocess.run([sys.executable, "-c", PROCESS], capture_output=True, text=True, timeout=100, check=True)
    assert time.monotonic() - begun < CLOSE_SECONDS + 3 * SLACK_SECONDS
    assert done.stderr.count("\n") <= 1 and "hunter2" not in done.stderr
    assert json.dumps(done.stdout) == '""'
