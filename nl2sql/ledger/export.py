"""The ledger as a file: CSV that a spreadsheet opens safely, JSON lines, or Parquet; some hundred rows in memory."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from types import MappingProxyType
from typing import Any, BinaryIO, Final, Literal

import pyarrow as pa

from nl2sql.export.comma_separated import to_csv
from nl2sql.ledger.base import LedgerRow
from nl2sql.ledger.read import Entry

Format = Literal["csv", "jsonl", "parquet"]
FORMATS: Final[tuple[Format, ...]] = ("csv", "jsonl", "parquet")
# CSV is text in memory before it is bytes: up to eight times as large.
_CSV_ROWS: Final = 200
_PARQUET_ROWS: Final = 1_000
_TYPES: Mapping[str, pa.DataType] = MappingProxyType(
    {
        "at": pa.timestamp("us"),
        "rows": pa.int64(),
        "result_bytes": pa.int64(),
        "scanned_bytes": pa.int64(),
        "prompt_tokens": pa.int64(),
        "completion_tokens": pa.int64(),
        "cost": pa.decimal128(24, 12),
        "cached": pa.bool_(),
        "milliseconds": pa.float64(),
        "feedback_at": pa.timestamp("us"),
    }
)
# Moments are UTC without zone; stage_ms is a JSON text, for a spreadsheet has no objects.
SCHEMA: Final = pa.schema(
    [
        (name, _TYPES.get(name, pa.string()))
        for name in (*LedgerRow.__dataclass_fields__, "feedback", "feedback_comment", "feedback_at")
    ]
)


def write_entries(entries: Iterable[Entry], form: Format, stream: BinaryIO) -> int:
    """How many were written. Raises OSError, and whatever `entries` raises."""
    if form == "csv":
        return _write_csv(entries, stream)
    return _write_parquet(entries, stream) if form == "parquet" else _write_jsonl(entries, stream)


def _write_csv(entries: Iterable[Entry], stream: BinaryIO) -> int:
    """The header is there even when no row is."""
    header = to_csv(SCHEMA.empty_table())
    stream.write(header)
    count = 0
    for table in _tables(entries, _CSV_ROWS):
        stream.write(to_csv(table).removeprefix(header))
        count += table.num_rows
    return count


def _write_jsonl(entries: Iterable[Entry], stream: BinaryIO) -> int:
    count = 0
    for entry in entries:
        stream.write(json_line(entry))
        count += 1
    return count


def json_line(entry: Entry) -> bytes:
    return (json.dumps(entry.shape, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8")


def _write_parquet(entries: Iterable[Entry], stream: BinaryIO) -> int:
    import pyarrow.parquet as pq

    count = 0
    with pq.ParquetWriter(stream, SCHEMA) as writer:
        for table in _tables(entries, _PARQUET_ROWS):
            writer.write_table(table)
            count += table.num_rows
    return count


def _tables(entries: Iterable[Entry], at_once: int) -> Iterator[pa.Table]:
    rest = iter(entries)
    while some := [_record(entry) for entry in islice(rest, at_once)]:
        yield pa.Table.from_pylist(some, schema=SCHEMA)


def _record(entry: Entry) -> dict[str, Any]:
    row = entry.row
    record = {name: getattr(row, name) for name in LedgerRow.__dataclass_fields__}
    record["stage_ms"] = json.dumps(dict(row.stage_ms))
    record |= {"feedback": entry.feedback, "feedback_comment": entry.comment, "feedback_at": entry.feedback_at}
    return record
