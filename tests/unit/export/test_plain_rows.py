"""Rows that leave the product: safe in a spreadsheet, exact in JSON."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from nl2sql.export.comma_separated import to_csv
from nl2sql.export.tables import to_json_records


def _rows(table: pa.Table) -> list[list[str]]:
    return list(csv.reader(io.StringIO(to_csv(table).decode("utf-8"), newline="")))


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\uff1d1+1", '=HYPERLINK("x")'])
def test_text_that_a_spreadsheet_would_run_is_defused(text: str) -> None:
    assert _rows(pa.table({"t": [text]}))[1] == ["'" + text]


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("x;=1+1", "x;'=1+1"),
        ('x;"@SUM(A1)', "x;\"'@SUM(A1)"),
        ("x\n=1+1", "x\n'=1+1"),
        ("\r=1", "'\r'=1"),
        ("a;b; 2-1\nc", "a;b; 2-1\nc"),
    ],
)
def test_text_that_a_spreadsheet_splitting_at_semicolons_would_run_is_defused(text: str, safe: str) -> None:
    """A field in quotes that is not the first of its line: there the quotes do not hold."""
    assert _rows(pa.table({"first": ["a"], "t": [text]}))[1] == ["a", safe]


def test_a_column_name_is_defused_too() -> None:
    assert _rows(pa.table({"=cmd": ["a"]}))[0] == ["'=cmd"]


def test_numbers_stay_numbers() -> None:
    table = pa.table({"a": [-5], "b": pa.array([Decimal("-1234.50")], pa.decimal128(10, 2)), "c": [-0.5]})
    assert _rows(table)[1] == ["-5", "-1234.50", "-0.5"]


def test_quotes_commas_line_breaks_and_other_scripts_survive() -> None:
    text = 'a "b", c\nd – €'
    assert _rows(pa.table({"t": [text, None]}))[1:] == [[text], [""]]


def test_json_keeps_money_exact_and_dates_as_iso_text() -> None:
    table = pa.table(
        {
            "m": pa.array([Decimal("0.10")], pa.decimal128(10, 2)),
            "d": [date(2026, 6, 30)],
            "t": [datetime.fromisoformat("2026-06-30T01:02:03")],
            "f": [float("nan")],
            "n": pa.array([None], pa.int64()),
            "i": [10**17 + 1],
        }
    )
    assert to_json_records(table) == [
        {"m": "0.10", "d": "2026-06-30", "t": "2026-06-30T01:02:03", "f": None, "n": None, "i": 10**17 + 1}
    ]


def test_two_columns_of_one_name_are_both_exported() -> None:
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["id", "id"])
    assert to_json_records(table) == [{"id": 1, "id (2)": 2}]
    assert _rows(table) == [["id", "id"], ["1", "2"]]
