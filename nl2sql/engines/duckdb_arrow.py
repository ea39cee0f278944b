"""DuckDB's record batches → a ResultTable's columns, a column at a time.

The same rules as in `nl2sql.engines.columns`, which also converts what has no cast here: values of a kind that the
guard did not expect, intervals, lists and bytes.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds

from nl2sql.catalog.model import DataType
from nl2sql.engines.columns import TIMESTAMP, column_to_arrow, text_of, unique_names
from nl2sql.engines.decimals import MAX_DIGITS
from nl2sql.engines.intake import row_too_large
from nl2sql.errors import QueryFailed
from nl2sql.guard.checked import OutputColumn

_CALENDAR = ("0001-01-01", "10000-01-01")
_TOO_LONG = 10**MAX_DIGITS
_INFINITE_DAYS = 2**31 - 1
_INFINITE_TIME = 2**63 - 1
_UTC_TIMESTAMP = pa.timestamp("us", "UTC")
# A column is left in its own kind, made as wide as it gets, where the guard says one of these or does not know.
_OWN_KIND: dict[DataType, Callable[[pa.DataType], bool]] = {
    DataType.INTEGER: kinds.is_integer,
    DataType.FLOAT: kinds.is_floating,
    DataType.BOOLEAN: kinds.is_boolean,
    DataType.STRING: lambda kind: kinds.is_string(kind) or _is_enum(kind),
    DataType.DATE: kinds.is_date32,
    DataType.TIME: kinds.is_time64,
    DataType.DATETIME: kinds.is_timestamp,
    DataType.DATETIME_TZ: kinds.is_timestamp,
}


def take_batches(
    batches: Iterable[pa.RecordBatch], row_limit: int, byte_limit: int
) -> Iterator[tuple[pa.RecordBatch, bool]]:
    """What may be kept of each batch, and whether anything was left out; nothing comes after that.

    Raises QueryFailed when the first row alone is too large: an empty table would say that nothing was found.
    """
    rows, room = row_limit, byte_limit
    for batch in batches:
        fitting = min(batch.num_rows, rows)
        if batch.slice(0, fitting).nbytes > room:
            fitting = _rows_within(batch, fitting, room)
            if not fitting and rows == row_limit:
                raise row_too_large(byte_limit)
        cut = fitting < batch.num_rows
        kept = batch.slice(0, fitting) if cut else batch
        yield kept, cut
        if cut:
            return
        rows -= fitting
        room -= kept.nbytes


def _rows_within(batch: pa.RecordBatch, most: int, room: int) -> int:
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if batch.slice(0, middle).nbytes <= room:
            low = middle
        else:
            high = middle - 1
    return low


def typed_table(table: pa.Table, own_types: Sequence[str], outputs: Sequence[OutputColumn]) -> pa.Table:
    """`rows_to_arrow` for what is Arrow already; `own_types` are DuckDB's names. Raises QueryFailed."""
    if len(outputs) != table.num_columns:
        outputs = [OutputColumn(name, DataType.OPAQUE) for name in table.column_names]
    found = zip(table.columns, own_types, outputs, strict=True)
    columns = [_typed(column, own_type, out) for column, own_type, out in found]
    return pa.Table.from_arrays(columns, names=unique_names([out.name for out in outputs]))


def _typed(column: pa.ChunkedArray, own_type: str, out: OutputColumn) -> pa.ChunkedArray | pa.Array:
    if own_type in ("HUGEINT", "UHUGEINT"):
        _check_digits(column, signed=own_type == "HUGEINT")
    target = _target(column.type, out)
    if target is not None and _in_calendar(column):
        try:
            if kinds.is_timestamp(column.type) and column.type.tz:
                column = column.cast(_UTC_TIMESTAMP)
            return column.cast(target)
        except pa.ArrowInvalid:  # too large, or finer than a microsecond
            if kinds.is_uint64(column.type):
                return column.cast(pa.decimal128(MAX_DIGITS, 0))
    values = texts_of_bits(column) if own_type == "BIT" else values_of(column)
    return column_to_arrow(values, out.datatype, out.scale, out.is_least)


def _check_digits(column: pa.ChunkedArray, *, signed: bool) -> None:
    """128 bits hold a little more than a decimal's 38 digits, and half of what is unsigned comes with a minus."""
    low, high = (bound.as_py() for bound in pc.min_max(column).values())
    if low is not None and (max(abs(low), abs(high)) >= _TOO_LONG or (low < 0 and not signed)):
        raise _cannot_be_shown(column.type)


