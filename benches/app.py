"""Measures the app: people who ask over websockets at once, beside the same questions asked of the pipeline bare.

Each person has a session of their own and asks every few seconds; a page is done when its last element has come. With
a Chromium on the machine, the first answer and a reload are also timed in a real browser. Asserts nothing: machines
differ.
"""

from __future__ import annotations

import argparse
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

from benches import app_browser
from benches.app_session import AppSession
from evals.cases.load import load_suite
from nl2sql.bootstrap import build_pipeline
from nl2sql.question import Principal, Question
from nl2sql.settings import Settings, load_settings
from nl2sql.terminal import Page

ROOT = Path(__file__).parents[1]
SUITE = ROOT / "evals" / "suites" / "auction" / "smoke.yaml"
PEOPLE = 20
EVERY_SECONDS = 5.0
SECONDS = 60.0
START_SECONDS = 60.0
HEADLINE = "ask-headline"


@dataclass(slots=True)
class Asked:
    """Seconds of all pages with an answer, and how many came without one."""

    seconds: list[float] = field(default_factory=list)
    received_bytes: list[int] = field(default_factory=list)
    missing: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


def questions() -> list[str]:
    """Those of the smoke suite that have an answer."""
    return [case.question for case in load_suite(SUITE).cases if case.kind == "answerable"]


@contextmanager
def app_at(folder: Path) -> Iterator[int]:
    """The app on a database of its own, as a process; yields its port."""
    database = folder / "auction.db"
    seed = [sys.executable, "-m", "auction_core.cli", "seed", "--scale", "small", "--seed", "7"]
    subprocess.run([*seed, "--url", f"sqlite:///{database}"], check=True, cwd=ROOT, capture_output=True)  # noqa: S603
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "streamlit_app", "--port", str(port)],
        cwd=ROOT,
        env=os.environ | environment(folder),
        stdout=subprocess.DEVNULL,
    )
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def environment(folder: Path) -> dict[str, str]:
    return {
        "NL2SQL_DATABASE": f"sqlite:///{folder / 'auction.db'}",
        "NL2SQL_CACHE": str(folder / "cache"),
        "NL2SQL_LEDGER": f"sqlite:///{folder / 'ledger.db'}",
        "NL2SQL_APP_DATABASE": f"sqlite:///{folder / 'app.db'}",
        "NL2SQL_EVALS": str(folder / "evals"),
        "NL2SQL_AS_OF": "2026-06-30",
        "NL2SQL_WRITERS": "verified, offline",
    }


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = perf_counter() + START_SECONDS
    while perf_counter() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise SystemExit("The app did not start.")


def many_people(port: int, people: int, seconds: float, every: float) -> Asked:
    """Each asks once every `every` seconds, at a moment of their own."""
    told, asked = Asked(), questions()
    until = perf_counter() + seconds
    rng = random.Random(7)  # noqa: S311 - no secret
    starts = [rng.uniform(0, every) for _ in range(people)]

    def person(number: int) -> None:
        with AppSession(port) as session:
            session.open()
            time.sleep(starts[number])
            for turn in range(10_000):
                begun = perf_counter()
                if begun > until:
                    return
                page = session.ask(asked[(number * 7 + turn) % len(asked)])
                with told.lock:
                    told.seconds.append(page.seconds)
                    told.received_bytes.append(page.received_bytes)
                    told.missing += not page.shows(HEADLINE)
                time.sleep(max(0.0, every - (perf_counter() - begun)))

    _together(person, people)
    return told


def bare(settings: Settings, people: int, seconds: float, every: float) -> list[float]:
    """The same questions at the same pace, asked of the pipeline without any page."""
    spent: list[float] = []
    asked, until = questions(), perf_counter() + seconds
    rng = random.Random(7)  # noqa: S311 - no secret
    starts = [rng.uniform(0, every) for _ in range(people)]
    with closing(build_pipeline(settings)) as pipeline:

        def person(number: int) -> None:
            time.sleep(starts[number])
            for turn in range(10_000):
                begun = perf_counter()
                if begun > until:
                    return
                question = Question.parse(asked[(number * 7 + turn) % len(asked)], principal=Principal(f"p{number}"))
                pipeline.ask(question)
                spent.append(perf_counter() - begun)
                time.sleep(max(0.0, every - (perf_counter() - begun)))

        _together(person, people)
    return spent


def _together(work: Callable[[int], None], people: int) -> None:
    threads = [threading.Thread(target=work, args=(number,)) for number in range(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def one_person(port: int) -> list[tuple[str, str, str, str]]:
    """Opening, a first answer and opening again, over a websocket: what the server takes."""
    with AppSession(port) as first:
        opened = first.open().seconds
        answered = first.ask(questions()[0]).seconds
    with AppSession(port) as second:
        again = second.open().seconds
    rows = {"open the page": opened, "first answer, whole page": answered, "open it again": again}
    return [(name, f"{seconds * 1000:,.0f} ms", "", "") for name, seconds in rows.items()]


def in_a_browser(port: int) -> list[tuple[str, str, str, str]]:
    path = app_browser.chromium()
    if path is None:
        return [("browser: no Chromium here", "", "", "")]
    waited = app_browser.waits(port, questions()[1], path)
    return [(name, f"{seconds * 1000:,.0f} ms", "", "") for name, seconds in waited.items()]


def crowd(port: int, folder: Path, options: argparse.Namespace) -> list[tuple[str, str, str, str]]:
    told = many_people(port, options.people, options.seconds, EVERY_SECONDS)
    os.environ.update(environment(folder) | {"NL2SQL_CACHE": str(folder / "other-cache"), "NL2SQL_LEDGER": "off"})
    alone = bare(load_settings(folder=ROOT), options.people, options.seconds / 2, EVERY_SECONDS)
    rows = []
    for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
        ours, theirs = quantile(told.seconds, share), quantile(alone, share)
        rows.append(
            (
                f"{options.people} people, {name}",
                f"{ours * 1000:,.0f} ms",
                f"{theirs * 1000:,.0f} ms",
                f"{ours / theirs:.1f} ×",
            )
        )
    size = statistics.median(told.received_bytes)
    rows.append((f"answers {len(told.seconds):,}, without one {told.missing}", f"{size / 1000:,.0f} kB each", "", ""))
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=PEOPLE, help="browser sessions at once")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="how long they ask")
    options = parser.parse_args()
    page = Page(sys.stdout)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with app_at(folder) as port:
            rows = [*one_person(port), *in_a_browser(port), *crowd(port, folder, options)]
    page.table(("measured", "app", "pipeline alone", "ratio"), rows, frozenset({1, 2, 3}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
