"""Bytes that are billed, labels, facts about tables, and the advice that is made of them."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from types import SimpleNamespace

import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st

from nl2sql.engines.bigquery_plan import MEBIBYTE, billable_bytes, label_of
from nl2sql.engines.bigquery_schema import (
    FRESH_SECONDS,
    LOADING_TIME,
    MOST_TABLES,
    Metadata,
    advice_on,
    facts_of,
    filtered_columns,
)
from nl2sql.guard.check import check
from nl2sql.guard.checked import CheckedSql
from nl2sql.guard.policy import Policy
from nl2sql.writers.base import Origin, SqlDraft
from tests.unit.scripted_house import MODEL


def table(name: str = "sales", **traits: object) -> SimpleNamespace:
    plain = {
        "table_id": name,
        "table_type": "TABLE",
        "schema": [SimpleNamespace(name="id")],
        "num_rows": 3,
        "num_bytes": 24,
        "modified": datetime.datetime(2026, 6, 30, 12, tzinfo=datetime.UTC),
        "streaming_buffer": None,
        "time_partitioning": None,
        "range_partitioning": None,
        "require_partition_filter": None,
        "clustering_fields": None,
    }
    return SimpleNamespace(**(plain | traits))


@pytest.mark.parametrize(
    ("processed", "tables", "billed"),
    [
        (0, 1, 0),
        (1, 1, 10 * MEBIBYTE),
        (1, 0, 10 * MEBIBYTE),
        (1, 3, 30 * MEBIBYTE),
        (30 * MEBIBYTE + 1, 3, 31 * MEBIBYTE),
        (2**40, 1, 2**40),
    ],
)
def test_bytes_are_billed_by_the_megabyte_and_ten_for_each_table(processed: int, tables: int, billed: int) -> None:
    assert billable_bytes(processed, tables) == billed


@given(st.text())
def test_a_label_is_always_one_that_bigquery_takes(text: str) -> None:
    assert re.fullmatch("[a-z0-9_-]{0,63}", label_of(text))


def test_a_label_keeps_what_it_can() -> None:
    assert label_of("Ada.Lovelace+bi@Example.com") == "ada_lovelace_bi_example_com"


def test_what_changes_without_a_time_being_written_has_no_time() -> None:
    assert facts_of(table()).modified == datetime.datetime(2026, 6, 30, 12)  # noqa: DTZ001
    assert facts_of(table(streaming_buffer=object())).modified is None
    for kind in ("VIEW", "EXTERNAL", "MATERIALIZED_VIEW"):
        assert facts_of(table(table_type=kind)).modified is None


def test_partitions_are_told_by_column_or_by_the_time_of_loading() -> None:
    assert facts_of(table(time_partitioning=SimpleNamespace(field="day"))).partition_column == "day"
    assert facts_of(table(time_partitioning=SimpleNamespace(field=None))).partition_column == LOADING_TIME
    assert facts_of(table(range_partitioning=SimpleNamespace(field="id"))).partition_column == "id"


def test_facts_are_asked_for_once_in_a_while() -> None:
    now, asked = [0.0], []

    def ask(name: str) -> SimpleNamespace:
        asked.append(name)
        return table(name)

    metadata = Metadata(ask, lambda: ["sales"], clock=lambda: now[0])
    for _ in range(3):
        metadata.fingerprint()
        metadata.facts("sales")
    assert asked == ["sales"]
    now[0] = FRESH_SECONDS
    metadata.facts("sales")
    assert asked == ["sales"] * 2


def test_a_fingerprint_is_made_of_what_is_true_now() -> None:
    now, written = [0.0], [datetime.datetime(2026, 6, 30, 12, tzinfo=datetime.UTC)]
    metadata = Metadata(lambda name: table(name, modified=written[0]), lambda: ["sales"], clock=lambda: now[0])
    metadata.facts("sales")
    now[0], written[0] = FRESH_SECONDS - 1, written[0] + datetime.timedelta(seconds=1)
    before = metadata.fingerprint()
    now[0] = 2 * FRESH_SECONDS
    assert metadata.fingerprint() == before


@pytest.mark.parametrize(("field", "said"), [(None, 0), ("day", 1)])
def test_no_advice_asks_for_a_filter_that_no_model_has(field: str | None, said: int) -> None:
    checked = check(SqlDraft("SELECT COUNT(*) AS n FROM users", Origin("sql")), MODEL, Policy(), "bigquery")
    assert isinstance(checked, CheckedSql)
    facts = facts_of(table("users", time_partitioning=SimpleNamespace(field=field)))
    assert len(list(advice_on(checked, [facts]))) == said


def _metadata(tables: dict[str, SimpleNamespace]) -> Metadata:
    return Metadata(tables.__getitem__, lambda: list(tables))


def test_data_is_as_new_as_the_table_that_was_left_alone_longest() -> None:
    old = table("old", modified=datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC))
    metadata = _metadata({"new": table("new"), "old": old, "live": table("live", streaming_buffer=object())})
    assert metadata.fresh_as_of(["new", "old"]) == datetime.datetime(2025, 1, 1)  # noqa: DTZ001
    assert metadata.fresh_as_of(["new", "live"]) is None
    assert metadata.fresh_as_of([]) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda tables: tables.update(more=table("more")),
        lambda tables: tables.pop("sales"),
        lambda tables: tables["sales"].__setattr__("modified", datetime.datetime(2027, 1, 1, tzinfo=datetime.UTC)),
    ],
)
def test_a_fingerprint_changes_with_any_table(change: Callable[[dict[str, SimpleNamespace]], object]) -> None:
    tables = {"sales": table(), "users": table("users")}
    before = _metadata(tables).fingerprint()
    assert _metadata(tables).fingerprint() == before
    change(tables)
    assert _metadata(tables).fingerprint() != before


def test_where_nothing_tells_of_changes_the_minute_stands_in() -> None:
    many = {f"t{number}": table(f"t{number}") for number in range(MOST_TABLES + 1)}
    assert _metadata(many).fingerprint().startswith("minute ")


@pytest.mark.parametrize(
    ("sql", "column"),
    [
        ("SELECT s.id FROM sales AS s WHERE s.day > '2026-01-01'", ("sales", "day")),
        ("SELECT s.id FROM users AS u JOIN sales AS s ON s.day = u.day", ("sales", "day")),
        ("SELECT x.n FROM (SELECT s.id AS n FROM sales AS s WHERE DATE(s.day) = '2026-01-01') AS x", ("sales", "day")),
    ],
)
def test_filters_are_found_in_where_and_on(sql: str, column: tuple[str, str]) -> None:
    assert column in filtered_columns(sqlglot.parse_one(sql, read="bigquery"))


def test_what_is_shown_or_sorted_by_is_no_filter() -> None:
    sql = "SELECT s.day FROM sales AS s GROUP BY s.day ORDER BY s.day"
    assert filtered_columns(sqlglot.parse_one(sql, read="bigquery")) == frozenset()
