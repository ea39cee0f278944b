"""DuckDB's Arrow columns → a result's: by the guard's types, without changing a value."""

from __future__ import annotations

import datetime
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from nl2sql.catalog.model import DataType
from nl2sql.engines.columns import rows_to_arrow
from nl2sql.engines.duckdb_arrow import take_batches, typed_table
from nl2sql.engines.registry import open_engine
from nl2sql.errors import QueryFailed, SettingsInvalid
from nl2sql.guard.checked import OutputColumn

NOON = datetime.datetime(2026, 6, 30, 12, 0, 0, 1)  # noqa: DTZ001 - results hold UTC without a zone
DAY = datetime.date(2026, 6, 30)


@pytest.fixture
def typed() -> Callable[..., pa.Array]:
    """The one column `x` of a query, as a result holds it."""

    def run(sql: str, datatype: DataType = DataType.OPAQUE, scale: int = 0) -> pa.Array:
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            relation = connection.sql(sql)
            found = relation.to_arrow_table()
            types = [str(kind) for kind in relation.types]
            del relation
        return typed_table(found, types, [OutputColumn("x", datatype, scale)]).column("x").combine_chunks()

    return run


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        ("1::TINYINT", pa.int64(), 1),
        ("18446744073709551615::UBIGINT", pa.decimal128(38, 0), Decimal(2**64 - 1)),
        ("(SELECT SUM(a) FROM range(3) AS r(a))", pa.decimal128(38, 0), Decimal(3)),
        ("1.50::DECIMAL(4, 2)", pa.decimal128(38, 2), Decimal("1.50")),
        ("1.5::FLOAT", pa.float64(), 1.5),
        ("1 = 1", pa.bool_(), True),
        ("'a'::ENUM('a', 'b')", pa.string(), "a"),
        ("'b5e8f0aa-6a1c-4b8e-9a53-0b4d3d5a1a11'::UUID", pa.string(), "b5e8f0aa-6a1c-4b8e-9a53-0b4d3d5a1a11"),
        ("DATE '2026-06-30'", pa.date32(), DAY),
        ("TIMESTAMP '2026-06-30 12:00:00.000001'", pa.timestamp("us"), NOON),
        ("'2026-06-30 12:00:00'::TIMESTAMP_S", pa.timestamp("us"), NOON.replace(microsecond=0)),
        ("'2026-06-30 12:00:00.000001'::TIMESTAMP_NS", pa.timestamp("us"), NOON),
        ("'2026-06-30 12:00:00.000000001'::TIMESTAMP_NS", pa.string(), "2026-06-30 12:00:00.000000001"),
        ("TIMESTAMPTZ '2026-06-30 14:00:00.000001+02'", pa.timestamp("us"), NOON),
        ("TIME '07:05:00'", pa.time64("us"), datetime.time(7, 5)),
        ("'infinity'::TIMESTAMP", pa.string(), "infinity"),
        ("'-infinity'::DATE", pa.string(), "-infinity"),
        ("'12000-01-01'::DATE", pa.string(), "12000-01-01"),
        ("DATE '9999-12-31'", pa.date32(), datetime.date.max),
        ("TIMESTAMP '9999-12-31 23:59:59.999999'", pa.timestamp("us"), datetime.datetime.max),  # noqa: DTZ901
        ("INTERVAL '90 minutes'", pa.string(), "1:30:00"),
        ("INTERVAL '1 month 2 days 3 seconds'", pa.string(), "1 month, 2 days, 0:00:03"),
        ("INTERVAL '2 months'", pa.string(), "2 months"),
        ("[1, 2, NULL]", pa.string(), "[1, 2, null]"),
        ("{'a': 1, 'b': DATE '2026-06-30'}", pa.string(), '{"a": 1, "b": "2026-06-30"}'),
        ("MAP {DATE '2026-06-30': ['é']}", pa.string(), '{"2026-06-30": ["é"]}'),
        ("'{\"a\": 1}'::JSON", pa.string(), '{"a": 1}'),
        ("'abc'::BLOB", pa.string(), "abc"),
        ("'\\xFF\\x00'::BLOB", pa.string(), "0xff00"),
        ("'0101'::BIT", pa.string(), "0101"),
        ("NULL", pa.string(), None),
    ],
)
def test_a_column_whose_type_the_guard_does_not_know_keeps_its_own(
    value: str, kind: pa.DataType, expected: object, typed: Callable[..., pa.Array]
) -> None:
    column = typed(f"SELECT {value} AS x UNION ALL SELECT NULL")
    assert column.type == kind
    assert column.to_pylist() == [expected, None]


