"""Publishes to a topic of Google Pub/Sub, in order by aggregate.

One request carries messages of one ordering key, as Pub/Sub wants it. Requests of one key follow each other, those of
different keys run side by side. The generated client is used and not the batching one, which repeats an ordered message
for ever and in the background: the relay must know within its lease what became of each.

Consumers get the order when their subscription has message ordering on and the publishers are in one region.
"""

import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from auction_core.errors import PublishFailed, Refused
from auction_core.publishers.base import PUBLISH_SECONDS, Message
from auction_core.results import utc_text

if TYPE_CHECKING:
    from google.pubsub_v1 import PublisherClient

# One request, of at most this many messages (Pub/Sub takes 1,000 and 10 MB; an event has a few hundred bytes).
MESSAGES_A_REQUEST = 500
REQUEST_SECONDS = 3.0
# After this, no request is sent and none repeated; one that is under way then ends within PUBLISH_SECONDS.
SENDING_SECONDS = PUBLISH_SECONDS - REQUEST_SECONDS
# A request takes some 20 ms, so a relay publishes to some 800 ordering keys a second.
SIDE_BY_SIDE = 16


class PubSubPublisher:
    """The topic must be there. With PUBSUB_EMULATOR_HOST set it publishes there, without credentials."""

    def __init__(self, topic: str, *, sending_seconds: float = SENDING_SECONDS) -> None:
        """`topic` is "projects/P/topics/T". Raises Refused when the client library or its credentials are missing."""
        self._topic = topic
        self._client = _connect()
        self._sending_seconds = sending_seconds
        self._threads = ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="pubsub")

    def publish(self, messages: Sequence[Message]) -> None:
        by_key: dict[str, list[Message]] = {}
        for message in messages:
            by_key.setdefault(message.ordering_key, []).append(message)
        deadline = time.monotonic() + self._sending_seconds
        sent = list(self._threads.map(lambda key: self._publish_key(key, by_key[key], deadline), by_key))
        reasons = [reason for _, reason in sent if reason]
        if reasons:
            raise PublishFailed(f"Pub/Sub: {reasons[0]}.", frozenset[int]().union(*(ids for ids, _ in sent)))

    def close(self) -> None:
        self._threads.shutdown()
        self._client.transport.close()  # type: ignore[no-untyped-call]

    def _publish_key(self, key: str, messages: list[Message], deadline: float) -> tuple[set[int], str | None]:
        """The ids that Pub/Sub has, and why it does not have the others."""
        from google.api_core.exceptions import GoogleAPIError
        from google.auth.exceptions import GoogleAuthError

        published: set[int] = set()
        for start in range(0, len(messages), MESSAGES_A_REQUEST):
            request = messages[start : start + MESSAGES_A_REQUEST]
            try:
                self._send(key, request, deadline)
            except (GoogleAPIError, GoogleAuthError, TimeoutError) as error:
                return published, _reason(error)
            published.update(message.event_id for message in request)
        return published, None

    def _send(self, key: str, messages: list[Message], deadline: float) -> None:
        """One request, repeated while the trouble may pass."""
        from google.api_core.retry import Retry, if_exception_type
        from google.api_core.timeout import ConstantTimeout
        from google.pubsub_v1 import PubsubMessage

        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        self._client.publish(
            topic=self._topic,
            messages=[
                PubsubMessage(data=message.payload.encode(), ordering_key=key, attributes=attributes_of(message))
                for message in messages
            ],
            retry=Retry(if_exception_type(*_passing()), initial=0.1, maximum=2.0, multiplier=2.0, timeout=remaining),
            timeout=ConstantTimeout(REQUEST_SECONDS),  # type: ignore[no-untyped-call]
        )


def attributes_of(message: Message) -> dict[str, str]:
    return {
        "event_id": str(message.event_id),
        "event_type": message.event_type,
        "version": str(message.version),
        "aggregate_type": message.aggregate_type,
        "aggregate_id": str(message.aggregate_id),
        "occurred_at": utc_text(message.occurred_at),
    }


def _connect() -> "PublisherClient":
    try:
        from google.auth.credentials import AnonymousCredentials
        from google.auth.exceptions import GoogleAuthError
        from google.pubsub_v1 import PublisherClient
    except ImportError:
        raise Refused("Publishing to Pub/Sub needs the extra 'pubsub': pip install 'nl2sql[pubsub]'.") from None
    try:
        if os.environ.get("PUBSUB_EMULATOR_HOST"):  # the client takes the address from there by itself
            return PublisherClient(credentials=AnonymousCredentials())  # type: ignore[no-untyped-call]
        return PublisherClient()
    except GoogleAuthError:
        raise Refused(
            "There are no Google credentials: use a service account, or 'gcloud auth application-default login'."
        ) from None


def _passing() -> tuple[type[Exception], ...]:
    """What the service itself says to repeat."""
    from google.api_core import exceptions

    return (
        exceptions.Aborted,
        exceptions.Cancelled,
        exceptions.DeadlineExceeded,
        exceptions.InternalServerError,
        exceptions.ResourceExhausted,
        exceptions.ServiceUnavailable,
        exceptions.Unknown,
    )


def _reason(error: Exception) -> str:
    """The kind of the error and no more: its text may quote the request or a token."""
    from google.api_core.exceptions import RetryError

    cause = error.cause if isinstance(error, RetryError) and error.cause is not None else error
    code = getattr(cause, "grpc_status_code", None)
    return str(code.name) if code is not None else type(cause).__name__
