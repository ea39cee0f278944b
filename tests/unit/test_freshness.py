from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from nl2sql.catalog.model import Dataset, DataType, Field, SemanticModel
from nl2sql.engines.base import ResultTable
from nl2sql.engines.registry import open_engine
from nl2sql.errors import Nl2SqlError, QueryCancelled, QueryFailed, QueryTimedOut
from nl2sql.freshness import (
    STATEMENT_SECONDS,
    DataAsOf,
    DataClock,
    age_words,
    behind_words,
    data_as_of_words,
    quick,
)
from nl2sql.guard.check import check
from nl2sql.guard.checked import CheckedSql
from nl2sql.guard.dialects import DIALECTS
from nl2sql.guard.policy import Limits, Policy
from nl2sql.guard.violation import Violations
from nl2sql.writers.base import Origin, SqlDraft


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


NOW = at("2026-06-30 12:00")


def dataset(name: str, time_field: str = "created_at", kind: DataType = DataType.DATETIME) -> Dataset:
    columns = {"id": DataType.INTEGER, "country": DataType.STRING, "created_at": kind}
    fields = tuple(Field(each, each, datatype) for each, datatype in columns.items())
    return Dataset(name, name, fields, primary_key=("id",), label=name.capitalize(), time_field=time_field)


MODEL = SemanticModel(
    "shop",
    (dataset("orders"), dataset("buyers"), dataset("days", kind=DataType.DATE), dataset("codes", time_field="")),
    fingerprint="unit-freshness",
)


@dataclass
class Rig:
    """A clock over an engine that answers by table, and a record of the statements it was given."""

    moments: dict[str, object] = field(default_factory=dict)
    policy: Policy = field(default_factory=Policy)
    dialect: str = "sqlite"
    charges: bool = False
    known: datetime | Nl2SqlError | None = None
    seconds: float = 0.0
    takes: float = 0.0
    state: str = "one"
    ran: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.data_clock = DataClock(self, clock=lambda: self.seconds, now=lambda: NOW)  # type: ignore[arg-type]

    def fresh_as_of(self, tables: Sequence[str]) -> datetime | None:
        if isinstance(self.known, Nl2SqlError):
            raise self.known
        return self.known

    def fingerprint(self) -> str:
        return self.state

    def check(self, sql: str) -> CheckedSql | Violations:
        return check(SqlDraft(sql, Origin("sql")), MODEL, quick(self.policy), self.dialect)

    def run(self, checked: CheckedSql) -> ResultTable:
        self.ran.append(checked.executed)
        self.seconds += self.takes
        value = self.moments.get(checked.tables[0])
        if isinstance(value, Nl2SqlError):
            raise value
        return ResultTable(pa.table({"newest": [value]}), 1, False, 1.0)

    def as_of(self, sql: str, state: str = "one") -> DataAsOf | None:
        self.state = state
        checked = check(SqlDraft(sql, Origin("sql")), MODEL, self.policy, self.dialect)
        assert isinstance(checked, CheckedSql)
        return self.data_clock.as_of(checked, MODEL, self.check, self.run)


BOTH = "SELECT COUNT(*) FROM orders JOIN buyers ON buyers.id = orders.id"


def test_what_the_database_knows_is_taken_and_nothing_is_read() -> None:
    rig = Rig(known=at("2026-06-30 11:58"), charges=True)
    assert rig.as_of(BOTH) == DataAsOf(at("2026-06-30 11:58"))
    assert rig.ran == []


def test_a_database_that_charges_is_never_asked() -> None:
    rig = Rig({"orders": NOW}, charges=True)
    assert rig.as_of("SELECT id FROM orders") is None
    assert rig.ran == []


def test_the_newest_moment_of_the_tables_is_told_and_of_no_other_table() -> None:
    rig = Rig({"orders": at("2026-06-30 09:00"), "buyers": at("2026-06-12 00:00")})
    assert rig.as_of(BOTH) == DataAsOf(at("2026-06-30 09:00"))
    assert len(rig.ran) == 2 and not any("days" in each for each in rig.ran)


def test_a_table_over_a_month_behind_is_named() -> None:
    rig = Rig({"orders": at("2026-06-30 09:00"), "buyers": at("2026-05-01 08:00")})
    told = rig.as_of(BOTH)
    assert told == DataAsOf(at("2026-06-30 09:00"), (("Buyers", at("2026-05-01 08:00")),))
    assert behind_words(told) == "Not all of the data is equally new: Buyers end on 1 May 2026."
    assert behind_words(DataAsOf(NOW)) == ""


def test_tables_without_a_time_tell_nothing() -> None:
    rig = Rig({"codes": NOW})
    assert rig.as_of("SELECT id FROM codes") is None
    assert rig.ran == []


def test_an_empty_table_tells_nothing() -> None:
    assert Rig({"orders": None}).as_of("SELECT id FROM orders") is None


def test_days_are_read_as_days() -> None:
    rig = Rig({"days": date(2026, 6, 29)})
    told = rig.as_of("SELECT id FROM days")
    assert told is not None and data_as_of_words(told.moment) == "Data as of 29 June 2026"
    assert "'2026-06-30'" in rig.ran[0]


