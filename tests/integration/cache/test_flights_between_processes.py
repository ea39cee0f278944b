"""Several processes that miss the same value at once: one makes it, also when one of them dies or fails."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from nl2sql.cache.flights import Flights, Made
from nl2sql.cache.open import open_cache
from tests.integration.cache.conftest import PrivateRedis, Store, eventually

# Writes a line to `log` for each run; waits for the file `go` before it ends.
ASKER = """
import os, sys, threading, time
from pathlib import Path
from nl2sql.cache.flights import Flights, Made
from nl2sql.cache.open import open_cache
setting, folder = sys.argv[1], Path(sys.argv[2])
limit, wait, size, threads = map(float, sys.argv[3:])
flights = Flights(open_cache(setting, None, int(limit)))
def make():
    with (folder / "log").open("a") as log:
        log.write(f"{os.getpid()}\\n")
    while not (folder / "go").exists():
        time.sleep(0.01)
    return Made(b"x" * int(size), None)
found = []
def ask():
    found.append(len(flights.fetch("result:1", make, wait_seconds=wait).entry.value))
asked = [threading.Thread(target=ask) for _ in range(int(threads))]
(folder / f"ready-{os.getpid()}").touch()
for thread in asked: thread.start()
for thread in asked: thread.join()
print(*found)
"""


class Askers:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes: list[subprocess.Popen[str]] = []

    def start(
        self, setting: str, count: int, *, limit: int = 10_000_000, wait: float = 60.0, size: int = 10, threads: int = 4
    ) -> None:
        command = [
            sys.executable,
            "-c",
            ASKER,
            setting,
            str(self.folder),
            str(limit),
            str(wait),
            str(size),
            str(threads),
        ]
        for _ in range(count):
            self.processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        eventually(lambda: len(list(self.folder.glob("ready-*"))) == len(self.processes), 60)

    def runs(self) -> list[int]:
        log = self.folder / "log"
        return [int(line) for line in log.read_text().splitlines()] if log.exists() else []

    def go(self) -> None:
        (self.folder / "go").touch()

    def sizes(self) -> list[int]:
        found = []
        for process in self.processes:
            printed, error = process.communicate(timeout=90)
            assert process.returncode == 0 or process.returncode == -9, error
            found += [int(each) for each in printed.split()]
        return found


@pytest.fixture
def askers(tmp_path: Path) -> Askers:
    folder = tmp_path / "askers"
    folder.mkdir()
    return Askers(folder)


def test_one_process_makes_it_for_all(shared_store: Store, askers: Askers) -> None:
    shared_store.open().close()
    askers.start(shared_store.setting, 3)
    eventually(lambda: len(askers.runs()) == 1)
    time.sleep(0.5)  # the others look, and wait
    askers.go()
    assert askers.sizes() == [10] * 12
    assert len(askers.runs()) == 1


def test_when_its_maker_is_killed_another_process_makes_it(shared_store: Store, askers: Askers) -> None:
    shared_store.open().close()
    askers.start(shared_store.setting, 3, wait=3.0)
    eventually(lambda: bool(askers.runs()))
    victim = next(process for process in askers.processes if process.pid == askers.runs()[0])
    victim.kill()
    eventually(lambda: len(askers.runs()) >= 2)
    askers.go()
    assert askers.sizes() == [10] * 8
    assert len(set(askers.runs())) == len(askers.runs())  # its lease ended when the others had waited long enough too


def test_a_value_too_large_to_keep_is_made_by_each_process_once(shared_store: Store, askers: Askers) -> None:
    shared_store.open().close()
    askers.start(shared_store.setting, 2, limit=1_000_000, size=500_000)
    eventually(lambda: len(askers.runs()) == 1)
    time.sleep(0.5)  # the others look, and wait
    askers.go()
    assert askers.sizes() == [500_000] * 8
    assert len(set(askers.runs())) == len(askers.runs()) == 2


def test_an_error_keeps_nothing_and_ends_the_lease(shared_store: Store) -> None:
    cache = shared_store.open()

    def fail() -> Made:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        Flights(cache).fetch("result:1", fail, wait_seconds=60)
    assert cache.get("result:1") is None
    assert cache.acquire("result:1", 60)
    cache.close()


def test_who_waits_for_another_process_makes_it_when_that_takes_too_long(shared_store: Store) -> None:
    cache, other = shared_store.open(), shared_store.open()
    assert other.acquire("result:1", 60)
    start = time.monotonic()
    found = Flights(cache).fetch("result:1", lambda: Made(b"1", None), wait_seconds=0.3)
    assert not found.cached
    assert 0.3 <= time.monotonic() - start < 10
    cache.close()
    other.close()


def test_a_server_that_dies_while_one_waits_for_it_holds_nobody_up(private_redis: Callable[..., PrivateRedis]) -> None:
    server = private_redis()
    server.start()
    cache, other = open_cache(server.address, None, 1_000_000), open_cache(server.address, None, 1_000_000)
    assert other.acquire("result:1", 60)
    server.kill()
    start = time.monotonic()
    assert not Flights(cache).fetch("result:1", lambda: Made(b"1", None), wait_seconds=60).cached
    assert time.monotonic() - start < 10
    cache.close()
    other.close()
