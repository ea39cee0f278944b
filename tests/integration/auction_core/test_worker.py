"""Workers on each engine: what they do, what they survive, and how they stop."""

import json
import logging
import re
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import create_engine, func, insert, select, text

from auction_core import outbox
from auction_core.database import open_for_writing, parse_url
from auction_core.errors import Refused
from auction_core.events import ListingCancelled
from auction_core.migrations import upgrade
from auction_core.publishers.base import Message, Publisher
from auction_core.publishers.memory import MemoryPublisher
from auction_core.store import Store
from auction_core.tables import Bid, IdempotencyKey, Listing, OutboxEvent, OutboxLane
from auction_core.worker.purge import purge_keys
from auction_core.worker.worker import Settings, Worker
from tests.integration.auction_core.world import World, make_world

FAST = Settings(close_every=0.05, relay_every=0.05, health_port=0)
NOW = datetime(2026, 5, 4, 10, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture(params=["mysql", "postgres"])
def server(request: pytest.FixtureRequest) -> Iterator[World]:
    yield request.getfixturevalue(f"{request.param}_world")


def eventually(condition: Callable[[], object]) -> None:
    """The test's own time limit ends it."""
    while not condition():
        time.sleep(0.02)


@contextmanager
def working(world: World, publisher: Publisher | None) -> Iterator[Worker]:
    worker = Worker(world.engine, publisher, FAST)
    worker.start()
    try:
        yield worker
    finally:
        assert worker.stop() == []


def ended_listing(world: World, **values: object) -> int:
    return world.listing(ends_at=(datetime.now(UTC) - timedelta(seconds=3)).replace(tzinfo=None), **values)


def sold_listing(world: World) -> int:
    """Ended, with one bid of 10 euros by user 2."""
    listing = ended_listing(world, current_bid=Decimal("10.00"), highest_bidder_id=2, bid_count=1)
    bid = {"listing_id": listing, "bidder_id": 2, "amount": Decimal("10.00")}
    with world.engine.begin() as connection:
        connection.execute(insert(Bid).values(bid | {"placed_at": NOW.replace(tzinfo=None)}))
    return listing


def statuses(world: World) -> dict[int, str]:
    with world.engine.begin() as connection:
        return {row.id: row.status for row in connection.execute(select(Listing.id, Listing.status))}


def value(worker: Worker, name: str, **labels: str) -> float:
    return worker.metrics.registry.get_sample_value(name, labels) or 0.0


def get(worker: Worker, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{worker.port}{path}") as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def types_by_listing(messages: Sequence[Message]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for message in messages:
        found.setdefault(message.aggregate_id, []).append(message.event_type)
    return found


def test_a_worker_closes_publishes_and_counts(world: World) -> None:
    sold, unsold, running = sold_listing(world), ended_listing(world), world.listing()
    publisher = MemoryPublisher()
    with working(world, publisher) as worker:
        eventually(lambda: len(publisher.messages) == 3)
        eventually(lambda: value(worker, "auction_events_published_total", event_type="payment_due"))
        page = get(worker, "/metrics")[1]
    assert statuses(world) == {sold: "sold", unsold: "unsold", running: "active"}
    found = types_by_listing(publisher.messages)
    assert found == {sold: ["listing_closed", "payment_due"], unsold: ["listing_closed"]}
    assert 'auction_listings_closed_total{status="sold"} 1.0' in page
    assert 'auction_listings_closed_total{status="unsold"} 1.0' in page
    assert 'auction_close_lag_seconds_bucket{le="2.0"} 0.0' in page  # they ended three seconds before
    assert "auction_close_lag_seconds_count 2.0" in page
    assert "auction_outbox_backlog " in page
    assert 'auction_loop_seconds_count{loop="relay"}' in page


def test_two_workers_do_everything_once(world: World) -> None:
    listings = [sold_listing(world) for _ in range(20)]
    publisher = MemoryPublisher()
    with working(world, publisher) as one, working(world, publisher) as other:
        eventually(lambda: len(publisher.messages) >= 40)
        eventually(
            lambda: sum(value(each, "auction_listings_closed_total", status="sold") for each in (one, other)) == 20
        )
    assert types_by_listing(publisher.messages) == {key: ["listing_closed", "payment_due"] for key in listings}


def test_without_a_publisher_events_wait_and_are_counted(world: World) -> None:
    with world.engine.begin() as connection:
        connection.execute(insert(OutboxLane), [{"lane": lane} for lane in range(outbox.LANES)])
        an_hour_ago = (datetime.now(UTC) - timedelta(hours=1)).replace(tzinfo=None)
        outbox.append(connection, ListingCancelled(listing_id=1, closed_at=NOW), an_hour_ago)
    with working(world, None) as worker:
        eventually(lambda: value(worker, "auction_outbox_backlog"))
        assert value(worker, "auction_outbox_backlog") == 1
        assert value(worker, "auction_outbox_oldest_seconds") >= 3600
    with world.engine.begin() as connection:
        assert connection.execute(select(func.count(OutboxEvent.published_at))).scalar_one() == 0


def test_a_worker_outlives_connections_that_are_cut(server: World, caplog: pytest.LogCaptureFixture) -> None:
    publisher = MemoryPublisher()
    its_own = World(server.url, open_for_writing(parse_url(server.url), clients=6))
    with caplog.at_level(logging.INFO, "auction_core.worker"), working(its_own, publisher) as worker:
        for events in range(1, 4):
            ended_listing(server)
            eventually(lambda number=events: len(publisher.messages) == number)
            server.engine.dispose()
            caplog.clear()
            cut_connections(its_own)
            eventually(lambda: " failed: " in caplog.text)
            eventually(lambda: " works again" in caplog.text)
        assert get(worker, "/healthz")[0] == 200
        page = get(worker, "/metrics")[1]
    its_own.engine.dispose()
    assert re.search(r'auction_loop_errors_total{loop="\w+"} [1-9]', page)


def cut_connections(world: World) -> None:
    """All of the database's, from outside; those of this call excepted."""
    outside = create_engine(world.engine.url)
    with outside.begin() as connection:
        if world.engine.dialect.name == "postgresql":
            query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
            connection.execute(text(f"{query} AND pid <> pg_backend_pid()"))
        else:
            query = "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()"
            for (identity,) in connection.execute(text(query)).all():
                connection.execute(text(f"KILL {identity}"))
    outside.dispose()


def test_health_says_which_loop_is_silent(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with working(world, MemoryPublisher()) as worker:
        status, body = get(worker, "/healthz")
        assert (status, json.loads(body)["status"]) == (200, "ok")
        assert set(json.loads(body)["silent_seconds"]) == {"closer", "relay", "measuring", "housekeeping"}
        monkeypatch.setattr("auction_core.worker.loop.SILENCE_SECONDS", -1000.0)
        status, body = get(worker, "/healthz")
        assert status == 503
        assert json.loads(body)["reason"].startswith("no sign of life from closer")
        assert get(worker, "/nothing")[0] == 404


def test_a_publisher_that_hangs_does_not_keep_the_worker_from_stopping(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auction_core.worker.worker.STOP_SECONDS", 0.3)
    world = make_world(f"sqlite:///{tmp_path}/auction.db")
    ended_listing(world)
    hanging, leave = threading.Event(), threading.Event()

    class Hanging(MemoryPublisher):
        def publish(self, messages: Sequence[Message]) -> None:
            hanging.set()
            leave.wait()

    worker = Worker(world.engine, Hanging(), FAST)
    worker.start()
    hanging.wait()
    assert worker.stop() == ["relay"]
    leave.set()
    assert all(loop.join(30) for loop in worker._loops)
    world.engine.dispose()


def test_two_workers_cannot_share_a_health_port(world: World) -> None:
    with working(world, None) as worker:
        taken = Settings(health_port=worker.port)
        with pytest.raises(Refused, match=f"cannot listen on 127.0.0.1 port {worker.port}: "):
            Worker(world.engine, None, taken)


def test_old_idempotency_keys_are_deleted_and_no_others(world: World) -> None:
    def key(number: int, days: int) -> dict[str, object]:
        moment = (datetime.now(UTC) - timedelta(days=days)).replace(tzinfo=None)
        return {
            "actor_id": number % 3,
            "idempotency_key": f"key-{number}",
            "fingerprint": "f",
            "result": "{}",
            "created_at": moment,
        }

    with world.engine.begin() as connection:
        connection.execute(insert(IdempotencyKey), [key(number, 8) for number in range(1500)])
        connection.execute(insert(IdempotencyKey), [key(number, 6) for number in range(1500, 1502)])
    assert purge_keys(world.engine, timedelta(days=7), lambda: False) == 1500
    with world.engine.begin() as connection:
        left = connection.scalars(select(IdempotencyKey.idempotency_key)).all()
    assert sorted(left) == ["key-1500", "key-1501"]


def test_a_request_whose_key_was_deleted_is_a_new_one(world: World) -> None:
    listing_id = world.listing()
    store = Store(world.engine)
    first = store.add_comment(user_id=2, listing_id=listing_id, body="Hello", key="say")
    assert store.add_comment(user_id=2, listing_id=listing_id, body="Hello", key="say") == first
    in_two_days = lambda: datetime.now(UTC) + timedelta(days=2)  # noqa: E731
    assert purge_keys(world.engine, timedelta(days=1), lambda: False, in_two_days) == 1
    assert store.add_comment(user_id=2, listing_id=listing_id, body="Hello", key="say") != first


def test_a_worker_is_ready_when_the_migrations_are_at_head(empty_url: str) -> None:
    address = parse_url(empty_url)
    empty = World(empty_url, open_for_writing(address, clients=6))
    with working(empty, None) as worker:
        status, body = get(worker, "/readyz")
        assert status == 503
        assert json.loads(body)["reason"] == "the database needs 'auction-core migrate'"
        upgrade(empty_url)
        assert get(worker, "/readyz") == (200, '{"status": "ok"}')
    empty.engine.dispose()


def test_a_worker_whose_database_is_away_lives_and_is_not_ready(caplog: pytest.LogCaptureFixture) -> None:
    url = "mysql+pymysql://worker:hunter2@127.0.0.1:9/auction"
    nowhere = World(url, open_for_writing(parse_url(url), clients=6))
    with caplog.at_level(logging.INFO, "auction_core"), working(nowhere, MemoryPublisher()) as worker:
        eventually(lambda: value(worker, "auction_loop_errors_total", loop="relay") >= 2)
        assert get(worker, "/healthz")[0] == 200
        status, body = get(worker, "/readyz")
    assert status == 503
    assert "the mysql database 'auction' on 127.0.0.1:9" in body
    assert "relay failed: " in caplog.text
    assert "hunter2" not in caplog.text + body
