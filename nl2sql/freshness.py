"""Up to when the data behind an answer is there: "Data as of 30 June 2026, 23:59 UTC".

The database says so where it knows. Else it is the newest moment in the tables' own time fields, asked for through the
guard, so that it never comes from rows or columns that the asker may not see. A hint, not a promise: what was written
late, or with an old date, is not noticed.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from threading import Lock
from typing import Final

from sqlglot import exp

from nl2sql.catalog.model import Dataset, DataType, SemanticModel
from nl2sql.engines.base import Engine, ResultTable
from nl2sql.errors import Nl2SqlError, QueryCancelled
from nl2sql.guard.checked import CheckedSql
from nl2sql.guard.dialects import grammar_name
from nl2sql.guard.physical import columns_of_field
from nl2sql.guard.policy import Policy
from nl2sql.guard.violation import Violations

# Both together bound what an answer waits for: no statement begins after the first second, and each has one.
STATEMENT_SECONDS: Final = 1.0
BEGIN_SECONDS: Final = 1.0
KEPT_SECONDS: Final = 60.0
# A table that could not be read in time will not be in the next minute either.
FAILURE_KEPT_SECONDS: Final = 600.0
_MAX_KEPT: Final = 1_000
# A month: monthly loads are common, and no reason to warn.
FAR_BEHIND: Final = timedelta(days=31)

Check = Callable[[str], CheckedSql | Violations]
Run = Callable[[CheckedSql], ResultTable]


@dataclass(frozen=True, slots=True)
class DataAsOf:
    """UTC without zone. `behind` are the tables, by their labels, whose newest row is over a month older."""

    moment: datetime
    behind: tuple[tuple[str, datetime], ...] = ()


@dataclass(frozen=True, slots=True)
class _Kept:
    moment: datetime | None
    until: float  # by the clock


def quick(policy: Policy) -> Policy:
    """The same policy for the clock's own statements: the same rows and columns, in one second."""
    limits = replace(policy.limits, seconds=min(STATEMENT_SECONDS, policy.limits.seconds))
    return replace(policy, limits=limits)


class DataClock:
    """Safe to share between threads. `clock` is in seconds and never goes back; `now` is UTC without zone."""

    def __init__(
        self,
        engine: Engine,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC).replace(tzinfo=None),
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._now = now
        self._lock = Lock()
        self._kept: OrderedDict[tuple[str, ...], _Kept] = OrderedDict()

    def as_of(self, checked: CheckedSql, view: SemanticModel, check: Check, run: Run) -> DataAsOf | None:
        """For the tables that a statement reads; ask before it runs, so that its rows are at least as new.

        `check` is the guard with the `quick` policy of whoever asks, `run` the engine. `view` names the tables and
        their time fields; what the role may not see of it, the guard refuses. None when nothing can be told, whatever
        went wrong; raises only QueryCancelled.
        """
        try:
            known = self._engine.fresh_as_of(checked.tables)
            if known is not None or self._engine.charges:
                return DataAsOf(known) if known is not None else None
            state = self._engine.fingerprint()
        except QueryCancelled:
            raise
        except Nl2SqlError:
            return None
        return _combined(self._moments(checked, view, state, check, run))

    def _moments(
        self, checked: CheckedSql, view: SemanticModel, state: str, check: Check, run: Run
    ) -> Iterator[tuple[str, datetime]]:
        """The newest moment of each table that has one, with the table's label."""
        begun = self._clock()
        for dataset, column in _dated(view, checked.tables):
            place = (checked.policy, dataset.table.lower())
            kept = self._remembered((*place, state)) or self._remembered(place)
            if kept is None:
                if self._clock() - begun >= BEGIN_SECONDS:
                    return
                sql = _newest(dataset, column, self._now(), self._engine.dialect)
                kept = self._asked(sql, place, state, check, run)
            if kept.moment is not None:
                yield dataset.label or dataset.name.replace("_", " "), kept.moment

    def _asked(self, sql: str, place: tuple[str, ...], state: str, check: Check, run: Run) -> _Kept:
        try:
            verdict = check(sql)
            if isinstance(verdict, Violations):
                return self._keep(place, _Kept(None, self._clock() + FAILURE_KEPT_SECONDS))
            moment = _moment_in(run(verdict))
        except QueryCancelled:
            raise
        except Nl2SqlError:
            return self._keep(place, _Kept(None, self._clock() + FAILURE_KEPT_SECONDS))
        return self._keep((*place, state), _Kept(moment, self._clock() + KEPT_SECONDS))

    def _remembered(self, key: tuple[str, ...]) -> _Kept | None:
        with self._lock:
            kept = self._kept.get(key)
        return kept if kept is not None and self._clock() < kept.until else None

    def _keep(self, key: tuple[str, ...], kept: _Kept) -> _Kept:
        with self._lock:
            self._kept[key] = kept
            self._kept.move_to_end(key)
            while len(self._kept) > _MAX_KEPT:
                self._kept.popitem(last=False)
        return kept


