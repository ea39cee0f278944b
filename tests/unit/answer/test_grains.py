"""The buckets that the offline writer makes are recognised on every engine."""

from __future__ import annotations

import pytest
import sqlglot
from sqlglot import exp

from nl2sql.answer.grains import grain_of
from nl2sql.plan.compile.dialects import bucket

DIALECTS = ("sqlite", "mysql", "postgres", "duckdb", "bigquery")
GRAINS = ("day", "week", "month", "quarter", "year")


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("grain", GRAINS)
def test_a_bucket_is_named_after_its_grain_and_its_time(dialect: str, grain: str) -> None:
    written = bucket(exp.column("placed_at", "b"), grain, dialect).sql(dialect)  # type: ignore[arg-type]
    found = grain_of(sqlglot.parse_one(written, read=dialect))
    assert found is not None, written
    assert found.unit == grain
    assert found.of.find(exp.Column).sql() == "b.placed_at"  # type: ignore[union-attr]


def test_a_day_less_some_days_is_no_week() -> None:
    tree = sqlglot.parse_one("DATE_FORMAT(b.x - INTERVAL WEEKDAY(b.y) DAY, '%Y-%m-%d')", read="mysql")
    found = grain_of(tree)
    assert found is not None
    assert found.unit == "day"
