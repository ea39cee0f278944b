"""What every face of a report starts from: a run, its summary, and its comparison with another run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from evals.comparing.base import Comparison
from evals.comparing.compare import compare_runs
from evals.comparing.pairs import PairedCase
from evals.log.records import CaseRecord, RunHeader
from evals.report.light import read_light_run
from evals.summary.base import Summary
from evals.summary.summarise import summarise

Flip = str
WON, LOST = "won", "lost"


@dataclass(frozen=True, slots=True)
class Report:
    """`records` are without the results that were shown. `base` has the other run's record of each that flipped;
    `flips` says of a case whether it is more often right than there (“won”) or less (“lost”)."""

    header: RunHeader
    records: tuple[CaseRecord, ...]
    summary: Summary
    notices: tuple[str, ...] = ()
    comparison: Comparison | None = None
    base_header: RunHeader | None = None
    base: Mapping[tuple[str, int], CaseRecord] = field(default_factory=lambda: MappingProxyType({}))
    flips: Mapping[str, Flip] = field(default_factory=lambda: MappingProxyType({}))


def read_report(log: Path, against: Path | None = None, *, force: bool = False) -> Report:
    """Raises LogInvalid, and RunsNotComparable where both runs were not asked of the same; with `force`, only where
    they have nothing in common."""
    run = read_light_run(log)
    notices = [] if run.is_complete else [_unfinished(len(run.records), run.header, run.end.stopped if run.end else "")]
    summary = summarise(run.records, run.header)
    if against is None:
        return Report(run.header, run.records, summary, tuple(notices))
    other = read_light_run(against)
    comparison = compare_runs(other, [run], force=force, partial=True)[0]
    flipped = (*comparison.gained, *comparison.lost)
    return Report(
        run.header,
        run.records,
        summary,
        (*notices, *comparison.pairing.warnings, *_left_out(comparison)),
        comparison,
        other.header,
        {record.key: _partner(case, record) for case in flipped for record in case.second},
        {case.id: WON if case.change > 0 else LOST for case in flipped},
    )


def _partner(case: PairedCase, record: CaseRecord) -> CaseRecord:
    return next((each for each in case.first if each.repeat == record.repeat), case.first[0])


def _unfinished(asked: int, header: RunHeader, stopped: str) -> str:
    wanted = header.case_count * header.repeats
    why = f", because of: {stopped}" if stopped else ""
    return f"This run did not go through all its cases: {asked:,} of {wanted:,} answers are here{why}."


def _left_out(comparison: Comparison) -> list[str]:
    pairing = comparison.pairing
    parts: Sequence[tuple[int, str]] = (
        (len(pairing.only_first), "only in the base run"),
        (len(pairing.only_second), "only in this run"),
        (len(pairing.changed), "changed in between"),
    )
    told = [f"{count:,} {what}" for count, what in parts if count]
    return [f"Not compared: {', '.join(told)}."] if told else []
