"""Evaluation runs as the Quality page needs them: in counts, read without the results that were shown.

Whole records are read of the few answers that are looked at. Broken logs are told of and passed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import streamlit as st

from evals.errors import LogInvalid
from evals.log.records import BESIDE, CaseRecord, lines, read_header
from evals.report.light import read_light_run
from evals.summary.summarise import summarise
from evals.summary.tally import CaseTally, Tally
from streamlit_app.words import say

# A year of weekly runs; of a suite, the newest of them are shown.
MAX_RUNS = 60


@dataclass(frozen=True, slots=True)
class Log:
    """A file as it was when the folder was read: another time or size is another log."""

    path: Path
    changed_ns: int
    size: int


@dataclass(frozen=True, slots=True)
class Head:
    """Whose run it is. `model` and `prompt` are "" where no language model was asked; `started` is UTC. `role` and
    `attributes` are those of questions that name none of their own; a role of None was not kept."""

    log: Log
    suite: str
    label: str
    writer: str
    model: str
    prompt: str
    as_of: str
    database: str
    started: datetime
    case_count: int
    repeats: int
    suite_path: str
    role: str | None
    attributes: str


@dataclass(frozen=True, slots=True)
class Digest:
    """A run in counts. `stopped` is "" for one that went through all its cases, or goes on; else why it did not.
    `roles` are those that single questions name. `cost` is money in `currency`; None where no answer says what
    it cost."""

    head: Head
    cases: tuple[CaseTally, ...]
    total: Tally
    stopped: str
    roles: frozenset[str]
    cost: float | None
    currency: str

    @property
    def is_complete(self) -> bool:
        return self.total.trials >= self.head.case_count * self.head.repeats

    @property
    def times(self) -> list[float]:
        """Of each answer, in milliseconds."""
        return [ms for case in self.cases for ms in case.ms]


@dataclass(frozen=True, slots=True)
class Found:
    """Heads, the newest first, and a sentence for each log that cannot be read."""

    heads: tuple[Head, ...]
    problems: tuple[str, ...]


def find_runs(folder: Path) -> Found:
    heads, problems = [], []
    for log in _logs_in(folder):
        head = _head(str(log.path), log.changed_ns, log.size)
        if isinstance(head, str):
            problems.append(head or say("quality.no_start", name=log.path.name))
        elif head.writer != "gold":  # says what a suite can give, and nothing of the answers
            heads.append(head)
    return Found(tuple(sorted(heads, key=lambda each: each.started, reverse=True)), tuple(problems))


def read_digests(heads: Iterable[Head]) -> tuple[list[Digest], list[str]]:
    """In the order of the heads; with a sentence for each that turns out to be damaged."""
    digests, problems = [], []
    for head in heads:
        found = _digest(str(head.log.path), head.log.changed_ns, head.log.size)
        if isinstance(found, str):
            problems.append(found or say("quality.no_start", name=head.log.path.name))
        elif found.cases:
            digests.append(found)
    return digests, problems


@st.cache_resource(show_spinner=False, max_entries=8)
def records_not_right(path: str, changed_ns: int, size: int) -> tuple[CaseRecord, ...]:
    """Whole, in the order of the file. Raises LogInvalid."""
    return tuple(line for line in lines(Path(path)) if isinstance(line, CaseRecord) and not line.is_right)


def _logs_in(folder: Path) -> Iterator[Log]:
    try:
        paths = sorted(folder.rglob("*.jsonl"))
    except OSError:
        return
    for path in paths:
        if path.name.endswith(BESIDE):
            continue
        try:
            stat = path.stat()
        except OSError:
            continue
        yield Log(path, stat.st_mtime_ns, stat.st_size)


# The header is the first line, which no later line changes: but a file can be another one under the same name.
@st.cache_resource(show_spinner=False, max_entries=2_000)
def _head(path: str, changed_ns: int, size: int) -> Head | str:
    log = Log(Path(path), changed_ns, size)
    try:
        first = read_header(log.path)
    except LogInvalid as error:
        return _without_folder(error.user_message, log.path)
    try:
        started = datetime.fromisoformat(first.started_at)
    except ValueError:
        return ""  # told by whoever reads: a sentence is in somebody's language, and this is kept for all
    return Head(
        log,
        first.suite,
        first.label,
        first.writer,
        first.model,
        first.prompt,
        first.as_of,
        first.database,
        started.replace(tzinfo=None),
        first.case_count,
        first.repeats,
        first.suite_path,
        first.settings.get("role"),
        first.settings.get("attributes", ""),
    )


# Shared and never changed: copies for each run of the page would take longer than all else on it.
@st.cache_resource(show_spinner=False, max_entries=500)
def _digest(path: str, changed_ns: int, size: int) -> Digest | str:
    log = Log(Path(path), changed_ns, size)
    head = _head(path, changed_ns, size)
    if isinstance(head, str):
        return head
    try:
        run = read_light_run(log.path)
    except LogInvalid as error:
        return _without_folder(error.user_message, log.path)
    summary = summarise(run.records, run.header)
    currency, cost = next(iter(summary.spending.total.items()), ("", None))
    stopped = run.end.stopped if run.end is not None else ""
    roles = frozenset(record.role for record in run.records if record.role)
    return Digest(head, summary.cases, summary.total, stopped, roles, None if cost is None else float(cost), currency)


def _without_folder(message: str, path: Path) -> str:
    """A path of the server is nothing for a page."""
    return message.replace(str(path), path.name)
