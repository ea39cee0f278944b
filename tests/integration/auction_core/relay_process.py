"""A relay in a process of its own, which appends each event id and ordering key to a file until it is killed."""

import os
import time
from collections.abc import Sequence
from datetime import timedelta

from auction_core.database import open_for_writing, parse_url
from auction_core.publishers.base import Message
from auction_core.relay.relay import Relay

BATCH = 20
LEASE = timedelta(seconds=1)


class FilePublisher:
    """Slow enough to be killed in the middle of a batch."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def publish(self, messages: Sequence[Message]) -> None:
        for message in messages:
            os.write(self._file, f"{message.event_id} {message.ordering_key}\n".encode())
            time.sleep(0.002)

    def close(self) -> None:
        os.close(self._file)


def relay_until_killed(url: str, path: str) -> None:
    relay = Relay(open_for_writing(parse_url(url), clients=1), FilePublisher(path), batch=BATCH, lease=LEASE)
    while True:
        relay.run_once()
        time.sleep(0.02)
