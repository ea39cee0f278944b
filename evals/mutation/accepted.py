"""The accepted golds of a case on a database of the pool, and whether an answer equals one of them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date

from evals.cases.base import Case, Suite
from evals.compare import Gold, Rules, Table, equals, rules_of
from evals.errors import SuiteInvalid
from evals.gold.database import GoldDatabase, open_golds
from evals.mutation.bench import Statement
from evals.mutation.runs import seconds_for
from nl2sql.errors import EngineError


@dataclass(frozen=True, slots=True)
class AcceptedGolds:
    statements: Sequence[Statement]
    golds: Sequence[Gold]
    rules: Rules

    @property
    def most_rows(self) -> int:
        return max(len(gold.table.rows) for gold in self.golds)

    def equal(self, answer: Table) -> tuple[bool, ...]:
        return tuple(equals(gold, answer, self.rules) for gold in self.golds)


class PoolDatabase:
    """Opened when it is first asked. `today` is the day of cases that name none. To be closed."""

    def __init__(self, name: str, url: str, suite: Suite, today: date) -> None:
        self.name = name
        self.url = url
        self._suite = suite
        self._today = today
        self._stack = ExitStack()
        self._database: GoldDatabase | None = None

    def close(self) -> None:
        self._stack.close()

    def accepted(self, case: Case) -> AcceptedGolds:
        """Raises SuiteInvalid when a gold does not run here."""
        try:
            if self._database is None:
                self._database = self._stack.enter_context(open_golds(self.url, self._suite, today=self._today))
            begun = time.monotonic()
            read = self._database.golds(case)
        except EngineError as error:
            raise SuiteInvalid(error.user_message, hint=error.hint) from error
        if not read:
            raise SuiteInvalid("it has no gold query for SQLite")
        seconds = seconds_for(time.monotonic() - begun)
        return AcceptedGolds(
            [Statement(each.ran, seconds) for each in read], [each.gold for each in read], rules_of(case, self._suite)
        )
