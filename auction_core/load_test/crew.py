"""The client processes: started, killed without warning and replaced if so wished, and stopped."""

import multiprocessing
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext, SpawnContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Protocol

from auction_core.load_test.client import Bids, Client, Part
from auction_core.load_test.ledger import LedgerWriter
from auction_core.store import Store

# A request that waits for a lock, or for a server that is silent, may last this long after the end of the load.
GRACE_SECONDS = 60.0
# Killed clients are replaced, on average, twice a second.
KILL_PAUSE_SECONDS = (0.2, 0.8)
TICK_SECONDS = 0.1
STOP = "stop"


class ClosableBids(Bids, Protocol):
    def close(self) -> None: ...


OpenBids = Callable[[str, int], ClosableBids]


def open_store(url: str, clients: int) -> ClosableBids:
    return Store.open(url, clients=clients)


@dataclass(frozen=True, slots=True)
class Errand:
    """What a client process is given: a thread for each part, until `deadline` (Unix time) or a file called STOP."""

    url: str
    parts: tuple[Part, ...]
    folder: Path
    name: str
    deadline: float
    seed: int
    open_bids: OpenBids


def run_errand(errand: Errand) -> None:
    """In a process of its own. Its ledger is called `<name>.ledger`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process; the parent says when to stop
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    stop = errand.folder / STOP

    def go_on() -> bool:
        return time.time() < errand.deadline and not stop.exists()

    with closing(errand.open_bids(errand.url, len(errand.parts))) as bids:
        ledger = LedgerWriter(errand.folder / f"{errand.name}.ledger")
        threads = [
            threading.Thread(target=client.work, args=(go_on,))
            for number, part in enumerate(errand.parts)
            for client in [Client(part, bids, ledger, random.Random(f"{errand.seed} {errand.name} {number}"))]  # noqa: S311
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        ledger.close()


class Crew:
    def __init__(
        self, url: str, parts: list[tuple[Part, ...]], folder: Path, seed: int, open_bids: OpenBids = open_store
    ) -> None:
        """A process for each of `parts`, which need not be named."""
        self._url = url
        self._parts = parts
        self._folder = folder
        self._dice = random.Random(seed)  # noqa: S311 - which client is killed is no secret
        self._seed = seed
        self._open_bids = open_bids
        # A fork server starts a client in milliseconds, and unlike a fork of this process copies no thread's lock.
        self._context: SpawnContext | ForkServerContext
        if sys.platform == "win32":
            self._context = multiprocessing.get_context("spawn")
        else:
            self._context = multiprocessing.get_context("forkserver")
            self._context.set_forkserver_preload([__name__])
        self._processes: list[BaseProcess] = []
        self._deadline = 0.0
        self.started = 0
        self.killed = 0

    def work(self, seconds: float, *, kill: bool, tick: Callable[[float], None]) -> None:
        """Calls `tick(seconds_left)` several times a second. Whatever ends it, the clients are stopped."""
        self._deadline = time.time() + seconds
        try:
            self._processes = [self._start(slot) for slot in range(len(self._parts))]
            next_kill = self._next_kill()
            while (left := self._deadline - time.time()) > 0:
                tick(left)
                time.sleep(min(left, TICK_SECONDS))
                if kill and time.time() >= next_kill:
                    self._replace(self._dice.randrange(len(self._processes)))
                    next_kill = self._next_kill()
        finally:
            self._stop()

    def _start(self, slot: int) -> BaseProcess:
        self.started += 1
        name = f"{slot}-{self.started}"
        parts = tuple(
            Part(f"{name}-{number}", part.bidder_id, part.seller_id, part.hot_ids, part.spread_ids, part.minimum_cents)
            for number, part in enumerate(self._parts[slot])
        )
        errand = Errand(self._url, parts, self._folder, name, self._deadline, self._seed, self._open_bids)
        process = self._context.Process(target=run_errand, args=(errand,), name=f"load client {name}", daemon=True)
        process.start()
        return process

    def _replace(self, slot: int) -> None:
        process = self._processes[slot]
        if process.is_alive() and process.pid is not None:
            os.kill(process.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
            self.killed += 1
        process.join()
        process.close()
        self._processes[slot] = self._start(slot)

    def _next_kill(self) -> float:
        return time.time() + self._dice.uniform(*KILL_PAUSE_SECONDS)

    def _stop(self) -> None:
        (self._folder / STOP).touch()
        end = time.time() + GRACE_SECONDS
        for process in self._processes:
            process.join(max(0.0, end - time.time()))
            if process.is_alive():
                process.kill()
                process.join()
            process.close()
        self._processes = []
