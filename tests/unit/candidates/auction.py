"""Readings of questions about the auction, through the real guard and receipt, without a database."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path

import pyarrow as pa

from nl2sql.candidates.base import Reading
from nl2sql.candidates.reading import reading_of
from nl2sql.catalog.load import load_model
from nl2sql.catalog.model import SemanticModel
from nl2sql.engines.base import ResultTable
from nl2sql.guard.check import check
from nl2sql.guard.checked import CheckedSql
from nl2sql.guard.policy import Policy
from nl2sql.labels import labels_of
from nl2sql.writers.base import Origin, SqlDraft

ROOT = Path(__file__).parents[3]
AS_OF = date(2026, 6, 30)


@cache
def model() -> SemanticModel:
    return load_model(ROOT / "schema/auction/model.yaml")


LABELS = labels_of(model())


def reading(sql: str, rows: dict[str, list[object]] | None = None, *, truncated: bool = False) -> Reading:
    draft = SqlDraft(sql, Origin("llm", "some-model"))
    checked = check(draft, model(), Policy("analyst"), "sqlite")
    assert isinstance(checked, CheckedSql), checked
    table = pa.table(rows if rows is not None else {"n": [1]})
    return reading_of(draft, checked, ResultTable(table, 1000, truncated, 1.0), LABELS, AS_OF)
