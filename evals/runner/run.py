"""A run from its options to a log that has ended, or can go on."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from os import cpu_count
from pathlib import Path
from time import monotonic
from typing import Protocol

import pyarrow

from evals.cases.base import Case, Suite
from evals.cases.load import load_suite
from evals.cases.resolve import select, target_of
from evals.errors import LogInUse, LogInvalid, RunDiffers
from evals.log.records import BESIDE, RunEnd, RunHeader
from evals.runner.header import default_path, differences, header_of
from evals.runner.instances import Instances
from evals.runner.log import RunLog
from evals.runner.models import Around
from evals.runner.options import Options, settings_for
from evals.runner.placing import SCALE, Placing
from evals.runner.targets import Targets
from evals.runner.work import Work
from nl2sql.settings import Settings

# How often a waiting run tells how far it is, in seconds.
TICK = 0.2
# How long a thread computes before another one may, in seconds.
TURN_SECONDS = 0.000_5


class Watcher(Protocol):
    """Is told how far a run is."""

    def note(self, text: str) -> None: ...
    def begin(self, work: Work) -> None: ...
    def tick(self, work: Work) -> None: ...
    def end(self, work: Work) -> None: ...


@dataclass(frozen=True, slots=True)
class Finished:
    """`end.stopped` says why a run did not go through all its cases, `why` the same in a sentence. `unusable` are golds
    that could not be used, in sentences."""

    path: Path
    header: RunHeader
    end: RunEnd
    unusable: tuple[str, ...] = ()
    why: str = ""


def run_suite(options: Options, environ: Mapping[str, str], watcher: Watcher) -> Finished:
    """Raises Nl2SqlError for what cannot be used: suite, settings, model, database, log. Ctrl-C stops it cleanly."""
    suite = load_suite(options.suite)
    cases = select(suite, options.only, options.tags, options.kinds)
    settings = settings_for(options, suite, environ)
    with ExitStack() as opened:
        placing = Placing(options, suite, settings, opened)
        if not options.database and any(placing.would_seed(target_of(case, suite)) for case in cases):
            watcher.note(f"There is no database at {settings.database_url}: seeding a {SCALE} auction for this run.")
        targets = list(dict.fromkeys(placing(target_of(case, suite)) for case in cases))
        beside = Instances(options, suite, settings, placing, watcher.note)
        header = header_of(
            options,
            suite,
            settings,
            targets=targets,
            case_count=len(cases),
            instances=tuple(each.name for each in beside(targets[0])),
            database=placing.seeded,
        )
        log = opened.enter_context(closing(_open_log(options, settings, header)))
        run = _Run(options, suite, cases, settings, placing, beside, log, watcher)
        return run.finished() if run.is_over else run.go_through(opened)


class _Run:
    """One sitting: from the state of its log to the end, or as far as it comes."""

    def __init__(
        self,
        options: Options,
        suite: Suite,
        cases: Sequence[Case],
        settings: Settings,
        placing: Placing,
        instances: Instances,
        log: RunLog,
        watcher: Watcher,
    ) -> None:
        self._options = options
        self._suite = suite
        self._cases = cases
        self._settings = settings
        self._placing = placing
        self._instances = instances
        self._log = log
        self._watcher = watcher

    @property
    def is_over(self) -> bool:
        ended = self._log.ended
        return ended is not None and not ended.stopped

    def finished(self) -> Finished:
        self._watcher.note(f"{self._log.path} is a run that has ended: nothing is asked again.")
        return Finished(self._log.path, self._header, self._log.ended or RunEnd(0.0, 0))

    def go_through(self, opened: ExitStack) -> Finished:
        options, log = self._options, self._log
        around = Around(self._settings, log, budget=options.budget, is_recorded=options.record)
        targets = opened.enter_context(closing(self._targets(around)))
        work = Work(
            self._suite,
            self._cases,
            settings=self._settings,
            targets=targets,
            around=around,
            log=log,
            repeats=options.repeats,
            at_once=at_once(options, self._settings),
            retries=options.retries,
        )
        self._tell_first(work)
        _warm_up(targets, self._cases[0])
        begun = monotonic()
        with _short_turns():
            self._wait(work)
        end = RunEnd(round(log.seconds + monotonic() - begun, 3), len(log.done), work.schedule.stopped)
        if end.stopped:
            log.stop(end)
        else:
            places = {case.id: place for place, case in enumerate(self._cases)}
            log.finish(end, lambda key: places.get(key[0], len(places)) * options.repeats + key[1])
        return Finished(log.path, self._header, end, tuple(work.unusable), _why(work, around, log.path))

    @property
    def _header(self) -> RunHeader:
        if self._log.header is None:
            raise RuntimeError("a log without a header was not begun")
        return self._log.header

    def _targets(self, around: Around) -> Targets:
        return Targets(
            self._suite,
            self._settings,
            placed=self._placing,
            around=around,
            replays_gold=self._options.writer == "gold",
            instances=self._instances,
            judges=cpu_count() or 1,
        )

    def _tell_first(self, work: Work) -> None:
        settings, repeats = self._settings, self._options.repeats
        if work.done:
            self._watcher.note(f"Going on with {self._log.path}: {work.done:,} of {work.total:,} are done.")
        if repeats > 1 and not settings.asks_llm:
            self._watcher.note("No language model is asked: each repeat gives the same answers.")
        elif repeats > 1 and settings.openai_temperature and float(settings.openai_temperature) == 0:
            self._watcher.note(
                "The setting openai_temperature is 0: repeats differ only as far as the provider does not hold to it."
            )

    def _wait(self, work: Work) -> None:
        """A run that ends by an error, or by Ctrl-C, also takes the progress off the screen."""
        self._watcher.begin(work)
        try:
            work.start()
            while not work.wait(TICK):
                self._watcher.tick(work)
        except KeyboardInterrupt:
            work.interrupt()
        finally:
            self._watcher.end(work)


def _warm_up(targets: Targets, case: Case) -> None:
    """What the first case would wait for, and no later one: a pipeline, and what the first result has imported."""
    with targets.of(case):
        pyarrow.array([0])  # looks for pandas, for a third of a second


@contextmanager
def _short_turns() -> Iterator[None]:
    """Threads that come back from a database wait for the one that computes: with two that judge, 10 s in all of a run
    of 1,000 cases, in place of 14 to 18 s with Python's own 5 ms."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(TURN_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def at_once(options: Options, settings: Settings) -> int:
    """Where nobody is waited for, more threads than processors only make each other slow."""
    waits = settings.asks_llm and settings.replayed is None and options.writer != "gold"
    return options.concurrency if waits else min(options.concurrency, cpu_count() or 1)


