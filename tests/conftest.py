"""What holds for every test: no settings from outside, no network beyond this machine, one seeded database."""

from __future__ import annotations

import fcntl
import ipaddress
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings as hypothesis_settings

REPOSITORY = Path(__file__).parents[1]

# Machines that build software are busy: a slow example is no defect.
hypothesis_settings.register_profile("product", deadline=None)
hypothesis_settings.load_profile("product")


# These talk to servers, processes and browsers, and the machine that runs them is shared: one that fails may try once
# more, and the summary names it (R). Whoever fails twice has failed.
TRIED_TWICE = ("tests/integration/", "tests/app/")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.nodeid.startswith(TRIED_TWICE):
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(autouse=True, scope="session")
def nothing_is_kept_for_the_user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Compiled models, vectors and what endpoints lack are kept for the run alone, in commands that it starts too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("user-cache")))
        yield


class NetworkRefused(socket.gaierror):
    """A test tried to leave this machine."""


@pytest.fixture(autouse=True, scope="session")
def network_ends_at_this_machine() -> Iterator[None]:
    """An accidental call to a paid service fails at once, and says where to."""
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def connect_here(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_here(address[0]):
            raise NetworkRefused(f"tests may not reach {address[0]}")
        connect(self, address)

    def look_up_here(host: Any, *arguments: Any, **options: Any) -> Any:
        if not _is_here(host):
            raise NetworkRefused(f"tests may not look up {host}")
        return look_up(host, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect_here)
        patch.setattr(socket, "getaddrinfo", look_up_here)
        yield


def _is_here(host: object) -> bool:
    name = host.decode() if isinstance(host, bytes) else str(host or "localhost")
    if name == "localhost":
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key or a database of whoever runs the tests must not change what they see, or be used by them."""
    for name in list(os.environ):
        if name.startswith(("NL2SQL_", "OPENAI_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("NL2SQL_LEDGER", "off")  # questions of tests do not belong among those of people
    monkeypatch.setenv("NL2SQL_APP_DATABASE", "off")


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@pytest.fixture(scope="session")
def auction_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small auction database with seed 7, written once for all workers. Never write to it."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    path = folder / "auction-small-7.db"
    with (folder / "auction.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            unfinished = folder / "unfinished.db"
            unfinished.unlink(missing_ok=True)
            seed_auction(unfinished)
            unfinished.rename(path)
    return path


def seed_auction(path: Path) -> None:
    command = [sys.executable, "-m", "auction_core.cli", "seed", "--scale", "small", "--seed", "7"]
    subprocess.run([*command, "--url", f"sqlite:///{path}"], check=True, cwd=REPOSITORY, capture_output=True)
