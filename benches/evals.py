"""Measures a run of recorded answers: its time, what of it is the databases' own, and its memory by number of cases.

The cases are those of the dev suite, each several times in other words, with the gold's SQL as the recorded reply; each
is judged on the base and five more seeded auctions. With `--distinct` each has a gold of its own text too, so that no
result serves two cases; each answer says what its gold says, so that beside the base the two are read once.
Each size runs in a process of its own, whose largest resident size is taken; making the suite
and its recording is not measured. “databases alone” is the time to run each case's gold and answer once on each of the
six, one after the other, with the bare driver. Asserts nothing: machines differ.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

import yaml

from evals.cases.base import Case
from evals.cases.load import load_suite
from evals.instances.base import prepare
from evals.log.records import read_run
from evals.runner.options import Options, settings_for
from evals.runner.run import run_suite
from nl2sql.bootstrap import build_pipeline
from nl2sql.llm.around import AroundModel
from nl2sql.llm.base import NO_CALL, Call, Completion
from nl2sql.llm.recording import append_record, reply_record
from nl2sql.prompt.base import Prompt
from nl2sql.question import Question
from nl2sql.settings import Settings
from nl2sql.terminal import Page

ROOT = Path(__file__).parents[1]
DEV = ROOT / "evals" / "suites" / "auction" / "dev.yaml"
SIZES = (200, 1_000, 3_000)
SCALE, SEED = "small", 7
MODEL = "recorded-model"
# What declines costs a reply and nothing else: the pipeline that is only there to write prompts ends there.
_DECLINE = json.dumps({"kind": "cannot_answer", "message": "No.", "code": "unanswerable"})


def suite_of(size: int, folder: Path, *, distinct: bool) -> Path:
    """Cases with an answer alone; the n-th time a question comes it has a few words more."""
    dev = load_suite(DEV)
    answerable = [case for case in dev.cases if not case.must_be_declined]
    cases = []
    for number in range(size):
        case, turn = answerable[number % len(answerable)], number // len(answerable)
        given = case.model_dump(mode="json", exclude_defaults=True, exclude={"sql", "twin"})
        gold = case.sql[0].sql + (f"\n-- {number}" if distinct else "")
        words = f" In other words, number {turn}." if turn else ""
        cases.append({**given, "id": f"{case.id}-{turn}", "question": case.question + words, "sql": gold})
    path = folder / f"suite-{size}.yaml"
    text = {"name": f"bench-{size}", "model": "auction", "as_of": str(dev.as_of), "decimals": dev.decimals}
    path.write_text(yaml.safe_dump({**text, "cases": cases}, sort_keys=False), encoding="utf-8")
    return path


class Recorder(AroundModel):
    """Records the gold of the case that is being asked as the reply to its prompt, and declines."""

    case: Case

    def __init__(self, model: Any, path: Path) -> None:
        super().__init__(model)
        self._path = path

    def complete(self, prompt: Prompt, call: Call = NO_CALL) -> Completion:
        case = Recorder.case
        reply = {"kind": "sql", "sql": case.sql[0].sql, "question": case.question, "confidence": 0.9}
        text = json.dumps({**reply, "tables": [], "assumptions": [], "message": "", "choices": [], "code": None})
        append_record(self._path, reply_record(Completion(text, MODEL), prompt, call, MODEL, 1.0))
        return Completion(_DECLINE, MODEL)


def record(suite_path: Path, settings: Settings, path: Path) -> None:
    suite = load_suite(suite_path)
    settings = replace(settings, llm="openai", openai_base_url="http://127.0.0.1:1/v1", llm_candidates_unsure=1)
    with closing(build_pipeline(settings, around=lambda model: Recorder(model, path))) as pipeline:
        for case in suite.cases:
            Recorder.case = case
            pipeline.ask(Question(case.question, settings.asking(), as_of=suite.as_of), fresh=True)


class Nobody:
    def note(self, text: str) -> None:
        return None

    def begin(self, work: object) -> None:
        return None

    tick = end = begin


def measure(suite: Path, recording: Path, database: Path, folder: Path) -> dict[str, Any]:
    """In a process of its own. The baseline is measured by the parent."""
    begun = perf_counter()
    out = folder / f"{suite.stem}.jsonl"
    run_suite(options_of(suite, out), environ_of(database, folder, recording), Nobody())
    seconds = perf_counter() - begun
    used = resource.getrusage(resource.RUSAGE_SELF)
    run = read_run(out)
    return {
        "cases": len(run.records),
        "right": sum(each.is_right for each in run.records),
        "seconds": seconds,
        "cpu": used.ru_utime + used.ru_stime,
        "peak_mb": used.ru_maxrss / 1024,
    }


def options_of(suite: Path, out: Path) -> Options:
    return Options(suite, writer="llm", out=out)


def environ_of(database: Path, folder: Path, recording: Path) -> dict[str, str]:
    return {
        "NL2SQL_DATABASE": f"sqlite:///{database}",
        "NL2SQL_LLM": f"recorded:{recording}",
        "NL2SQL_EVALS": str(folder),
        "NL2SQL_LLM_CANDIDATES_UNSURE": "1",
    }


def databases_alone(suite_path: Path, urls: Sequence[str]) -> float:
    """Seconds to run each gold twice – once as the gold, once as the answer – on each database."""
    suite = load_suite(suite_path)
    begun = perf_counter()
    for url in urls:
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            for case in suite.cases:
                for _ in ("gold", "answer"):
                    connection.execute(case.sql[0].sql).fetchall()
    return perf_counter() - begun


def rows(sizes: Sequence[int], folder: Path, *, distinct: bool) -> Iterator[tuple[str, ...]]:
    from auction_core.seed.run import seed_database

    database = folder / "auction.db"
    seed_database(f"sqlite:///{database}", SCALE, SEED)
    for size in sizes:
        suite = suite_of(size, folder, distinct=distinct)
        recording = folder / f"recording-{size}.jsonl"
        recording.touch()
        environ = environ_of(database, folder, recording)
        settings = settings_for(options_of(suite, folder / "x.jsonl"), load_suite(suite), environ)
        record(suite, settings, recording)
        golds = [case.sql[0].sql for case in load_suite(suite).cases]
        beside = prepare(settings.database_url, today=settings.today, folder=folder / "instances", golds=golds)
        command = [sys.executable, "-m", "benches.evals", "--one", str(suite), str(recording), str(database)]
        done = subprocess.run([*command, str(folder)], check=True, capture_output=True, text=True, cwd=ROOT)  # noqa: S603
        found = json.loads(done.stdout)
        alone = databases_alone(suite, [each.url for each in beside])
        yield (
            f"{found['cases']:,}",
            f"{found['right']:,}",
            f"{found['seconds']:.1f} s",
            f"{found['seconds'] / found['cases'] * 1000:.1f} ms",
            f"{found['cpu']:.1f} s",
            f"{alone:.1f} s",
            f"{found['seconds'] / alone:.2f}",
            f"{found['peak_mb']:.0f} MB",
        )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benches.evals", description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--distinct", action="store_true", help="each case with a gold of its own text")
    parser.add_argument("--one", type=Path, nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.one:
        print(json.dumps(measure(*given.one)))  # noqa: T201
        return
    page = Page(sys.stdout)
    page.line(f"{os.cpu_count()} processors, six instances, {'distinct golds' if given.distinct else 'paraphrases'}")
    with tempfile.TemporaryDirectory(prefix="nl2sql-bench-") as folder:
        header = ("cases", "right", "run", "per case", "processor", "databases alone", "ratio", "peak memory")
        page.table(header, list(rows(given.sizes, Path(folder), distinct=given.distinct)), frozenset(range(8)))


if __name__ == "__main__":
    main()
