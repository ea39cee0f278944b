"""A loop outlives what fails in it, says so without secrets, and stops."""

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest
from sqlalchemy.exc import OperationalError, ProgrammingError, TimeoutError

from auction_core.errors import DatabaseUnreachable
from auction_core.metrics import ApiMetrics, WorkerMetrics, page
from auction_core.worker import loop as loops
from auction_core.worker.logs import JsonLines
from auction_core.worker.loop import Loop, Stopping, sentence_of


def run_until(loop: Loop, condition: threading.Event) -> None:
    loop.start()
    condition.wait()
    loop.stop()
    assert loop.join(30)


def test_a_failing_pass_is_logged_counted_and_followed_by_another(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loops, "FIRST_PAUSE_SECONDS", 0.001)
    metrics = WorkerMetrics()
    done = threading.Event()
    passes = []

    def work(stopping: Stopping) -> bool:
        passes.append(1)
        if len(passes) <= 3:
            raise OperationalError("SELECT 'secret'", {"password": "hunter2"}, Exception(2013, "hunter2"))
        done.set()
        return False

    with caplog.at_level(logging.INFO):
        run_until(Loop("closer", 0.001, work, metrics), done)
    messages = [record.getMessage() for record in caplog.records]
    assert messages[:3] == ["closer failed: The database refused or went away (Exception 2013)."] * 3
    assert messages[3] == "closer works again"
    assert metrics.registry.get_sample_value("auction_loop_errors_total", {"loop": "closer"}) == 3
    assert "hunter2" not in caplog.text


def test_pauses_grow_to_a_bound_and_never_below_the_interval() -> None:
    loop = Loop("closer", 1.0, lambda _: False, WorkerMetrics())
    for failures, longest in ((0, 1.0), (1, 1.0), (3, 2.0), (5, 8.0), (6, 15.0), (10_000, 15.0)):
        loop._failures = failures
        assert longest / 2 <= loop._pause_seconds() <= longest


def test_a_pass_that_has_more_to_do_is_followed_at_once() -> None:
    done = threading.Event()
    left = iter([True] * 50)

    def work(stopping: Stopping) -> bool:
        more = next(left, False)
        if not more:
            done.set()
        return more

    run_until(Loop("closer", 3600.0, work, WorkerMetrics()), done)


def test_work_that_asks_learns_that_it_is_to_stop() -> None:
    started = threading.Event()

    def work(stopping: Stopping) -> bool:
        while not stopping():
            started.set()
        return True

    run_until(Loop("closer", 1.0, work, WorkerMetrics()), started)


def test_a_loop_that_hangs_is_not_alive_and_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    entered, leave = threading.Event(), threading.Event()

    def work(stopping: Stopping) -> bool:
        entered.set()
        leave.wait()
        return False

    loop = Loop("closer", 1.0, work, WorkerMetrics())
    assert not loop.is_alive()
    loop.start()
    entered.wait()
    assert loop.is_alive()
    monkeypatch.setattr(loops, "SILENCE_SECONDS", -1.0)
    assert not loop.is_alive()
    loop.stop()
    assert not loop.join(0.01)
    leave.set()
    assert loop.join(30)


def broken(work: Callable[[], object]) -> Exception:
    try:
        work()
    except Exception as error:  # noqa: BLE001
        return error
    raise AssertionError


def test_every_error_becomes_one_sentence_without_its_text() -> None:
    assert sentence_of(DatabaseUnreachable("It is away.")) == "It is away."
    assert sentence_of(TimeoutError()) == "No connection to the database came free in time."
    missing = "The database lacks a table or column: run 'auction-core migrate'."
    assert sentence_of(ProgrammingError("SELECT", {}, Exception(1146, "x"))) == missing
    assert sentence_of(OperationalError("SELECT", {}, Exception("no such table: outbox_lanes"))) == missing
    sentence = sentence_of(broken(lambda: {}["hunter2"]))
    assert sentence.startswith("Unexpected KeyError at test_worker_loop.py:")
    assert "hunter2" not in sentence


def test_a_log_line_is_json_with_what_was_added_and_no_text_of_an_exception() -> None:
    record = logging.makeLogRecord({"name": "auction_core.worker", "levelname": "ERROR", "msg": "it\nfailed: %s"})
    record.args = ("x",)
    record.exc_info = (ValueError, broken(lambda: int("hunter2")), None)  # type: ignore[assignment]
    record.loop = "closer"
    line = JsonLines().format(record)
    assert "\n" not in line
    written = json.loads(line)
    del written["time"]
    assert written == {
        "level": "error",
        "logger": "auction_core.worker",
        "message": "it\nfailed: x",
        "exception": "ValueError",
        "loop": "closer",
    }
    assert "hunter2" not in line


def test_metrics_of_two_workers_and_the_api_do_not_meet() -> None:
    one, other, api = WorkerMetrics(), WorkerMetrics(), ApiMetrics()
    one.outbox_backlog.set(3)
    api.requests.labels("GET", "/listings/{listing_id}", "200").inc()
    assert b"auction_outbox_backlog 3.0" in page(one.registry)
    assert b"auction_outbox_backlog 0.0" in page(other.registry)
    assert b'auction_http_requests_total{method="GET",route="/listings/{listing_id}",status="200"} 1.0' in page(
        api.registry
    )


def test_the_worker_command_imports_nothing_heavy_until_it_runs() -> None:
    code = (
        "import sys, auction_core.cli;"
        "heavy = {'google', 'grpc', 'prometheus_client', 'fastapi', 'alembic', 'sqlalchemy'} & set(sys.modules);"
        "sys.exit(f'{heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