def test_a_moment_that_is_kept_is_not_read_again_for_a_minute() -> None:
    rig = Rig({"orders": NOW})
    first = rig.as_of("SELECT id FROM orders")
    rig.moments["orders"] = NOW - timedelta(days=1)
    rig.seconds = 59.0
    assert rig.as_of("SELECT country FROM orders") == first
    rig.seconds = 61.0
    assert rig.as_of("SELECT id FROM orders") != first
    assert len(rig.ran) == 2


def test_another_state_of_the_data_or_another_policy_is_read_anew() -> None:
    rig = Rig({"orders": NOW})
    rig.as_of("SELECT id FROM orders", "one")
    rig.as_of("SELECT id FROM orders", "two")
    rig.policy = Policy("another")
    rig.as_of("SELECT id FROM orders", "two")
    assert len(rig.ran) == 3


@pytest.mark.parametrize("error", [QueryTimedOut("Too slow."), QueryFailed("No.")])
def test_a_table_that_cannot_be_read_tells_nothing_and_is_left_alone_for_a_while(error: Nl2SqlError) -> None:
    rig = Rig({"orders": error, "buyers": at("2026-06-12 00:00")})
    assert rig.as_of(BOTH, "one") == DataAsOf(at("2026-06-12 00:00"))
    rig.seconds = 300.0
    rig.as_of("SELECT id FROM orders", "two")
    assert sum("orders" in each for each in rig.ran) == 1


def test_a_database_that_does_not_say_how_far_it_is_tells_nothing() -> None:
    assert Rig({"orders": NOW}, known=QueryFailed("No.")).as_of("SELECT id FROM orders") is None


def test_a_question_that_is_cancelled_meanwhile_stops() -> None:
    with pytest.raises(QueryCancelled):
        Rig({"orders": QueryCancelled("Stopped.")}).as_of("SELECT id FROM orders")


def test_slow_tables_do_not_add_up() -> None:
    rig = Rig({"orders": NOW, "buyers": NOW}, takes=STATEMENT_SECONDS)
    assert rig.as_of(BOTH) == DataAsOf(NOW)
    assert len(rig.ran) == 1


def test_its_own_statement_runs_for_a_second_at_most_and_as_the_same_role() -> None:
    assert quick(Policy(limits=Limits(seconds=10))).limits.seconds == STATEMENT_SECONDS
    assert quick(Policy(limits=Limits(seconds=0.5))).limits.seconds == 0.5
    assert quick(Policy("support", rows={"orders": "id > 1"})).rows == {"orders": "id > 1"}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_its_own_statement_passes_the_guard_of_every_dialect(dialect: str) -> None:
    rig = Rig({"orders": NOW, "days": date(2026, 6, 29)}, dialect=dialect)
    assert rig.as_of("SELECT id FROM orders") == DataAsOf(NOW)
    assert rig.as_of("SELECT id FROM days") == DataAsOf(at("2026-06-29 00:00"))


def seen(folder: Path, policy: Policy) -> DataAsOf | None:
    """Over a database that holds a newer row of another country, and one that is planned for next year."""
    path = folder / "shop.db"
    if not path.exists():
        connection = sqlite3.connect(path)
        connection.execute("CREATE TABLE orders (id INTEGER, country TEXT, created_at DATETIME)")
        rows = [("DE", "2026-06-01 10:00:00"), ("FR", "2026-06-29 10:00:00"), ("DE", "2027-01-01 00:00:00")]
        connection.executemany("INSERT INTO orders VALUES (1, ?, ?)", rows)
        connection.commit()
        connection.close()
    engine = open_engine(f"sqlite:///{path}")
    try:
        checked, check_quickly = Rig().check("SELECT COUNT(*) FROM orders"), Rig(policy=policy).check
        assert isinstance(checked, CheckedSql)
        return DataClock(engine).as_of(checked, MODEL, check_quickly, engine.run)
    finally:
        engine.close()


def test_a_moment_never_comes_from_rows_or_columns_that_the_role_cannot_see(tmp_path: Path) -> None:
    assert seen(tmp_path, Policy()) == DataAsOf(at("2026-06-29 10:00"))
    assert seen(tmp_path, Policy(rows={"orders": "country = 'DE'"})) == DataAsOf(at("2026-06-01 10:00"))
    assert seen(tmp_path, Policy(hidden=frozenset({"orders.created_at"}))) is None
    assert seen(tmp_path, Policy(masks={"orders.created_at": "hash"})) is None
    assert seen(tmp_path, Policy(aggregate_only={"orders.created_at": 20})) is None


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (at("2026-06-30 23:59"), "Data as of 30 June 2026, 23:59 UTC"),
        (at("2026-01-02 00:00"), "Data as of 2 January 2026"),
    ],
)
def test_moments_are_written_in_full(moment: datetime, words: str) -> None:
    assert data_as_of_words(moment) == words


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(seconds=-5), "less than a minute old"),
        (timedelta(seconds=59), "less than a minute old"),
        (timedelta(seconds=60), "1 minute old"),
        (timedelta(minutes=4, seconds=59), "4 minutes old"),
        (timedelta(hours=23, minutes=59), "23 hours old"),
        (timedelta(days=2), "2 days old"),
    ],
)
def test_ages_are_told_in_their_largest_unit(age: timedelta, words: str) -> None:
    assert age_words(NOW - age, NOW) == words


def test_what_is_remembered_is_bounded() -> None:
    rig = Rig({"orders": NOW})
    for state in range(2_000):
        rig.as_of("SELECT id FROM orders", str(state))
    assert len(rig.data_clock._kept) <= 1_000
