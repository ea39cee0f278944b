"""One relay: takes a lane, publishes what waits in it, gives it back.

Of each event the first publication is in order within its aggregate; a relay that dies or stalls leaves at most the
batch that it was publishing to be published again. No transaction is open while publishing.

An event that the publisher does not take holds up its lane, whatever the reason, and is tried again after a pause that
doubles up to a minute: nothing is ever passed over, because the events after it may make no sense without it. The log
names the event, so that an operator can decide (see docs/auction-events.md).
"""

import logging
import os
import socket
from collections import Counter
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import uuid4

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from auction_core.clock import Clock
from auction_core.errors import PublishFailed
from auction_core.outbox import LANES
from auction_core.publishers.base import PUBLISH_SECONDS, Message, Publisher
from auction_core.relay.lanes import Lanes, LeaseLost

# Publishing a batch, and as long again for slow transactions. A lane of a relay that was killed waits as long.
LEASE = timedelta(seconds=2 * PUBLISH_SECONDS)
# Large enough that the two commits a batch do not count, small enough to be published again when a relay dies.
BATCH = 200
# A lane that never empties is given back after so many batches, for the others' turn.
BATCHES_A_TURN = 10
FIRST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(seconds=60)

logger = logging.getLogger("auction_core.relay")


@dataclass(slots=True)
class Published:
    """What a pass did. `events` counts by event type."""

    events: Counter[str] = field(default_factory=Counter)
    failures: int = 0
    leases_lost: int = 0


class Relay:
    """For one thread. Several relays share an engine and, if it allows that, a publisher."""

    def __init__(
        self,
        engine: Engine,
        publisher: Publisher,
        *,
        batch: int = BATCH,
        lease: timedelta = LEASE,
        first_pause: timedelta = FIRST_PAUSE,
        clock: Clock | None = None,
    ) -> None:
        self.name = f"{socket.gethostname()[:30]}-{os.getpid()}-{uuid4().hex[:12]}"
        self._lanes = Lanes(engine, self.name, lease, clock)
        self._publisher = publisher
        self._batch = batch
        self._first_pause = first_pause
        self._failures: Counter[int] = Counter()

    def run_once(self, stopping: Callable[[], bool] = lambda: False) -> Published:
        """Publishes what waits, up to LANES turns. When `stopping`, it ends after the batch that is under way.

        Raises what the database raises; a lane that was held is then free again, at the latest when its lease runs out.
        """
        done = Published()
        for _ in range(LANES):
            lane = None if stopping() else self._lanes.claim()
            if lane is None:
                break
            try:
                aside = self._empty(lane, stopping, done)
            except LeaseLost:
                done.leases_lost += 1
                logger.warning("lease lost: another relay took over lane %d", lane)
                continue
            except BaseException:
                with suppress(DBAPIError):
                    self._lanes.release(lane)
                raise
            self._lanes.release(lane, aside)
        return done

    def _empty(self, lane: int, stopping: Callable[[], bool], done: Published) -> timedelta | None:
        """Publishes batch after batch; returns how long the lane is to be put aside, if at all."""
        published: Collection[int] = ()
        for left in reversed(range(BATCHES_A_TURN + 1)):
            messages = self._lanes.advance(lane, published, 0 if stopping() or not left else self._batch)
            if not messages:
                break
            try:
                self._publish(messages)
            except PublishFailed as error:
                self._count(messages, error.published, done)
                done.failures += 1
                self._lanes.advance(lane, error.published, 0)
                return self._put_aside(lane, messages, error)
            published = {message.event_id for message in messages}
            self._count(messages, published, done)
            del self._failures[lane]
        return None

    def _publish(self, messages: list[Message]) -> None:
        try:
            self._publisher.publish(messages)
        except PublishFailed:
            raise
        except Exception as error:  # whatever it is, it must hold up this lane only
            raise PublishFailed(f"The publisher broke ({type(error).__name__}).") from error

    def _put_aside(self, lane: int, messages: list[Message], error: PublishFailed) -> timedelta:
        # The exponent is bounded because a lane may fail for weeks.
        aside = min(self._first_pause * (1 << min(self._failures[lane], 10)), LONGEST_PAUSE)
        self._failures[lane] += 1
        first = next((message for message in messages if message.event_id not in error.published), messages[0])
        logger.error(
            "lane %d waits %.1f s: event %d (%s of %s) was not published: %s",
            lane, aside.total_seconds(), first.event_id, first.event_type, first.ordering_key, error.user_message,
        )  # fmt: skip
        return aside

    @staticmethod
    def _count(messages: list[Message], published: Collection[int], done: Published) -> None:
        done.events.update(message.event_type for message in messages if message.event_id in published)
