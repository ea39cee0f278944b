"""Live bids: one poller for a process, however many listen.

The database is asked once a second which of the listings that are listened to have changed, and only those are read.
Each listing has one topic, with its latest state and its newest bids already in the wire's form; a listener that is
slow or comes back takes from there what it has not had. Nothing is queued for anybody.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import anyio.to_thread
from fastapi.sse import format_sse_event
from prometheus_client import Gauge
from sqlalchemy import Engine, select
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from auction_core.api.problems import too_many_listeners
from auction_core.reading import ListingChanges, changes_since
from auction_core.tables import Listing

POLL_SECONDS = 1.0
# Proxies cut a connection that says nothing, most after a minute; a client that went away is noticed by it, too.
HEARTBEAT_SECONDS = 15.0
RECONNECT_MILLISECONDS = 3000
# Parameters of one statement.
CHUNK = 500
# The id of the last event. Who comes back with it is told that there is nothing more (204), as the standard has it.
CLOSED = "closed"
_BID_FIELDS = {"id", "bidder", "amount", "placed_at"}
_UNSHOWN = {"bids", "is_leading", "last_bid_id"}
logger = logging.getLogger(__name__)

Stamp = tuple[int, str, Any]


@dataclass
class Topic:
    """One listing. `bids` are frames by rising id: the newest 50 of each change, as far as anybody listened."""

    listing_id: int
    stamp: Stamp | None = None
    bids: dict[int, bytes] = field(default_factory=dict)
    state: bytes = b""
    last_bid_id: int = 0
    is_over: bool = False
    listeners: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, changes: ListingChanges) -> None:
        for bid in reversed(changes.bids):
            if bid.id > self.last_bid_id:
                shown = bid.model_dump_json(include=_BID_FIELDS)
                self.bids[bid.id] = format_sse_event(event="bid", id=str(bid.id), data_str=shown)
                self.last_bid_id = bid.id
        for old in sorted(self.bids)[:-200]:
            del self.bids[old]
        self.state = format_sse_event(event="listing", data_str=changes.model_dump_json(exclude=_UNSHOWN))
        self.is_over = changes.status != "active"
        self.changed.set()
        self.changed = asyncio.Event()


class LiveListings:
    """Belongs to one event loop: nothing here is called from a thread."""

    def __init__(
        self, reading: Engine, *, most: int, most_of_one: int, open_streams: Gauge, poll_seconds: float = POLL_SECONDS
    ) -> None:
        self._reading = reading
        self._most = most
        self._most_of_one = most_of_one
        self._open_streams = open_streams
        self._poll_seconds = poll_seconds
        self._topics: dict[int, Topic] = {}
        self._addresses: Counter[str] = Counter()
        self._poller: asyncio.Task[None] | None = None
        self._is_closing = False

    async def join(self, listing_id: int, address: str) -> Topic:
        """The topic of a listing; give it back by `leave`. Raises ListingNotFound and a 503 problem."""
        if self._is_closing or self._addresses.total() >= self._most or self._addresses[address] >= self._most_of_one:
            raise too_many_listeners()
        topic = self._topics.setdefault(listing_id, Topic(listing_id))
        self._count(topic, address, 1)
        try:
            if not topic.state:
                changes = await anyio.to_thread.run_sync(self._changes_of, listing_id, 0)
                topic.take(changes)
        except BaseException:
            self.leave(topic, address)
            raise
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll())
        return topic

    def leave(self, topic: Topic, address: str) -> None:
        self._count(topic, address, -1)
        if not topic.listeners:
            self._topics.pop(topic.listing_id, None)

    def open(self) -> None:
        """A server that starts takes listeners, also one that was stopped before."""
        self._is_closing = False

    def close(self) -> None:
        """Ends every stream, so that a server can stop; clients come back to another process."""
        self._is_closing = True
        if self._poller is not None:
            self._poller.cancel()
        for topic in self._topics.values():
            topic.changed.set()

    async def frames(self, topic: Topic, last_bid_id: int | None) -> AsyncIterator[bytes]:
        """The listing's state, its bids after `last_bid_id` (None: from now on), and each change, until its end."""
        sent = topic.last_bid_id if last_bid_id is None else last_bid_id
        shown = b""
        yield f"retry: {RECONNECT_MILLISECONDS}\n\n".encode()
        while not self._is_closing:
            changed, state, is_over = topic.changed, topic.state, topic.is_over
            news = [(bid_id, frame) for bid_id, frame in topic.bids.items() if bid_id > sent]
            for bid_id, frame in news:
                yield frame
                sent = bid_id
            if state != shown:
                yield state
                shown = state
            if is_over:
                yield format_sse_event(event="closed", id=CLOSED, data_str="{}")
                return
            try:
                await asyncio.wait_for(changed.wait(), HEARTBEAT_SECONDS)
            except TimeoutError:
                yield format_sse_event(comment="still here")

    def _count(self, topic: Topic, address: str, by: int) -> None:
        topic.listeners += by
        self._addresses[address] += by
        if not self._addresses[address]:
            del self._addresses[address]
        self._open_streams.set(self._addresses.total())

    async def _poll(self) -> None:
        """Until nobody listens. A database that is away is asked again: the streams stay open meanwhile."""
        while self._topics:
            await asyncio.sleep(self._poll_seconds)
            listened = {listing_id: topic.stamp for listing_id, topic in self._topics.items()}
            try:
                found = await anyio.to_thread.run_sync(self._look, listened)
            except SQLAlchemyError as error:
                logger.warning("live bids: the database does not answer (%s)", type(error).__name__)
                continue
            for listing_id, (stamp, changes) in found.items():
                topic = self._topics.get(listing_id)
                if topic is not None:
                    topic.stamp = stamp
                    topic.take(changes)

    def _look(self, listened: dict[int, Stamp | None]) -> dict[int, tuple[Stamp, ListingChanges]]:
        """In a thread: the listings whose stamp is another now, read anew."""
        ids = list(listened)
        found = {}
        with self._reading.connect() as connection:
            for start in range(0, len(ids), CHUNK):
                columns = (Listing.id, Listing.bid_count, Listing.status, Listing.ends_at)
                rows = connection.execute(select(*columns).where(Listing.id.in_(ids[start : start + CHUNK]))).all()
                for row in rows:
                    stamp = (row.bid_count, row.status, row.ends_at)
                    if stamp != listened[row.id]:
                        found[row.id] = (stamp, changes_since(connection, row.id))
        return found

    def _changes_of(self, listing_id: int, last_bid_id: int) -> ListingChanges:
        with self._reading.connect() as connection:
            return changes_since(connection, listing_id, last_bid_id)


class LiveStream(StreamingResponse):
    """Leaves its topic however it ends: closed, cut, or its client gone."""

    def __init__(self, live: LiveListings, topic: Topic, address: str, last_bid_id: int | None) -> None:
        super().__init__(
            live.frames(topic, last_bid_id), headers={"X-Accel-Buffering": "no"}, media_type="text/event-stream"
        )
        self._leave = (live, topic, address)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        live, topic, address = self._leave
        try:
            await super().__call__(scope, receive, send)
        finally:
            live.leave(topic, address)
            with suppress(RuntimeError):  # it is just running: then its own end is near
                await self.body_iterator.aclose()  # type: ignore[attr-defined]
