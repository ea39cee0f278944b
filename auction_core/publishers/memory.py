"""Keeps what is published, for tests and demonstrations."""

from collections.abc import Sequence

from auction_core.publishers.base import Message


class MemoryPublisher:
    def __init__(self) -> None:
        self.messages: list[Message] = []

    def publish(self, messages: Sequence[Message]) -> None:
        self.messages.extend(messages)

    def close(self) -> None:
        pass
