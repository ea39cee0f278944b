"""What constructs plan can be said in every dialect."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlglot
import yaml

from nl2sql.writers.base import Draft, SqlDraft

TABLE = yaml.safe_load((Path(__file__).parents[1] / "questions_series.yaml").read_text())
Ask = Callable[..., Draft]


@pytest.mark.parametrize("dialect", ["mysql", "postgres", "duckdb", "bigquery"])
def test_every_series_compiles_in_every_dialect(dialect: str, ask: Ask) -> None:
    for case in TABLE["answered"]:
        draft = ask(case["ask"], dialect)
        assert isinstance(draft, SqlDraft), (case["ask"], draft)
        assert len(sqlglot.parse(draft.sql, dialect=dialect)) == 1
