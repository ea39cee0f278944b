"""A log scored again: with today's golds, comparison and instances, and without asking anybody.

The SQL that was answered with goes through the guard and the engine once more. What was declined, asked back or failed
stays as it was said, and is judged by what the suite now says of its case.
"""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, replace
from os import cpu_count
from pathlib import Path

from evals.cases.base import Case
from evals.cases.load import load_suite
from evals.cases.resolve import role_of, target_of
from evals.errors import LogUnwritable
from evals.judge import Given, Judged
from evals.log.prompts import prompts_of
from evals.log.records import CaseRecord, RunEnd, RunHeader, lines, read_header
from evals.runner.asking import principal_of
from evals.runner.header import header_of
from evals.runner.instances import Instances
from evals.runner.log import RunLog
from evals.runner.options import Options, settings_for
from evals.runner.placing import Placing
from evals.runner.record import table_shown
from evals.runner.targets import Opened, Targets
from nl2sql.errors import EngineError, Nl2SqlError
from nl2sql.guard.violation import Violations

# What a log that is scored again has of today, and not of the run that was asked.
_OF_NOW = (
    "suite", "suite_path", "suite_fingerprint", "as_of", "database", "instances", "semantic_model", "model_fingerprint",
    "product_version",
)  # fmt: skip
# Beside those at work, so many wait their turn: no more of a long log is held in memory.
WAITING = 8


@dataclass(frozen=True, slots=True)
class Rescored:
    """`dropped` are ids that the suite does not have any more or that now ask something else, `new` those that were not
    asked then; `changed` counts other outcomes than before."""

    path: Path
    header: RunHeader
    dropped: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    changed: int = 0
    unusable: tuple[str, ...] = ()


def rescore(
    log: Path, options: Options, environ: Mapping[str, str], note: Callable[[str], None] = lambda text: None
) -> Rescored:
    """Of `options` the suite, the database, the instances and `out` count. Raises Nl2SqlError, also where `out` is
    there already."""
    before = read_header(log)
    suite = load_suite(options.suite)
    settings = replace(settings_for(options, suite, environ), writers="offline")
    out = options.out or log.with_name(f"{log.name.removesuffix('.jsonl')}.rescored.jsonl")
    if out.exists():
        raise LogUnwritable(f"There is a file {out} already.", hint="Name another one with --out.")
    cases = {case.id: case for case in suite.cases}
    with ExitStack() as opened:
        placing = Placing(options, suite, settings, opened)
        instances = Instances(options, suite, settings, placing, note)
        targets = list(dict.fromkeys(placing(target_of(case, suite)) for case in suite.cases))
        now = header_of(
            options,
            suite,
            settings,
            targets=targets,
            case_count=before.case_count,
            instances=tuple(each.name for each in instances(targets[0])),
            database=placing.seeded,
        )
        open_targets = Targets(suite, settings, placed=placing, instances=instances, judges=cpu_count() or 1)
        work = _Rescoring(cases, opened.enter_context(closing(open_targets)))
        kept = {line.id for line in lines(log) if isinstance(line, CaseRecord) and work.is_same(line)}
        header = replace(before, case_count=len(kept), **{name: getattr(now, name) for name in _OF_NOW})
        written = opened.enter_context(closing(RunLog(out)))
        written.begin(header)
        with suppress(FileNotFoundError):
            shutil.copyfile(prompts_of(log), prompts_of(out))
        for record in work.records(log):
            written.add(record)
        places = {name: place for place, name in enumerate(cases)}
        end = RunEnd(work.seconds, len(written.done), work.stopped)
        written.finish(end, lambda key: places[key[0]] * header.repeats + key[1])
    new = tuple(name for name in cases if name not in work.seen)
    return Rescored(out, header, tuple(work.dropped), new, work.changed, tuple(work.unusable))


class _Rescoring:
    def __init__(self, cases: Mapping[str, Case], targets: Targets) -> None:
        self._cases = cases
        self._targets = targets
        self.seen: set[str] = set()
        self.dropped: dict[str, None] = {}
        self.unusable: list[str] = []
        self.changed = 0
        self.seconds = 0.0
        self.stopped = ""

    def is_same(self, record: CaseRecord) -> bool:
        """Whether the suite still asks what was asked then."""
        case = self._cases.get(record.id)
        return case is not None and (case.question, case.turns) == (record.question, record.turns)

    def records(self, log: Path) -> Iterator[CaseRecord]:
        """In the order of the log."""
        waiting: deque[tuple[CaseRecord, Future[CaseRecord]]] = deque()
        with ThreadPoolExecutor(cpu_count() or 1, "rescore") as pool:
            for line in lines(log):
                if isinstance(line, RunEnd):
                    self.seconds, self.stopped = line.seconds, line.stopped
                if not isinstance(line, CaseRecord):
                    continue
                self.stopped = ""
                self.seen.add(line.id)
                if not self.is_same(line):
                    self.dropped[line.id] = None
                    continue
                waiting.append((line, pool.submit(self._again, line)))
                if len(waiting) > WAITING:
                    yield self._counted(*waiting.popleft())
            while waiting:
                yield self._counted(*waiting.popleft())

    def _counted(self, before: CaseRecord, again: Future[CaseRecord]) -> CaseRecord:
        record = again.result()
        self.changed += record.outcome != before.outcome
        return record

    def _again(self, record: CaseRecord) -> CaseRecord:
        case = self._cases[record.id]
        with self._targets.of(case) as opened:
            given = self._given(record, case, opened)
            judged = self._judged(record, case, given, opened)
        table = table_shown(given.table) if given.table is not None else record.said.table
        return replace(
            record,
            outcome=judged.outcome,
            reason=judged.reason,
            is_strict=judged.is_strict,
            gold=judged.gold,
            instances=judged.instances,
            said=replace(record.said, table=table),
            kind=case.kind,
            tags=case.tags,
            family=case.family or "",
            must_pass=case.must_pass,
            role=role_of(case, self._targets.suite, opened.settings.role),
        )

    def _given(self, record: CaseRecord, case: Case, opened: Opened) -> Given:
        said = record.said
        ran = "run" in record.stage_ms or said.code == "results_differ" or said.outcome == "answered"
        given = Given(said.outcome, said.code, said.headline, said.sql, None, ran)
        if said.outcome != "answered" or not said.sql or case.must_be_declined:
            return given
        verdict = opened.check_for(principal_of(case, self._targets.suite, opened.settings))(said.sql)
        if isinstance(verdict, Violations):
            return replace(given, outcome="refused", code=verdict.items[0].code, headline=verdict.items[0].message)
        try:
            return replace(given, table=opened.pipeline.engine.run(verdict))
        except EngineError as error:
            return replace(given, outcome="failed", code=error.code, headline=error.user_message)

    def _judged(self, record: CaseRecord, case: Case, given: Given, opened: Opened) -> Judged:
        principal = principal_of(case, self._targets.suite, opened.settings)
        try:
            with opened.judge() as judge:
                return judge.judge(case, given, opened.check_for(principal))
        except Nl2SqlError as error:
            self.unusable.append(error.user_message)
            return Judged("failed", error.user_message)
