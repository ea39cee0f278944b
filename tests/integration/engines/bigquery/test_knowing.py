"""What the engine knows without running anything: cost, advice, freshness, changes."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from nl2sql.catalog.model import Dataset, Field, SemanticModel
from nl2sql.engines import bigquery, bigquery_schema
from nl2sql.engines.base import Engine
from nl2sql.engines.bigquery import BigQueryEngine
from nl2sql.engines.bigquery_address import BigQueryOptions
from nl2sql.engines.bigquery_schema import ColumnSchema, TableSchema
from nl2sql.engines.registry import open_engine
from nl2sql.errors import QueryFailed, QueryTooCostly
from nl2sql.guard.check import check
from nl2sql.guard.checked import CheckedSql
from nl2sql.guard.policy import Policy
from nl2sql.writers.base import Origin, SqlDraft
from tests.fakes.bigquery.errors import ApiError
from tests.fakes.bigquery.faults import Fault
from tests.integration.engines.bigquery.conftest import ENDLESS, KINDS, Guarded

if TYPE_CHECKING:
    from tests.fakes.bigquery.server import FakeBigQuery

pytestmark = pytest.mark.xdist_group("bigquery")
MEBIBYTE = 2**20


def test_an_estimate_is_a_price_for_bytes_and_runs_nothing(fake: FakeBigQuery, guarded: Guarded) -> None:
    engine = open_engine(fake.url, bigquery=BigQueryOptions(price=Decimal(1000), currency="EUR"))
    one = engine.estimate(guarded("SELECT SUM(price) AS n FROM sales"))
    assert (one.rows, one.scanned_bytes, one.currency) == (None, 10 * MEBIBYTE, "EUR")
    assert one.price == (Decimal(10 * MEBIBYTE) / 2**40 * 1000).quantize(Decimal("0.000001"))
    joined = "SELECT COUNT(*) AS n FROM sales JOIN by_country ON sales.id = by_country.id"
    assert engine.estimate(guarded(joined)).scanned_bytes == 20 * MEBIBYTE
    assert engine.estimate(guarded("SELECT COUNT(*) AS n FROM sales")).price == 0
    engine.estimate(guarded(ENDLESS))
    assert fake.jobs.all == {}
    engine.close()


def test_what_is_billed_is_what_was_estimated(engine: Engine, guarded: Guarded) -> None:
    checked = guarded("SELECT country, MAX(price) AS n FROM sales GROUP BY country")
    assert engine.estimate(checked).scanned_bytes == engine.run(checked).billed_bytes


def test_a_result_that_may_be_gone_by_then_makes_no_estimate_lower(fake: FakeBigQuery, guarded: Guarded) -> None:
    checked = guarded("SELECT MIN(price) AS n FROM sales")
    for _ in range(2):
        engine = open_engine(fake.url)
        assert engine.estimate(checked).scanned_bytes == 10 * MEBIBYTE
        engine.run(checked)
        engine.close()


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        (
            "SELECT id FROM by_country",
            ["Less of by_country is read with a filter on the column that the table is sorted"],
        ),
        ("SELECT id, country FROM by_country", ["with a filter on country, the column that the table is sorted by"]),
        ("SELECT id FROM by_country WHERE country = 'DE'", []),
        ("SELECT id FROM sales", []),
        ("SELECT id, title, price, day, country, note FROM sales", ["only the columns of sales that you need: all 6"]),
        ("SELECT id FROM by_day WHERE day > '2026-01-01'", []),
    ],
)
def test_advice_says_what_would_make_it_cheaper(engine: Engine, guarded: Guarded, sql: str, words: list[str]) -> None:
    advice = engine.estimate(guarded(sql)).advice
    assert len(advice) == len(words), advice
    assert all(part in sentence for part, sentence in zip(words, advice, strict=True))


def test_a_partitioned_table_asks_for_a_filter(fake: FakeBigQuery, engine: Engine, guarded: Guarded) -> None:
    with pytest.raises(QueryFailed, match="could not run") as caught:
        engine.estimate(guarded("SELECT id FROM by_day"))
    assert "without a filter over column" in caught.value.hint
    fake.warehouse.tables["stand-in-project", "shop", "by_day"].needs_filter = False
    try:
        (advice,) = engine.estimate(guarded("SELECT id FROM by_day")).advice
        assert advice.startswith("Filter by_day by the column that the table is partitioned by")
        (advice,) = engine.estimate(guarded("SELECT day FROM by_day")).advice
        assert advice.startswith("Filter by_day by day, the column that the table is partitioned by")
    finally:
        fake.warehouse.tables["stand-in-project", "shop", "by_day"].needs_filter = True


def test_a_table_that_tells_nothing_of_itself_can_still_be_asked(
    fake: FakeBigQuery, engine: Engine, guarded: Guarded
) -> None:
    fake.faults.add(Fault("tables.get", error=ApiError("accessDenied", "Access Denied: Table")))
    checked = guarded("SELECT by_country.id FROM by_country JOIN sales ON by_country.id = sales.id")
    estimate = engine.estimate(checked)
    assert (estimate.scanned_bytes, estimate.advice) == (20 * MEBIBYTE, ())


def test_a_table_is_found_whatever_the_case_of_its_name(engine: Engine, guarded: Guarded) -> None:
    checked = guarded("SELECT id FROM MixedCase")
    assert checked.tables == ("mixedcase",)
    assert engine.run(checked).row_count == 1
    assert engine.estimate(checked).scanned_bytes == 10 * MEBIBYTE
    assert engine.fresh_as_of(checked.tables) is not None


def test_data_is_as_new_as_its_oldest_table_and_open_ended_while_rows_stream_in(
    fake: FakeBigQuery, engine: Engine
) -> None:
    tables = fake.warehouse.tables
    sales = tables["stand-in-project", "shop", "sales"]
    told = engine.fresh_as_of(["sales", "by_country"])
    assert told is not None
    assert abs(told.timestamp() - sales.modified.replace(tzinfo=None).timestamp()) < 0.01
    sales.streaming = True
    try:
        other = open_engine(fake.url)
        assert other.fresh_as_of(["sales"]) is None
        other.close()
    finally:
        sales.streaming = False


def test_a_fingerprint_follows_the_data_and_asks_seldom(
    fake: FakeBigQuery, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = engine.fingerprint()
    fake.requests.clear()
    assert engine.fingerprint() == before
    assert fake.requests == []
    fake.warehouse.insert("shop", "by_country", [(1, "x", 1, None, "DE", None)])
    monkeypatch.setattr(bigquery_schema, "FRESH_SECONDS", 0.0)
    after = engine.fingerprint()
    assert after != before
    assert engine.fingerprint() == after
    other = open_engine(f"{fake.url}&location=EU")
    assert other.fingerprint().split()[0] != after.split()[0]
    assert other.fingerprint().split()[1] == after.split()[1]
    other.close()


def test_a_fingerprint_costs_nothing(fake: FakeBigQuery, engine: Engine) -> None:
    engine.fingerprint()
    assert fake.jobs.all == {}
    assert set(fake.requests) == {"tables.list", "tables.get"}


def test_values_of_a_column_are_sorted_bounded_and_filtered(engine: Engine) -> None:
    assert engine.distinct_values("sales", "title", 3) == ["Thing 0", "Thing 1", "Thing 10"]
    assert engine.distinct_values("shop.sales", "country", 3, "id > 5") == ["DE"]
    assert engine.distinct_values("sales", "note", 3) == []
    with pytest.raises(QueryFailed):
        engine.distinct_values("sales", "title` FROM sales; DROP TABLE sales; --", 3)


def test_a_service_that_does_not_tell_statements_apart_is_a_fault(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nl2sql.engines.bigquery import BigQueryEngine
    from nl2sql.engines.bigquery_plan import Plan

    assert engine.session_faults() == ()
    monkeypatch.setattr(BigQueryEngine, "_plan", lambda self, sql: Plan("", 0))
    assert engine.session_faults() == ("does not tell what kind of statement it was given",)
    monkeypatch.setattr(BigQueryEngine, "_plan", lambda self, sql: Plan("SELECT", 0))
    assert engine.session_faults() == ("takes a statement that writes for a query",)


def test_a_dataset_describes_itself(fake: FakeBigQuery, engine: BigQueryEngine) -> None:
    from tests.fakes.bigquery.schema import Column

    columns = [
        Column("id", "INT64", required=True, description="Whose “number” it is"),
        Column("tags", "STRING", repeated=True),
        Column("country", "STRING"),
        Column("day", "DATE"),
    ]
    fake.warehouse.create("shop", "described", columns, partition="day", clusters=("country", "id"))
    try:
        tables = {table.name: table for table in engine.introspect()}
    finally:
        fake.warehouse.drop("shop", "described")
    assert list(tables) == ["MixedCase", "by_country", "by_day", "described", "sales"]
    assert tables["described"] == TableSchema(
        "described",
        "BASE TABLE",
        (
            ColumnSchema("id", "INT64", False, False, 2, "Whose “number” it is"),
            ColumnSchema("tags", "ARRAY<STRING>", True),
            ColumnSchema("country", "STRING", True, False, 1),
            ColumnSchema("day", "DATE", True, True),
        ),
    )
    assert (tables["described"].partition_column, tables["described"].cluster_columns) == ("day", ("country", "id"))
    assert (tables["sales"].partition_column, tables["sales"].cluster_columns) == ("", ())
    (job,) = fake.jobs.all.values()
    assert job.billed >= 10 * MEBIBYTE


def test_describing_itself_is_bounded_as_all_statements_are(fake: FakeBigQuery) -> None:
    engine = open_engine(fake.url, bigquery=BigQueryOptions(maximum_bytes=MEBIBYTE))
    assert isinstance(engine, BigQueryEngine)
    with pytest.raises(QueryTooCostly):
        engine.introspect()
    assert fake.jobs.all == {}
    engine.close()


def test_more_columns_than_can_be_read_are_said(engine: BigQueryEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bigquery, "_MOST_COLUMNS", 3)
    with pytest.raises(QueryFailed, match="more than 3 columns"):
        engine.introspect()


def test_advice_names_no_column_that_a_policy_hides(fake: FakeBigQuery, engine: Engine) -> None:
    fields = tuple(Field(name, name, kind) for name, kind in KINDS.items())
    model = SemanticModel("shop", tuple(Dataset(name, name, fields, ("id",)) for name in ("by_day", "by_country")))
    policy = Policy(hidden=frozenset({"by_day.day", "by_country.country"}))
    fake.warehouse.tables["stand-in-project", "shop", "by_day"].needs_filter = False
    try:
        for table in ("by_day", "by_country"):
            checked = check(SqlDraft(f"SELECT id, title FROM {table}", Origin("sql")), model, policy, "bigquery")
            assert isinstance(checked, CheckedSql)
            (advice,) = engine.estimate(checked).advice
            assert not {"day", "country"} & set(re.findall(r"\w+", advice))
    finally:
        fake.warehouse.tables["stand-in-project", "shop", "by_day"].needs_filter = True
