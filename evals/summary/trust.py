"""How often answers of a kind were right in an evaluation: what may be said beside an answer that nobody verified.

Shares are of answers: a wrong one counts against, and a question that got none is told of apart. An answer's kind is
read off its SQL (`nl2sql.answer.kinds`), for a live one as for those of a log. Figures are of the very writer that
answered; where it was measured with another prompt, another semantic model or by another version, that is said.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Final, Literal

from evals.errors import LogInvalid
from evals.log.records import BESIDE, CaseRecord, Line, Run, RunEnd, RunHeader, decode, line_of, read_header, read_run
from evals.stats.base import Interval
from evals.summary.tally import CaseTally, tally
from nl2sql.answer.kinds import Kind, kind_of_sql
from nl2sql.engines.schemes import SERVERS

# With fewer answers an interval says next to nothing: 4 of 4 is anything from 51 % on.
FEWEST_ANSWERS: Final = 5
# Of a folder, so many runs are looked into, the newest first: each costs as long as it takes to read.
_MOST_RUNS = 8
# The last line of a log that ended is a short one; a case's is some kilobytes.
_TAIL_BYTES = 4_096
_CHOOSING = ("only", "tag", "kind")  # settings of a run that asked a part of its suite

_NO_RESULT: Final = {"columns": [], "rows": [], "row_count": 0}

Difference = Literal["prompt", "model", "version"]


@dataclass(frozen=True, slots=True)
class Measured:
    """`right` of `answered` (each repeat counts); `unanswered` are questions with an answer that got none."""

    right: int
    answered: int
    unanswered: int
    interval: Interval


@dataclass(frozen=True, slots=True)
class TrackRecord:
    """Of one writer in one run. `detail` is its origin's: language model and prompt version."""

    header: RunHeader
    writer: str
    detail: str
    total: Measured
    by_kind: Mapping[Kind, Measured]

    @property
    def day(self) -> datetime:
        return datetime.fromisoformat(self.header.started_at)


