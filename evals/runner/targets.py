"""One pipeline for each model and database that cases are asked of: opened when the first of them comes, and closed
when too many others are open."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from queue import SimpleQueue
from threading import Condition

from evals.cases.base import Case, Suite
from evals.cases.resolve import Target, target_of
from evals.instances.base import Instance
from evals.judge import Check, Judge
from evals.runner.benches import open_judges
from evals.runner.gold_writer import GoldWriter
from evals.runner.options import settings_of
from nl2sql.bootstrap import Around, build_pipeline, prices_of
from nl2sql.guard.checked import CheckedSql
from nl2sql.guard.violation import Violations
from nl2sql.ledger.row import Prices
from nl2sql.pipeline import Pipeline
from nl2sql.question import Principal
from nl2sql.settings import Settings

# Each holds a model, connections to its database and to its instances: about 30 MB.
MAX_OPEN = 4


@dataclass(frozen=True, slots=True)
class Opened:
    """`judges` has as many as may judge at once; whoever takes one puts it back."""

    settings: Settings
    pipeline: Pipeline
    prices: Prices
    judges: SimpleQueue[Judge]
    closing: ExitStack

    @property
    def dialect(self) -> str:
        return self.pipeline.engine.dialect

    def check_for(self, principal: Principal) -> Check:
        def check(sql: str) -> CheckedSql | Violations:
            return self.pipeline.check(sql, principal)

        return check

    @contextmanager
    def judge(self) -> Iterator[Judge]:
        with _taken(self.judges) as judge:
            yield judge


@contextmanager
def _taken(judges: SimpleQueue[Judge]) -> Iterator[Judge]:
    judge = judges.get()
    try:
        yield judge
    finally:
        judges.put(judge)


class Targets:
    """For many threads. `placed` puts what was named on the command line into a target; `instances` are the databases
    that its answers are judged on, the base first."""

    def __init__(
        self,
        suite: Suite,
        settings: Settings,
        *,
        placed: Callable[[Target], Target] = lambda target: target,
        around: Around | None = None,
        replays_gold: bool = False,
        instances: Callable[[Target], Sequence[Instance]],
        judges: int = 2,
    ) -> None:
        self.suite = suite
        self._settings = settings
        self._placed = placed
        self._around = around
        self._replays_gold = replays_gold
        self._instances = instances
        self._judges = judges
        self._opened: OrderedDict[Target, Opened] = OrderedDict()
        self._users: dict[Target, int] = {}
        self._opening: set[Target] = set()
        self._changed = Condition()

    @contextmanager
    def of(self, case: Case) -> Iterator[Opened]:
        """Raises what opening a model, a policy or a database can raise."""
        target = self._placed(target_of(case, self.suite))
        opened = self._take(target)
        try:
            yield opened
        finally:
            with self._changed:
                self._users[target] -= 1
                self._close_surplus()

    def close(self) -> None:
        with self._changed:
            for opened in self._opened.values():
                opened.closing.close()
            self._opened.clear()

    def _take(self, target: Target) -> Opened:
        with self._changed:
            while target in self._opening:
                self._changed.wait()
            self._users[target] = self._users.get(target, 0) + 1
            if target in self._opened:
                self._opened.move_to_end(target)
                return self._opened[target]
            self._opening.add(target)
        try:
            opened = self._open(target)
        except BaseException:
            with self._changed:
                self._users[target] -= 1
                self._done_opening(target)
            raise
        with self._changed:
            self._opened[target] = opened
            self._done_opening(target)
        return opened

    def _done_opening(self, target: Target) -> None:
        self._opening.discard(target)
        self._changed.notify_all()

    def _close_surplus(self) -> None:
        for target in list(self._opened):
            if len(self._opened) <= MAX_OPEN:
                return
            if not self._users[target]:
                del self._users[target]
                self._opened.pop(target).closing.close()

    def _open(self, target: Target) -> Opened:
        settings = settings_of(target, self._settings)
        with ExitStack() as held:
            judges: SimpleQueue[Judge] = SimpleQueue()
            for each in open_judges(self.suite, settings, self._instances(target), self._judges, held):
                judges.put(each)
            pipeline = held.enter_context(closing(self._pipeline(settings, judges)))
            prices = prices_of(settings, pipeline.engine)
            return Opened(settings, pipeline, prices, judges, held.pop_all())

    def _pipeline(self, settings: Settings, judges: SimpleQueue[Judge]) -> Pipeline:
        def gold_of(case: Case) -> str:
            with _taken(judges) as judge:
                return judge.gold_sql(case)

        # What the product itself would record is recorded around it.
        settings = replace(settings, llm_record="")
        return build_pipeline(settings, around=self._around, writer=GoldWriter(gold_of) if self._replays_gold else None)
