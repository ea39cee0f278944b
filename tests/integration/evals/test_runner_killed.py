"""Runs that are killed, that meet each other, or find no room: processes of their own, real signals, real limits."""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from evals.errors import LogInUse, LogUnwritable
from evals.log.prompts import prompts_of
from evals.log.records import read_run
from evals.runner.log import RunLog, recording_of
from tests.fakes.openai.server import serve
from tests.integration.evals.scripted_runs import Knowing, environ_of, run_scripted, suite_text

CASES, REPEATS, AT_ONCE = 15, 2, 3
MANY, KILLS = 24, 6
_FORKING = """
import os, sys
from pathlib import Path
from tests.integration.evals.scripted_runs import environ_of, run_scripted
suite, database, scratch = sys.argv[1:]
# Nobody is there, but everything is imported then.
nobody = environ_of("http://127.0.0.1:1/v1", Path(database))
run_scripted(Path(suite), nobody, Path(scratch), only=("below-1",), retries=0)
for line in sys.stdin:
    out, url = line.split()
    pid = os.fork()
    if not pid:
        run_scripted(Path(suite), environ_of(url, Path(database)), Path(out), concurrency=3, repeats=2)
        os._exit(0)
    print(pid, flush=True)
    os.waitpid(pid, 0)
"""
_CHILD = """
import sys
from pathlib import Path
from evals.errors import LogInUse, LogUnwritable
from tests.integration.evals.scripted_runs import environ_of, run_scripted
suite, out, url, database = sys.argv[1:]
try:
    run_scripted(Path(suite), environ_of(url, Path(database)), Path(out), concurrency=3, repeats=2)
except (LogInUse, LogUnwritable) as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    path = tmp_path / "counts.yaml"
    path.write_text(suite_text(CASES), encoding="utf-8")
    return path


@pytest.fixture
def begin(suite: Path, auction_database: Path, repository: Path) -> Iterator[Any]:
    """Starts a run in a process of its own; those that are left are killed."""
    started: list[subprocess.Popen[str]] = []

    def start(out: Path, url: str, **options: Any) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", _CHILD, str(suite), str(out), url, str(auction_database)]
        process = subprocess.Popen(command, cwd=repository, stderr=subprocess.PIPE, text=True, **options)
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def without_times(path: Path) -> list[Any]:
    """The lines, without what a clock put there and what the two runs are told apart by."""
    lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    for line in lines:
        for name in ("ms", "stage_ms", "seconds", "started_at"):
            line.pop(name, None)
    return lines


def lines_of(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def wait_for_lines(path: Path, count: int, process: subprocess.Popen[str]) -> None:
    until = time.monotonic() + 60
    while lines_of(path) < count and process.poll() is None and time.monotonic() < until:
        time.sleep(0.005)


@pytest.fixture
def fork(suite: Path, auction_database: Path, repository: Path, tmp_path: Path) -> Iterator[Callable[[Path, str], int]]:
    """Starts a run in a fork of a process that has everything imported already, which is forty times as quick."""
    command = [sys.executable, "-c", _FORKING, str(suite), str(auction_database), str(tmp_path / "scratch")]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=repository, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        asking, told = process.stdin, process.stdout

        def start(out: Path, url: str) -> int:
            asking.write(f"{out} {url}\n")
            asking.flush()
            return int(told.readline())

        yield start
        asking.close()


def is_alive(pid: int) -> bool:
    """What has ended is waited for by its parent at once."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not is_so() and time.monotonic() < until:
        time.sleep(0.003)


