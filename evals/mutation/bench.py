"""Runs the mutants of a case on the base, and those that it does not tell apart on the rest of the pool."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Protocol

from evals.cases.base import Case
from evals.compare import Table
from evals.errors import SuiteInvalid
from evals.mutation.base import Catalog, Mutant
from evals.mutation.mutants import mutants, rewritten
from evals.mutation.runs import MutantDatabase, MutantFailed, open_database
from evals.mutation.score import Judged


@dataclass(frozen=True, slots=True)
class Statement:
    """An accepted gold as the database was given it."""

    sql: str
    seconds: float


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A mutant that the base does not tell from all golds. `apart` grows, a set for each gold."""

    gold: Statement
    mutant: Mutant
    apart: list[set[str]]


class Accepted(Protocol):
    """The accepted golds of a case on one database. Raises SuiteInvalid when none runs there."""

    @property
    def statements(self) -> Sequence[Statement]: ...

    @property
    def most_rows(self) -> int: ...

    def equal(self, answer: Table) -> tuple[bool, ...]:
        """For each gold, in the order of the statements."""
        ...


class Instance(Protocol):
    """A database of the pool."""

    @property
    def name(self) -> str: ...

    @property
    def url(self) -> str: ...

    def accepted(self, case: Case) -> Accepted: ...


class Bench:
    """A pool of databases, the base first. To be closed."""

    def __init__(self, pool: Sequence[Instance], catalog: Catalog, limit: int) -> None:
        self._pool = pool
        self._catalog = catalog
        self._limit = limit
        self._stack = ExitStack()
        self._databases: dict[str, MutantDatabase] = {}

    def close(self) -> None:
        self._stack.close()

    def judge(self, case: Case) -> list[Judged]:
        """All mutants of its accepted golds, no statement twice. Raises SuiteInvalid when no gold can be mutated."""
        base = self._pool[0]
        accepted = base.accepted(case)
        judged: list[Judged] = []
        waiting: list[_Waiting] = []
        for statement, mutant in self._mutants(case, accepted):
            equal = self._equal(base, accepted, mutant.sql, statement)
            apart = tuple(frozenset[str]() if each else frozenset({base.name}) for each in equal)
            if any(equal):
                waiting.append(_Waiting(statement, mutant, [set(each) for each in apart]))
            else:
                judged.append(Judged(case.id, statement.sql, mutant, bool(equal), apart))
        self._try_on_the_pool(case, waiting)
        return judged + [
            Judged(case.id, each.gold.sql, each.mutant, True, tuple(map(frozenset, each.apart))) for each in waiting
        ]

    def _mutants(self, case: Case, accepted: Accepted) -> Iterator[tuple[Statement, Mutant]]:
        statements = [each for each in accepted.statements if self._can_be_rewritten(accepted, each)]
        if not statements:
            raise SuiteInvalid("its gold means something else when it is parsed and written again")
        seen = {each.sql for each in statements}
        for statement in statements:
            limit = max(1, self._limit // len(statements))
            for mutant in mutants(statement.sql, "sqlite", self._catalog, ordered=bool(case.order_by), limit=limit):
                if mutant.sql not in seen:
                    seen.add(mutant.sql)
                    yield statement, mutant

    def _can_be_rewritten(self, accepted: Accepted, statement: Statement) -> bool:
        """Else each mutant would differ, whatever its mistake."""
        again = rewritten(statement.sql, "sqlite")
        return bool(again) and any(self._equal(self._pool[0], accepted, again, statement))

    def _try_on_the_pool(self, case: Case, waiting: Sequence[_Waiting]) -> None:
        for instance in self._pool[1:] if waiting else ():
            try:
                accepted = instance.accepted(case)
            except SuiteInvalid:  # a gold that fails on this one says nothing of its mutants there
                continue
            for each in waiting:
                equal = self._equal(instance, accepted, each.mutant.sql, each.gold)
                for names, is_equal in zip(each.apart, equal, strict=False):  # none where it does not run
                    if not is_equal:
                        names.add(instance.name)

    def _equal(self, on: Instance, accepted: Accepted, sql: str, gold: Statement) -> tuple[bool, ...]:
        """To each gold; () when it does not run."""
        try:
            answer = self._database(on).run(sql, accepted.most_rows + 1, gold.seconds)
        except MutantFailed:
            return ()
        return accepted.equal(answer)

    def _database(self, instance: Instance) -> MutantDatabase:
        if instance.name not in self._databases:
            self._databases[instance.name] = self._stack.enter_context(open_database(instance.url))
        return self._databases[instance.name]
