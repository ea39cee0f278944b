"""Publishes to standard output or another text stream, a JSON object a line."""

import sys
from collections.abc import Sequence
from typing import TextIO

from auction_core.errors import PublishFailed
from auction_core.publishers.base import Message


class StdoutPublisher:
    """The reader of the stream has the messages when they are flushed; what it does with them is not known here."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout

    def publish(self, messages: Sequence[Message]) -> None:
        lines = "".join(f"{message.as_json()}\n" for message in messages)
        try:
            self._stream.write(lines)
            self._stream.flush()
        except (OSError, ValueError) as error:  # a closed stream is a ValueError
            raise PublishFailed(f"Writing to the output failed ({type(error).__name__}).") from None

    def close(self) -> None:
        pass
