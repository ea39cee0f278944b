"""Measures the offline writer: reading a question and compiling its plan, on the auction model and on a large one.

The baseline is the compiled SQL parser at work on what the writer wrote, in the same run. Asserts nothing.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TypeVar

import sqlglot

from auction_core.seed.run import seed_database
from benches.model import Values, model_text
from evals.cases.load import load_suite
from nl2sql.catalog.load import load_model
from nl2sql.catalog.model import SemanticModel
from nl2sql.catalog.value_index import ValueIndex, ValueSource
from nl2sql.context.base import Context
from nl2sql.engines.registry import open_engine
from nl2sql.question import Question
from nl2sql.terminal import Page
from nl2sql.writers.base import Draft, SqlDraft
from nl2sql.writers.offline.writer import OfflineWriter

ROOT = Path(__file__).parents[1]
AS_OF = date(2026, 6, 30)
COUNTRIES = "US DE GB FR NL IT ES PL SE AT CH BE JP CA AU BR IN".split()
Ask = Callable[[str], Draft]
T = TypeVar("T")
Row = tuple[str, str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="how often each question is asked (default: 3)")
    rounds = parser.parse_args().rounds
    page = Page(sys.stdout)
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/auction.db"
        seed_database(url, "tiny", 7, AS_OF)
        engine = open_engine(url)
        try:
            model = load_model(ROOT / "schema" / "auction" / "model.yaml")
            ask = asker(model, engine)
            questions = [case.question for case in load_suite(ROOT / "evals/suites/auction/dev.yaml").cases]
            page.line(f"auction model, {len(questions)} questions of the dev suite, {rounds} rounds", "bold")
            page.table(("what", "measured"), list(auction(ask, questions, rounds)), right=frozenset({1}))
            page.line("the same question, longer and longer", "bold")
            page.table(("words", "ms", "µs a word"), list(longer(ask, rounds)), right=frozenset({0, 1, 2}))
        finally:
            engine.close()
        path = Path(folder) / "model.yaml"
        path.write_text(model_text(300, 5_000), encoding="utf-8")
        page.line("a model of 300 datasets and 5,000 fields", "bold")
        page.table(("what", "measured"), list(large(path, rounds)), right=frozenset({1}))


def asker(model: SemanticModel, source: ValueSource) -> Ask:
    writer = OfflineWriter(model, ValueIndex(model, source))
    context = Context(model, "sqlite", AS_OF, ())
    return lambda text: writer.write(Question(text), context)


def auction(ask: Ask, questions: Sequence[str], rounds: int) -> Iterator[Row]:
    _, first = timed(lambda: ask(questions[0]))
    yield "first question, words of the model and its values read", f"{first:,.1f} ms"
    drafts = [ask(text) for text in questions]  # every expression of the model parsed once
    times = [fastest(partial(ask, text), rounds) for text in questions]
    yield "read and compile, p50", f"{statistics.median(times):.2f} ms"
    yield "read and compile, p99", f"{statistics.quantiles(times, n=100)[98]:.2f} ms"
    yield "read and compile, slowest", f"{max(times):.2f} ms"
    written = [(draft.sql, ms) for draft, ms in zip(drafts, times, strict=True) if isinstance(draft, SqlDraft)]
    parsed = [fastest(partial(sqlglot.parse_one, sql, read="sqlite"), rounds) for sql, _ in written]
    yield "questions that got SQL", f"{len(written)} of {len(questions)}"
    yield "over one parse of the SQL written", f"{sum(ms for _, ms in written) / sum(parsed):.1f} ×"


def longer(ask: Ask, rounds: int) -> Iterator[tuple[str, str, str]]:
    """A list of values grows: everything in it is read, and all of it comes out in the SQL."""
    for size in (1, 2, 4, 8, 16):
        listed = ", ".join(COUNTRIES[:size])
        text = f"Number of bids by bidders from {listed} by month and category in 2025"
        ms = min(timed(lambda text=text: ask(text))[1] for _ in range(max(rounds, 5)))
        words = len(text.split())
        yield str(words), f"{ms:.2f}", f"{ms * 1000 / words:.0f}"


def large(path: Path, rounds: int) -> Iterator[Row]:
    cache = path.parent / "cache"
    _, first = timed(lambda: load_model(path, cache=cache))
    yield "load the file, not compiled", f"{first:,.0f} ms"
    model, again = timed(lambda: load_model(path, cache=cache))
    yield "load it, compiled", f"{again:,.0f} ms"
    ask = asker(model, Values())
    _, opened = timed(lambda: ask("total_1"))
    yield "first question", f"{opened:,.0f} ms"
    questions = [text for number in range(0, 300, 7) for text in large_questions(number)]
    drafts = [ask(text) for text in questions]
    times = [fastest(partial(ask, text), rounds) for text in questions]
    answered = sum(isinstance(draft, SqlDraft) for draft in drafts)
    yield "questions that got SQL", f"{answered} of {len(questions)}"
    yield "read and compile, p50", f"{statistics.median(times):.2f} ms"
    yield "read and compile, p99", f"{statistics.quantiles(times, n=100)[98]:.2f} ms"


def large_questions(number: int) -> Iterator[str]:
    yield f"How many things {number} are there?"
    yield f"total amount {number} by field_5 {number}"
    yield f"top 5 field_5 {number} by total amount {number}"
    yield f"what is the total weight of thing {number}?"  # a word that no model has: declined


def fastest(work: Callable[[], object], rounds: int) -> float:
    return min(timed(work)[1] for _ in range(rounds))


def timed(work: Callable[[], T]) -> tuple[T, float]:
    begun = perf_counter()
    done = work()
    return done, (perf_counter() - begun) * 1000


if __name__ == "__main__":
    main()
