"""Truncation by rows and by bytes is a fact, an estimate runs nothing, and the type wall stands before every engine."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nl2sql.catalog.model import Dataset, DataType, Field, SemanticModel
from nl2sql.engines.base import Engine
from nl2sql.errors import CheckedSqlForged, QueryFailed
from nl2sql.guard.check import check
from nl2sql.guard.checked import CheckedSql
from nl2sql.guard.policy import Limits, Policy
from nl2sql.writers.base import Origin, SqlDraft
from tests.integration.engines.conformance.house import House


def guarded(house: House, sql: str, **limits: int) -> CheckedSql:
    """Through the real guard."""
    kinds = {"id": DataType.INTEGER, "title": DataType.STRING, "price": DataType.DECIMAL, "sold": DataType.BOOLEAN}
    fields = tuple(Field(name, name, kind) for name, kind in kinds.items())
    model = SemanticModel("shop", (Dataset("items", house.quoted("items"), fields, ("id",)),))
    verdict = check(SqlDraft(sql, Origin("sql")), model, Policy(limits=Limits(**limits)), house.dialect)
    assert type(verdict) is CheckedSql, verdict
    return verdict


@pytest.mark.parametrize(("rows", "truncated"), [(1, True), (299, True), (300, False), (301, False)])
def test_a_result_is_truncated_by_rows_only_when_there_are_more(
    house: House, engine: Engine, rows: int, truncated: bool
) -> None:
    found = engine.run(guarded(house, "SELECT id FROM items ORDER BY id", rows=rows))
    assert (found.row_count, found.truncated, found.row_limit) == (min(rows, 300), truncated, rows)
    assert found.table.column(0).to_pylist() == list(range(1, min(rows, 300) + 1))


def test_a_result_is_truncated_by_bytes_and_keeps_the_rows_that_fit(house: House, engine: Engine) -> None:
    sql = "SELECT id, title FROM items ORDER BY id"
    cut = engine.run(guarded(house, sql, result_bytes=3_000))
    assert cut.truncated
    assert 30 < cut.row_count < 300
    assert cut.table.column(0).to_pylist() == list(range(1, cut.row_count + 1))
    whole = engine.run(guarded(house, sql))
    assert (whole.row_count, whole.truncated) == (300, False)


def test_the_engines_own_bound_on_bytes_holds_below_the_policys(house: House) -> None:
    engine = house.engine(result_bytes=3_000)
    found = engine.run(guarded(house, "SELECT id, title FROM items ORDER BY id"))
    engine.close()
    assert found.truncated
    assert found.row_count < 300


def test_one_row_that_is_too_large_is_said_and_not_shown_as_nothing_found(house: House, engine: Engine) -> None:
    sql = f"SELECT said FROM {house.quoted('sayings')} WHERE id = 19"
    with pytest.raises(QueryFailed, match="larger than an answer may be"):
        house.ask(engine, sql, result_bytes=5_000)
    assert house.count(engine) == 300


def test_what_was_filtered_counted_and_joined_is_right(house: House, engine: Engine) -> None:
    sql = "SELECT sold, COUNT(*) AS n, SUM(price) AS total FROM items WHERE id <= 4 GROUP BY sold ORDER BY sold"
    assert [tuple(map(str, row.values())) for row in engine.run(guarded(house, sql)).table.to_pylist()] == [
        ("False", "2", "6.20"),
        ("True", "2", "4.20"),
    ]


@pytest.mark.parametrize("make", [str, lambda sql: None, lambda sql: (sql,), lambda sql: {"sql": sql}])
def test_nothing_but_a_checked_statement_runs(house: House, engine: Engine, make: Callable[[str], object]) -> None:
    given = make(f"SELECT id FROM {house.quoted('items')}")
    for door in (engine.run, engine.estimate):
        with pytest.raises(TypeError):
            door(given)  # type: ignore[arg-type, operator]


def test_a_statement_for_another_database_does_not_run(house: House, engine: Engine) -> None:
    other = "postgres" if house.dialect != "postgres" else "sqlite"
    model = SemanticModel("shop", (Dataset("items", "items", (Field("id", "id", DataType.INTEGER),), ("id",)),))
    verdict = check(SqlDraft("SELECT id FROM items", Origin("sql")), model, Policy(), other)
    assert type(verdict) is CheckedSql
    for door in (engine.run, engine.estimate):
        with pytest.raises(QueryFailed, match="another kind of database"):
            door(verdict)  # type: ignore[operator]


def test_a_forged_statement_is_refused_by_name(house: House, engine: Engine) -> None:
    with pytest.raises(CheckedSqlForged, match="nothing but a CheckedSql"):
        engine.run("SELECT 1")  # type: ignore[arg-type]


def test_an_estimate_tells_what_the_engine_can_know(house: House, engine: Engine) -> None:
    one = engine.estimate(guarded(house, "SELECT SUM(price) AS n FROM items"))
    if house.charges:
        assert one.scanned_bytes is not None
        return
    assert (one.scanned_bytes, one.price) == (None, None)
    if not house.estimates_rows:
        assert one.rows is None
        return
    assert one.rows is not None
    assert 100 <= one.rows <= 1_000
    joined = "SELECT COUNT(*) AS n FROM items AS a JOIN items AS b ON a.title = b.title"
    two = engine.estimate(guarded(house, joined))
    assert two.rows is not None
    assert two.rows > one.rows


def test_an_estimate_runs_nothing(house: House, engine: Engine) -> None:
    """What would take minutes is estimated at once."""
    engine.estimate(house.mint(house.endless, seconds=5.0))
    assert house.running() == 0


def test_an_estimate_of_what_cannot_run_says_so(house: House, engine: Engine) -> None:
    if house.estimates_rows or house.charges:
        with pytest.raises(QueryFailed):
            engine.estimate(house.mint(f"SELECT no_such_column FROM {house.quoted('items')}"))
    assert house.count(engine) == 300


def test_whether_it_charges_and_since_when_it_knows_is_said(house: House, engine: Engine) -> None:
    assert engine.charges is house.charges
    if not house.charges:
        assert engine.fresh_as_of(("items",)) is None  # written live