@pytest.mark.parametrize(
    ("value", "datatype", "kind", "expected"),
    [
        ("(SELECT SUM(a) FROM range(3) AS r(a))", DataType.INTEGER, pa.int64(), 3),
        ("9223372036854775808::HUGEINT", DataType.INTEGER, pa.decimal128(38, 0), Decimal(2**63)),
        ("18446744073709551615::UBIGINT", DataType.INTEGER, pa.decimal128(38, 0), Decimal(2**64 - 1)),
        ("3", DataType.DECIMAL, pa.decimal128(38, 2), Decimal("3.00")),
        ("1.5::DECIMAL(4, 1)", DataType.DECIMAL, pa.decimal128(38, 2), Decimal("1.50")),
        ("1.255::DECIMAL(4, 3)", DataType.DECIMAL, pa.decimal128(38, 2), Decimal("1.26")),
        ("0.1::DOUBLE", DataType.DECIMAL, pa.decimal128(38, 2), Decimal("0.10")),
        ("2.5::DOUBLE", DataType.INTEGER, pa.float64(), 2.5),
        ("2.0::DOUBLE", DataType.INTEGER, pa.int64(), 2),
        ("1", DataType.BOOLEAN, pa.bool_(), True),
        ("7", DataType.BOOLEAN, pa.int64(), 7),
        ("1.5::DECIMAL(4, 1)", DataType.FLOAT, pa.float64(), 1.5),
        ("'2026-06-30'", DataType.DATE, pa.date32(), DAY),
        ("TIMESTAMP '2026-06-30'", DataType.DATE, pa.date32(), DAY),
        ("TIMESTAMP '2026-06-30 12:00:00.000001'", DataType.DATE, pa.timestamp("us"), NOON),
        ("DATE '2026-06-30'", DataType.DATETIME, pa.timestamp("us"), datetime.datetime(2026, 6, 30)),  # noqa: DTZ001
        ("7", DataType.STRING, pa.string(), "7"),
        ("DATE '2026-06-30'", DataType.STRING, pa.string(), "2026-06-30"),
        ("'12:00'", DataType.INTEGER, pa.string(), "12:00"),
    ],
)
def test_the_guards_type_wins_where_the_values_fit_it(
    value: str, datatype: DataType, kind: pa.DataType, expected: object, typed: Callable[..., pa.Array]
) -> None:
    column = typed(f"SELECT {value} AS x UNION ALL SELECT NULL", datatype, 2)
    assert column.type == kind
    assert column.to_pylist() == [expected, None]


@pytest.mark.parametrize("datatype", list(DataType))
@pytest.mark.parametrize(
    "values",
    [
        [1, 0, None],
        [2**53 + 1, -5],
        [1.5, 2.0, None],
        [Decimal("1.10"), Decimal("-2.25"), None],
        [True, None],
        ["7", "x", None],
        [DAY, None],
        [NOON, None],
        [datetime.time(7, 5), None],
        [b"\xff", b"abc"],
        [[1, 2], None],
        [],
    ],
)
def test_a_column_is_the_same_as_if_its_values_had_come_row_by_row(datatype: DataType, values: list[Any]) -> None:
    own = pa.array(values, pa.int64() if not values else None)
    outputs = [OutputColumn("x", datatype, 2 if datatype is DataType.DECIMAL else 0)]
    by_rows = rows_to_arrow([(value,) for value in values], ["x"], outputs)
    found = typed_table(pa.table({"x": own}), ["?"], outputs)
    assert found.to_pylist() == by_rows.to_pylist()
    if values:
        assert found.schema == by_rows.schema


@pytest.mark.parametrize(
    "value",
    ["170141183460469231731687303715884105727::HUGEINT", "[TIMESTAMP 'infinity']"],
)
def test_a_value_that_has_no_equal_is_refused_and_not_altered(value: str, typed: Callable[..., pa.Array]) -> None:
    with pytest.raises(QueryFailed, match="cannot be shown") as caught:
        typed(f"SELECT {value} AS x")
    assert "CAST it AS VARCHAR" in caught.value.hint


def test_columns_get_the_guards_names_each_once() -> None:
    table = pa.table([pa.array([1]), pa.array([2])], names=["a", "b"])
    outputs = [OutputColumn("id", DataType.INTEGER), OutputColumn("id", DataType.INTEGER)]
    assert typed_table(table, ["BIGINT"] * 2, outputs).column_names == ["id", "id_2"]
    assert typed_table(table, ["BIGINT"] * 2, outputs[:1]).column_names == ["a", "b"]


def _batches(*sizes: int, width: int = 8) -> list[pa.RecordBatch]:
    return [pa.record_batch({"x": pa.array(["y" * width] * size)}) for size in sizes]


def test_batches_are_cut_at_the_row_limit_and_no_more_are_read() -> None:
    coming = iter(_batches(10, 10, 10))
    taken = list(take_batches(coming, 15, 10**6))
    assert [(batch.num_rows, cut) for batch, cut in taken] == [(10, False), (5, True)]
    assert len(list(coming)) == 1


def test_exactly_as_many_rows_as_the_limit_are_not_cut() -> None:
    taken = list(take_batches(iter(_batches(10, 5)), 15, 10**6))
    assert [(batch.num_rows, cut) for batch, cut in taken] == [(10, False), (5, False)]


def test_one_row_more_in_another_batch_is_noticed() -> None:
    assert [cut for _, cut in take_batches(iter(_batches(10, 5, 1)), 15, 10**6)] == [False, False, True]


def test_batches_are_cut_at_the_byte_limit() -> None:
    taken = list(take_batches(iter(_batches(10, 10, width=1_000)), 100, 15_500))
    assert [(batch.num_rows, cut) for batch, cut in taken] == [(10, False), (5, True)]
    assert sum(batch.nbytes for batch, _ in taken) <= 15_500


def test_a_first_row_that_is_too_large_is_refused() -> None:
    with pytest.raises(QueryFailed, match="larger than an answer may be"):
        list(take_batches(iter(_batches(1, width=1_000)), 100, 500))


@pytest.mark.parametrize("url", ["duckdb://", "duckdb:///", "duckdb:///:memory:", "duckdb://host/file.duckdb"])
def test_an_address_without_a_file_is_explained(url: str) -> None:
    with pytest.raises(SettingsInvalid, match="names no file") as caught:
        open_engine(url)
    assert "duckdb:///folder/file.db" in caught.value.hint


def test_a_missing_driver_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(SettingsInvalid, match=r"pip install 'nl2sql\[duckdb\]'"):
        open_engine("duckdb:///shop.duckdb")


def test_other_addresses_do_not_import_the_driver() -> None:
    code = (
        "import sys; from nl2sql.engines.registry import open_engine; open_engine('sqlite:///shop.db');"
        "sys.exit('duckdb' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
