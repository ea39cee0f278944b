"""The publisher of Google Pub/Sub against a topic on this machine that speaks its protocol."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest
from google.pubsub_v1.types import PublishRequest

from auction_core import outbox
from auction_core.errors import PublishFailed, Refused
from auction_core.events import ListingCancelled
from auction_core.publishers.base import Message
from auction_core.publishers.named import open_publisher
from auction_core.publishers.pubsub import MESSAGES_A_REQUEST, PubSubPublisher
from auction_core.relay.relay import Relay
from tests.integration.auction_core.topic import NAME, Topic
from tests.integration.auction_core.world import make_world

NOW = datetime(2026, 5, 4, 10, 0, 0, 123456, tzinfo=UTC)
Trouble = Callable[[PublishRequest], grpc.StatusCode | str | None]


@pytest.fixture
def topic(monkeypatch: pytest.MonkeyPatch) -> Iterator[Topic]:
    made = Topic()
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", made.address)
    yield made
    made.close()


@pytest.fixture
def publisher(topic: Topic) -> Iterator[PubSubPublisher]:
    made = PubSubPublisher(NAME)
    yield made
    made.close()


@pytest.fixture
def hasty(topic: Topic) -> Iterator[PubSubPublisher]:
    """Gives up early, so that a test of trouble that does not pass need not wait for it."""
    made = PubSubPublisher(NAME, sending_seconds=1.0)
    yield made
    made.close()


def message(event_id: int, listing_id: int) -> Message:
    payload = f'{{"version":1,"title":"Münze 🪙","number":{event_id}}}'
    return Message(event_id, "listing", listing_id, "listing_opened", 1, payload, NOW)


def failing(times: int, trouble: grpc.StatusCode | str, key: str) -> Trouble:
    """The first so many requests of a key."""
    seen: Counter[str] = Counter()

    def answer(request: PublishRequest) -> grpc.StatusCode | str | None:
        asked = request.messages[0].ordering_key
        seen[asked] += 1
        return trouble if asked == key and seen[key] <= times else None

    return answer


def test_messages_carry_key_attributes_and_payload(topic: Topic, publisher: PubSubPublisher) -> None:
    publisher.publish([message(7, 42)])
    (request,) = topic.requests
    assert request.topic == NAME
    (sent,) = request.messages
    assert sent.ordering_key == "listing-42"
    assert dict(sent.attributes) == {
        "event_id": "7",
        "event_type": "listing_opened",
        "version": "1",
        "aggregate_type": "listing",
        "aggregate_id": "42",
        "occurred_at": "2026-05-04T10:00:00.123456Z",
    }
    assert json.loads(sent.data) == {"version": 1, "title": "Münze 🪙", "number": 7}


def test_a_request_has_one_key_and_keys_keep_their_order(topic: Topic, publisher: PubSubPublisher) -> None:
    publisher.publish([message(number, number % 30) for number in range(1, 301)])
    assert len(topic.messages) == 300
    assert len(topic.requests) == 30
    for request in topic.requests:
        assert len({each.ordering_key for each in request.messages}) == 1
    for listing_id in range(30):
        ids = topic.ids(f"listing-{listing_id}")
        assert ids == sorted(ids)
        assert len(ids) == 10


def test_a_long_queue_of_one_key_goes_in_requests_that_follow_each_other(
    topic: Topic, publisher: PubSubPublisher
) -> None:
    publisher.publish([message(number, 1) for number in range(2 * MESSAGES_A_REQUEST + 1)])
    assert [len(request.messages) for request in topic.requests] == [MESSAGES_A_REQUEST, MESSAGES_A_REQUEST, 1]
    assert topic.ids("listing-1") == list(range(2 * MESSAGES_A_REQUEST + 1))


@pytest.mark.parametrize(
    "code", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.INTERNAL]
)
def test_passing_trouble_is_overcome(topic: Topic, publisher: PubSubPublisher, code: grpc.StatusCode) -> None:
    topic.trouble = failing(2, code, "listing-1")
    publisher.publish([message(1, 1), message(2, 1), message(3, 2)])
    assert topic.ids("listing-1") == [1, 2]
    assert len(topic.requests) == 4


def test_a_lost_answer_repeats_messages_and_not_out_of_order(topic: Topic, publisher: PubSubPublisher) -> None:
    topic.trouble = failing(1, "lost", "listing-1")
    publisher.publish([message(1, 1), message(2, 1)])
    assert topic.ids("listing-1") == [1, 2, 1, 2]


def test_a_refusal_is_told_at_once_with_what_got_there_and_without_secrets(
    topic: Topic, publisher: PubSubPublisher
) -> None:
    topic.trouble = failing(99, grpc.StatusCode.PERMISSION_DENIED, "listing-1")
    with pytest.raises(PublishFailed) as caught:
        publisher.publish([message(1, 1), message(2, 2), message(3, 1), message(4, 2)])
    assert str(caught.value) == "Pub/Sub: PERMISSION_DENIED."
    assert caught.value.published == {2, 4}
    assert len(topic.requests) == 2  # a refusal does not pass: it is not repeated


def test_nothing_of_a_key_is_sent_after_a_request_that_failed(topic: Topic, publisher: PubSubPublisher) -> None:
    seen = Counter[str]()

    def second_fails(request: PublishRequest) -> grpc.StatusCode | None:
        seen["requests"] += 1
        return grpc.StatusCode.INVALID_ARGUMENT if seen["requests"] == 2 else None

    topic.trouble = second_fails
    with pytest.raises(PublishFailed) as caught:
        publisher.publish([message(number, 1) for number in range(3 * MESSAGES_A_REQUEST)])
    assert caught.value.published == set(range(MESSAGES_A_REQUEST))
    assert topic.ids("listing-1") == list(range(MESSAGES_A_REQUEST))
    publisher.publish([message(9999, 1)])  # and the key is usable again
    assert topic.ids("listing-1")[-1] == 9999


def test_trouble_that_does_not_pass_ends_in_time(topic: Topic, hasty: PubSubPublisher) -> None:
    topic.trouble = lambda _: grpc.StatusCode.UNAVAILABLE
    with pytest.raises(PublishFailed, match="Pub/Sub: UNAVAILABLE"):
        hasty.publish([message(number, number) for number in range(40)])


def test_a_server_that_went_away_is_a_failure_and_not_a_hang(topic: Topic, hasty: PubSubPublisher) -> None:
    topic.close()
    with pytest.raises(PublishFailed, match="Pub/Sub: UNAVAILABLE"):
        hasty.publish([message(1, 1)])


def test_the_relay_publishes_through_trouble_in_order(topic: Topic, tmp_path: Path) -> None:
    world = make_world(f"sqlite:///{tmp_path}/auction.db")
    with world.engine.begin() as connection:
        for _ in range(5):
            for listing_id in (1, 2, 17):
                event = ListingCancelled(listing_id=listing_id, closed_at=NOW)
                outbox.append(connection, event, NOW.replace(tzinfo=None))
    topic.trouble = failing(1, grpc.StatusCode.NOT_FOUND, "listing-17")
    moment = [datetime.now(UTC)]
    publisher = PubSubPublisher(NAME)
    relay = Relay(world.engine, publisher, clock=lambda: moment[0], batch=6)
    relay.run_once()
    assert topic.ids("listing-17") == []
    moment[0] += timedelta(minutes=2)
    relay.run_once()
    publisher.close()
    world.engine.dispose()
    assert len(topic.messages) == 15
    for key in ("listing-1", "listing-2", "listing-17"):
        assert topic.ids(key) == sorted(topic.ids(key))


def test_the_command_line_name_opens_it(topic: Topic) -> None:
    publisher = open_publisher(f"pubsub:{NAME}")
    assert publisher is not None
    publisher.publish([message(1, 1)])
    publisher.close()
    assert topic.ids("listing-1") == [1]


def test_missing_credentials_are_refused_in_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PUBSUB_EMULATOR_HOST", raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    with pytest.raises(Refused, match="There are no Google credentials"):
        PubSubPublisher(NAME)