def test_killed_again_and_again_a_run_ends_like_an_undisturbed_one_and_pays_for_nothing_twice(
    suite: Path, auction_database: Path, tmp_path: Path, fork: Callable[[Path, str], int]
) -> None:
    """A request that is under way when its process is killed may have to be made again: nobody has its reply. Every
    reply that came is in the recording, and is not asked for again."""
    suite.write_text(suite_text(MANY), encoding="utf-8")
    out, undisturbed, moments = tmp_path / "run.jsonl", tmp_path / "undisturbed.jsonl", random.Random(7)  # noqa: S311
    recorded, knowing, total = recording_of(out), Knowing(stall=0.02), MANY * REPEATS
    with serve(knowing) as endpoint:
        for part in range(1, KILLS + 1):
            pid, wanted = fork(out, endpoint.url), part * total // (KILLS + 2)
            wait_until(lambda pid=pid, wanted=wanted: lines_of(recorded) >= wanted or not is_alive(pid))  # type: ignore[misc]
            time.sleep(moments.uniform(0, 0.04))
            os.kill(pid, signal.SIGKILL)
            wait_until(lambda pid=pid: not is_alive(pid))  # type: ignore[misc]
            assert lines_of(out) - 1 <= lines_of(recorded) < total
        environ = environ_of(endpoint.url, auction_database)
        run_scripted(suite, environ, out, concurrency=AT_ONCE, repeats=REPEATS)
        paid = sum(knowing.asked.values())
        assert lines_of(recorded) <= paid <= total + KILLS * AT_ONCE
        run_scripted(suite, environ, undisturbed, concurrency=AT_ONCE, repeats=REPEATS)
    assert lines_of(recorded) == total
    assert without_times(out) == without_times(undisturbed)
    assert sorted(prompts_of(out).read_bytes().splitlines()) == sorted(
        prompts_of(undisturbed).read_bytes().splitlines()
    )


def test_killed_after_a_reply_was_recorded_and_before_its_line_nothing_is_asked_again(
    suite: Path, auction_database: Path, tmp_path: Path
) -> None:
    out, knowing = tmp_path / "run.jsonl", Knowing()
    with serve(knowing) as endpoint:
        environ = environ_of(endpoint.url, auction_database)
        run_scripted(suite, environ, out)
        ended = without_times(out)
        lines = out.read_bytes().splitlines(keepends=True)
        out.write_bytes(b"".join(lines[:5]) + lines[5][:100])
        run_scripted(suite, environ, out)
    assert set(knowing.asked.values()) == {1}
    assert without_times(out) == ended


def test_ctrl_c_ends_a_process_soon_and_the_run_goes_on(suite: Path, tmp_path: Path, begin: Any) -> None:
    out = tmp_path / "run.jsonl"
    with serve(Knowing(stall=1.0)) as endpoint:
        process = begin(out, endpoint.url)
        wait_for_lines(out, 3, process)
        process.send_signal(signal.SIGINT)
        process.wait(10)
        end = read_run(out).end
        assert end is not None
        assert end.stopped == "interrupted"


def test_two_runs_do_not_write_one_log(suite: Path, auction_database: Path, tmp_path: Path) -> None:
    out = tmp_path / "run.jsonl"
    with serve(Knowing()) as endpoint, closing(RunLog(out)):
        with pytest.raises(LogInUse, match="Another run writes"):
            run_scripted(suite, environ_of(endpoint.url, auction_database), out)
        assert endpoint.requests == []


def test_where_there_is_no_more_room_the_run_stops_and_goes_on_when_there_is(
    suite: Path, auction_database: Path, tmp_path: Path, begin: Any
) -> None:
    out, knowing = tmp_path / "run.jsonl", Knowing()

    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    with serve(knowing) as endpoint:
        process = begin(out, endpoint.url, preexec_fn=little_room)
        _, said = process.communicate(timeout=60)
        assert "LogUnwritable: " in said
        assert "Traceback" not in said
        there = read_run(out)  # whole lines only
        assert 0 < len(there.records) < CASES * REPEATS
        run_scripted(suite, environ_of(endpoint.url, auction_database), out, repeats=REPEATS)
    assert len(read_run(out).records) == CASES * REPEATS
    assert sum(knowing.asked.values()) <= CASES * REPEATS + AT_ONCE


def test_a_folder_that_cannot_be_written_is_told_before_anybody_is_asked(
    suite: Path, auction_database: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    with serve(Knowing()) as endpoint:
        with pytest.raises(LogUnwritable, match=r"The log .* cannot be written: "):
            run_scripted(suite, environ_of(endpoint.url, auction_database), tmp_path / "file" / "run.jsonl")
        assert endpoint.requests == []
