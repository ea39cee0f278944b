"""Database servers of the tests' own that can be killed, started again on the same data, and paused.

They flush at each commit: MariaDB and PostgreSQL do so unless told otherwise, and here they are told so.
"""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from tests.integration.chaos.victims import binary_named, free_port

START_SECONDS = 60.0


class PrivateServer:
    def __init__(self, command: list[str], url: str, log: Path) -> None:
        """`url` leads to a database that is always there."""
        self.url = url
        self._command = command
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Until it answers. After a kill the old server's own children may hold its files for a moment."""
        end = time.monotonic() + START_SECONDS
        while not self.answers():
            assert time.monotonic() < end, self._log.read_text()[-2000:]
            if self._process is None or self._process.poll() is not None:
                with self._log.open("ab") as log:
                    self._process = subprocess.Popen(self._command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
            time.sleep(0.1)

    def answers(self) -> bool:
        engine = create_engine(self.url)
        try:
            engine.connect().close()
        except OperationalError:
            return False
        finally:
            engine.dispose()
        return True

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def pause(self, seconds: float) -> None:
        """All its processes stand still."""
        assert self._process is not None
        pids = [self._process.pid, *_children(self._process.pid)]
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        time.sleep(seconds)
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


@contextlib.contextmanager
def private_mariadb() -> Iterator[PrivateServer]:
    with _folder() as folder:
        data, port = folder / "data", free_port()
        as_root = ["--user=root"] if os.geteuid() == 0 else []
        install = [binary_named("mariadb-install-db"), "--no-defaults", f"--datadir={data}", "--skip-test-db", *as_root]
        _run([*install, "--auth-root-authentication-method=normal"])
        command = [
            *(binary_named("mariadbd"), "--no-defaults", f"--datadir={data}", f"--port={port}", *as_root),
            *(f"--socket={folder}/socket", f"--pid-file={folder}/pid", "--bind-address=127.0.0.1"),
            *("--skip-name-resolve", "--innodb-buffer-pool-size=32M", "--innodb-flush-log-at-trx-commit=1"),
        ]
        yield from _running(command, f"mysql+pymysql://root@127.0.0.1:{port}/mysql", folder)


@contextlib.contextmanager
def private_postgres() -> Iterator[PrivateServer]:
    with _folder() as folder:
        port = free_port()
        account = _account_for_postgres(folder)
        _run(
            [
                *account,
                _postgres_program("initdb"),
                "-D",
                f"{folder}/data",
                "-U",
                "postgres",
                "-A",
                "trust",
                "-E",
                "UTF8",
            ]
        )
        command = [
            *(*account, _postgres_program("postgres"), "-D", f"{folder}/data", "-p", str(port), "-h", "127.0.0.1"),
            *("-k", str(folder), "-c", "fsync=on", "-c", "synchronous_commit=on"),
        ]
        yield from _running(command, f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres", folder)


PRIVATE_SERVERS: dict[str, Callable[[], contextlib.AbstractContextManager[PrivateServer]]] = {
    "mysql": private_mariadb,
    "postgres": private_postgres,
}


def _running(command: list[str], url: str, folder: Path) -> Iterator[PrivateServer]:
    server = PrivateServer(command, url, folder / "log")
    try:
        server.start()
        yield server
    finally:
        server.kill()


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """Not in pytest's own folder, which a server under another account could not enter."""
    folder = Path(tempfile.mkdtemp(prefix="auction-server-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _account_for_postgres(folder: Path) -> list[str]:
    """What stands before its commands: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return []
    try:
        account = pwd.getpwnam("postgres")
    except KeyError:
        account = pwd.getpwnam("nobody")
    os.chown(folder, account.pw_uid, account.pw_gid)
    ids = [f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}"]
    return [binary_named("setpriv"), *ids, "--clear-groups", "--"]


def _postgres_program(name: str) -> str:
    newest = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: float(path.parts[-3]))
    return str(newest[-1]) if newest else binary_named(name)


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", timeout=START_SECONDS)
    assert done.returncode == 0, done.stdout + done.stderr


def _children(pid: int) -> list[int]:
    listed = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True)
    return [int(each) for each in listed.stdout.split()]
