"""Google's own client against the stand-in; statements go through the real guard."""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from nl2sql.catalog.model import Dataset, DataType, Field, SemanticModel
from nl2sql.engines.base import Engine
from nl2sql.engines.registry import open_engine
from nl2sql.guard.check import check
from nl2sql.guard.checked import CheckedSql
from nl2sql.guard.policy import Limits, Policy
from nl2sql.writers.base import Origin, SqlDraft

if TYPE_CHECKING:
    from tests.fakes.bigquery.server import FakeBigQuery

Guarded = Callable[..., CheckedSql]
KINDS = {
    "id": DataType.INTEGER,
    "title": DataType.STRING,
    "price": DataType.DECIMAL,
    "day": DataType.DATE,
    "country": DataType.STRING,
    "note": DataType.STRING,
}
ENDLESS = (
    "SELECT COUNT(*) AS n FROM sales AS a JOIN sales AS b ON a.country = b.country"
    " JOIN sales AS c ON b.country = c.country"
)
ROWS = 30_000


@pytest.fixture(scope="package")
def _started() -> Iterator[FakeBigQuery]:
    if os.environ.get("CI") != "true":  # where tests must be complete, an absence is a failure
        for module in ("zetasql", "duckdb", "google.cloud.bigquery"):
            pytest.importorskip(module, reason=f"{module} is not installed")
    from tests.fakes.bigquery.schema import Column
    from tests.fakes.bigquery.server import running

    kinds = ("INT64", "STRING", "NUMERIC", "DATE", "STRING", "STRING")
    columns = [Column(name, kind) for name, kind in zip(KINDS, kinds, strict=True)]
    with running() as fake:
        fake.warehouse.create("shop", "sales", columns)
        fake.warehouse.insert_select(
            "shop",
            "sales",
            "SELECT i, 'Thing ' || i, i / 100, DATE '2026-01-01' + (i % 100)::INTEGER, 'DE', NULL"
            f" FROM range({ROWS}) r(i)",
        )
        fake.warehouse.create("shop", "by_day", columns, partition="day", needs_filter=True)
        fake.warehouse.create("shop", "by_country", columns, clusters=("country",))
        fake.warehouse.create("shop", "MixedCase", columns)
        fake.warehouse.insert("shop", "MixedCase", [(1, "x", 1, datetime.date(2026, 1, 1), "DE", None)])
        yield fake


@pytest.fixture
def fake(_started: FakeBigQuery) -> Iterator[FakeBigQuery]:
    _started.faults.clear()
    _started.requests.clear()
    _started.jobs.all.clear()
    yield _started
    _started.faults.clear()


@pytest.fixture
def engine(fake: FakeBigQuery) -> Iterator[Engine]:
    made = open_engine(fake.url)
    yield made
    made.close()


@pytest.fixture
def guarded() -> Guarded:
    fields = tuple(Field(name, name, kind) for name, kind in KINDS.items())
    names = ("sales", "by_day", "by_country", "MixedCase")
    model = SemanticModel("shop", tuple(Dataset(name.lower(), name, fields, ("id",)) for name in names))

    def make(sql: str, **limits: Any) -> CheckedSql:
        verdict = check(SqlDraft(sql, Origin("sql")), model, Policy(limits=Limits(**limits)), "bigquery")
        assert type(verdict) is CheckedSql, verdict
        return verdict

    return make
