"""Publishers by the name that a command line gives: "stdout", "none", "pubsub:projects/P/topics/T"."""

import re

from auction_core.errors import Refused
from auction_core.publishers.base import Publisher

_TOPIC = re.compile(r"projects/[a-z][a-z0-9.:-]{4,62}/topics/[A-Za-z][A-Za-z0-9._~+%-]{2,254}")


def open_publisher(name: str) -> Publisher | None:
    """None for "none": events are kept until a worker with a publisher comes. Raises Refused."""
    if name == "none":
        return None
    if name == "stdout":
        from auction_core.publishers.stdout import StdoutPublisher

        return StdoutPublisher()
    kind, _, topic = name.partition(":")
    if kind == "pubsub":
        if not _TOPIC.fullmatch(topic):
            raise Refused(f"'{topic}' is not a topic such as projects/my-project/topics/auction-events.")
        from auction_core.publishers.pubsub import PubSubPublisher

        return PubSubPublisher(topic)
    raise Refused(f"'{name}' is not a publisher: use stdout, none or pubsub:projects/P/topics/T.")
