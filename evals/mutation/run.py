"""All mutants of a suite, on as many processes as there are processors."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from evals.cases.load import load_suite
from evals.errors import SuiteInvalid
from evals.mutation.accepted import PoolDatabase
from evals.mutation.bench import Bench
from evals.mutation.known import known_columns
from evals.mutation.mutants import MOST
from evals.mutation.report import MutationReport
from evals.mutation.score import Judged

# Starting a process takes about as long as the mutants of this many cases.
FEWEST_CASES_A_PROCESS = 10


@dataclass(frozen=True, slots=True)
class Pool:
    """The databases that some cases are tried on, as (name, URL), the base first. `cases` are their ids.

    `note` says why the base stands alone, where it does.
    """

    databases: tuple[tuple[str, str], ...]
    cases: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """`chosen` are the names of the databases that the suite runs on. `today` is the as-of day of cases that name none.
    `limit`: mutants of a case."""

    suite: Path
    pools: tuple[Pool, ...]
    chosen: tuple[str, ...]
    today: date
    limit: int = MOST


# Of one case: its mutants, or why it has none.
CaseMutants = tuple[list[Judged], str]


class _Worker:
    """What a process opens once."""

    def __init__(self, plan: Plan) -> None:
        self._suite = load_suite(plan.suite)
        self._cases = {case.id: case for case in self._suite.cases}
        self._plan = plan
        self._stack = ExitStack()
        self._benches: dict[int, Bench] = {}

    def close(self) -> None:
        self._stack.close()

    def judge(self, pool: int, case: str) -> CaseMutants:
        try:
            return self._bench(pool).judge(self._cases[case]), ""
        except SuiteInvalid as error:
            return [], error.user_message

    def _bench(self, index: int) -> Bench:
        if index not in self._benches:
            databases = [
                PoolDatabase(name, url, self._suite, self._plan.today)
                for name, url in self._plan.pools[index].databases
            ]
            for each in databases:
                self._stack.enter_context(closing(each))
            bench = Bench(databases, known_columns(databases[0].url), self._plan.limit)
            self._benches[index] = self._stack.enter_context(closing(bench))
        return self._benches[index]


def mutate_suite(
    plan: Plan, done: Callable[[int], None] = lambda _: None, processes: int | None = None
) -> MutationReport:
    """`done` is told how many cases are done. Raises SuiteInvalid for a suite that cannot be read, or has no golds."""
    begun = time.monotonic()
    tasks = [(index, case) for index, pool in enumerate(plan.pools) for case in pool.cases]
    if not tasks:
        raise SuiteInvalid("The suite has no gold query that could be mutated.")
    outcomes: list[CaseMutants] = []
    for outcome in _outcomes(plan, tasks, processes or _processes(len(tasks))):
        outcomes.append(outcome)
        done(len(outcomes))
    return MutationReport(
        suite=load_suite(plan.suite).name,
        judged=tuple(each for judged, _ in outcomes for each in judged),
        pool=tuple(name for name, _ in max((pool.databases for pool in plan.pools), key=len)),
        chosen=plan.chosen,
        not_mutated=tuple((case, reason) for (_, case), (_, reason) in zip(tasks, outcomes, strict=True) if reason),
        notes=tuple(dict.fromkeys(pool.note for pool in plan.pools if pool.note)),
        seconds=time.monotonic() - begun,
    )


def _outcomes(plan: Plan, tasks: Sequence[tuple[int, str]], processes: int) -> Iterator[CaseMutants]:
    """In the order of the tasks."""
    if processes == 1:
        with closing(_Worker(plan)) as worker:
            for task in tasks:
                yield worker.judge(*task)
        return
    # A new interpreter for each: a fork would share the parent's threads' locks.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, _begin, (plan,)) as executor:
        yield from executor.map(_judge, tasks)


_of_this_process: dict[str, _Worker] = {}


def _begin(plan: Plan) -> None:
    _of_this_process["worker"] = _Worker(plan)


def _judge(task: tuple[int, str]) -> CaseMutants:
    return _of_this_process["worker"].judge(*task)


def _processes(cases: int) -> int:
    return max(1, min(len(os.sched_getaffinity(0)), cases // FEWEST_CASES_A_PROCESS))
