"""Measures placing bids beside the same done statement by statement, and by another framework's row lock, in one run.

On a throw-away database of a MariaDB or MySQL server (AUCTION_TEST_MYSQL_URL, else root on this machine). The clients
are processes of threads, because one Python process uses one core. The ways take turns in every round; a figure is the
median of the rounds, a ratio the median of their ratios, with the quarters of the rounds below and above it. Paces
depend on what else the machine does, the processor time of each accepted bid much less. `--all` adds SQLite and
PostgreSQL, with no limits.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import signal
import sys
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from multiprocessing.connection import Connection
from time import perf_counter
from typing import Any

from sqlalchemy import create_engine, insert, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from auction_core.database import open_for_writing, parse_url
from auction_core.errors import AuctionError
from auction_core.routines import create_routines
from auction_core.tables import Base, Category, Listing, User
from benches.core_clients import Count, Slice, reason_of, serve
from benches.core_cpu import ServerTime
from benches.core_tables import Case, Row, cpu_rows, latency_rows, pace_rows
from nl2sql.terminal import Page

MYSQL = "mysql+pymysql://root@127.0.0.1:3306/mysql"
POSTGRES = "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
PROCESSES = 4
LISTINGS = 1_000
# Short slices and many rounds: what else the machine does then falls on all ways alike.
SECONDS = 0.6
ROUNDS = 9
# A slow machine does fewer rounds of a case.
CASE_SECONDS = 30.0
ANSWER_SECONDS = 60.0


CASES = (
    Case("8 clients, spread", PROCESSES, 2, False, {"raw": 1.3, "django": 3.0}),
    Case("32 clients, spread", PROCESSES, 8, False, {"raw": 1.3, "django": 3.0}),
    Case("8 clients, one listing", PROCESSES, 2, True, {"raw": 1.2}),
    Case("32 clients, one listing", PROCESSES, 8, True, {"raw": 1.2}),
)
ALONE = Case("1 client, spread", 1, 1, False, {"raw": 1.1})
WAYS = ("place_bid", "raw", "raw, whole", "django")


class Failed(Exception):
    """Says why nothing can be measured."""


class Clients:
    """Processes that wait for slices."""

    def __init__(self, url: str) -> None:
        spawn = multiprocessing.get_context("spawn")
        self.amounts = spawn.Value("q", 0)  # kept: the processes find it by name
        self.ends = []
        self.processes = []
        for _ in range(PROCESSES):
            mine, theirs = spawn.Pipe()
            process = spawn.Process(target=serve, args=(url, theirs, self.amounts), daemon=True)
            process.start()
            theirs.close()
            self.ends.append(mine)
            self.processes.append(process)

    def run(self, order: Slice, processes: int, server: ServerTime) -> Count:
        ends = self.ends[:processes]
        for end in ends:
            end.send(order)
        failures = [_answer(end) for end in ends]
        for failure in failures:
            if failure is not None:
                raise Failed(failure)
        begun = server.seconds()
        for end in ends:
            end.send(None)
        whole = Count()
        for end in ends:
            whole.add(_answer(end))
        whole.server_cpu = server.seconds() - begun
        return whole

    def stop(self) -> None:
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.join(timeout=10)


def _answer(end: Connection) -> Any:
    try:
        if not end.poll(ANSWER_SECONDS):
            raise Failed(f"The clients said nothing for {ANSWER_SECONDS:.0f} seconds.")
        return end.recv()
    except (EOFError, OSError):
        raise Failed("A process of the clients ended.") from None


@contextmanager
def throw_away(server: str) -> Iterator[str]:
    if server == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{folder}/auction.db"
        return
    address = make_url(server)
    name = f"auction_bench_{uuid.uuid4().hex[:12]}"
    engine = create_engine(address, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield address.set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name}"))
        engine.dispose()


def prepare(url: str) -> list[int]:
    """The ids of listings that are open for a day, from one euro."""
    engine = open_for_writing(parse_url(url))
    now = datetime.now(UTC).replace(tzinfo=None)
    with engine.begin() as connection:
        Base.metadata.create_all(connection)
        create_routines(connection)
        connection.execute(insert(Category), [{"id": 1, "name": "Art"}, {"id": 2, "name": "Prints", "parent_id": 1}])
        connection.execute(insert(User), [_user(number, now) for number in range(1, 42)])
        listings = [_listing(number, now) for number in range(1, LISTINGS + 1)]
        connection.execute(insert(Listing), listings)
    engine.dispose()
    return [int(listing["id"]) for listing in listings]


def _user(number: int, now: datetime) -> dict[str, object]:
    name = f"user{number}"
    joined = now - timedelta(days=30)
    return {
        "id": number,
        "username": name,
        "email": f"{name}@example.org",
        "password_hash": "!",
        "full_name": name,
        "country": "DE",
        "created_at": joined,
        "last_seen_at": joined,
    }


def _listing(number: int, now: datetime) -> dict[str, object]:
    return {
        "id": number,
        "seller_id": 1,
        "category_id": 2,
        "title": f"Print {number}",
        "description": "Framed.",
        "item_condition": "good",
        "starting_price": Decimal(1),
        "status": "active",
        "created_at": now - timedelta(days=1),
        "starts_at": now - timedelta(hours=1),
        "ends_at": now + timedelta(days=1),
    }


def measure(
    clients: Clients, url: str, case: Case, listings: Sequence[int], ways: Sequence[str], seconds: float, rounds: int
) -> dict[str, list[Count]]:
    """The counts of each way, by round. On one listing, each way has a listing of its own in each round."""
    counts: dict[str, list[Count]] = {way: [] for way in ways}
    server = ServerTime(url)
    fresh = iter(listings)
    leap = case.processes * case.threads if case.hot else 0
    until = perf_counter() + CASE_SECONDS
    for turn in range(rounds):
        if perf_counter() > until:
            break
        for way in (*ways[turn % len(ways) :], *ways[: turn % len(ways)]):
            chosen = [next(fresh)] if case.hot else listings
            order = Slice(way, chosen, case.threads, seconds, leap)
            counts[way].append(clients.run(order, case.processes, server))
    return counts


def bench_mysql(page: Page, seconds: float, rounds: int) -> None:
    server = os.environ.get("AUCTION_TEST_MYSQL_URL", MYSQL)
    with throw_away(server) as url:
        listings = prepare(url)
        page.line(_settings(url))
        clients = Clients(url)
        try:
            found = {ALONE: measure(clients, url, ALONE, listings, WAYS, seconds / 2, rounds)}
            found |= {case: measure(clients, url, case, listings, WAYS, seconds, rounds) for case in CASES}
        finally:
            clients.stop()
    rows = [row for case, counts in found.items() if case in CASES for row in pace_rows(case, counts, seconds)]
    rows[:0] = latency_rows(ALONE, found[ALONE])
    page.table(("clients", "way", "accepted", "place_bid is ×", "limit", "refused"), rows, frozenset({2, 3}))
    page.line("Processor time of each accepted bid:")
    spent = [row for case, counts in found.items() for row in cpu_rows(case, counts)]
    page.table(("clients", "way", "server", "client", "both", "is × place_bid"), spent, frozenset({2, 3, 4, 5}))


def bench_others(page: Page, seconds: float, rounds: int) -> None:
    rows: list[Row] = []
    for name, server in (("SQLite", "sqlite"), ("PostgreSQL", os.environ.get("AUCTION_TEST_POSTGRES_URL", POSTGRES))):
        with throw_away(server) as url:
            listings = prepare(url)
            clients = Clients(url)
            try:
                for case in CASES:
                    found = measure(clients, url, case, listings, ("place_bid",), seconds, rounds)
                    rows += [(name, *row[:3], row[5]) for row in pace_rows(case, found, seconds)]
            finally:
                clients.stop()
    page.table(("engine", "clients", "way", "accepted", ""), rows, frozenset({3}))


def _settings(url: str) -> str:
    engine = create_engine(url)
    with engine.connect() as connection:
        version, flush = connection.execute(text("SELECT VERSION(), @@innodb_flush_log_at_trx_commit")).one()
    engine.dispose()
    flushed = "each commit is flushed" if flush == 1 else "commits are NOT flushed one by one: set it to 1"
    return f"{version}, innodb_flush_log_at_trx_commit = {flush}: {flushed}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="SQLite and PostgreSQL as well")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each slice")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    page = Page(sys.stdout)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Stopped."))  # the throw-away database is dropped
    try:
        bench_mysql(page, options.seconds, options.rounds)
        if options.all:
            bench_others(page, options.seconds, options.rounds)
    except Failed as failure:
        sys.exit(str(failure))
    except (SQLAlchemyError, AuctionError) as error:
        sys.exit(f"The database cannot be measured: {reason_of(error)}.")
    except KeyboardInterrupt:
        sys.exit("Stopped.")


if __name__ == "__main__":
    main()
