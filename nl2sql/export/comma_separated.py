"""A result as CSV that a spreadsheet opens safely."""

from __future__ import annotations

import csv
import io
import re
from decimal import Decimal
from typing import BinaryIO

import pyarrow as pa

from nl2sql.export.cells import json_cell, safe_text

# Where commas are decimal marks, a spreadsheet splits at semicolons, and quotes inside a line do not hold: what follows
# one, or a line break, is a cell of its own there.
_CELL_WITHIN = re.compile(r'([;\r\n]"*)(?=[=+\-@])')
ROWS_AT_ONCE = 5_000  # of eight columns: some megabytes of Python objects


def to_csv(table: pa.Table) -> bytes:
    """UTF-8 with a header, CRLF lines. Text a spreadsheet would run gets an apostrophe; numbers stay numbers."""
    buffer = io.BytesIO()
    write_csv(table, buffer)
    return buffer.getvalue()


def write_csv(table: pa.Table, stream: BinaryIO) -> None:
    """A few thousand rows at a time: what is in memory beside the result does not grow with it."""
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow([_safe(name) for name in table.column_names])
    for batch in table.to_batches(max_chunksize=ROWS_AT_ONCE):
        columns = [column.to_pylist() for column in batch.columns]
        writer.writerows([_csv_cell(value) for value in row] for row in zip(*columns, strict=True))
    text.detach()


def _csv_cell(value: object) -> str | int | float | Decimal:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        return f"{value:f}" if isinstance(value, Decimal) else value
    return _safe(str(json_cell(value)))


def _safe(text: str) -> str:
    return _CELL_WITHIN.sub(r"\1'", safe_text(text))
