"""Arrow as the Storage Read API sends it → the columns that the REST API's cells give."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nl2sql.catalog.model import DataType
from nl2sql.engines.bigquery_arrow import typed_table
from nl2sql.engines.bigquery_values import outputs_of, row_reader
from nl2sql.engines.columns import rows_to_arrow
from nl2sql.guard.checked import OutputColumn

NUMERIC, BIGNUMERIC = pa.decimal128(38, 9), pa.decimal256(76, 38)
OUTPUTS = [
    OutputColumn("x", DataType.OPAQUE),
    OutputColumn("x", DataType.DECIMAL, 2),
    OutputColumn("x", DataType.DECIMAL, 2, True),
    OutputColumn("x", DataType.DECIMAL, 20),
    OutputColumn("x", DataType.DECIMAL, 20, True),
    OutputColumn("x", DataType.INTEGER),
    OutputColumn("x", DataType.FLOAT),
    OutputColumn("x", DataType.STRING),
]


def _written(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def both(kind: str, shape: pa.DataType, values: Sequence[Any], output: OutputColumn) -> tuple[pa.Table, pa.Table]:
    """By Arrow and by REST."""
    fields = [{"name": "x", "type": kind}]
    arrow = typed_table(pa.table({"x": pa.array(values, shape)}), fields, [output])
    cells = [{"f": [{"v": None if value is None else _written(value)}]} for value in values]
    rows = list(map(row_reader(fields), cells))
    return arrow, rows_to_arrow(rows, ["x"], outputs_of([output], fields))


@given(
    st.lists(st.none() | st.decimals(-(10**28), 10**28, places=9), max_size=5)
    | st.lists(st.none() | st.decimals(-(10**6), 10**6, places=2), max_size=5),
    st.sampled_from(OUTPUTS),
    st.sampled_from([("NUMERIC", NUMERIC), ("BIGNUMERIC", BIGNUMERIC)]),
)
def test_numbers_are_the_same_by_both_ways(
    values: list[Decimal | None], output: OutputColumn, kind: tuple[str, pa.DataType]
) -> None:
    arrow, rest = both(*kind, values, output)
    assert arrow.schema == rest.schema
    assert arrow.equals(rest)


@pytest.mark.parametrize("output", OUTPUTS)
def test_numbers_of_more_than_38_digits_are_the_same_by_both_ways(output: OutputColumn) -> None:
    values = [Decimal("1" * 38 + "." + "1" * 38), None, Decimal("1e37"), Decimal("-0.5")]
    arrow, rest = both("BIGNUMERIC", BIGNUMERIC, values, output)
    assert arrow.equals(rest)
    if output.datatype is DataType.OPAQUE:
        assert arrow.column("x").to_pylist() == ["1" * 38 + "." + "1" * 38, None, "1" + "0" * 37, "-0.5"]


def test_a_second_column_of_a_name_has_another() -> None:
    fields = [{"name": "a", "type": "INTEGER"}, {"name": "b", "type": "INTEGER"}]
    outputs = [OutputColumn("n", DataType.INTEGER), OutputColumn("n", DataType.INTEGER)]
    assert typed_table(pa.table({"a": [1], "b": [2]}), fields, outputs).to_pydict() == {"n": [1], "n_2": [2]}
