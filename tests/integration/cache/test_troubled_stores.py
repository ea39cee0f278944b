"""A store that fails is no cache: one warning, no long wait, and it is used again when it works again."""

from __future__ import annotations

import logging
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nl2sql.cache import breaker
from nl2sql.cache.base import Cache
from nl2sql.cache.open import open_cache
from tests.integration.cache.conftest import PrivateRedis, eventually

Private = Callable[..., PrivateRedis]


@pytest.fixture(autouse=True)
def tries_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(breaker, "PAUSE_SECONDS", 0.3)


@pytest.fixture
def opened() -> Iterator[Callable[[str], Cache]]:
    made: list[Cache] = []

    def open_it(setting: str) -> Cache:
        made.append(open_cache(setting, None, 10_000_000))
        return made[-1]

    yield open_it
    for each in made:
        each.close()


def works(cache: Cache) -> bool:
    cache.set("result:works", b"1")
    return cache.get("result:works") is not None


def assert_is_no_cache(cache: Cache) -> None:
    cache.set("result:1", b"1")
    assert cache.get("result:1") is None
    assert cache.acquire("result:1", 60.0)
    assert cache.acquire("result:1", 60.0)  # nobody is waited for
    cache.release("result:1")
    assert cache.clear() == 0
    assert cache.stats().entries == {}
    assert cache.stats().trouble.startswith("The cache ")


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    assert all(record.name.startswith("nl2sql.cache.") for record in caplog.records)
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


class Blocked:
    """A folder that cannot be made, until the file in its way is gone."""

    def __init__(self, tmp_path: Path) -> None:
        self.setting = str(tmp_path / "in the way" / "cache")
        (tmp_path / "in the way").write_text("")

    def mend(self) -> None:
        Path(self.setting).parent.unlink()


class Down:
    """A server that is not there, until it is started."""

    def __init__(self, private: PrivateRedis) -> None:
        self._private = private
        self.setting = private.address

    def mend(self) -> None:
        self._private.start()


@pytest.fixture(params=["disk", "redis"])
def dead(request: pytest.FixtureRequest, tmp_path: Path) -> Blocked | Down:
    return Blocked(tmp_path) if request.param == "disk" else Down(request.getfixturevalue("private_redis")())


