"""Cells of BigQuery's REST API → Python values."""

from __future__ import annotations

import datetime
import math
from decimal import Decimal

import pytest

from nl2sql.catalog.model import DataType
from nl2sql.engines.bigquery_values import outputs_of, row_reader
from nl2sql.engines.columns import rows_to_arrow
from nl2sql.guard.checked import OutputColumn


def read(kind: str, value: object, **more: object) -> object:
    (found,) = row_reader([{"name": "x", "type": kind, **more}])({"f": [{"v": value}]})
    return found


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        ("INTEGER", "-9223372036854775808", -(2**63)),
        ("INT64", "7", 7),
        ("FLOAT", "1e-300", 1e-300),
        ("FLOAT64", "-Infinity", -math.inf),
        ("NUMERIC", "12345678901234567890123456789.123456789", Decimal("12345678901234567890123456789.123456789")),
        ("BIGNUMERIC", "1", Decimal(1)),
        ("BOOLEAN", "true", True),
        ("BOOL", "false", False),
        ("STRING", "ü", "ü"),
        ("BYTES", "/wAB", b"\xff\x00\x01"),
        ("DATE", "0001-01-01", datetime.date(1, 1, 1)),
        ("TIME", "23:59:59.999999", datetime.time(23, 59, 59, 999999)),
        ("DATETIME", "2026-06-30T23:59:59.000001", datetime.datetime.fromisoformat("2026-06-30T23:59:59.000001")),
        ("TIMESTAMP", "-62135596800000000", datetime.datetime.fromisoformat("0001-01-01T00:00:00")),
        ("TIMESTAMP", "253402300799999999", datetime.datetime.fromisoformat("9999-12-31T23:59:59.999999")),
        ("JSON", '{"a":[1,"é"]}', '{"a": [1, "é"]}'),
        ("JSON", '"text"', '"text"'),
        ("GEOGRAPHY", "POINT(1 2)", "POINT(1 2)"),
        ("INTERVAL", "0-0 1 0:0:0", "0-0 1 0:0:0"),
        ("A_NEW_TYPE", "kept", "kept"),
    ],
)
def test_each_type_is_read_from_its_text(kind: str, cell: str, value: object) -> None:
    found = read(kind, cell)
    assert (found, type(found)) == (value, type(value))
    assert read(kind, None) is None


def test_lists_and_structs_are_read_to_their_leaves() -> None:
    assert read("INTEGER", [{"v": "1"}, {"v": "2"}], mode="REPEATED") == [1, 2]
    fields = [
        {"name": "a", "type": "INTEGER"},
        {"name": "b", "type": "RECORD", "fields": [{"name": "c", "type": "DATE"}]},
    ]
    struct = {"f": [{"v": "1"}, {"v": {"f": [{"v": "2026-06-30"}]}}]}
    assert read("RECORD", struct, fields=fields) == {"a": 1, "b": {"c": datetime.date(2026, 6, 30)}}
    assert read("RECORD", [{"v": struct}], mode="REPEATED", fields=fields) == [
        {"a": 1, "b": {"c": datetime.date(2026, 6, 30)}}
    ]


def test_the_schema_names_a_type_only_where_the_guard_knew_none() -> None:
    fields = [{"name": "a", "type": "DATE"}, {"name": "b", "type": "INTEGER"}, {"name": "n", "type": "NUMERIC"}]
    guarded = [
        OutputColumn("a", DataType.OPAQUE),
        OutputColumn("b", DataType.FLOAT),
        OutputColumn("n", DataType.OPAQUE),
    ]
    outputs = outputs_of(guarded, fields)
    assert [each.datatype for each in outputs] == [DataType.DATE, DataType.FLOAT, DataType.OPAQUE]
    assert [each.datatype for each in outputs_of((), fields)] == [DataType.DATE, DataType.INTEGER, DataType.OPAQUE]
    empty = rows_to_arrow([], ["a", "b", "n"], outputs_of((), fields))
    assert [str(kind) for kind in empty.schema.types] == ["date32[day]", "int64", "string"]
