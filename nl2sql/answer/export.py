"""Results as files: CSV that a spreadsheet opens safely, JSON records that keep money exact."""

from __future__ import annotations

import base64
import csv
import io
import math
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pyarrow as pa

# What makes a spreadsheet read a text cell as a formula, or hides one behind white space.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

Json = str | int | float | bool | None


def to_csv(table: pa.Table) -> bytes:
    """UTF-8 with a header, CRLF lines. Text a spreadsheet would run gets a leading apostrophe; numbers stay numbers."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow([_safe(name) for name in table.column_names])
    columns = [column.to_pylist() for column in table.columns]
    writer.writerows([_csv_cell(value) for value in row] for row in zip(*columns, strict=True))
    return buffer.getvalue().encode("utf-8")


def to_json_records(table: pa.Table) -> list[dict[str, Json]]:
    """One object for each row: decimals as strings (exact), dates and times as ISO text, bytes as base64."""
    columns: dict[str, list[object]] = {}
    for position, name in enumerate(table.column_names):
        copies = sum(1 for earlier in table.column_names[:position] if earlier == name)
        columns[f"{name} ({copies + 1})" if copies else name] = table.column(position).to_pylist()
    return [{name: _json_cell(values[row]) for name, values in columns.items()} for row in range(table.num_rows)]


def _csv_cell(value: object) -> str | int | float | Decimal:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        return f"{value:f}" if isinstance(value, Decimal) else value
    return _safe(str(_json_cell(value)))


def _safe(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _json_cell(value: object) -> Json:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return value.isoformat(sep="T")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return str(value)