def test_a_dead_store_is_no_cache_and_is_used_when_it_comes(
    dead: Blocked | Down, opened: Callable[[str], Cache], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    cache = opened(dead.setting)
    assert_is_no_cache(cache)
    time.sleep(0.4)  # one more try, and one that failed again
    assert_is_no_cache(cache)
    assert len(warnings_of(caplog)) == 1
    dead.mend()
    eventually(lambda: works(cache))
    eventually(lambda: cache.stats().trouble == "")
    assert "The cache works again." in [record.getMessage() for record in caplog.records]
    assert len(warnings_of(caplog)) == 1


def test_a_server_that_was_killed_costs_little_and_comes_back(
    private_redis: Private, opened: Callable[[str], Cache], caplog: pytest.LogCaptureFixture
) -> None:
    server = private_redis()
    server.start()
    cache = opened(server.address)
    assert works(cache)
    server.kill()
    start = time.monotonic()
    for _ in range(200):
        assert cache.get("result:works") is None
        cache.set("result:works", b"1")
    assert time.monotonic() - start < 5.0
    assert len(warnings_of(caplog)) == 1
    server.start()
    eventually(lambda: works(cache))


def test_a_server_that_hangs_costs_one_short_wait_and_comes_back(
    private_redis: Private,
    opened: Callable[[str], Cache],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(breaker, "PAUSE_SECONDS", 2.0)
    server = private_redis()
    server.start()
    cache = opened(server.address)
    assert works(cache)
    server.signal(signal.SIGSTOP)
    start = time.monotonic()
    for _ in range(50):
        cache.set("result:works", b"1")
        assert cache.acquire("result:works", 60.0)
        assert cache.get("result:works") is None
    waited = time.monotonic() - start
    server.signal(signal.SIGCONT)
    assert 0.2 < waited < 1.5
    assert len(warnings_of(caplog)) == 1
    eventually(lambda: works(cache))


def test_many_threads_at_a_hanging_server_wait_once_and_it_is_told_once(
    opened: Callable[[str], Cache], caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        cache = opened(f"redis://127.0.0.1:{deaf.getsockname()[1]}/0")
        threads = [threading.Thread(target=cache.get, args=(f"result:{n}",)) for n in range(16)]
        start = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert time.monotonic() - start < 3.0
    assert len(warnings_of(caplog)) == 1


def test_a_name_that_is_looked_up_for_long_is_not_waited_for(
    opened: Callable[[str], Cache], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    looked_up = threading.Event()

    def slowly(*_: object, **__: object) -> list[object]:
        looked_up.wait(30)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", slowly)
    cache = opened("redis://cache.example:6379/0")
    start = time.monotonic()
    assert cache.get("result:1") is None
    assert time.monotonic() - start < 5.0
    looked_up.set()
    [warning] = warnings_of(caplog)
    assert "cache.example was not found in time" in warning


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\xff\xfe\x00garbage\r\n", b"$99999999999\r\n", b""]
)
def test_a_server_of_another_kind_is_no_cache(
    answer: bytes, opened: Callable[[str], Cache], caplog: pytest.LogCaptureFixture
) -> None:
    def serve(listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(4096)
                connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        cache = opened(f"redis://127.0.0.1:{listener.getsockname()[1]}/0")
        assert_is_no_cache(cache)
        listener.shutdown(socket.SHUT_RDWR)
    assert 1 <= len(warnings_of(caplog)) <= 2


def test_a_full_server_is_still_read_and_nothing_is_lost_for_good(
    private_redis: Private, opened: Callable[[str], Cache], caplog: pytest.LogCaptureFixture
) -> None:
    server = private_redis()
    server.start()
    cache = opened(server.address)
    cache.set("result:1", b"1")
    with server.client() as owner:
        owner.config_set("maxmemory", "1")
        for n in range(20):
            cache.set(f"result:new{n}", b"1")
        assert cache.get("result:1") is not None
        assert cache.acquire("result:1", 60.0)
        [warning] = warnings_of(caplog)
        assert "maxmemory" in warning
        owner.config_set("maxmemory", "0")
    eventually(lambda: works(cache))
    assert cache.get("result:1") is not None
    assert cache.stats().entries == {"result": 2}


def test_a_server_that_only_copies_another_is_still_read(
    private_redis: Private, opened: Callable[[str], Cache], caplog: pytest.LogCaptureFixture
) -> None:
    server = private_redis()
    server.start()
    cache = opened(server.address)
    cache.set("result:1", b"1")
    with server.client() as owner:
        owner.execute_command("REPLICAOF", "127.0.0.1", "1")
        cache.set("result:2", b"2")
        assert cache.get("result:1") is not None
        assert cache.get("result:2") is None
        assert len(warnings_of(caplog)) == 1
        owner.execute_command("REPLICAOF", "NO", "ONE")
    eventually(lambda: works(cache))


def test_no_secret_of_the_address_is_told(
    private_redis: Private, opened: Callable[[str], Cache], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server = private_redis("--requirepass", "rightSecret")
    server.start()
    good = opened(f"unix://:rightSecret@{server.socket}")
    assert works(good)
    bad = opened(f"unix://someone:wrong%2FSecret@{server.socket}")
    assert_is_no_cache(bad)
    nowhere = opened("redis://someone:wrong%2FSecret@127.0.0.1:1/0")
    assert_is_no_cache(nowhere)
    said = " ".join(
        [*[record.getMessage() for record in caplog.records], *[repr(c.stats()) for c in (good, bad, nowhere)]]
    )
    assert "redis://127.0.0.1:1/0" in said
    for secret in ("rightSecret", "wrong/Secret", "wrong%2FSecret", "someone"):
        assert secret not in said
    assert "rightSecret" not in repr(vars(good))


def test_a_full_disk_is_still_read_and_used_again_when_there_is_room(tmp_path: Path) -> None:
    code = """
import resource, sys, time
from nl2sql.cache import breaker
breaker.PAUSE_SECONDS = 0.3
from nl2sql.cache.disk import DiskCache
cache = DiskCache(sys.argv[1])
cache.set("result:1", b"1")
limits = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, limits[1]))
for n in range(40):
    cache.set(f"result:new{n}", bytes(100_000))
assert cache.get("result:1").value == b"1", "still read"
assert cache.stats().trouble, "told"
resource.setrlimit(resource.RLIMIT_FSIZE, limits)
end = time.monotonic() + 20
while cache.get("result:again") is None and time.monotonic() < end:
    cache.set("result:again", b"2")
    time.sleep(0.05)
assert cache.get("result:again").value == b"2", "used again"
assert not cache.stats().trouble
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "cache")], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("going on without it") == 1, done.stderr


def test_a_cache_file_that_turned_to_garbage_is_used_again_when_it_is_gone(
    tmp_path: Path, opened: Callable[[str], Cache], caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "cache"
    cache = opened(str(folder))
    assert works(cache)
    cache.close()
    for path in folder.iterdir():
        path.unlink()
    (folder / "cache.db").write_bytes(b"garbage " * 1000)
    assert_is_no_cache(cache)
    assert 1 <= len(warnings_of(caplog)) <= 2
    (folder / "cache.db").unlink()
    other = opened(str(folder))
    assert works(other)
    eventually(lambda: cache.get("result:works") is not None)


def test_a_cache_file_that_can_no_longer_be_written_is_opened_anew(
    tmp_path: Path, opened: Callable[[str], Cache], caplog: pytest.LogCaptureFixture
) -> None:
    cache = opened(str(tmp_path / "cache"))
    cache.set("result:1", b"1")
    with sqlite3.connect(tmp_path / "cache" / "cache.db") as connection:
        connection.execute("DROP TABLE Settings")
    connection.close()
    cache.set("result:works", b"1")
    assert cache.get("result:works") is None
    assert cache.get("result:1") is not None
    assert len(warnings_of(caplog)) == 1
    eventually(lambda: works(cache))
    assert len(warnings_of(caplog)) == 1


def test_a_cache_that_another_process_holds_is_read_and_costs_one_short_wait(
    tmp_path: Path, opened: Callable[[str], Cache], caplog: pytest.LogCaptureFixture
) -> None:
    cache = opened(str(tmp_path / "cache"))
    cache.set("result:1", b"1")
    holder = sqlite3.connect(tmp_path / "cache" / "cache.db", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    threads = [threading.Thread(target=cache.set, args=(f"result:new{n}", b"1")) for n in range(16)]
    start = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - start < 5.0
    assert cache.get("result:1") is not None  # readers do not wait for a writer
    holder.close()
    [warning] = warnings_of(caplog)
    assert warning.endswith("could not be written; going on without it: another process holds it.")
    eventually(lambda: works(cache))
