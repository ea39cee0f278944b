"""A run of the fuzzer: so many inputs from one seed, through one guard, onto one database."""

from __future__ import annotations

import contextlib
import logging
import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fuzz.grammar import Grammar
from tests.fuzz.mutations import Mutator
from tests.fuzz.properties import DISCREET, ROLE, Failure, Guarded
from tests.fuzz.shrinking import shrunk
from tests.fuzz.state import changes, state_of
from tests.integration.guard.databases import (
    Database,
    duckdb_database,
    mariadb_database,
    postgres_database,
    sqlite_database,
)
from tests.integration.guard.roles import view

# One in so many inputs is made from grammar, the others by mutation: what grammar makes is accepted five times as
# often, and so costs ten times as much.
_GRAMMAR_EVERY = 6
_DISCREET_EVERY = 5  # one in so many is judged for the role that sees some columns in part
_SEVERAL = 5  # failures of one kind are one failure; a few of each are enough to read


@dataclass
class Campaign:
    """`run_every`: one in so many accepted inputs is executed; 1 executes all.

    `alone`: nobody else uses the server meanwhile, so its accounts are looked at as well.
    """

    dialect: str
    seed: int
    inputs: int
    run_every: int = 1
    alone: bool = False
    counts: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)

    def run(self, progress: Callable[[Counter[str]], None] = lambda counts: None) -> list[Failure]:
        """All failures, each as small as it gets. A change of the database's state is a failure as well."""
        with quiet_parser(), TemporaryDirectory() as folder, _inside(folder), opened(self.dialect, folder) as database:
            before = state_of(database, Path(folder), alone=self.alone) if database else {}
            lines = list(self._run(database, progress))
            if database and not any(each.what.startswith("the server went away") for each in self.failures):
                self._compare(before, database, Path(folder), lines)
        return self.failures

    def _run(self, database: Database | None, progress: Callable[[Counter[str]], None]) -> Iterator[str]:
        """Gives what was accepted."""
        dice = random.Random(f"{self.dialect} {self.seed}")  # noqa: S311 - repeatable, not secret
        mutator = Mutator(dice, self.dialect)
        # The discreet role may use some of the columns that are hidden from the other.
        grammars = [Grammar(dice, self.dialect), Grammar(dice, self.dialect, depth=2, hidden_every=8)]
        guards = [Guarded(self.dialect, database, role, self.counts) for role in (ROLE, DISCREET)]
        for number in range(self.inputs):
            discreet, accepted = number % _DISCREET_EVERY == 0, self.counts["accepted"]
            guarded, grammar = guards[discreet], grammars[discreet]
            sql = grammar.statement() if number % _GRAMMAR_EVERY == 0 else mutator.statement()
            failure = guarded.failure(sql, run=accepted % self.run_every == 0)
            if self.counts["accepted"] > accepted:
                yield sql
            if failure is not None and database is not None and guarded.database is None:
                self.failures.append(failure)  # it cannot be tried again, and nothing else can
                return
            if failure is not None:
                self._note(guarded, failure)
            if number % 1_000 == 999:
                progress(self.counts)

    def _note(self, guarded: Guarded, failure: Failure) -> None:
        self.counts["failures"] += 1
        kind = _kind(failure)
        if sum(_kind(each) == kind for each in self.failures) < _SEVERAL:
            again = Guarded(guarded.dialect, guarded.database, guarded.role)
            small = shrunk(failure.sql, lambda sql: (other := again.failure(sql)) is not None and _kind(other) == kind)
            found = again.failure(small) or failure
            if found.sql not in {each.sql for each in self.failures}:
                self.failures.append(found)

    def _compare(self, before: object, database: Database, folder: Path, accepted: list[str]) -> None:
        changed = changes(before, state_of(database, folder, alone=self.alone))  # type: ignore[arg-type]
        if changed:
            latest = "; ".join(accepted[-3:])
            self.failures.append(Failure(self.dialect, latest, f"something was changed: {'; '.join(changed)}"))


def _kind(failure: Failure) -> str:
    """What a failure is about, without what only this statement has."""
    return failure.what[:24]


@contextlib.contextmanager
def opened(dialect: str, folder: str) -> Iterator[Database | None]:
    """The database that runs a dialect, all its worlds made; none for MySQL and BigQuery."""
    makers = {
        "sqlite": lambda: sqlite_database(folder),
        "duckdb": lambda: duckdb_database(folder),
        "mariadb": mariadb_database,
        "postgres": postgres_database,
    }
    if dialect not in makers:
        yield None
        return
    with makers[dialect]() as database:
        for world in ("full", "changed"):
            database.world(world)
        database.world(ROLE, view(ROLE))
        list(database.shuffled(ROLE, view(ROLE)))
        yield database


@contextlib.contextmanager
def _inside(folder: str) -> Iterator[None]:
    """Files that a statement would write by a relative name land here, and are seen."""
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


@contextlib.contextmanager
def quiet_parser() -> Iterator[None]:
    """The parser logs what it does not support; thousands of such lines would say nothing."""
    logger = logging.getLogger("sqlglot")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)