def _why(work: Work, around: Around, path: Path) -> str:
    again = f"The same command with --out {path} goes on from there"
    match work.schedule.stopped:
        case "budget" if around.purse is not None:
            limit = f"{around.purse.limit:f} {around.purse.price.currency}"
            return f"The budget of {limit} is spent. {again}, with a larger --budget."
        case "budget" | "provider":
            trouble = work.trouble
            said = " ".join(part for part in (trouble.user_message, trouble.hint) if part) if trouble else ""
            return f"{said} {again}.".strip()
        case "interrupted":
            return f"Stopped. {again}."
        case _:
            return ""


def _open_log(options: Options, settings: Settings, header: RunHeader) -> RunLog:
    folder = settings.path(settings.evals) / header.suite
    if options.out is not None:
        log = RunLog(options.out)
    elif options.resume:
        log = _newest_unfinished(folder, header)
    else:
        log = RunLog(default_path(folder, header.label))
    try:
        if log.header is None:
            log.begin(header)
        elif found := differences(log.header, header):
            raise RunDiffers(
                f"{log.path} holds another run: {', '.join(found)} {'is' if len(found) == 1 else 'are'} not the same.",
                hint="Name another file with --out, or ask for what was asked for then.",
            )
    except BaseException:
        log.close()
        raise
    return log


def _newest_unfinished(folder: Path, header: RunHeader) -> RunLog:
    """Raises RunDiffers where there is none. Files of other kinds, and runs under way, are passed over."""
    for path in sorted(folder.glob("*.jsonl"), reverse=True):
        if path.name.endswith(BESIDE):
            continue
        try:
            log = RunLog(path)
        except (LogInvalid, LogInUse):
            continue
        is_over = log.ended is not None and not log.ended.stopped
        if log.header is not None and not is_over and not differences(log.header, header):
            return log
        log.close()
    raise RunDiffers(f"There is no unfinished run of this kind in {folder}.", hint="Without --resume a new one begins.")
