"""Driver values → Arrow: exact when they fit the type, unaltered when they do not."""

from __future__ import annotations

import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nl2sql.catalog.model import DataType
from nl2sql.engines.columns import column_to_arrow, rows_to_arrow, text_of
from nl2sql.guard.checked import OutputColumn

T = DataType
UTC_PLUS_2 = datetime.timezone(datetime.timedelta(hours=2))
NOON = datetime.datetime.fromisoformat("2026-06-30T12:00")

FITTING: list[tuple[DataType, list[Any], str, list[Any]]] = [
    (T.STRING, ["a", None], "string", ["a", None]),
    (T.INTEGER, [1, None, -(2**63)], "int64", [1, None, -(2**63)]),
    (T.INTEGER, [1.0, 2], "int64", [1, 2]),
    (T.INTEGER, [Decimal("3.000")], "int64", [3]),
    (T.FLOAT, [1, 2.5, None], "double", [1.0, 2.5, None]),
    (T.FLOAT, [Decimal("2.5"), 2**60 + 1], "double", [2.5, float(2**60)]),
    (T.BOOLEAN, [0, 1, None], "bool", [False, True, None]),
    (T.BOOLEAN, [True, None], "bool", [True, None]),
    (T.DATE, ["2026-06-30", None], "date32[day]", [NOON.date(), None]),
    (T.DATE, ["2026-06-30 00:00:00"], "date32[day]", [NOON.date()]),
    (T.DATE, [NOON.date()], "date32[day]", [NOON.date()]),
    (T.DATE, [NOON.replace(hour=0)], "date32[day]", [NOON.date()]),
    (T.DATETIME, ["2026-06-30 12:00:00", "2026-06-30T12:00:00.000", None], "timestamp[us]", [NOON, NOON, None]),
    (T.DATETIME, ["2026-06-30 12:00:00.000001"], "timestamp[us]", [NOON.replace(microsecond=1)]),
    (T.DATETIME, ["2026-06-30 14:00:00+02:00"], "timestamp[us]", [NOON]),
    (T.DATETIME, [NOON, None], "timestamp[us]", [NOON, None]),
    (T.DATETIME_TZ, ["2026-06-30T12:00:00Z"], "timestamp[us]", [NOON]),
    (T.DATETIME_TZ, [NOON.replace(hour=14, tzinfo=UTC_PLUS_2)], "timestamp[us]", [NOON]),
    (T.DATETIME, [NOON.date()], "timestamp[us]", [NOON.replace(hour=0)]),
    (T.TIME, ["12:30", "12:30:00.5"], "time64[us]", [datetime.time(12, 30), datetime.time(12, 30, 0, 500000)]),
    (T.TIME, [datetime.timedelta(hours=5)], "time64[us]", [datetime.time(5)]),
    (T.TIME, [datetime.time(5), None], "time64[us]", [datetime.time(5), None]),
    (T.OPAQUE, [1, 2], "int64", [1, 2]),
    (T.OPAQUE, [1, 2.5], "double", [1.0, 2.5]),
    (T.OPAQUE, [Decimal("1.5"), Decimal("2.25")], "decimal128(38, 2)", [Decimal("1.50"), Decimal("2.25")]),
    (T.OPAQUE, [NOON], "timestamp[us]", [NOON]),
    (T.OPAQUE, [None], "string", [None]),
    (T.OPAQUE, [{"a": 1}, [1]], "string", ['{"a": 1}', "[1]"]),
]

# One value in the column is of another kind: nothing may be lost, cut or raised.
UNFIT: list[tuple[DataType, list[Any], str, list[Any]]] = [
    (T.STRING, ["a", 1, b"b", b"\xff\x00"], "string", ["a", "1", "b", "0xff00"]),
    (T.STRING, ["\udc80"], "string", ["?"]),
    (T.INTEGER, [1, 2.5], "double", [1.0, 2.5]),
    (T.INTEGER, [1, "a"], "string", ["1", "a"]),
    (T.INTEGER, [2**63, -1], "decimal128(38, 0)", [Decimal(2**63), Decimal(-1)]),
    (T.INTEGER, [10**38], "string", [str(10**38)]),
    (T.INTEGER, [float("inf"), 1], "double", [float("inf"), 1.0]),
    (T.INTEGER, [2**60 + 1, 0.5], "string", [str(2**60 + 1), "0.5"]),
    (T.INTEGER, [Decimal("2.5")], "decimal128(38, 1)", [Decimal("2.5")]),
    (T.DECIMAL, [1.5, "a"], "string", ["1.5", "a"]),
    (T.DECIMAL, ["1_000"], "string", ["1_000"]),
    (T.DECIMAL, [float("inf"), 1.5], "double", [float("inf"), 1.5]),
    (T.DECIMAL, [Decimal("NaN")], "string", ["NaN"]),
    (T.DECIMAL, [1e300], "double", [1e300]),
    (T.FLOAT, [1.5, "1.5"], "string", ["1.5", "1.5"]),
    (T.BOOLEAN, [0, 1, 2], "int64", [0, 1, 2]),
    (T.BOOLEAN, ["yes", 1], "string", ["yes", "1"]),
    (T.DATE, ["2026-06-30 12:00:00"], "string", ["2026-06-30 12:00:00"]),
    (T.DATE, [NOON], "timestamp[us]", [NOON]),
    (T.DATE, [20260630], "int64", [20260630]),
    (T.DATE, ["2026-06"], "string", ["2026-06"]),
    (T.DATETIME, [1750000000], "int64", [1750000000]),
    (T.DATETIME, ["yesterday", None], "string", ["yesterday", None]),
    (T.DATETIME, [NOON, "later"], "string", ["2026-06-30 12:00:00", "later"]),
    (T.DATETIME, ["2026-06-30 12:00:00.1234567"], "string", ["2026-06-30 12:00:00.1234567"]),
    (T.TIME, [datetime.timedelta(hours=30)], "string", ["1 day, 6:00:00"]),
    (T.TIME, ["25:00"], "string", ["25:00"]),
]


