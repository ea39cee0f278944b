"""Cells of the REST API → Python values that `columns` turns to Arrow.

The API writes every scalar as a text: https://cloud.google.com/bigquery/docs/reference/rest/v2/tabledata/list
"""

from __future__ import annotations

import base64
import datetime
import json
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from nl2sql.catalog.model import DataType
from nl2sql.engines.intake import Row
from nl2sql.guard.checked import OutputColumn

# A field of a schema as the API writes it: name, type, mode, and fields for a STRUCT.
Field = Mapping[str, Any]
Reader = Callable[[Any], Any]

_EPOCH = datetime.datetime(1970, 1, 1)  # noqa: DTZ001 - times are UTC without a zone
_MICROSECOND = datetime.timedelta(microseconds=1)


def row_reader(fields: Sequence[Field]) -> Callable[[Mapping[str, Any]], Row]:
    readers = [_reader(field) for field in fields]

    def read(row: Mapping[str, Any]) -> Row:
        return tuple(
            None if cell["v"] is None else reader(cell["v"]) for reader, cell in zip(readers, row["f"], strict=True)
        )

    return read


def outputs_of(outputs: Sequence[OutputColumn], fields: Sequence[Field]) -> Sequence[OutputColumn]:
    """The guard's columns; where it could not tell a type, the one that BigQuery names. Numbers with a point keep as
    many places as their values have, so those stay open."""
    if len(outputs) != len(fields):
        outputs = [OutputColumn(str(field["name"]), DataType.OPAQUE) for field in fields]
    return [
        OutputColumn(output.name, _type_of(field)) if output.datatype is DataType.OPAQUE else output
        for output, field in zip(outputs, fields, strict=True)
    ]


def _type_of(field: Field) -> DataType:
    if field.get("mode") == "REPEATED":
        return DataType.STRING
    return _TYPES.get(str(field["type"]).upper(), DataType.OPAQUE)


def _reader(field: Field) -> Reader:
    kind = str(field["type"]).upper()
    reader: Reader = _READERS.get(kind, str)
    if kind in ("RECORD", "STRUCT"):
        reader = _struct_reader(field.get("fields", ()))
    if field.get("mode") == "REPEATED":
        single = reader
        return lambda values: [None if each["v"] is None else single(each["v"]) for each in values]
    return reader


def _struct_reader(fields: Sequence[Field]) -> Reader:
    names = [str(field["name"]) for field in fields]
    read = row_reader(fields)
    return lambda value: dict(zip(names, read(value), strict=True))


def _timestamp(text: str) -> datetime.datetime:
    """Microseconds since 1970; BigQuery's years 1 to 9999 are Python's."""
    return _EPOCH + int(text) * _MICROSECOND


def json_text(text: str) -> str:
    """In the one spelling that all engines give it; BigQuery's has no spaces."""
    try:
        return json.dumps(json.loads(text), ensure_ascii=False)
    except ValueError:
        return text


_READERS: Mapping[str, Reader] = {
    "INTEGER": int,
    "INT64": int,
    "FLOAT": float,  # also NaN, Infinity and -Infinity
    "FLOAT64": float,
    "NUMERIC": Decimal,
    "BIGNUMERIC": Decimal,
    "BOOLEAN": lambda text: text == "true",
    "BOOL": lambda text: text == "true",
    "BYTES": base64.b64decode,
    "JSON": json_text,
    "DATE": datetime.date.fromisoformat,
    "TIME": datetime.time.fromisoformat,
    "DATETIME": datetime.datetime.fromisoformat,
    "TIMESTAMP": _timestamp,
}

_TYPES: Mapping[str, DataType] = {
    "INTEGER": DataType.INTEGER,
    "INT64": DataType.INTEGER,
    "FLOAT": DataType.FLOAT,
    "FLOAT64": DataType.FLOAT,
    "BOOLEAN": DataType.BOOLEAN,
    "BOOL": DataType.BOOLEAN,
    "DATE": DataType.DATE,
    "TIME": DataType.TIME,
    "DATETIME": DataType.DATETIME,
    "TIMESTAMP": DataType.DATETIME_TZ,
    "STRING": DataType.STRING,
    "JSON": DataType.STRING,
    "GEOGRAPHY": DataType.STRING,
    "INTERVAL": DataType.STRING,
    "BYTES": DataType.STRING,
}
