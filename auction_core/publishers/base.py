"""What the relay publishes, and what it asks of a publisher."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from auction_core.results import utc_text


@dataclass(frozen=True, slots=True)
class Message:
    """An event on its way. `payload` is JSON text (see `auction_core.events`), `occurred_at` aware UTC."""

    event_id: int
    aggregate_type: str
    aggregate_id: int
    event_type: str
    version: int
    payload: str
    occurred_at: datetime

    @property
    def ordering_key(self) -> str:
        """As "listing-42": messages of one key arrive in the order in which they happened."""
        return f"{self.aggregate_type}-{self.aggregate_id}"

    def as_json(self) -> str:
        """The message as one line of JSON, the payload as an object in it."""
        head = {
            "event_id": self.event_id,
            "aggregate_type": self.aggregate_type,
            "aggregate_id": self.aggregate_id,
            "event_type": self.event_type,
            "version": self.version,
            "occurred_at": utc_text(self.occurred_at),
            "payload": json.loads(self.payload),
        }
        return json.dumps(head, ensure_ascii=False, separators=(",", ":"))


class Publisher(Protocol):
    def publish(self, messages: Sequence[Message]) -> None:
        """Returns when all are safely there, those of one ordering key in the given order.

        It returns or raises within PUBLISH_SECONDS, and at most one thread calls it at a time. Raises PublishFailed,
        which names the messages that did get there; of one ordering key nothing after a failed message was sent.
        """

    def close(self) -> None: ...


# What a publisher may take in all, its own retries included: less than the ten seconds that a container has to stop.
PUBLISH_SECONDS = 8.0
