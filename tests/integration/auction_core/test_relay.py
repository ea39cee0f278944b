"""Relays on each engine: order by aggregate, at least once, one holder of a lane at a time."""

import logging
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, insert, select, text, update

from auction_core import outbox
from auction_core.errors import PublishFailed
from auction_core.events import BidPlaced, ListingCancelled
from auction_core.outbox import LANES
from auction_core.publishers.base import Message
from auction_core.publishers.memory import MemoryPublisher
from auction_core.relay.lanes import Lanes, LeaseLost, measure_backlog
from auction_core.relay.relay import Relay
from auction_core.tables import OutboxEvent, OutboxLane
from auction_core.worker.purge import purge_events
from tests.integration.auction_core.world import World

NOW = datetime(2026, 5, 4, 10, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture(params=["mysql", "postgres"])
def server(request: pytest.FixtureRequest) -> Iterator[World]:
    """A world where transactions overlap; SQLite has one writer at a time."""
    yield request.getfixturevalue(f"{request.param}_world")


def write(world: World, *listing_ids: int) -> None:
    """An event for each, in one transaction."""
    with world.engine.begin() as connection:
        for listing_id in listing_ids:
            event = ListingCancelled(listing_id=listing_id, closed_at=NOW)
            outbox.append(connection, event, NOW.replace(tzinfo=None))


def waiting(world: World) -> int:
    with world.engine.begin() as connection:
        query = select(func.count()).select_from(OutboxEvent).where(OutboxEvent.published_at.is_(None))
        return int(connection.execute(query).scalar_one())


def holders(world: World) -> dict[int, str | None]:
    with world.engine.begin() as connection:
        return {row.lane: row.relay for row in connection.execute(select(OutboxLane.lane, OutboxLane.relay))}


def by_key(messages: Sequence[Message]) -> dict[str, list[int]]:
    """The first deliveries of each aggregate, as event ids."""
    first: dict[str, list[int]] = {}
    seen: set[int] = set()
    for message in messages:
        if message.event_id not in seen:
            seen.add(message.event_id)
            first.setdefault(message.ordering_key, []).append(message.event_id)
    return first


class FailingPublisher(MemoryPublisher):
    """Takes no event of the listings in `refused`, nor what follows it in its aggregate."""

    def __init__(self, *refused: int) -> None:
        super().__init__()
        self.refused = set(refused)

    def publish(self, messages: Sequence[Message]) -> None:
        taken = [message for message in messages if message.aggregate_id not in self.refused]
        super().publish(taken)
        if len(taken) < len(messages):
            raise PublishFailed("The topic said no.", frozenset(message.event_id for message in taken))


def test_everything_is_published_once_in_order_and_marked(world: World) -> None:
    write(world, *[listing for _ in range(5) for listing in range(1, 41)])
    publisher = MemoryPublisher()
    relay = Relay(world.engine, publisher, batch=7)
    done = relay.run_once()
    assert done.events == {"listing_cancelled": 200}
    assert waiting(world) == 0
    orders = by_key(publisher.messages)
    assert len(publisher.messages) == 200
    assert len(orders) == 40
    assert all(ids == sorted(ids) and len(ids) == 5 for ids in orders.values())
    assert set(holders(world)) == set(range(LANES))
    assert set(holders(world).values()) == {None}
    assert not relay.run_once().events


def test_a_message_says_what_happened_as_the_event_did(world: World) -> None:
    event = BidPlaced(
        listing_id=42, bid_id=7, bidder_id=3, amount=Decimal("12.50"), placed_at=NOW, bid_count=1,
        previous_bidder_id=None, ends_at=NOW + timedelta(hours=1),
    )  # fmt: skip
    with world.engine.begin() as connection:
        outbox.append(connection, event, NOW.replace(tzinfo=None))
    publisher = MemoryPublisher()
    Relay(world.engine, publisher).run_once()
    (message,) = publisher.messages
    assert (message.ordering_key, message.event_type, message.version) == ("listing-42", "bid_placed", 1)
    assert message.occurred_at == NOW
    assert BidPlaced.model_validate_json(message.payload) == event
    assert '"amount":"12.50"' in message.payload


def test_an_event_that_commits_late_with_a_smaller_id_is_not_lost(server: World) -> None:
    publisher = MemoryPublisher()
    relay = Relay(server.engine, publisher)
    with server.engine.begin() as late:
        outbox.append(late, ListingCancelled(listing_id=5, closed_at=NOW), NOW.replace(tzinfo=None))
        write(server, 5 + LANES)
        relay.run_once()
        assert [message.aggregate_id for message in publisher.messages] == [5 + LANES]
    relay.run_once()
    early, late_one = publisher.messages
    assert late_one.aggregate_id == 5
    assert late_one.event_id < early.event_id


def test_a_failure_holds_up_its_lane_only_and_is_said_in_one_line(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    write(world, 3, 3, 4, 3 + LANES, 5)
    publisher = FailingPublisher(3)
    relay = Relay(world.engine, publisher, first_pause=timedelta(hours=1))
    with caplog.at_level(logging.ERROR, "auction_core.relay"):
        done = relay.run_once()
    assert sorted(message.aggregate_id for message in publisher.messages) == [4, 5, 3 + LANES]
    assert (done.failures, waiting(world)) == (1, 2)
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("lane 3 waits 60.0 s: event ")
    assert line.endswith("(listing_cancelled of listing-3) was not published: The topic said no.")
    # Put aside for every relay, and nothing that got there is sent again.
    publisher.refused.clear()
    other = Relay(world.engine, publisher)
    assert not other.run_once().events
    later = Relay(world.engine, publisher, clock=lambda: datetime.now(UTC) + timedelta(minutes=2))
    assert later.run_once().events == {"listing_cancelled": 2}
    assert len(publisher.messages) == 5


def test_pauses_double_up_to_a_minute_and_start_again_after_success(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    write(world, 3)
    publisher = FailingPublisher(3)
    moment = [datetime.now(UTC)]
    relay = Relay(world.engine, publisher, clock=lambda: moment[0])

    def pauses(rounds: int) -> list[str]:
        caplog.clear()
        for _ in range(rounds):
            moment[0] += timedelta(minutes=2)
            relay.run_once()
        return [record.getMessage().split(":")[0] for record in caplog.records]

    with caplog.at_level(logging.ERROR, "auction_core.relay"):
        assert pauses(8) == [f"lane 3 waits {seconds}.0 s" for seconds in (1, 2, 4, 8, 16, 32, 60, 60)]
        publisher.refused.clear()
        assert pauses(1) == []
        write(world, 3)
        publisher.refused.add(3)
        assert pauses(1) == ["lane 3 waits 1.0 s"]


def test_a_publisher_that_breaks_is_a_failure_of_its_lane(world: World) -> None:
    write(world, 3)

    class Broken(MemoryPublisher):
        def publish(self, messages: Sequence[Message]) -> None:
            raise KeyError("a secret")

    done = Relay(world.engine, Broken()).run_once()
    assert (done.failures, waiting(world)) == (1, 1)


def test_a_lane_has_one_holder_until_its_lease_runs_out(world: World) -> None:
    write(world, 3, 4)
    moment = [datetime.now(UTC)]

    def lanes(name: str) -> Lanes:
        return Lanes(world.engine, name, timedelta(seconds=30), lambda: moment[0])

    first, second = lanes("first"), lanes("second")
    assert (first.claim(), second.claim(), first.claim()) == (3, 4, None)
    (message,) = first.advance(3, (), 10)
    moment[0] += timedelta(seconds=31)
    assert first.advance(3, (), 10) == [message]  # late, but nobody wanted it: the lease is renewed
    assert second.claim() == 4
    moment[0] += timedelta(seconds=31)
    assert second.claim() == 3
    with pytest.raises(LeaseLost):
        first.advance(3, {message.event_id}, 10)
    assert waiting(world) == 2  # what the one who lost it published is not marked: the holder sends it
    first.release(3)
    assert holders(world)[3] == "second"


def test_a_relay_that_lost_its_lane_goes_on_with_the_others(world: World) -> None:
    write(world, 3, 4)

    class Stalled(MemoryPublisher):
        """While it publishes for the first time, another relay takes the lane over."""

        def publish(self, messages: Sequence[Message]) -> None:
            super().publish(messages)
            if len(self.messages) == 1:
                with world.engine.begin() as connection:
                    connection.execute(update(OutboxLane).where(OutboxLane.lane == 3).values(relay="another"))

    done = Relay(world.engine, Stalled()).run_once()
    assert (done.leases_lost, waiting(world)) == (1, 1)


def test_a_clock_that_was_put_back_does_not_keep_a_lane_leased(world: World) -> None:
    write(world, 3)
    now = datetime.now(UTC)
    before = Lanes(world.engine, "before", timedelta(seconds=30), lambda: now)
    after = Lanes(world.engine, "after", timedelta(seconds=30), lambda: now - timedelta(hours=1))
    assert (before.claim(), after.claim()) == (3, 3)


def test_the_lane_with_the_oldest_event_comes_first(world: World) -> None:
    with world.engine.begin() as connection:
        for listing_id, age in ((7, 1), (2, 3), (9, 2)):
            outbox.append(
                connection,
                ListingCancelled(listing_id=listing_id, closed_at=NOW),
                (NOW - timedelta(minutes=age)).replace(tzinfo=None),
            )
    publisher = MemoryPublisher()
    Relay(world.engine, publisher).run_once()
    assert [message.aggregate_id for message in publisher.messages] == [2, 9, 7]


def test_a_lane_that_never_empties_leaves_the_others_their_turn(world: World) -> None:
    write(world, *[3] * 25, 4)
    publisher = MemoryPublisher()
    # Ten batches of one, and then the lane is given back.
    relay = Relay(world.engine, publisher, batch=1)
    stops = iter([False] * 11 + [True] * 99)
    relay.run_once(lambda: next(stops))
    assert len(publisher.messages) == 10
    assert waiting(world) == 16
    assert set(holders(world).values()) == {None}


def test_stopping_finishes_the_batch_and_gives_the_lane_back(world: World) -> None:
    write(world, *[3] * 10)
    stop = threading.Event()

    class Stopping(MemoryPublisher):
        def publish(self, messages: Sequence[Message]) -> None:
            super().publish(messages)
            stop.set()

    publisher = Stopping()
    Relay(world.engine, publisher, batch=4).run_once(stop.is_set)
    assert (len(publisher.messages), waiting(world)) == (4, 6)
    assert set(holders(world).values()) == {None}


def test_a_lane_that_another_relay_is_just_taking_is_not_waited_for(server: World) -> None:
    write(server, 3, 4)
    lanes = Lanes(server.engine, "me", timedelta(seconds=30))
    assert lanes.claim() == 3
    lanes.release(3)
    with server.engine.begin() as other:
        other.execute(text("SELECT lane FROM outbox_lanes WHERE lane = 3 FOR UPDATE"))
        assert lanes.claim() == 4
        assert lanes.claim() is None


def test_the_backlog_is_counted_and_its_oldest_event_has_an_age(world: World) -> None:
    with world.engine.begin() as connection:
        assert measure_backlog(connection) == (0, 0.0)
    Relay(world.engine, MemoryPublisher()).run_once()  # makes the lanes
    with world.engine.begin() as connection:
        for age in (5, 90):
            moment = (datetime.now(UTC) - timedelta(minutes=age)).replace(tzinfo=None)
            outbox.append(connection, ListingCancelled(listing_id=age, closed_at=NOW), moment)
    with world.engine.begin() as connection:
        events, age = measure_backlog(connection)
    assert events == 2
    assert 90 * 60 <= age < 95 * 60


def test_old_published_events_are_deleted_and_no_others(world: World) -> None:
    long_ago = (datetime.now(UTC) - timedelta(days=40)).replace(tzinfo=None)
    recent = (datetime.now(UTC) - timedelta(days=20)).replace(tzinfo=None)
    event = {"aggregate_type": "listing", "aggregate_id": 1, "lane": 1, "event_type": "x", "payload": {}}
    rows = [event | {"occurred_at": long_ago, "published_at": long_ago} for _ in range(2100)]
    rows += [event | {"occurred_at": long_ago, "published_at": published} for published in (recent, None)]
    with world.engine.begin() as connection:
        connection.execute(insert(OutboxEvent), rows)
    assert purge_events(world.engine, timedelta(days=30), lambda: True) == 0
    assert purge_events(world.engine, timedelta(days=30), lambda: False) == 2100
    with world.engine.begin() as connection:
        assert connection.execute(select(func.count()).select_from(OutboxEvent)).scalar_one() == 2
