"""Measures the product on the seeded auction database and prints what it saw. Asserts nothing: machines differ.

Ratios travel better than times: each time of ours stands beside the same work done bare.
"""

from __future__ import annotations

import argparse
import sqlite3
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from time import perf_counter

import sqlglot

from nl2sql.bootstrap import build_pipeline
from nl2sql.pipeline import Pipeline
from nl2sql.question import Question
from nl2sql.settings import load_settings
from nl2sql.terminal import Page

ROOT = Path(__file__).parents[1]
# Counts, sums, ratios, groups, tops, trends, joins, periods and named values: what people ask of an auction.
QUESTIONS = (
    "How many listings were sold last month?",
    "How many users do we have?",
    "What was the revenue last month?",
    "GMV by category in 2025",
    "Which 5 countries had the most new users in 2025?",
    "Top 10 sellers by GMV in 2025",
    "Revenue by month in 2025",
    "Average final price by category",
    "Sell-through rate by category last quarter",
    "How many bids were placed last week?",
    "Number of bids by month in 2025",
    "How many active bidders did we have last quarter?",
    "Payments volume by method in 2025",
    "Top 5 categories by revenue last year",
    "How many listings are active?",
    "How many listings were sold in Electronics in 2025?",
    "Average seller rating by country",
    "Number of new users by month in 2026",
    "Which sellers have the most sold listings?",
    "Take rate by month in 2025",
)
# The first round fills the operating system's and the parser's caches; p95 of 20 × 5 is the fifth slowest.
ROUNDS = 5

Row = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Timed:
    """Milliseconds of each call."""

    ms: tuple[float, ...]

    @property
    def p50(self) -> float:
        return statistics.median(self.ms)

    @property
    def p95(self) -> float:
        return statistics.quantiles(self.ms, n=20)[-1]


def timed(calls: Sequence[Callable[[], object]], rounds: int = ROUNDS, *, warm: bool = True) -> Timed:
    if warm:
        for call in calls:
            call()
    spent = []
    for _ in range(rounds):
        for call in calls:
            begun = perf_counter()
            call()
            spent.append((perf_counter() - begun) * 1000)
    return Timed(tuple(spent))


@contextmanager
def opened(database: Path, cache: str) -> Iterator[Pipeline]:
    environ = {
        "NL2SQL_DATABASE": f"sqlite:///{database}",
        "NL2SQL_CACHE": cache,
        "NL2SQL_WRITERS": "offline",
        "NL2SQL_LEDGER": "off" if cache == "off" else f"sqlite:///{cache}/ledger.db",
        "NL2SQL_CONFIG": str(ROOT / "nl2sql.toml"),
    }
    pipeline = build_pipeline(load_settings(environ))
    try:
        yield pipeline
    finally:
        pipeline.close()


def bench_answers(database: Path) -> Iterator[Row]:
    with opened(database, "off") as pipeline:
        pipeline.ask(Question.parse("How many categories are there?"))  # imports, value index, first connection
        first = timed([partial(_ask, pipeline, text) for text in QUESTIONS], rounds=1, warm=False)
        answers = [pipeline.ask(Question.parse(text)) for text in QUESTIONS]
        statements = {answer.question.text: answer.sql for answer in answers if answer.outcome == "answered"}
        asked_back = "; ".join(a.question.text for a in answers if a.outcome != "answered")
        yield "questions answered", f"{len(statements)} of {len(QUESTIONS)}", asked_back and f"not: {asked_back}"
        if not statements:
            return
        again = timed([partial(_ask, pipeline, text) for text in statements])
        guard = timed([partial(_check_anew, pipeline, sql, count()) for sql in statements.values()])
        known = timed([partial(pipeline.check, sql) for sql in statements.values()])
        stages = _stage_medians(pipeline, statements)
    bare = timed([_bare(database, sql) for sql in statements.values()])
    parse = timed([partial(sqlglot.parse_one, sql, read="sqlite") for sql in statements.values()])
    yield "the SQL alone, bare SQLite: p50, p95", f"{bare.p50:.1f}, {bare.p95:.1f} ms", ""
    for name, ours in (("first time", first), ("again, no cache", again)):
        yield f"question, {name}: p50", f"{ours.p50:.1f} ms", f"{ours.p50 / bare.p50:.1f} × bare"
        yield f"question, {name}: p95", f"{ours.p95:.1f} ms", f"{ours.p95 / bare.p95:.1f} × bare"
    for stage, ms in stages.items():
        yield f"  of which {stage}: p50", f"{ms:.1f} ms", ""
    with tempfile.TemporaryDirectory() as folder, opened(database, folder) as pipeline:
        cached = timed([partial(_ask, pipeline, text) for text in statements])
    yield "question, cached: p50", f"{cached.p50:.1f} ms", f"{cached.p50 / again.p50:.2f} × without cache"
    yield "guard, new statement: p50", f"{guard.p50:.2f} ms", f"{guard.p50 / parse.p50:.1f} × a bare parse"
    yield "guard, known statement: p50", f"{known.p50:.3f} ms", f"{known.p50 / parse.p50:.2f} × a bare parse"


def _ask(pipeline: Pipeline, text: str) -> object:
    return pipeline.ask(Question.parse(text))


def _check_anew(pipeline: Pipeline, sql: str, blanks: Iterator[int]) -> object:
    """The guard remembers verdicts by text: each further blank makes a statement it has not seen."""
    return pipeline.check(sql + " " * (next(blanks) + 1))


def _bare(database: Path, sql: str) -> Callable[[], object]:
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    return lambda: connection.execute(sql).fetchall()


def _stage_medians(pipeline: Pipeline, texts: Iterable[str]) -> dict[str, float]:
    spent: dict[str, list[float]] = {}
    for text in texts:
        for stage in pipeline.ask(Question.parse(text)).stages:
            spent.setdefault(stage.stage, []).append(stage.ms)
    return {stage: statistics.median(ms) for stage, ms in spent.items()}


# What a child reports of itself: the peak that its parent sees includes the parent's own memory at the fork.
_SEED_AND_TELL = """
import atexit, re
from pathlib import Path
from auction_core.cli import main
status = Path("/proc/self/status")
if status.exists():
    atexit.register(lambda: print(int(re.search(r"VmHWM:\\s+(\\d+)", status.read_text())[1]) // 1000))
main()
"""


def bench_seeding(scales: list[str]) -> Iterator[Row]:
    for scale in scales:
        with tempfile.TemporaryDirectory() as folder:
            url = f"sqlite:///{folder}/auction.db"
            command = [sys.executable, "-c", _SEED_AND_TELL, "seed", "--scale", scale, "--seed", "7", "--url", url]
            begun = perf_counter()
            process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
            seconds = perf_counter() - begun
            size = (Path(folder) / "auction.db").stat().st_size if process.returncode == 0 else 0
        said = f"{size / 1e6:,.0f} MB file" if process.returncode == 0 else f"ended with {process.returncode}"
        peak = process.stdout.strip().rpartition("\n")[2] or "?"
        yield f"seed {scale}", f"{seconds:.1f} s", f"peak {peak} MB, {said}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", type=Path, default=ROOT / "var" / "auction.db")
    parser.add_argument("--scales", default="small,medium", help="scales to seed, with commas; empty: none")
    options = parser.parse_args()
    rows = [*bench_answers(options.database.absolute()), *bench_seeding([s for s in options.scales.split(",") if s])]
    Page(sys.stdout).table(("measured", "time", "beside"), rows, frozenset({1}))


if __name__ == "__main__":
    main()
