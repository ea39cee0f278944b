"""`auction-core serve` as a process of its own, with streams of live bids."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
from sqlalchemy import update

from auction_core.api.auth import Tokens
from auction_core.migrations import upgrade
from auction_core.migrations.stamp import REVISIONS
from auction_core.store import Store
from auction_core.tables import Listing
from tests.integration.auction_core.api_client import SECRET
from tests.integration.auction_core.world import World, make_world

PATIENCE = 30


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = make_world(f"sqlite:///{tmp_path_factory.mktemp('serving')}/auction.db")
    yield made
    made.engine.dispose()


def _environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AUCTION_")}
    return kept | {"AUCTION_TOKEN_SECRET": SECRET, "PYTHONUNBUFFERED": "1"} | more


def _command(url: str, *more: str) -> list[str]:
    return [sys.executable, "-m", "auction_core.cli", "serve", "--url", url, "--port", "0", *more]


@contextmanager
def _served(url: str, log: Path, *options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The address and the process; it is killed if a test has not stopped it."""
    with log.open("w") as out:
        process = subprocess.Popen(
            _command(url, *options), env=_environment(), stdout=out, stderr=subprocess.STDOUT, text=True
        )
        try:
            yield _address(process, log), process
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()


def _address(process: subprocess.Popen[str], log: Path) -> str:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        words = [word.rstrip(",") for word in log.read_text().split() if word.startswith("http://")]
        if words:
            try:
                httpx.get(f"{words[0]}/healthz")
                return words[0]
            except httpx.TransportError:
                pass
        time.sleep(0.05)
    raise AssertionError(log.read_text())


class Listener:
    """Reads a stream in a thread; `events` grows."""

    def __init__(self, address: str, listing_id: int, last: str | None = None) -> None:
        self.events: list[dict[str, str]] = []
        self.status = 0
        self._url = f"{address}/api/v1/listings/{listing_id}/events"
        self._headers = {} if last is None else {"Last-Event-ID": last}
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self) -> None:
        with httpx.stream("GET", self._url, headers=self._headers, timeout=PATIENCE) as answer:
            self.status = answer.status_code
            event: dict[str, str] = {}
            for line in answer.iter_lines():
                if not line and "event" in event:
                    self.events.append(event)
                    event = {}
                elif line:
                    name, _, value = line.partition(": ")
                    event[name] = value

    def wait_for(self, kind: str, count: int = 1) -> list[dict[str, str]]:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            found = [event for event in self.events if event["event"] == kind]
            if len(found) >= count:
                return found
            time.sleep(0.02)
        raise AssertionError(self.events)


def test_live_bids_reach_listeners_resume_and_end(world: World, tmp_path: Path) -> None:
    listing = world.listing()
    store = Store(world.engine)

    def bid(amount: str) -> str:
        placed = store.place_bid(bidder_id=2, listing_id=listing, amount=Decimal(amount), key=uuid.uuid4().hex)
        return str(placed.bid_id)

    log = tmp_path / "log"
    with _served(world.url, log) as (address, process):
        first = Listener(address, listing)
        assert json.loads(first.wait_for("listing")[0]["data"])["minimum_next_bid"] == "10.00"
        ids = [bid("10.00"), bid("12.00")]
        heard = first.wait_for("bid", 2)
        assert [event["id"] for event in heard] == ids
        assert json.loads(heard[1]["data"])["bidder"] == "u***2"
        resumed = Listener(address, listing, last=ids[0])
        assert [event["id"] for event in resumed.wait_for("bid")] == ids[1:]

        with httpx.stream("GET", f"{address}/api/v1/listings/{listing}/events", timeout=PATIENCE) as third:
            lines = third.iter_lines()  # dropping it would close the stream
            next(lines)
            assert _streams(address) == 3
        _until(lambda: _streams(address) == 2)  # who goes away is let go

        with world.engine.begin() as connection:
            closed = update(Listing).where(Listing.id == listing)
            connection.execute(closed.values(status="sold", closed_at=Listing.ends_at))
        assert first.wait_for("closed")[0]["id"] == "closed"
        first.thread.join(PATIENCE)
        resumed.thread.join(PATIENCE)
        assert _streams(address) == 0
        again = httpx.get(f"{address}/api/v1/listings/{listing}/events", headers={"Last-Event-ID": "closed"})
        assert again.status_code == 204

        token = Tokens(SECRET, timedelta(hours=1)).issue(2)
        headers = {"Authorization": f"Bearer {token}"}
        assert httpx.get(f"{address}/api/v1/me?q=secret-search", headers=headers).status_code == 200
        open_one = Listener(address, world.listing())
        open_one.wait_for("listing")
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        open_one.thread.join(PATIENCE)
    written = log.read_text()
    assert "/api/v1/me HTTP" in written
    assert token not in written
    assert "secret-search" not in written
    assert "Traceback" not in written


def test_a_body_of_ten_megabytes_is_not_taken(world: World, tmp_path: Path) -> None:
    with _served(world.url, tmp_path / "log") as (address, _):
        headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
        taken = 0

        def pieces() -> Iterator[bytes]:
            nonlocal taken
            for _ in range(1280):
                taken += 8192
                yield b"x" * 8192

        try:
            answer = httpx.post(f"{address}/api/v1/listings/1/comments", content=pieces(), headers=headers)
            assert answer.status_code == 413
        except httpx.TransportError:  # the server hung up while we were still sending
            pass
        assert httpx.get(f"{address}/healthz").status_code == 200


def test_a_database_that_is_not_migrated_is_not_served(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/auction.db"
    upgrade(url, REVISIONS[-2])
    ended = subprocess.run(_command(url), env=_environment(), capture_output=True, text=True, timeout=PATIENCE)
    assert ended.returncode == 2
    assert ended.stderr == "auction-core: The database is not migrated: run 'auction-core migrate' first.\n"


def test_two_processes_accept_each_others_tokens_and_stop_together(world: World, tmp_path: Path) -> None:
    with _served(world.url, tmp_path / "log", "--workers", "2") as (address, process):
        token = Tokens(SECRET, timedelta(hours=1)).issue(2)
        for _ in range(6):
            answer = httpx.get(f"{address}/api/v1/me", headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0


def _streams(address: str) -> int:
    figures = httpx.get(f"{address}/metrics").text
    line = next(line for line in figures.splitlines() if line.startswith("auction_live_streams "))
    return int(float(line.split()[1]))


def _until(holds: object) -> None:
    until = time.monotonic() + PATIENCE
    while not holds():  # type: ignore[operator]
        assert time.monotonic() < until
        time.sleep(0.05)
