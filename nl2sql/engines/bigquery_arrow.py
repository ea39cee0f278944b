"""Arrow as the Storage Read API sends it → a ResultTable's columns, a column at a time.

The same columns as `bigquery_values` and `columns` make of the REST API's cells. Arrow's types for BigQuery's are those
of https://cloud.google.com/bigquery/docs/reference/storage#arrow_schema_details
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa

from nl2sql.catalog.model import DataType
from nl2sql.engines.bigquery_values import Field, json_text, outputs_of
from nl2sql.engines.columns import TIMESTAMP, column_to_arrow, unique_names
from nl2sql.engines.decimals import MAX_DIGITS
from nl2sql.guard.checked import OutputColumn

Reader = Callable[[Any], Any]

_DECIMALS = ("NUMERIC", "BIGNUMERIC")
_NUMERIC = pa.decimal128(MAX_DIGITS, 9)
_RECORDS = ("RECORD", "STRUCT")


def can_be_read(fields: Sequence[Field]) -> bool:
    """False where a type's Arrow form is not told apart here from the text that the REST API writes: INTERVAL, RANGE,
    and types of a later day."""
    names = [field["name"] for field in fields]
    return len(set(names)) == len(names) and all(
        can_be_read(field.get("fields", ())) if _kind(field) in _RECORDS else _kind(field) in _READERS
        for field in fields
    )


def typed_table(table: pa.Table, fields: Sequence[Field], outputs: Sequence[OutputColumn]) -> pa.Table:
    """`outputs` are the guard's; columns are in the order of the fields."""
    outputs = outputs_of(outputs, fields)
    columns = [
        _typed(column, field, output) for column, field, output in zip(table.columns, fields, outputs, strict=True)
    ]
    return pa.Table.from_arrays(columns, names=unique_names([output.name for output in outputs]))


def _kind(field: Field) -> str:
    return str(field["type"]).upper()


def _typed(column: pa.ChunkedArray, field: Field, output: OutputColumn) -> pa.ChunkedArray | pa.Array:
    kind = _kind(field)
    if field.get("mode") != "REPEATED":
        if column.type == _NUMERIC:
            exact = _numeric(column, output)
            if exact is not None:
                return exact
        sent, kept = _SAME.get((kind, output.datatype), (None, None))
        if sent == column.type:
            return column if sent == kept else column.cast(kept)
    read = _struct_reader([field])
    values = [read({field["name"]: value})[field["name"]] for value in column.to_pylist()]
    return column_to_arrow(values, output.datatype, output.scale, output.is_least)


def _numeric(column: pa.ChunkedArray, output: OutputColumn) -> pa.ChunkedArray | None:
    """Of as few places as keep every value, where the guard leaves them open; None where a cast would lose some."""
    if output.datatype is DataType.OPAQUE and column.null_count < len(column):
        scales = range(_NUMERIC.scale + 1)
    elif output.datatype is DataType.DECIMAL:
        scales = range(output.scale, max(output.scale, _NUMERIC.scale if output.is_least else 0) + 1)
    else:
        return None
    for scale in scales:
        try:
            return column.cast(pa.decimal128(MAX_DIGITS, scale))
        except pa.ArrowInvalid:
            continue
    return None


def _reader(field: Field) -> Reader | None:
    """What the REST API's reader would have made of the same value; None: the value itself."""
    kind = _kind(field)
    single = _struct_reader(field.get("fields", ())) if kind in _RECORDS else _READERS[kind]
    if field.get("mode") != "REPEATED":
        return single
    if single is None:
        return list
    one = single
    return lambda values: [None if value is None else one(value) for value in values]


def _struct_reader(fields: Sequence[Field]) -> Reader:
    readers = {str(field["name"]): _reader(field) for field in fields}
    repeated = {str(field["name"]) for field in fields if field.get("mode") == "REPEATED"}

    def read(value: Mapping[str, Any]) -> dict[str, Any]:
        made = {}
        for name, reader in readers.items():
            given = value[name]
            if given is None and name in repeated:
                given = []  # the REST API has no other word for a list that is NULL
            made[name] = given if reader is None or given is None else reader(given)
        return made

    return read


def _shortest(value: Decimal) -> Decimal:
    """Without zeros at the end, as the REST API writes it: Arrow has as many places in each value of a column."""
    text = format(value, "f")
    return Decimal((text.rstrip("0").rstrip(".") if "." in text else text) or "0")


_READERS: Mapping[str, Reader | None] = {
    **dict.fromkeys(("INTEGER", "INT64", "FLOAT", "FLOAT64", "BOOLEAN", "BOOL", "STRING", "GEOGRAPHY", "BYTES"), None),
    **dict.fromkeys(("DATE", "TIME", "DATETIME"), None),
    **dict.fromkeys(_DECIMALS, _shortest),
    "JSON": json_text,
    "TIMESTAMP": lambda moment: moment.replace(tzinfo=None),
}

_UTC = pa.timestamp("us", "UTC")
_PLAIN: tuple[tuple[tuple[str, ...], tuple[DataType, ...], pa.DataType, pa.DataType], ...] = (
    (("INTEGER", "INT64"), (DataType.INTEGER,), pa.int64(), pa.int64()),
    (("FLOAT", "FLOAT64"), (DataType.FLOAT,), pa.float64(), pa.float64()),
    (("BOOLEAN", "BOOL"), (DataType.BOOLEAN,), pa.bool_(), pa.bool_()),
    (("STRING", "GEOGRAPHY"), (DataType.STRING,), pa.string(), pa.string()),
    (("DATE",), (DataType.DATE,), pa.date32(), pa.date32()),
    (("TIME",), (DataType.TIME,), pa.time64("us"), pa.time64("us")),
    (("DATETIME",), (DataType.DATETIME, DataType.DATETIME_TZ), TIMESTAMP, TIMESTAMP),
    (("TIMESTAMP",), (DataType.DATETIME, DataType.DATETIME_TZ), _UTC, TIMESTAMP),
)
# What needs no look at its values: BigQuery's type and the guard's → Arrow's as it is sent, and as it is kept.
_SAME = {
    (kind, wanted): (sent, kept) for kinds, all_wanted, sent, kept in _PLAIN for kind in kinds for wanted in all_wanted
}
