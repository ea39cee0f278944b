"""Spans on their way to a collector on the loopback interface: one that is there, one that is not, one that stalls."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from nl2sql.answer.base import Answer
from nl2sql.errors import SettingsInvalid
from nl2sql.question import Question
from nl2sql.telemetry import otlp
from nl2sql.telemetry.base import Telemetry
from nl2sql.telemetry.open import open_telemetry
from nl2sql.telemetry.otlp import CLOSE_SECONDS

ANSWER = Answer(Question.parse("How many bids?"), "answered", "Three.")
# What a busy machine may add to waiting times.
SLACK_SECONDS = 8.0


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


def test_spans_arrive_under_the_products_name(collector: Any) -> None:
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
    collector: Any, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    telemetry = open_telemetry("otlp")
    ask(telemetry)
    telemetry.close()
    assert collector.services == {"sales-desk"}


def test_two_pipelines_in_one_process_close_for_themselves(collector: Any) -> None:
    first, second = open_telemetry("otlp"), open_telemetry("otlp")
    ask(first)
    first.close()
    ask(second)
    second.close()
    assert collector.names.count("nl2sql.question") == 2


def test_a_sampler_that_drops_everything_is_obeyed(collector: Any, monkeypatch: pytest.MonkeyPatch) -> None:
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
    collector: Any, caplog: pytest.LogCaptureFixture, status: int
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


def test_a_collector_that_stalls_keeps_neither_a_question_nor_the_end_waiting(collector: Any) -> None:
    collector.stall = 60.0
    telemetry = open_telemetry("otlp")
    ask(telemetry)
    until(lambda: bool(collector.bodies))
    begun = time.monotonic()
    ask(telemetry)
    telemetry.close()
    assert time.monotonic() - begun < CLOSE_SECONDS + SLACK_SECONDS


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/nowhere/ca.pem"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "bzip9"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "no equals sign"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://u:hunter2@[broken"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "many"),
        ("OTEL_TRACES_SAMPLER", "whatever"),
    ],
)
def test_a_mistaken_variable_is_a_sentence_or_harmless(
    nobody: int, variable: str, value: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(otlp, "CLOSE_SECONDS", 0.2)
    monkeypatch.setenv(variable, value)
    try:
        telemetry = open_telemetry("otlp")
    except SettingsInvalid as error:
        assert "OTEL_" in str(error) and "hunter2" not in f"{error} {error.hint}"
    else:
        with telemetry.question("q", "analyst"):
            pass
        telemetry.close()
    assert "hunter2" not in caplog.text


PROCESS = """
from nl2sql.telemetry.open import open_telemetry
telemetry = open_telemetry("otlp")
with telemetry.question("q1", "analyst"):
    pass
"""


def test_a_process_that_ends_delivers_what_it_has(collector: Any, monkeypatch: pytest.MonkeyPatch) -> None:
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
