"""Answers with whatever a database may hold."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from nl2sql.answer.base import Answer, ChartSpec, ColumnLabel, Finding, Receipt, ReceiptLine
from nl2sql.engines.base import ResultTable
from nl2sql.question import Question
from nl2sql.writers.base import Origin

AT = datetime.fromisoformat("2026-07-01T12:30:00")
FORMULA = '=HYPERLINK("http://example.com","x")'
# What a text column may hold, and what a careless writer makes of it.
TEXTS = (
    FORMULA,
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "<script>alert(1)</script>",
    "<r><t>raw</t></r>",
    "two\nlines",
    "nul\x00 bell\x07 escape\x1b",
    "_x0041_",
    "𝕏 🙂",
    "http://example.com/a",
    "]]> & \" '",
    "\u202egnp.exe",
    "\ufffe",
    "",
    None,
)
MakeAnswer = Callable[..., Answer]


@pytest.fixture
def at() -> datetime:
    """When files are made."""
    return AT


@pytest.fixture
def answer_of() -> MakeAnswer:
    def make(table: pa.Table, labels: tuple[ColumnLabel, ...] = (), **fields: Any) -> Answer:
        known = labels or tuple(ColumnLabel(name) for name in table.column_names)
        values: dict[str, Any] = {
            "origin": Origin("offline"),
            "interpretation": "GMV by month",
            "sql": "SELECT 1",
            "columns": known,
            "table": ResultTable(table, 1000, False, 1.0),
            "receipt": Receipt((ReceiptLine("measure", "GMV: sum of current bid"), ReceiptLine("source", FORMULA))),
            "findings": (Finding("partial_period", "warning", "June <b>is not</b> over."),),
            "data_as_of": datetime.fromisoformat("2026-06-30T16:58:00"),
            "id": "abc",
        }
        known_fields = {"headline": "GMV leads with €5."} | values | fields
        return Answer(Question("GMV by <b>month</b>?"), "answered", **known_fields)

    return make


@pytest.fixture
def hostile() -> pa.Table:
    """One row for each of TEXTS; two columns of one name, one of nothing, numbers that a float cannot hold."""
    rows = len(TEXTS)
    columns: list[tuple[str, Any]] = [
        ("text", pa.array(TEXTS, pa.string())),
        ("text", pa.array([str(i) for i in range(rows)])),
        ("=name", pa.array(range(rows))),
        ("nothing", pa.nulls(rows)),
        ("empty", pa.nulls(rows, pa.float64())),
        ("float", pa.array([float("nan"), float("inf"), float("-inf"), 0.1, *[1.5] * (rows - 4)])),
        ("huge", pa.array([2**53 + 1, -(2**63), *[1] * (rows - 2)], pa.int64())),
        ("exact", pa.array([Decimal("123456789012345678901234567890.12")] * rows, pa.decimal128(38, 2))),
        ("mean", pa.array([Decimal("4.333333333333333333333333333333")] * rows, pa.decimal128(38, 30))),
        ("money", pa.array([Decimal("-1234.50")] * rows, pa.decimal128(12, 2))),
        ("old", pa.array([date(1899, 12, 31), *[date(2026, 6, 30)] * (rows - 1)])),
        ("moment", pa.array([datetime(1066, 10, 14, 9), *[AT] * (rows - 1)], pa.timestamp("us"))),  # noqa: DTZ001
        ("clock", pa.array([time(23, 59, 58)] * rows, pa.time64("us"))),
        ("took", pa.array([timedelta(hours=-1), *[timedelta(hours=30)] * (rows - 1)], pa.duration("us"))),
        ("raw", pa.array([b"\x00\xff"] * rows)),
        ("flag", pa.array([True, None, *[False] * (rows - 2)])),
    ]
    return pa.Table.from_arrays([column for _, column in columns], names=[name for name, _ in columns])


@pytest.fixture
def charted(answer_of: MakeAnswer) -> Answer:
    """Two bars; their names are code wherever a file forgets that they are data."""
    names = ['"); import os; os._exit(3)  #', "</script><script>alert(1)</script>"]
    table = pa.table({"country": names, "gmv": pa.array([Decimal("5.50"), Decimal("3.25")], pa.decimal128(9, 2))})
    spec = ChartSpec("bar", "country", ("gmv",), title="GMV by country", y_format="money", unit="EUR")
    return answer_of(table, (ColumnLabel("country"), ColumnLabel("GMV", "money", "EUR")), chart=spec)