def _target(own: pa.DataType, out: OutputColumn) -> pa.DataType | None:
    """The type to cast to, where a cast keeps every value and gives what the guard expects."""
    expected = out.datatype
    if expected is DataType.DECIMAL:
        if not _is_exact(own) or (kinds.is_decimal(own) and own.scale > out.scale):
            return None
        return pa.decimal128(MAX_DIGITS, out.scale)
    if expected is DataType.INTEGER and kinds.is_decimal(own) and own.scale == 0:
        return pa.int64()  # sums of integers are 128 bits wide
    if expected is DataType.DATETIME and kinds.is_date32(own):
        return TIMESTAMP
    fits = _OWN_KIND.get(expected)
    if fits is not None and not fits(own):
        return None
    return _widest(own)


def _is_exact(own: pa.DataType) -> bool:
    return bool(kinds.is_integer(own) or kinds.is_decimal128(own))


def _is_enum(own: pa.DataType) -> bool:
    return bool(kinds.is_dictionary(own) and kinds.is_string(own.value_type))


def _widest(own: pa.DataType) -> pa.DataType | None:
    if kinds.is_integer(own):
        return pa.int64()
    if kinds.is_floating(own):
        return pa.float64()
    if kinds.is_decimal128(own):
        return pa.decimal128(MAX_DIGITS, own.scale)
    if kinds.is_string(own) or _is_enum(own) or kinds.is_null(own):
        return pa.string()
    if kinds.is_timestamp(own):
        return TIMESTAMP
    if kinds.is_time64(own):
        return pa.time64("us")
    return own if kinds.is_boolean(own) or kinds.is_date32(own) else None


def _in_calendar(column: pa.ChunkedArray) -> bool:
    """Whether Python has a name for each of the dates and times: DuckDB has infinite ones, and years up to 294247."""
    unit = _unit(column.type)
    if unit is None:
        return True
    low, high = pc.min_max(_counts(column)).values()
    first, last = (int(np.datetime64(day).astype(f"datetime64[{unit}]").astype(int)) for day in _CALENDAR)
    return low.as_py() is None or (first <= low.as_py() and high.as_py() < last)


def _unit(own: pa.DataType) -> str | None:
    if kinds.is_date32(own):
        return "D"
    return own.unit if kinds.is_timestamp(own) and own.unit != "ns" else None  # ns reach the year 2262


def _counts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(pa.int32()).cast(pa.int64()) if kinds.is_date32(column.type) else column.cast(pa.int64())


def values_of(column: pa.ChunkedArray) -> list[Any]:
    """As a driver would hand them out, with durations, and what is finer or later than Python's times, as text."""
    own = column.type
    if isinstance(own, pa.BaseExtensionType):
        column = column.cast(own.storage_type)
    if not _in_calendar(column):
        unit = _unit(own)
        return [None if value is None else _far_text(value, unit) for value in _counts(column).to_pylist()]
    if (kinds.is_timestamp(own) or kinds.is_time64(own)) and own.unit == "ns":
        return list(column.cast(pa.string()).to_pylist())
    if kinds.is_interval(own):
        return [None if value is None else _duration_text(value) for value in column.to_pylist()]
    try:
        values = column.to_pylist(maps_as_pydicts="lossy")
    except (OverflowError, ValueError) as error:
        raise _cannot_be_shown(own) from error
    return [_with_plain_keys(value) for value in values] if kinds.is_nested(own) else list(values)


def _with_plain_keys(value: Any) -> Any:
    """For JSON, whose keys are texts."""
    if isinstance(value, dict):
        return {text_of(key): _with_plain_keys(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_with_plain_keys(each) for each in value]
    return text_of(value) if isinstance(value, bytes) else value


def _cannot_be_shown(own: pa.DataType) -> QueryFailed:
    return QueryFailed(
        "The database answered with values that cannot be shown.",
        hint=f"A column of type {own} holds values without an equal here: CAST it AS VARCHAR.",
    )


def texts_of_bits(column: pa.ChunkedArray) -> list[str | None]:
    """'0101' for DuckDB's bytes: the number of bits to leave out, then the bits."""
    return [None if raw is None else "".join(f"{byte:08b}" for byte in raw[1:])[raw[0] :] for raw in column.to_pylist()]


def _far_text(count: int, unit: str | None) -> str:
    if abs(count) == (_INFINITE_DAYS if unit == "D" else _INFINITE_TIME):
        return "infinity" if count > 0 else "-infinity"
    return str(np.datetime64(count, unit)).replace("T", " ")  # type: ignore[call-overload]


def _duration_text(value: pa.MonthDayNano) -> str:
    """As PostgreSQL's driver would say it, but with months as months: how many days they have is not known."""
    rest = datetime.timedelta(days=value.days, microseconds=value.nanoseconds // 1_000)
    if not value.months:
        return str(rest)
    months = f"{value.months} month{'' if abs(value.months) == 1 else 's'}"
    return f"{months}, {rest}" if rest else months