@dataclass(frozen=True, slots=True)
class Asked:
    """Who answered, and in what state of the house: what a track record is to be of."""

    writer: str
    detail: str = ""
    model_fingerprint: str = ""
    product_version: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of answers like one: `kind` None for all answers of the writer. `differs` says in what the run was
    another than the house is now."""

    record: TrackRecord
    measured: Measured
    kind: Kind | None
    differs: tuple[Difference, ...] = ()


def standing(folder: Path, asked: Asked, kind: Kind | None) -> Standing | None:
    """From the newest complete run of each suite and set-up, that which fits best, and of these the one that asked
    most. None where this writer was not measured, or in too few answers."""
    found = [each for log in complete_runs(folder)[:_MOST_RUNS] for each in _records_of(log, asked.writer)]
    fitting = [each for each in found if each.total.answered >= FEWEST_ANSWERS]
    if not fitting:
        return None

    def fit(each: TrackRecord) -> tuple[bool, bool, int, str]:
        differs = _differences(each, asked)
        return "prompt" not in differs, "model" not in differs, each.total.answered, each.header.started_at

    best = max(fitting, key=fit)
    measured = best.by_kind.get(kind) if kind is not None else None
    is_enough = measured is not None and measured.answered >= FEWEST_ANSWERS
    shown = measured if is_enough and measured is not None else best.total
    return Standing(best, shown, kind if is_enough else None, _differences(best, asked))


def _differences(record: TrackRecord, asked: Asked) -> tuple[Difference, ...]:
    header = record.header
    found: list[Difference] = ["prompt"] if record.detail != asked.detail else []
    if header.model_fingerprint and asked.model_fingerprint and header.model_fingerprint != asked.model_fingerprint:
        found.append("model")
    if header.product_version and asked.product_version and header.product_version != asked.product_version:
        found.append("version")
    return tuple(found)


def fingerprint_of(files: Sequence[Path]) -> str:
    """Of a semantic model and its policy, as the header of a run has it; a missing file counts as none."""
    digest = sha256()
    for path in files:
        digest.update(path.read_bytes() if path.is_file() else b"\0")
    return digest.hexdigest()[:16]


# -- runs ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Log:
    """A file as it was when the folder was read: another time or size is another log."""

    path: Path
    changed_ns: int
    size: int
    header: RunHeader


def complete_runs(folder: Path) -> list[Log]:
    """The newest of each suite and set-up that went through all of its suite, the newest first. What replays golds,
    asked a part of its suite, goes on, was stopped or cannot be read is passed over."""
    found = [log for log in _logs(folder) if _is_whole(log.header)]
    found.sort(key=lambda log: log.header.started_at, reverse=True)
    newest: dict[tuple[str, ...], Log] = {}
    for log in found:
        header = log.header
        set_up = (header.suite, header.writer, header.model, header.prompt, header.model_fingerprint)
        if set_up not in newest and _has_ended(log):
            newest[set_up] = log
    return list(newest.values())


def _is_whole(header: RunHeader) -> bool:
    if header.writer == "gold" or any(header.settings.get(name) for name in _CHOOSING):
        return False
    try:
        datetime.fromisoformat(header.started_at)
    except ValueError:
        return False
    return True


def _logs(folder: Path) -> Iterator[Log]:
    try:
        paths = [path for path in folder.rglob("*.jsonl") if not path.name.endswith(BESIDE)]
    except OSError:
        return
    for path in paths:
        try:
            stat = path.stat()
            yield Log(path, stat.st_mtime_ns, stat.st_size, _header(path, stat.st_mtime_ns, stat.st_size))
        except (OSError, LogInvalid):
            continue


@lru_cache(maxsize=2_000)
def _header(path: Path, changed_ns: int, size: int) -> RunHeader:
    return read_header(path)


def _has_ended(log: Log) -> bool:
    """The last line says that all cases were gone through."""
    try:
        with log.path.open("rb") as file:
            file.seek(max(log.size - _TAIL_BYTES, 0))
            last = file.read().rstrip(b"\n").rpartition(b"\n")[2]
        end = decode(last)
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(end, RunEnd) and not end.stopped


def _records_of(log: Log, writer: str) -> tuple[TrackRecord, ...]:
    """Of the writer alone. A run of one writer is not read for the sake of another."""
    if log.header.writer in ("offline", "llm") and log.header.writer != writer:
        return ()
    try:
        return tuple(each for each in _read(log.path, log.changed_ns, log.size) if each.writer == writer)
    except (LogInvalid, OSError):
        return ()


@lru_cache(maxsize=32)
def _read(path: Path, changed_ns: int, size: int) -> tuple[TrackRecord, ...]:
    return track_records(read_run(path, _without_results))


def _without_results(line: bytes) -> Line | None:
    """A line of a log without the cells of results, which take most of the time that reading takes."""
    value = json.loads(line)
    if isinstance(value, dict):
        for name, nothing in (("said", None), ("gold", _NO_RESULT)):
            if isinstance(value.get(name), dict):
                value[name]["table"] = nothing
        value.pop("instances", None)
    return line_of(value)


# -- counting --------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Count:
    """By case, so that repeats and other wordings of a question do not make an interval too narrow."""

    cases: dict[str, CaseTally] = field(default_factory=dict)
    unanswered: int = 0

    def add(self, record: CaseRecord) -> None:
        if not record.is_answered:
            self.unanswered += record.kind == "answerable"
            return
        case = self.cases.get(record.id)
        if case is None:
            case = CaseTally(record.id, record.kind, record.tags, record.group, record.must_pass)
            self.cases[record.id] = case
        case.add(record)

    def measured(self) -> Measured:
        cases = tuple(self.cases.values())
        interval = tally(cases).selective_accuracy_interval or Interval(0.0, 1.0)
        right = sum(case.right_answered for case in cases)
        return Measured(right, sum(case.answered for case in cases), self.unanswered, interval)


def track_records(run: Run) -> tuple[TrackRecord, ...]:
    """Of each writer that answered in the run."""
    dialect = _dialect(run.header.database)
    counts: dict[tuple[str, str], dict[Kind | None, _Count]] = {}
    for record in run.records:
        said = record.said
        by_kind = counts.setdefault((said.writer, said.detail), {})
        gold = record.gold.sql if record.gold is not None else ""
        kind = kind_of_sql(said.sql if record.is_answered else gold, dialect)
        for key in {None, kind}:
            by_kind.setdefault(key, _Count()).add(record)
    return tuple(
        TrackRecord(
            run.header,
            writer,
            detail,
            by_kind[None].measured(),
            {kind: count.measured() for kind, count in by_kind.items() if kind is not None},
        )
        for (writer, detail), by_kind in counts.items()
    )


def _dialect(address: str) -> str:
    """ "sqlite" of "sqlite:///var/auction.db", "postgres" of "postgresql+psycopg://…"."""
    scheme = address.partition("://")[0]
    return SERVERS[scheme][2] if scheme in SERVERS else scheme
