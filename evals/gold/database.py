"""The golds of a suite on one database: run, checked, with their ties, each once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from evals.cases.base import Case, Dialect, GoldQuery, Suite
from evals.cases.resolve import as_of_of, required_of
from evals.compare import compare
from evals.errors import SuiteInvalid
from evals.gold.accepted import Accepted, accepted_for, transpile
from evals.gold.clock import freeze
from evals.gold.opening import open_reader
from evals.gold.reader import GOLD_SECONDS, Reader
from evals.gold.ties import Ties, find_ties
from evals.matching.rules import Gold, Table, rules_of
from evals.matching.values import plain
from nl2sql.errors import EngineError, QueryFailed, QueryTimedOut

# Results are kept for golds that come again, as those of paraphrases and of repeats do: some hundred MB at most.
KEPT_CELLS = 2_000_000
KEPT_RESULTS = 1_000

# What drivers give that Python cannot hash, and rows are counted by their hashes.
_UNHASHABLE = (list, dict, bytearray, memoryview)


@dataclass(frozen=True, slots=True)
class ReadGold:
    """`ran` is `sql` as the database was given it: transpiled, and with the as-of day in place of the clock."""

    gold: Gold
    sql: str
    ran: str
    is_transpiled: bool = False


class GoldDatabase:
    """For one thread. `today` is the as-of day of cases whose case and suite name none. Of results, so many cells are
    kept as `kept_cells` says."""

    def __init__(self, reader: Reader, suite: Suite, today: date, kept_cells: int = KEPT_CELLS) -> None:
        self.suite = suite
        self.reader = reader
        self.today = today
        self._kept: OrderedDict[str, Table] = OrderedDict()
        self._cells = 0
        self._kept_cells = kept_cells

    @property
    def dialect(self) -> Dialect:
        return self.reader.dialect

    def golds(self, case: Case) -> tuple[ReadGold, ...]:
        """One for each accepted query that applies to this database; none for what must be declined.

        Raises SuiteInvalid when one does not run or lacks a column that the case requires, and EngineError when the
        database is away.
        """
        if case.must_be_declined:
            return ()
        if not case.sql:
            raise SuiteInvalid(f"The case {case.id} has no gold query.")
        return tuple(self._read(case, each) for each in accepted_for(case, self.suite, self.dialect))

    def run(self, sql: str, *, today: date | None = None, seconds: float = GOLD_SECONDS) -> Table:
        """Any query of this database's dialect, with `today` in place of the clock. Raises EngineError."""
        frozen = freeze(sql, self.dialect, today or self.today)
        if frozen in self._kept:
            self._kept.move_to_end(frozen)
            return self._kept[frozen]
        table = _hashable(self.reader.run(frozen, seconds))
        self._keep(frozen, table)
        return table

    def _read(self, case: Case, accepted: Accepted) -> ReadGold:
        today = as_of_of(case, self.suite, self.today)
        ran = freeze(accepted.query.sql, accepted.dialect, today)
        if accepted.is_transpiled:
            ran = transpile(ran, accepted.dialect, self.dialect, case.id)
        try:
            table = self.run(ran, today=today)
        except (QueryFailed, QueryTimedOut) as error:
            reason = error.hint or error.user_message
            raise SuiteInvalid(
                f"The gold query of the case {case.id} does not run: {reason.rstrip('.')}.", hint=f"It ran as: {ran}"
            ) from error
        required = _required(case, accepted.query, table)
        return ReadGold(self._gold(case, ran, table, required), accepted.query.sql, ran, accepted.is_transpiled)

    def _gold(self, case: Case, sql: str, table: Table, required: tuple[str, ...]) -> Gold:
        by_columns = case.order_by and case.order_by != ("gold",)
        order = _columns(case, case.order_by, table) if by_columns else ()
        ties = find_ties(sql, self.dialect, order or required, table, self._try)
        if order:
            return _ordered_by(order, table, required, ties)
        return Gold(Table(table.columns, ties.rows), required, ties.ranks, ties.tied)

    def _try(self, sql: str) -> Table | None:
        """For a query of our own making, which may not run: then nothing is known of ties."""
        try:
            return self.run(sql)
        except EngineError:
            return None

    def _keep(self, sql: str, table: Table) -> None:
        self._kept[sql] = table
        self._cells += _size(table)
        while self._kept and (self._cells > self._kept_cells or len(self._kept) > KEPT_RESULTS):
            _, dropped = self._kept.popitem(last=False)
            self._cells -= _size(dropped)


@contextmanager
def open_golds(url: str, suite: Suite, *, today: date, kept_cells: int = KEPT_CELLS) -> Iterator[GoldDatabase]:
    """Raises SettingsInvalid for an address that golds cannot run at, DatabaseMissing and other EngineErrors for a
    database that cannot be read."""
    with open_reader(url) as reader:
        yield GoldDatabase(reader, suite, today, kept_cells)


def verify_transpiled(case: Case, original: GoldDatabase, other: GoldDatabase) -> tuple[str, ...]:
    """What differs when the case's golds run on two databases with the same rows but another dialect, in sentences;
    nothing where they agree. Raises SuiteInvalid where one does not run."""
    if case.must_be_declined:
        return ()
    rules = rules_of(case, original.suite)
    found = []
    for gold, said in zip(original.golds(case), other.golds(case), strict=False):
        if not said.is_transpiled:
            continue
        verdict = compare(gold.gold, said.gold.table, rules)
        if not verdict.equal:
            dialects = f"{original.dialect} and {other.dialect}"
            found.append(f"The gold query of the case {case.id} has other results on {dialects}: {verdict.reason}.")
    return tuple(found)


def _required(case: Case, query: GoldQuery, table: Table) -> tuple[str, ...]:
    wanted = required_of(query, case)
    return _columns(case, wanted, table) if wanted else table.columns


def _columns(case: Case, wanted: Sequence[str], table: Table) -> tuple[str, ...]:
    """As the gold calls them: capitals count only where names differ in nothing else."""
    found = []
    for name in wanted:
        same = [there for there in table.columns if there == name] or [
            there for there in table.columns if there.lower() == name.lower()
        ]
        if len(same) != 1:
            there = ", ".join(table.columns)
            raise SuiteInvalid(f"The gold query of the case {case.id} must have one column “{name}”; it has {there}.")
        found.append(same[0])
    return tuple(found)


def _ordered_by(order: Sequence[str], table: Table, required: tuple[str, ...], ties: Ties) -> Gold:
    """Rows with equal values in the columns of the order tie, and so do those that the LIMIT cut from the last."""
    places = [table.columns.index(name) for name in order]

    def key(row: tuple[object, ...]) -> tuple[object, ...]:
        return tuple(row[place] for place in places)

    ranks = [rank for rank, (_, run) in enumerate(groupby(ties.rows, key=key)) for _ in run]
    tied = tuple(row for row in ties.tied if key(row) == key(ties.rows[-1]))
    return Gold(Table(table.columns, ties.rows), required, tuple(ranks), tied)


def _hashable(table: Table) -> Table:
    if not any(isinstance(cell, _UNHASHABLE) for row in table.rows for cell in row):
        return table
    return Table(table.columns, tuple(tuple(map(plain, row)) for row in table.rows))


def _size(table: Table) -> int:
    return (1 + len(table.columns)) * (1 + len(table.rows))
