"""Stores to try: memory, a folder, a Redis that is shared, and one of our own that may be killed."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, Protocol

import pytest
import redis

from nl2sql.cache.base import Cache
from nl2sql.cache.memory import MemoryCache
from nl2sql.cache.open import open_cache
from nl2sql.cache.redis_address import read_address

VARIABLE = "AUCTION_TEST_REDIS_URL"
LOCAL = "redis://127.0.0.1:6379/9"


def eventually(holds: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


class PrivateRedis:
    """A server of the tests' own at a socket in a folder: it may be stopped, killed and reconfigured."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.socket = folder / "redis.sock"
        self.address = f"unix://{self.socket}"
        self._options = options
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        binary = shutil.which("redis-server")
        if binary is None:
            missing("no redis-server is installed")
        command = [
            str(binary),
            "--port",
            "0",
            "--unixsocket",
            str(self.socket),
            "--save",
            "",
            "--dir",
            str(self._folder),
        ]
        self._process = subprocess.Popen([*command, *self._options], stdout=subprocess.DEVNULL)
        eventually(self._answers)

    def _answers(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as probe:
                probe.settimeout(1)
                probe.connect(str(self.socket))
                probe.sendall(b"PING\r\n")
                return probe.recv(64).startswith((b"+PONG", b"-NOAUTH"))
        except OSError:
            return False

    def client(self, **options: object) -> redis.Redis:
        return redis.Redis(unix_socket_path=str(self.socket), **options)  # type: ignore[arg-type]

    def signal(self, number: int) -> None:
        if self._process is not None:
            os.kill(self._process.pid, number)

    def kill(self) -> None:
        if self._process is not None:
            self.signal(signal.SIGKILL)
            self._process.wait()
            self._process = None
        self.socket.unlink(missing_ok=True)


def missing(reason: str) -> NoReturn:
    """Where tests must be complete (CI), absence is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def private_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., PrivateRedis]]:
    made: list[PrivateRedis] = []

    def make(*options: str) -> PrivateRedis:
        made.append(PrivateRedis(tmp_path_factory.mktemp("redis"), *options))
        return made[-1]

    yield make
    for each in made:
        each.kill()


@pytest.fixture(scope="session")
def shared_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The variable's address, else the standard local port, else a server of our own."""
    if given := os.environ.get(VARIABLE):
        yield given
        return
    try:
        socket.create_connection(("127.0.0.1", 6379), timeout=1).close()
    except OSError:
        own = PrivateRedis(tmp_path_factory.mktemp("redis"))
        own.start()
        yield own.address
        own.kill()
    else:
        yield LOCAL


class Store(Protocol):
    """`setting` opens it from another process too; empty where there is none. `plant` replaces what is stored."""

    setting: str

    def open(self, size_limit: int = 10_000_000) -> Cache: ...

    def plant(self, key: str, stored: bytes) -> None: ...


class Memory:
    setting = ""

    def open(self, size_limit: int = 10_000_000) -> Cache:
        return MemoryCache(size_limit)

    def plant(self, key: str, stored: bytes) -> None:
        pytest.fail("memory has no stored form")


@dataclass
class Disk:
    setting: str

    def open(self, size_limit: int = 10_000_000) -> Cache:
        return open_cache(self.setting, None, size_limit)

    def plant(self, key: str, stored: bytes) -> None:
        with sqlite3.connect(Path(self.setting) / "cache.db") as connection:
            assert connection.execute("UPDATE Cache SET value = ? WHERE key = ?", (stored, key)).rowcount == 1
        connection.close()


@dataclass
class Redis:
    setting: str

    def open(self, size_limit: int = 10_000_000) -> Cache:
        return open_cache(self.setting, None, size_limit)

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.setting.partition("?")[0])

    def plant(self, key: str, stored: bytes) -> None:
        client = self.client()
        assert client.set(f"{{{read_address(self.setting).namespace}}}:1:entry:{key}", stored, xx=True)
        client.close()

    def remove_all(self) -> None:
        client = self.client()
        for name in client.scan_iter(f"{{{read_address(self.setting).namespace}}}:*"):
            client.delete(name)
        client.close()


@pytest.fixture
def redis_store(shared_redis: str) -> Iterator[Redis]:
    made = Redis(f"{shared_redis}{'&' if '?' in shared_redis else '?'}namespace=test-{uuid.uuid4().hex}")
    yield made
    made.remove_all()


@pytest.fixture
def disk_store(tmp_path: Path) -> Disk:
    return Disk(str(tmp_path / "cache"))


@pytest.fixture(params=["memory", "disk", "redis"])
def store(request: pytest.FixtureRequest) -> Store:
    made: Store = Memory() if request.param == "memory" else request.getfixturevalue(f"{request.param}_store")
    return made


@pytest.fixture(params=["disk", "redis"])
def shared_store(request: pytest.FixtureRequest) -> Store:
    """One that other processes use too."""
    made: Store = request.getfixturevalue(f"{request.param}_store")
    return made


@pytest.fixture
def cache(store: Store) -> Iterator[Cache]:
    made = store.open()
    yield made
    made.close()
