"""Many relays at once, with writers at work, and with relays that are killed."""

import multiprocessing
import random
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path

from sqlalchemy import func, select

from auction_core import outbox
from auction_core.events import ListingCancelled
from auction_core.publishers.base import Message
from auction_core.relay.relay import Relay
from auction_core.tables import Listing, OutboxEvent
from tests.integration.auction_core.relay_process import BATCH, relay_until_killed
from tests.integration.auction_core.world import World

RELAYS = 4
NOW = datetime(2026, 5, 4, 10, 0, 0, 123456, tzinfo=UTC)


def write_events(world: World, listings: Sequence[int], number: int) -> None:
    """As the store does: an event is appended under the lock of its listing."""
    for _ in range(number):
        listing_id = random.choice(listings)  # noqa: S311 - any will do
        with world.engine.begin() as connection:
            connection.execute(select(Listing.id).where(Listing.id == listing_id).with_for_update()).one()
            outbox.append(connection, ListingCancelled(listing_id=listing_id, closed_at=NOW), NOW.replace(tzinfo=None))


def events(world: World) -> dict[int, str]:
    with world.engine.begin() as connection:
        return {
            row.id: f"listing-{row.aggregate_id}"
            for row in connection.execute(select(OutboxEvent.id, OutboxEvent.aggregate_id))
        }


def unpublished(world: World) -> int:
    with world.engine.begin() as connection:
        query = select(func.count()).select_from(OutboxEvent).where(OutboxEvent.published_at.is_(None))
        return int(connection.execute(query).scalar_one())


def assert_first_deliveries_are_in_order(delivered: Iterable[tuple[int, str]]) -> None:
    last: dict[str, int] = {}
    seen: set[int] = set()
    for event_id, key in delivered:
        if event_id not in seen:
            assert event_id > last.get(key, 0), f"{key}: {event_id} came after {last[key]}"
            last[key] = event_id
            seen.add(event_id)


class Recorder:
    """What all relays publish, in the order in which it got there."""

    def __init__(self) -> None:
        self.delivered: list[tuple[int, str]] = []
        self._lock = threading.Lock()

    def publish(self, messages: Sequence[Message]) -> None:
        for message in messages:
            with self._lock:
                self.delivered.append((message.event_id, message.ordering_key))

    def close(self) -> None:
        pass


def test_four_relays_publish_each_event_once_while_writers_write(world: World) -> None:
    listings = [world.listing() for _ in range(12)]
    recorder = Recorder()
    stop = threading.Event()

    def relay_on() -> None:
        relay = Relay(world.engine, recorder, batch=5)
        while not stop.is_set():
            relay.run_once()
            stop.wait(0.01)

    relays = [threading.Thread(target=relay_on) for _ in range(RELAYS)]
    writers = [threading.Thread(target=write_events, args=(world, listings, 60)) for _ in range(3)]
    for thread in relays + writers:
        thread.start()
    for thread in writers:
        thread.join()
    while unpublished(world):
        time.sleep(0.02)
    stop.set()
    for thread in relays:
        thread.join()
    assert Counter(event_id for event_id, _ in recorder.delivered) == dict.fromkeys(events(world), 1)
    assert len(recorder.delivered) == 180
    assert_first_deliveries_are_in_order(recorder.delivered)


def test_relays_that_are_killed_lose_nothing_and_keep_the_order(world: World, tmp_path: Path) -> None:
    listings = [world.listing() for _ in range(12)]
    path = tmp_path / "delivered"
    path.touch()

    # Its processes start in milliseconds: what they import was imported once.
    processes = multiprocessing.get_context("forkserver")

    def start() -> BaseProcess:
        process = processes.Process(target=relay_until_killed, args=(world.url, str(path)), daemon=True)
        process.start()
        return process

    def lines() -> int:
        return path.read_bytes().count(b"\n")

    write_events(world, listings, 150)
    relays = [start() for _ in range(RELAYS)]
    writer = threading.Thread(target=write_events, args=(world, listings, 350))
    writer.start()
    kills = 3
    try:
        for _ in range(kills):
            seen = lines()
            while lines() < seen + 40:  # they are publishing
                time.sleep(0.01)
            victim = random.randrange(RELAYS)  # noqa: S311 - any will do
            relays[victim].kill()
            relays[victim].join()
            relays[victim] = start()
        writer.join()
        while unpublished(world):
            time.sleep(0.05)
    finally:
        for relay in relays:
            relay.kill()
            relay.join()
    delivered = [(int(number), key) for number, key in map(str.split, path.read_text().splitlines())]
    assert dict(delivered) == events(world)
    assert_first_deliveries_are_in_order(delivered)
    again = sum(Counter(delivered).values()) - len(set(delivered))
    assert again <= kills * BATCH


def test_a_relay_that_stalls_past_its_lease_repeats_at_most_its_batch(world: World) -> None:
    listings = [world.listing()]
    write_events(world, listings, 30)
    recorder = Recorder()
    taken_over = threading.Event()

    class Stalling(Recorder):
        def publish(self, messages: Sequence[Message]) -> None:
            recorder.publish(messages[:5])
            taken_over.wait()
            recorder.publish(messages[5:])

    slow = Relay(world.engine, Stalling(), batch=10, lease=timedelta(milliseconds=1))
    thread = threading.Thread(target=slow.run_once)
    thread.start()
    while not recorder.delivered:
        time.sleep(0.01)
    time.sleep(0.05)  # the lease is over
    Relay(world.engine, recorder, batch=10).run_once()
    assert unpublished(world) == 0
    taken_over.set()
    thread.join()
    assert len(recorder.delivered) == 30 + 10
    assert_first_deliveries_are_in_order(recorder.delivered)
