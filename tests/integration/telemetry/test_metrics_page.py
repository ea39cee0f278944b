"""The page Prometheus reads, on a real port of the loopback interface."""

from __future__ import annotations

import logging
import socket
import subprocess
import sys
from urllib.request import ProxyHandler, build_opener

import pytest

from nl2sql.answer.base import Answer
from nl2sql.question import Question
from nl2sql.telemetry.open import open_telemetry

ANSWER = Answer(Question.parse("How many bids?"), "answered", "Three.")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def page(port: int) -> str:
    with build_opener(ProxyHandler({})).open(f"http://127.0.0.1:{port}/metrics", timeout=20) as reply:
        return str(reply.read().decode())


def total(port: int) -> float:
    lines = [line for line in page(port).splitlines() if line.startswith("nl2sql_questions_total{")]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


def test_two_pipelines_share_one_page_and_count_together() -> None:
    port = free_port()
    first, second = open_telemetry("off", port), open_telemetry("off", port)
    before = total(port)
    for telemetry in (first, second):
        with telemetry.question("q1", "analyst"), telemetry.stage("run"):
            pass
        telemetry.answered(ANSWER)
        telemetry.close()
    assert total(port) == before + 2
    assert "nl2sql_stage_seconds_bucket{" in page(port)


def test_a_port_in_use_is_one_warning_and_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as taken, caplog.at_level(logging.INFO):
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for _ in range(3):
            telemetry = open_telemetry("off", port)
            with telemetry.question("q1", "analyst"):
                telemetry.answered(ANSWER)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert str(port) in caplog.text and "Traceback" not in caplog.text


def test_only_this_machine_can_read_it() -> None:
    port = free_port()
    open_telemetry("off", port)
    listing = subprocess.run(
        [sys.executable, "-c", f"print([l for l in open('/proc/net/tcp') if ':{port:04X} 00000000:0000 0A' in l])"],
        capture_output=True,
        text=True,
        check=False,
    )
    if listing.returncode:
        pytest.skip("this system does not list its sockets in /proc/net/tcp")
    assert "0100007F" in listing.stdout and "00000000:" + f"{port:04X}" not in listing.stdout
