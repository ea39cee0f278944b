"""Evaluations that the app starts: one at a time, seen as they grow, stopped without loss, and gone with the app."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from evals.log.records import encode
from streamlit_app.quality.jobs import Busy, Jobs, Order, command_of
from streamlit_app.quality.progress import LogWatch
from tests.app.run_logs import case, cases, header, write_log

WAITS = "import sys, time; print('Preparing.', file=sys.stderr, flush=True); time.sleep(600)"


@pytest.fixture
def jobs() -> Iterator[Callable[[str], Jobs]]:
    made: list[Jobs] = []

    def make(script: str) -> Jobs:
        made.append(Jobs(lambda order: [sys.executable, "-c", script, str(order.out)]))
        return made[-1]

    yield make
    for each in made:
        each.close()


def order(folder: Path) -> Order:
    return Order(folder / "three.yaml", "offline", folder / "log.jsonl")


def wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < until, "it never was so"
        time.sleep(0.05)


def test_a_second_run_is_refused_while_one_is_under_way(jobs: Callable[[str], Jobs], tmp_path: Path) -> None:
    runs = jobs(WAITS)
    first = runs.start(order(tmp_path))
    with pytest.raises(Busy):
        runs.start(order(tmp_path))
    assert runs.current is first and first.state == "running"
    runs.forget()
    assert runs.current is first


def test_a_run_that_is_stopped_says_so_and_another_can_start(jobs: Callable[[str], Jobs], tmp_path: Path) -> None:
    runs = jobs(WAITS)
    job = runs.start(order(tmp_path))
    wait_until(lambda: job.said == ("Preparing.",))
    job.stop()
    wait_until(lambda: job.state != "running")
    assert job.state == "stopped" and job.said == ("Preparing.",)  # and no traceback
    assert runs.start(order(tmp_path)) is not job


def test_no_run_outlives_the_app(jobs: Callable[[str], Jobs], tmp_path: Path) -> None:
    runs = jobs(WAITS)
    job = runs.start(order(tmp_path))
    runs.close()
    assert job.state != "running"


@pytest.mark.parametrize(
    ("code", "state"), [(0, "done"), (1, "broken"), (2, "unusable"), (5, "paused"), (130, "stopped")]
)
def test_each_exit_code_is_a_state(jobs: Callable[[str], Jobs], tmp_path: Path, code: int, state: str) -> None:
    job = jobs(f"import sys; print('nl2sql: why', file=sys.stderr); sys.exit({code})").start(order(tmp_path))
    wait_until(lambda: job.state != "running")
    assert job.state == state and job.said == ("nl2sql: why",)


def test_a_whole_run_that_missed_something_is_not_one_that_broke(jobs: Callable[[str], Jobs], tmp_path: Path) -> None:
    write_log(tmp_path / "log.jsonl", cases(1, "wrong_rows"))
    job = jobs("raise SystemExit(1)").start(order(tmp_path))
    wait_until(lambda: job.state != "running")
    assert job.state == "missed"


def test_of_what_a_run_prints_only_the_end_is_kept(jobs: Callable[[str], Jobs], tmp_path: Path) -> None:
    job = jobs("import sys; sys.stderr.write('x' * 5_000_000 + '\\nlast\\n')").start(order(tmp_path))
    wait_until(lambda: job.state != "running")
    assert job.said[-1] == "last" and sum(map(len, job.said)) < 20_000


def test_progress_is_read_from_the_log_as_it_grows(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    watch = LogWatch(path)
    assert (watch.read().total, watch.read().done) == (0, 0)
    write_log(path, cases(1), replace(header(), case_count=4))
    assert (watch.read().total, watch.read().results) == (4, {"right": 1})
    with path.open("ab") as file:
        file.write(encode(case(1, "wrong_rows")) + encode(case(2, "declined"))[:20])
    found = watch.read()
    assert found.results == {"right": 1, "wrong": 1} and found.seconds_left is not None
    with path.open("ab") as file:
        file.write(encode(case(2, "declined"))[20:] + b"no json\n")
    assert watch.read().results == {"right": 1, "wrong": 1, "declined": 1}


def test_a_log_that_took_the_place_of_another_is_read_anew(tmp_path: Path) -> None:
    path, watch = tmp_path / "log.jsonl", LogWatch(tmp_path / "log.jsonl")
    write_log(path, cases(1, "wrong_rows"))
    watch.read()
    write_log(tmp_path / "new.jsonl", cases(2)).replace(path)
    assert watch.read().results == {"right": 2}


def test_nothing_of_an_order_is_read_as_an_option_or_by_a_shell(tmp_path: Path) -> None:
    command = command_of(replace(order(tmp_path), suite=Path("--matrix=x; rm")))
    assert command[-2] == "--" and command[-1].endswith("--matrix=x; rm")
