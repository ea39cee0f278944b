"""Measures engines, caches and many users on the seeded auction database. Asserts nothing: machines differ.

Every figure of ours stands beside the same work done bare, in the same run.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import statistics
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from itertools import count, cycle, islice
from pathlib import Path
from time import perf_counter

import diskcache
import pyarrow as pa

from benches import fetch
from benches.run import QUESTIONS, ROOT, Row, opened
from nl2sql.answer.base import Answer
from nl2sql.cache.disk import DiskCache
from nl2sql.engines.arrow_ipc import result_to_bytes
from nl2sql.engines.base import Job
from nl2sql.execution import Asked, Executed, Execution
from nl2sql.guard.check import check
from nl2sql.guard.checked import CheckedSql
from nl2sql.guard.policy import Limits, Policy
from nl2sql.pipeline import Pipeline
from nl2sql.question import Principal, Question
from nl2sql.quota import RowQuota
from nl2sql.terminal import Page
from nl2sql.writers.base import Origin, SqlDraft

# At this pace the ledger's queue fills; that rows are lost is counted there, and no news here.
logging.getLogger("nl2sql.ledger").setLevel(logging.ERROR)

USERS = 32
SECONDS = 5.0
ROUNDS = 300
# As many rows as a role gets by default, of six columns: ids, money, a time and a text.
WIDE = "SELECT id, listing_id, bidder_id, amount, placed_at, id + 1 AS next FROM bids ORDER BY id LIMIT 1000"


def _median_us(call: Callable[[], object], rounds: int = ROUNDS) -> float:
    call()
    spent = []
    for _ in range(rounds):
        begun = perf_counter()
        call()
        spent.append(perf_counter() - begun)
    return statistics.median(spent) * 1e6


def _decoded(stored: bytes) -> pa.Table:
    with pa.ipc.open_stream(pa.py_buffer(stored)) as reader:
        return reader.read_all()


def _packed(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    packed: bytes = sink.getvalue().to_pybytes()
    return packed


def bench_cached(pipeline: Pipeline, folder: str) -> Iterator[Row]:
    """A whole cached answer, beside a bare diskcache that is asked for the same bytes and decodes them."""
    text = "Number of bids by month in 2025"
    users = map("user {}".format, count())  # each asks once, because there is a limit on one person's rows
    cases: dict[str, Callable[[], Answer]] = {
        "1,000 rows × 6, typed SQL": lambda: pipeline.run_sql(WIDE, Principal(next(users))),
        "a question, 12 rows": lambda: pipeline.ask(Question.parse(text, principal=Principal(next(users)))),
    }
    first = {name: call() for name, call in cases.items()}
    with diskcache.Cache(folder) as bare:
        for name, call in cases.items():
            answer = first[name]
            if answer.table is None:
                yield f"cached, {name}", "not answered", answer.headline
                continue
            table = answer.table.table
            stored = _packed(table)
            bare.set(name, stored)
            raw = _median_us(lambda name=name: _decoded(bare.get(name)))  # type: ignore[misc]
            ours = _median_us(call)
            kept = len(result_to_bytes(answer.table))
            yield f"cached, {name}", f"{ours:,.0f} µs", f"{ours / raw:.2f} × bare get and decode ({raw:,.0f} µs)"
            yield f"  kept for it, {name}", f"{kept:,} bytes", f"{kept / len(stored):.2f} × Arrow alone"


def bench_kept(pipeline: Pipeline, folder: str) -> Iterator[Row]:
    """The run stage alone, when the result is kept: the state of the data, the key, the bytes, the rows."""
    policy = Policy(limits=Limits(rows_per_minute=10**9))
    checked = check(SqlDraft(WIDE, Origin("sql")), pipeline.model, policy, pipeline.engine.dialect)
    if not isinstance(checked, CheckedSql):
        raise SystemExit(f"The guard refused the statement: {checked}")
    with contextlib.closing(DiskCache(f"{folder}/kept")) as cache, diskcache.Cache(f"{folder}/bare") as bare:
        execution = Execution(
            pipeline.engine, cache, RowQuota(), pipeline.model, lambda _checked, _asked: None, 3_600.0
        )
        asked = Asked(Principal(), policy, pipeline.model, Job(), threading.Event())
        done = execution.result_of(checked, asked)
        if not isinstance(done, Executed):
            raise SystemExit("Running it on this database costs something.")
        bare.set("key", _packed(done.result.table))
        raw = _median_us(lambda: _decoded(bare.get("key")))
        ours = _median_us(lambda: execution.result_of(checked, asked))
    yield "kept result, 1,000 rows × 6", f"{ours:,.0f} µs", f"{ours / raw:.2f} × bare get and decode ({raw:,.0f} µs)"


def bench_users(pipeline: Pipeline) -> Row:
    """Answers a second in this one process; every answer is looked at."""
    known = [text for text in QUESTIONS if pipeline.ask(Question.parse(text)).outcome == "answered"]
    begun = threading.Barrier(USERS + 1)
    until = [0.0]
    counts = [0] * USERS
    wrong: list[str] = []

    def user(place: int) -> None:
        principal = Principal(user=f"user {place}")
        texts = cycle([*islice(cycle(known), place, place + len(known))])
        begun.wait()
        while perf_counter() < until[0]:
            answer = pipeline.ask(Question.parse(next(texts), principal=principal))
            if answer.outcome != "answered" or not answer.cached:
                wrong.append(answer.code)
            counts[place] += 1

    threads = [threading.Thread(target=user, args=(place,)) for place in range(USERS)]
    for thread in threads:
        thread.start()
    until[0] = perf_counter() + SECONDS
    begun.wait()
    for thread in threads:
        thread.join()
    spread = f"each user {min(counts)} to {max(counts)}" + (f"; {len(wrong)} NOT from the cache" if wrong else "")
    return f"{USERS} users, cached questions", f"{sum(counts) / SECONDS:,.0f} answers/s", spread


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", type=Path, default=ROOT / "var" / "auction.db")
    parser.add_argument("--only", choices=["cached", "fetch"], help="one part alone")
    options = parser.parse_args()
    page = Page(sys.stdout)
    if options.only != "fetch":
        database = options.database.absolute()
        with (
            tempfile.TemporaryDirectory() as folder,
            tempfile.TemporaryDirectory() as bare,
            opened(database, folder) as pipeline,
        ):
            rows = [*bench_kept(pipeline, bare), *bench_cached(pipeline, bare), bench_users(pipeline)]
        page.table(("measured", "time", "beside"), rows, frozenset({1}))
    if options.only != "cached":
        fetch.main([])


if __name__ == "__main__":
    main()
