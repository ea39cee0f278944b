"""A result as data for programs, with what the answer says of itself: JSON keeps money exact, Parquet keeps types."""

from __future__ import annotations

import json
from datetime import datetime
from typing import BinaryIO

import pyarrow as pa

from nl2sql.answer.base import Answer
from nl2sql.errors import ExportUnavailable
from nl2sql.export.about import facts, result_of
from nl2sql.export.cells import Json, json_cell, unique_names
from nl2sql.export.comma_separated import ROWS_AT_ONCE


def to_json_records(table: pa.Table) -> list[dict[str, Json]]:
    """One object for each row: decimals as strings (exact), dates and times as ISO text, bytes as base64."""
    names = unique_names(table.column_names)
    columns = [[json_cell(value) for value in column.to_pylist()] for column in table.columns]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def write_json(answer: Answer, stream: BinaryIO, at: datetime) -> None:
    """What the answer says of itself, its columns, and `rows` with one object a line."""
    result = result_of(answer)
    names = unique_names(result.columns)
    described = [
        {"name": name, "label": label.label, "type": str(kind), "format": label.format, "unit": label.unit}
        for name, kind, label in zip(names, result.table.schema.types, answer.columns, strict=True)
    ]
    head = facts(answer, at) | {"columns": described, "row_count": result.row_count, "truncated": result.truncated}
    stream.write(_json(head, indent=2).removesuffix("\n}").encode("utf-8", "replace") + b',\n  "rows": [')
    start = "\n    "
    for batch in result.table.to_batches(max_chunksize=ROWS_AT_ONCE):
        for record in to_json_records(pa.Table.from_batches([batch])):
            stream.write(f"{start}{_json(record)}".encode("utf-8", "replace"))
            start = ",\n    "
    stream.write(b"\n  ]\n}\n")


def write_parquet(answer: Answer, stream: BinaryIO, at: datetime) -> None:
    """Compressed with zstd. The schema's metadata tell the question, the SQL, the receipt and the rest, as text."""
    import pyarrow.parquet as pq

    table = result_of(answer).table
    told = {
        name: value if isinstance(value, str) else _json(value) for name, value in facts(answer, at).items() if value
    }
    named = table.rename_columns(unique_names(table.column_names))
    known = {name.encode(): text.encode("utf-8", "replace") for name, text in told.items()}
    try:
        pq.write_table(named.replace_schema_metadata(known), stream, compression="zstd")
    except pa.ArrowNotImplementedError:
        raise ExportUnavailable(
            "Parquet has no form for a column of this result.", hint="CSV and JSON write it as text."
        ) from None


def _json(value: object, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)
