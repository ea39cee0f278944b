"""One instance, as golds run on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evals.cases.base import Case, GoldQuery
from evals.gold.accepted import accepted_for
from evals.gold.database import GoldDatabase, ReadGold


@dataclass(frozen=True, slots=True)
class GoldBench:
    name: str
    database: GoldDatabase

    def takes(self, case: Case, query: GoldQuery) -> bool:
        """Not a query of another dialect, where the case has one for this database."""
        applying = accepted_for(case, self.database.suite, self.database.dialect)
        return any(each.query == query for each in applying)

    def golds(self, case: Case) -> Sequence[ReadGold]:
        return self.database.golds(case)
