"""The threads of a run: each asks a case, judges it and writes its line, and then takes the next."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from decimal import Decimal
from threading import Lock, Thread
from time import monotonic

from evals.cases.base import Case, Suite
from evals.errors import LogUnwritable
from evals.judge import Given, Judged
from evals.log.records import CaseRecord
from evals.runner.asking import Asked, ask_case, principal_of
from evals.runner.log import RunLog
from evals.runner.models import Around
from evals.runner.record import in_vain, record_of
from evals.runner.schedule import Schedule, Task
from evals.runner.targets import Opened, Targets
from nl2sql.crash import redact
from nl2sql.errors import BudgetSpent, LanguageModelError, Nl2SqlError, QueryCancelled
from nl2sql.pipeline import Pipeline
from nl2sql.settings import Settings

# Ctrl-C: what is under way has so long to end, in seconds.
LAST_SECONDS = 1.5


class Work:
    """`run` goes through all that is left. Of what was done, only counts are kept."""

    def __init__(
        self,
        suite: Suite,
        cases: Sequence[Case],
        *,
        settings: Settings,
        targets: Targets,
        around: Around,
        log: RunLog,
        repeats: int = 1,
        at_once: int = 8,
        retries: int = 3,
        schedule: Schedule | None = None,
    ) -> None:
        self._suite = suite
        self._cases = cases
        self._settings = settings
        self._targets = targets
        self._around = around
        self._log = log
        self._repeats = repeats
        self._at_once = at_once
        self.schedule = schedule or Schedule(self._tasks(), at_once=at_once, retries=retries)
        self.total = len(cases) * repeats
        self.cost = Decimal(0)
        self.currency = "USD"
        self.unusable: list[str] = []
        self.trouble: LanguageModelError | None = None
        self._error: BaseException | None = None
        self._lock = Lock()
        self._under_way: dict[str, Pipeline] = {}
        self._aside: dict[tuple[str, int], CaseRecord] = {}
        self._threads: list[Thread] = []

    @property
    def done(self) -> int:
        return len(self._log.done)

    @property
    def right(self) -> int:
        return self._log.right

    def start(self) -> None:
        self._threads = [Thread(target=self._go, name=f"case-{n}", daemon=True) for n in range(self._at_once)]
        for thread in self._threads:
            thread.start()

    def wait(self, seconds: float) -> bool:
        """Whether all threads have ended. Raises what one of them raised."""
        until = monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, until - monotonic()))
        if any(thread.is_alive() for thread in self._threads):
            return False
        self._settle_in_vain()
        if self._error is not None:
            raise self._error
        return True

    def interrupt(self) -> None:
        """Ends what is under way; what does not end in time is left to itself."""
        self.schedule.stop("interrupted")
        with self._lock:
            under_way = list(self._under_way.items())
        for name, pipeline in under_way:
            Thread(target=pipeline.cancel, args=(name,), daemon=True).start()
        with contextlib.suppress(Exception):
            self.wait(LAST_SECONDS)

    def _tasks(self) -> Iterator[Task]:
        place = 0
        for case in self._cases:
            for repeat in range(self._repeats):
                if (case.id, repeat) not in self._log.done:
                    yield Task(place, case, repeat)
                place += 1

    def _go(self) -> None:
        while (task := self.schedule.take()) is not None:
            try:
                self._do(task)
            except BaseException as error:  # noqa: BLE001 - raised again by `wait`, in the thread that waits
                with self._lock:
                    self._error = self._error or error
                self.schedule.stop("failed")
                self.schedule.dropped()

    def _do(self, task: Task) -> None:
        with self._targets.of(task.case) as opened:
            asked = self._ask(task, opened)
            trouble = None if self._around.is_replay else asked.meter.trouble
            if self._around.is_broken:
                raise LogUnwritable(
                    f"What the language model said cannot be recorded in {self._around.recording}.",
                    hint="There may be no room left. The same command goes on from there once it can be written.",
                )
            if trouble is not None:
                self._put_off(task, asked, trouble)
            elif asked.answer.code == QueryCancelled.code and self.schedule.stopped:
                self.schedule.dropped()
            else:
                self._write(record_of(task, self._suite, asked, self._judged(task, asked, opened), self._settings.role))
                self.schedule.done()
                self._settle_in_vain()

    def _ask(self, task: Task, opened: Opened) -> Asked:
        names: list[str] = []

        def begun(name: str) -> None:
            names.append(name)
            with self._lock:
                self._under_way[name] = opened.pipeline
            if self.schedule.stopped:  # it stopped between the turns of a case
                raise QueryCancelled("The run was stopped.")

        try:
            return ask_case(
                opened.pipeline,
                task.case,
                self._suite,
                opened.settings,
                place=task.place,
                repeat=task.repeat,
                prices=opened.prices,
                dialect=opened.dialect,
                begun=begun,
            )
        finally:
            with self._lock:
                for name in names:
                    self._under_way.pop(name, None)

    def _judged(self, task: Task, asked: Asked, opened: Opened) -> Judged:
        case = task.case
        principal = principal_of(case, self._suite, opened.settings, task.place)
        try:
            with opened.judge() as judge:
                return judge.judge(case, Given.of(asked.answer), opened.check_for(principal))
        except Nl2SqlError as error:
            with self._lock:
                self.unusable.append(error.user_message)
            return Judged("failed", error.user_message)
        except Exception as error:  # noqa: BLE001 - one defect must not cost what the other cases were paid for
            return Judged("failed", f"A defect in the evaluation: {redact(f'{type(error).__name__}: {error}')}")

    def _put_off(self, task: Task, asked: Asked, trouble: LanguageModelError) -> None:
        with self._lock:
            self.trouble = trouble
        if isinstance(trouble, BudgetSpent):
            self.schedule.stop("budget")
            self.schedule.dropped()
        elif not trouble.retryable:
            self.schedule.stop("provider")
            self.schedule.dropped()
        elif self.schedule.stopped:
            self.schedule.dropped()
        else:
            failed = Judged("failed", f"{in_vain(task.case)} {trouble.user_message}")
            with self._lock:
                self._aside[task.case.id, task.repeat] = record_of(
                    task, self._suite, asked, failed, self._settings.role
                )
            if not self.schedule.busy(task, trouble.wait):
                with self._lock:
                    self._aside.pop((task.case.id, task.repeat), None)

    def _settle_in_vain(self) -> None:
        for task in self.schedule.given_up():
            with self._lock:
                record = self._aside.pop((task.case.id, task.repeat))
            self._write(record)

    def _write(self, record: CaseRecord) -> None:
        self._log.add(record)
        with self._lock:
            self.cost += Decimal(record.cost or 0)
            self.currency = record.currency
