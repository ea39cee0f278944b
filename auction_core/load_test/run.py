"""One load test from beginning to end: rows made, clients let loose, unknown outcomes settled, everything proven."""

import random
import shutil
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from auction_core.database import describe, open_existing, parse_url
from auction_core.errors import DatabaseUnreachable
from auction_core.load_test import report as reporting
from auction_core.load_test.client import Client, Part
from auction_core.load_test.crew import Crew, OpenBids, open_store
from auction_core.load_test.facts import Facts, read_facts
from auction_core.load_test.ledger import LedgerWriter, count_accepted, read_book
from auction_core.load_test.plan import Plan
from auction_core.load_test.proof import Evidence, Finding, prove
from auction_core.load_test.report import Report, Unknown
from auction_core.load_test.scoped import check_invariants
from auction_core.load_test.stage import STARTING_PRICE, Stage, staged
from auction_core.money import to_cents

# (seconds left, bids acknowledged so far)
Progress = Callable[[float, int], None]
# A request of unknown outcome is repeated so often, with pauses of up to half a second.
SETTLING_ATTEMPTS = 20


def run_load(plan: Plan, progress: Progress = lambda left, bids: None, open_bids: OpenBids = open_store) -> Report:
    """Ctrl-C ends the load early; the proof follows all the same. Raises DatabaseUnreachable and Refused."""
    folder = Path(tempfile.mkdtemp(prefix="auction-load-"))
    try:
        with staged(plan) as stage:
            crew = Crew(plan.url, parts_of(plan, stage), folder, plan.seed, open_bids)
            interrupted = _let_loose(crew, plan, folder, progress)
            settled = settle_unknown(plan.url, stage, folder, open_bids)
            book = read_book(folder)
            facts, invariants = read_evidence(plan.url, stage)
            return Report(
                database=describe(parse_url(plan.url)),
                clients=plan.clients,
                processes=plan.processes,
                seconds=round(reporting.duration(book), 3),
                requests=len(book.entries),
                bids=len(facts.bids),
                refusals=reporting.refusals(book),
                retries=reporting.retries(book),
                repeats=reporting.repeats(book),
                killed_processes=crew.killed,
                interrupted=interrupted,
                unknown=Unknown(settled.requests, settled.were_placed, len(book.unsure())),
                latencies=reporting.measure(book),
                findings=(*prove(Evidence(book, facts)), *invariants),
                kept=stage.run if plan.keep else None,
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def parts_of(plan: Plan, stage: Stage) -> list[tuple[Part, ...]]:
    """A bidder for each client."""
    bidders = iter(stage.bidder_ids)
    return [tuple(_part(stage, next(bidders)) for _ in range(threads)) for threads in plan.threads]


def _part(stage: Stage, bidder: int) -> Part:
    return Part("", bidder, stage.seller_id, stage.hot_ids, stage.spread_ids, to_cents(STARTING_PRICE))


def _let_loose(crew: Crew, plan: Plan, folder: Path, progress: Progress) -> bool:
    """Whether it was interrupted."""
    offsets: dict[Path, int] = {}
    bids = 0

    def tick(left: float) -> None:
        nonlocal bids
        bids += count_accepted(folder, offsets)
        progress(left, bids)

    try:
        crew.work(plan.seconds, kill=plan.kill, tick=tick)
    except KeyboardInterrupt:
        return True
    return False


@dataclass(frozen=True, slots=True)
class Settled:
    """Requests whose outcome no client knew, and how many of them had been placed."""

    requests: int = 0
    were_placed: int = 0


def settle_unknown(url: str, stage: Stage, folder: Path, open_bids: OpenBids = open_store) -> Settled:
    """Repeats each request of unknown outcome with its key.

    It was placed before, or it is placed or refused now: as prices only rise, a request of a dead client that is still
    on its way to the database cannot be accepted after the same one was refused here.
    """
    unsure = read_book(folder).unsure()
    if not unsure:
        return Settled()
    keys = read_evidence(url, stage)[0].keys
    with closing(open_bids(url, 1)) as bids:
        ledger = LedgerWriter(folder / "settled.ledger")  # sorts behind the clients' ledgers, which begin with a number
        client = Client(_part(stage, stage.seller_id), bids, ledger, random.Random(0))  # noqa: S311 - pauses
        for request in unsure:
            client.settle(request, _times(SETTLING_ATTEMPTS))
        ledger.close()
    return Settled(len(unsure), sum((request.bidder_id, request.key) in keys for request in unsure))


def _times(number: int) -> Callable[[], bool]:
    left = iter(range(number))
    return lambda: next(left, None) is not None


def read_evidence(url: str, stage: Stage) -> tuple[Facts, list[Finding]]:
    """In one snapshot. Raises DatabaseUnreachable."""
    parsed = parse_url(url)
    engine = open_existing(parsed)
    try:
        with engine.connect() as connection:
            show_one_state(connection)
            return read_facts(connection, stage), check_invariants(connection, stage)
    except DBAPIError as error:
        kind = type(error.orig).__name__
        raise DatabaseUnreachable(f"Reading the {describe(parsed)} broke off ({kind}).") from None
    finally:
        engine.dispose()


def show_one_state(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":  # there every transaction does
        connection.execution_options(isolation_level="REPEATABLE READ")