def _dated(view: SemanticModel, tables: tuple[str, ...]) -> Iterator[tuple[Dataset, str]]:
    """Of each table the first dataset that has a time field which is a plain column, and that column."""
    for table in tables:
        for dataset in view.datasets_by_table.get(table, ()):
            field = next((each for each in dataset.fields if each.name == dataset.time_field), None)
            if field is None or field.datatype is DataType.TIME:
                continue
            columns = tuple(columns_of_field(field))
            if len(columns) == 1 and columns[0].lower() == field.expression.strip('"`').lower():
                yield dataset, columns[0]
                break


def _newest(dataset: Dataset, column: str, now: datetime, dialect: str) -> str:
    """The statement that reads the newest moment; what is planned for later has not happened."""
    field = dataset.field(dataset.time_field)
    until = now.date().isoformat() if field.datatype is DataType.DATE else now.isoformat(" ", "seconds")
    dated = exp.column(column, quoted=not column.isidentifier())
    table = exp.to_identifier(dataset.table, quoted=not dataset.table.isidentifier())
    query = exp.select(exp.alias_(exp.Max(this=dated), "newest")).from_(exp.Table(this=table))
    return query.where(exp.LTE(this=dated.copy(), expression=exp.Literal.string(until))).sql(grammar_name(dialect))


def _moment_in(result: ResultTable) -> datetime | None:
    value = result.table.column(0)[0].as_py() if result.row_count and result.table.num_columns else None
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    return datetime(value.year, value.month, value.day) if isinstance(value, date) else None  # noqa: DTZ001 - UTC


def _combined(moments: Iterator[tuple[str, datetime]]) -> DataAsOf | None:
    found = list(moments)
    if not found:
        return None
    newest = max(moment for _, moment in found)
    return DataAsOf(newest, tuple((label, moment) for label, moment in found if newest - moment > FAR_BEHIND))


def spoken_moment(moment: datetime) -> str:
    """ "30 June 2026, 23:59 UTC"; a midnight is taken for a day without a time."""
    day = f"{moment.day} {moment:%B %Y}"
    return day if moment == datetime.combine(moment, datetime.min.time()) else f"{day}, {moment:%H:%M} UTC"


def data_as_of_words(moment: datetime) -> str:
    return f"Data as of {spoken_moment(moment)}"


def behind_words(as_of: DataAsOf) -> str:
    """A sentence for a warning; empty when no table is far behind."""
    if not as_of.behind:
        return ""
    parts = [f"{label} end on {moment.day} {moment:%B %Y}" for label, moment in as_of.behind]
    listed = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    return f"Not all of the data is equally new: {listed}."


def age_words(stored_at: datetime, now: datetime) -> str:
    """ "4 minutes old", for something kept since `stored_at`; a moment to come counts as now."""
    seconds = max(0.0, (now - stored_at).total_seconds())
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'' if count == 1 else 's'} old"
    return "less than a minute old"