@pytest.mark.parametrize(("datatype", "values", "kind", "expected"), FITTING + UNFIT)
def test_a_column_keeps_its_values(datatype: DataType, values: list[Any], kind: str, expected: list[Any]) -> None:
    array = column_to_arrow(values, datatype)
    assert str(array.type) == kind
    assert array.to_pylist() == expected


@pytest.mark.parametrize("datatype", list(DataType))
def test_an_empty_column_and_one_of_nulls_have_the_declared_type(datatype: DataType) -> None:
    empty, nulls = column_to_arrow([], datatype), column_to_arrow([None, None], datatype)
    assert empty.type == nulls.type
    assert nulls.null_count == 2


@given(st.lists(st.none() | st.decimals(-(10**11), 10**11, places=2), max_size=20))
def test_money_that_went_through_floats_comes_back_exact(amounts: list[Decimal | None]) -> None:
    stored = [None if amount is None else int(amount) if amount == int(amount) else float(amount) for amount in amounts]
    array = column_to_arrow(stored, DataType.DECIMAL, 2)
    array.validate(full=True)
    assert array.type == pa.decimal128(38, 2)
    assert array.to_pylist() == amounts


@given(
    st.lists(st.none() | st.integers(-(10**18), 10**18) | st.floats(-1e15, 1e15), max_size=20),
    st.sampled_from([0, 2, 6]),
)
def test_any_number_becomes_the_decimal_that_prints_as_it_does(numbers: list[float | None], scale: int) -> None:
    unit = Decimal(1).scaleb(-scale)
    expected = [None if x is None else Decimal(repr(x)).quantize(unit, ROUND_HALF_UP) for x in numbers]
    assert column_to_arrow(numbers, DataType.DECIMAL, scale).to_pylist() == expected


@pytest.mark.parametrize(
    ("value", "scale", "rounded"),
    [
        (2.675, 2, "2.68"),
        (1.005, 2, "1.01"),  # times 100 it is 100.49999999999999
        (0.5, 0, "1"),
        (-2.5, 0, "-3"),
        (0.1 + 0.2, 2, "0.30"),
        ("7.005", 2, "7.01"),
        (-0.0, 2, "0.00"),
    ],
)
def test_more_digits_than_the_scale_are_rounded_half_up(value: object, scale: int, rounded: str) -> None:
    assert str(column_to_arrow([value], DataType.DECIMAL, scale)[0].as_py()) == rounded


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([Decimal("1.10"), Decimal("0.123456")], ["1.100000", "0.123456"]),
        ([Decimal("1.100000")], ["1.10"]),  # places that hold nothing
        ([0.123456, 1], ["0.123456", "1.000000"]),
        ([0.1 + 0.2, 1234567.8900000001], ["0.30", "1234567.89"]),  # what adding floats leaves behind
        (["7.0051", None], ["7.0051", "None"]),
        ([10**20, 0.5], ["100000000000000000000.00", "0.50"]),
        ([], []),
    ],
)
def test_places_that_no_statement_limits_are_kept(values: list[Any], expected: list[str]) -> None:
    array = column_to_arrow(values, DataType.DECIMAL, 2, is_least=True)
    assert [str(value) for value in array.to_pylist()] == expected


@given(st.lists(st.decimals(-(10**9), 10**9, places=6), max_size=20), st.booleans())
def test_six_places_of_a_price_are_kept_also_through_floats(prices: list[Decimal], through_floats: bool) -> None:
    given_as: list[Any] = [float(price) for price in prices] if through_floats else list(prices)
    array = column_to_arrow(given_as, DataType.DECIMAL, 2, is_least=True)
    allowed = Decimal("1e-9") if through_floats else 0
    for value, price in zip(array.to_pylist(), prices, strict=True):
        assert abs(value - price) <= allowed + abs(price) * (Decimal("1e-12") if through_floats else 0)


anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.binary(),
    st.decimals(),
    st.dates(),
    st.datetimes(),
    st.timedeltas(),
)


@given(st.lists(anything, max_size=6), st.sampled_from(list(DataType)), st.integers(0, 6))
def test_no_values_can_break_a_column(values: list[Any], datatype: DataType, scale: int) -> None:
    array = column_to_arrow(values, datatype, scale)
    assert len(array) == len(values)
    assert array.null_count == sum(value is None for value in values)
    array.validate(full=True)


def test_the_guards_names_win_when_it_knows_every_column() -> None:
    known = [OutputColumn("total", DataType.DECIMAL, 1), OutputColumn("name", DataType.STRING)]
    assert rows_to_arrow([(1.5, "a")], ["sum(x)", "n"], known).schema == pa.schema(
        [("total", pa.decimal128(38, 1)), ("name", pa.string())]
    )
    assert rows_to_arrow([(1.5, "a")], ["sum(x)", "n"], known[:1]).column_names == ["sum(x)", "n"]


def test_every_column_can_be_reached_by_its_name() -> None:
    names = ["id", "id", "id_2", "id"]
    assert rows_to_arrow([(1, 2, 3, 4)], names, ()).to_pylist() == [{"id": 1, "id_3": 2, "id_2": 3, "id_4": 4}]


def test_text_of_bytes_is_their_text_or_their_digits() -> None:
    assert [text_of(b"\xc3\xa9"), text_of(b"\xff")] == ["é", "0xff"]
