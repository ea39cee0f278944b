"""`auction-core worker` as a process: its output, its log, its end."""

import json
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from auction_core.database import describe
from auction_core.outbox import LANES
from auction_core.tables import OutboxEvent, OutboxLane
from tests.integration.auction_core.world import World, make_world

COMMAND = (sys.executable, "-m", "auction_core.cli", "worker", "--health-port", "0", "--close-every", "0.1")


class Running:
    """A worker whose two streams are read as they come."""

    def __init__(self, url: str, *options: str) -> None:
        pipe = subprocess.PIPE
        self.process = subprocess.Popen([*COMMAND, "--url", url, *options], stdout=pipe, stderr=pipe, text=True)
        self.events: list[str] = []
        self.log: list[str] = []
        self._readers = [
            threading.Thread(target=lines.extend, args=(stream,))
            for stream, lines in ((self.process.stdout, self.events), (self.process.stderr, self.log))
        ]
        for reader in self._readers:
            reader.start()

    def until(self, condition: Callable[[], object]) -> None:
        while not condition():
            assert self.process.poll() is None, self.log
            time.sleep(0.02)

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        code = self.process.wait()
        for reader in self._readers:
            reader.join()
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
        return code


@pytest.fixture
def auction(tmp_path: Path) -> Iterator[World]:
    made = make_world(f"sqlite:///{tmp_path}/auction.db")
    yield made
    made.engine.dispose()


def ended_listing(world: World) -> int:
    return world.listing(ends_at=(datetime.now(UTC) - timedelta(seconds=1)).replace(tzinfo=None))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_publishes_to_its_output_and_stops_politely(auction: World, number: int) -> None:
    listings = {ended_listing(auction) for _ in range(3)}
    worker = Running(auction.url, "--publisher", "stdout")
    worker.until(lambda: len(worker.events) == 3)
    assert worker.end(number) == 0
    events = [json.loads(line) for line in worker.events]
    assert {event["aggregate_id"] for event in events} == listings
    assert {event["event_type"] for event in events} == {"listing_closed"}
    messages = [json.loads(line)["message"] for line in worker.log]
    assert messages[0] == "worker started"
    assert messages[-2:] == ["worker stopping", "worker stopped"]
    with auction.engine.begin() as connection:
        lanes = connection.execute(select(OutboxLane.relay, OutboxLane.leased_until)).all()
        assert lanes == [(None, None)] * LANES
        assert None not in connection.scalars(select(OutboxEvent.published_at)).all()


def test_the_log_is_json_and_tells_where_the_health_endpoint_is(auction: World) -> None:
    worker = Running(auction.url)
    worker.until(lambda: worker.log)
    started = json.loads(worker.log[0])
    assert started["publisher"] == "none"
    assert started["database"] == describe(auction.engine.url)
    address = f"http://127.0.0.1:{started['port']}/metrics"
    with urllib.request.urlopen(address) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain")
        assert b"auction_loop_seconds" in answer.read()
    assert worker.end(signal.SIGTERM) == 0
    for line in worker.log:
        assert {"time", "level", "logger", "message"} <= json.loads(line).keys()


def refused(*options: str) -> tuple[int, str]:
    done = subprocess.run([*COMMAND, *options], capture_output=True, text=True, check=False)
    return done.returncode, done.stderr.strip().splitlines()[-1]


def test_a_missing_file_and_a_strange_publisher_are_refused(auction: World, tmp_path: Path) -> None:
    code, sentence = refused("--url", f"sqlite:///{tmp_path}/none.db")
    assert (code, sentence.startswith("auction-core: There is no database file ")) == (3, True)
    assert not (tmp_path / "none.db").exists()
    code, sentence = refused("--url", auction.url, "--publisher", "pubsub:my-topic")
    assert (code, sentence) == (
        2,
        "auction-core: 'my-topic' is not a topic such as projects/my-project/topics/auction-events.",
    )
