"""The worker: its loops, its health endpoint, and how they start and stop together."""

import logging
import signal
import time
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from auction_core.database import describe, open_for_writing, parse_url, require_file
from auction_core.errors import AuctionError
from auction_core.metrics import WorkerMetrics, page
from auction_core.publishers.base import PUBLISH_SECONDS, Publisher
from auction_core.publishers.named import open_publisher
from auction_core.relay.relay import Relay
from auction_core.store import Store
from auction_core.worker.duties import close_listings, measure_outbox, relay_events, tidy_up
from auction_core.worker.health import Answer, HealthServer, metrics_answer, status_answer
from auction_core.worker.logs import log_to_stderr
from auction_core.worker.loop import Loop, Work, sentence_of

# A loop each, and two for those who ask for the readiness.
CONNECTIONS = 6
# More often, Prometheus does not look.
MEASURE_SECONDS = 5.0
TIDY_SECONDS = 60.0
# A publication that is under way may end; containers are killed after ten seconds.
STOP_SECONDS = PUBLISH_SECONDS + 1

logger = logging.getLogger("auction_core.worker")


@dataclass(frozen=True, slots=True)
class Settings:
    """Intervals in seconds; `publisher` as `open_publisher` takes it; health port 0 takes a free one."""

    close_every: float = 1.0
    relay_every: float = 0.5
    publisher: str = "none"
    host: str = "127.0.0.1"
    health_port: int = 9100
    keep_keys: timedelta = timedelta(days=7)
    keep_events: timedelta = timedelta(days=30)


class Worker:
    """Closes neither the engine nor the publisher when it stops."""

    def __init__(self, engine: Engine, publisher: Publisher | None, settings: Settings) -> None:
        """Raises Refused when the health port cannot be had."""
        self._engine = engine
        self.metrics = metrics = WorkerMetrics()
        store = Store(engine)
        works: dict[str, tuple[float, Work]] = {
            "closer": (settings.close_every, lambda _: close_listings(store, metrics)),
            "measuring": (MEASURE_SECONDS, lambda _: measure_outbox(engine, metrics)),
            "housekeeping": (
                TIDY_SECONDS,
                lambda stopping: tidy_up(engine, settings.keep_events, settings.keep_keys, metrics, stopping),
            ),
        }
        if publisher is not None:
            relay = Relay(engine, publisher)
            works["relay"] = settings.relay_every, lambda stopping: relay_events(relay, metrics, stopping)
        self._loops = [Loop(name, every, work, metrics) for name, (every, work) in works.items()]
        pages = {"/healthz": self._health, "/readyz": self._readiness, "/metrics": self._metrics_page}
        self._server = HealthServer(settings.host, settings.health_port, pages)
        self.port = self._server.port

    def start(self) -> None:
        for loop in self._loops:
            loop.start()
        self._server.start()

    def stop(self) -> list[str]:
        """Lets each loop finish what is under way; returns those that did not within STOP_SECONDS."""
        for loop in self._loops:
            loop.stop()
        deadline = time.monotonic() + STOP_SECONDS
        hanging = [loop.name for loop in self._loops if not loop.join(deadline - time.monotonic())]
        self._server.close()
        return hanging

    def _health(self) -> Answer:
        silent = [loop.name for loop in self._loops if not loop.is_alive()]
        ages = {loop.name: round(loop.silent_seconds(), 1) for loop in self._loops}
        return status_answer(f"no sign of life from {', '.join(silent)}" if silent else None, silent_seconds=ages)

    def _readiness(self) -> Answer:
        from auction_core.migrations import is_at_head

        try:
            problem = None if is_at_head(self._engine) else "the database needs 'auction-core migrate'"
        except (SQLAlchemyError, AuctionError) as error:
            problem = sentence_of(error)
        return status_answer(problem)

    def _metrics_page(self) -> Answer:
        return metrics_answer(page(self.metrics.registry))


def run_worker(url: str, settings: Settings) -> bool:
    """Until SIGINT or SIGTERM, which must raise KeyboardInterrupt. Whether everything under way could be finished.

    Needs no database server that answers: its loops wait for one. Raises Refused for settings that make no sense, and
    DatabaseUnreachable when an SQLite file is not there.
    """
    log_to_stderr()
    address = parse_url(url)
    require_file(address)
    publisher = open_publisher(settings.publisher)
    engine = open_for_writing(address, clients=CONNECTIONS)
    worker = Worker(engine, publisher, settings)
    details = {"database": describe(address), "publisher": settings.publisher, "port": worker.port}
    try:
        worker.start()
        logger.info("worker started", extra=details)
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        # What is under way is finished within STOP_SECONDS; asking again makes it no faster.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
    logger.info("worker stopping")
    hanging = worker.stop()
    if hanging:
        logger.error("worker stopped without waiting for %s", ", ".join(hanging))
        return False
    if publisher is not None:
        publisher.close()
    engine.dispose()
    logger.info("worker stopped")
    return True
