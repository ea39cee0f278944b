"""A MariaDB of the tests' own, with TLS: certificates made for it, thrown away with it."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pymysql
import pytest

_SEARCH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", "/usr/libexec"])


@dataclass(frozen=True)
class PrivateServer:
    folder: Path
    port: int
    socket: str

    def execute(self, *statements: str) -> None:
        with (
            contextlib.closing(pymysql.connect(unix_socket=self.socket, user="root", autocommit=True)) as connection,
            connection.cursor() as cursor,
        ):
            for each in statements:
                cursor.execute(each)


def program(*names: str) -> str:
    """Where it is installed; else the test is skipped, and fails where tests must be complete."""
    for name in names:
        if found := shutil.which(name, path=_SEARCH):
            return found
    reason = f"{names[0]} is not installed"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def make_certificates(folder: Path) -> None:
    """An authority (ca.pem), and a server and a client that it vouches for; another authority that vouches for none."""
    openssl = program("openssl")

    def make(name: str, subject: str, *more: str) -> None:
        new = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={subject}"]
        files = ["-keyout", f"{name}.key", "-out", f"{name}.pem"]
        subprocess.run([*new, *files, *more], cwd=folder, check=True, capture_output=True)

    make("ca", "authority")
    make("other", "another authority")
    make("server", "localhost", "-addext", "subjectAltName=DNS:localhost", "-CA", "ca.pem", "-CAkey", "ca.key")
    make("client", "reader", "-CA", "ca.pem", "-CAkey", "ca.key")


@contextlib.contextmanager
def private_mariadb(folder: Path) -> Iterator[PrivateServer]:
    install = program("mariadb-install-db", "mysql_install_db")
    daemon = program("mariadbd", "mysqld")
    make_certificates(folder)
    data = folder / "data"
    user = ["--user=root"] if os.geteuid() == 0 else []
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(
        [install, "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal", *user],
        check=True,
        **quiet,  # type: ignore[call-overload]
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    server = PrivateServer(folder, port, str(folder / "s.sock"))
    options = [f"--datadir={data}", f"--port={port}", f"--socket={server.socket}", "--bind-address=127.0.0.1"]
    tls = [f"--ssl-{option}={folder}/{name}" for option, name in _FILES.items()]
    small = ["--innodb-buffer-pool-size=8M", "--innodb-log-file-size=4M", "--skip-log-bin"]
    running = subprocess.Popen([daemon, "--no-defaults", *options, *tls, *small, *user], **quiet)  # type: ignore[call-overload]
    try:
        _wait_for(server, running)
        yield server
    finally:
        running.terminate()
        running.wait(30)


_FILES = {"ca": "ca.pem", "cert": "server.pem", "key": "server.key"}


def _wait_for(server: PrivateServer, running: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and running.poll() is None:
        with socket.socket(socket.AF_UNIX) as knocking, contextlib.suppress(OSError):
            knocking.connect(server.socket)
            return
        time.sleep(0.1)
    pytest.fail("the server of the tests' own does not start")
