"""The publishers that need no network, and how one is named."""

import io
import json
import sys
from datetime import UTC, datetime

import pytest

from auction_core.errors import PublishFailed, Refused
from auction_core.publishers.base import Message
from auction_core.publishers.named import open_publisher
from auction_core.publishers.stdout import StdoutPublisher

MESSAGE = Message(
    event_id=7,
    aggregate_type="listing",
    aggregate_id=42,
    event_type="listing_opened",
    version=1,
    payload='{"version":1,"title":"Line\\nbreak and \\u2028 and 🪙"}',
    occurred_at=datetime(2026, 5, 4, 10, 0, tzinfo=UTC),
)


def test_each_message_is_one_line_of_json() -> None:
    stream = io.StringIO()
    StdoutPublisher(stream).publish([MESSAGE, MESSAGE])
    first, second = stream.getvalue().split("\n")[:2]
    assert first == second
    assert json.loads(first) == {
        "event_id": 7,
        "aggregate_type": "listing",
        "aggregate_id": 42,
        "event_type": "listing_opened",
        "version": 1,
        "occurred_at": "2026-05-04T10:00:00.000000Z",
        "payload": {"version": 1, "title": "Line\nbreak and \u2028 and 🪙"},
    }


def test_the_text_is_flushed_before_it_counts_as_published() -> None:
    class Stream(io.StringIO):
        flushed = ""

        def flush(self) -> None:
            self.flushed = self.getvalue()

    stream = Stream()
    StdoutPublisher(stream).publish([MESSAGE])
    assert stream.flushed


def test_a_reader_that_left_is_a_failure_with_nothing_published() -> None:
    class Broken(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    with pytest.raises(PublishFailed, match=r"Writing to the output failed \(BrokenPipeError\)") as caught:
        StdoutPublisher(Broken()).publish([MESSAGE])
    assert caught.value.published == frozenset()
    closed = io.StringIO()
    closed.close()
    with pytest.raises(PublishFailed):
        StdoutPublisher(closed).publish([MESSAGE])


def test_publishers_have_names() -> None:
    assert open_publisher("none") is None
    assert isinstance(open_publisher("stdout"), StdoutPublisher)


@pytest.mark.parametrize("name", ["", "kafka", "pubsub", "pubsub:", "pubsub:t", "pubsub:projects/P/topics/T", "STDOUT"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(Refused, match=r"is not a (publisher|topic)"):
        open_publisher(name)


def test_a_missing_client_library_is_said_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "google.pubsub_v1", None)
    with pytest.raises(Refused, match=r"pip install 'nl2sql\[pubsub\]'"):
        open_publisher("pubsub:projects/my-project/topics/events")
