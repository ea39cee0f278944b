"""Servers of the tests' own that are killed without warning and started again at the same place."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


def binary_named(name: str) -> str:
    """Where tests must be complete (CI), its absence is a failure."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        reason = f"no {name} is installed"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def eventually(holds: Callable[[], bool], seconds: float = 40.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


class Victim:
    """A process that listens on a port of its own."""

    def __init__(self, name: str, command: list[str], port: int, log: Path) -> None:
        self.name = name
        self.port = port
        self._command = command
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        eventually(lambda: answers(self.port))

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def mariadb(folder: Path) -> Victim:
    """With a database called `auction`, which root may enter without a password."""
    data, port = folder / "data", free_port()
    log = folder / "mariadb.log"
    as_root = ["--user=root"] if os.geteuid() == 0 else []
    install = [binary_named("mariadb-install-db"), "--no-defaults", f"--datadir={data}", "--skip-test-db", *as_root]
    done = subprocess.run([*install, "--auth-root-authentication-method=normal"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    command = [
        *(binary_named("mariadbd"), "--no-defaults", f"--datadir={data}", f"--port={port}", *as_root),
        *(f"--socket={folder}/socket", f"--pid-file={folder}/pid", "--bind-address=127.0.0.1", "--skip-name-resolve"),
        *("--innodb-buffer-pool-size=32M", "--max-connections=100"),
    ]
    return Victim("database", command, port, log)


def redis(folder: Path) -> Victim:
    port = free_port()
    command = [
        binary_named("redis-server"),
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--dir",
        str(folder),
    ]
    return Victim("cache", command, port, folder / "redis.log")


def model_endpoint(folder: Path) -> Victim:
    port = free_port()
    program = Path(__file__).with_name("model_endpoint.py")
    return Victim("language model", [sys.executable, str(program), str(port)], port, folder / "model.log")


@contextlib.contextmanager
def ended(victims: list[Victim]) -> Iterator[None]:
    try:
        yield
    finally:
        for each in victims:
            each.kill()
