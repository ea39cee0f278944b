"""Rows of any source as Arrow batches of one schema.

Integers are int64, money decimal128(12, 2), times timestamp[us, UTC], flags bool, all else string. A column that is
never NULL says so.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from sqlalchemy import Boolean, Column, DateTime, Integer

from auction_core.errors import LoadFailed
from auction_core.tables import Money

MONEY = pa.decimal128(12, 2)
TIME = pa.timestamp("us", "UTC")
_LARGEST = 9_999_999_999.99


def type_of(column: Column[Any]) -> Any:
    """Any is a pyarrow.DataType."""
    kind = column.type
    if isinstance(kind, Money):
        return MONEY
    if isinstance(kind, DateTime):
        return TIME
    if isinstance(kind, Boolean):
        return pa.bool_()
    return pa.int64() if isinstance(kind, Integer) else pa.string()


def schema_of(columns: Sequence[Column[Any]]) -> Any:
    """Any is a pyarrow.Schema."""
    return pa.schema([pa.field(c.name, type_of(c), nullable=bool(c.nullable)) for c in columns])


def to_batch(rows: Sequence[Sequence[Any]], schema: Any, *, texts: bool) -> Any:
    """A pyarrow.RecordBatch. `texts`: as SQLite keeps them, times are texts, money floats and flags 0 or 1.

    Raises LoadFailed for a value that is not of the column's type.
    """
    cells = zip(*rows, strict=True) if rows else [()] * len(schema)
    convert = _from_sqlite if texts else _from_driver
    arrays = []
    for field, values in zip(schema, cells, strict=True):
        try:
            arrays.append(convert(field.type, values))
        except (pa.ArrowInvalid, pa.ArrowTypeError, ValueError, TypeError, OverflowError):
            raise LoadFailed(f"A value in the column {field.name} is not of its type; nothing was written.") from None
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _from_driver(kind: Any, values: Sequence[Any]) -> Any:
    return pa.array(values, kind)


def _from_sqlite(kind: Any, values: Sequence[Any]) -> Any:
    converter = _SQLITE.get(kind)
    return converter(values) if converter else pa.array(values, kind)


def _time(texts: Sequence[str | None]) -> Any:
    return pa.array(texts, pa.string()).cast(pa.timestamp("us")).cast(TIME)


def _flag(numbers: Sequence[int | None]) -> Any:
    return pa.array([None if number is None else bool(number) for number in numbers], pa.bool_())


def _money(amounts: Sequence[float | None]) -> Any:
    """Exact: a double is nearer than half a cent to an amount of twelve digits, and a decimal is a number of cents."""
    doubles = np.array(amounts, dtype=np.float64)
    absent = np.array([amount is None for amount in amounts], dtype=np.bool_)
    doubles[absent] = 0.0
    if not bool(np.all(np.abs(doubles) <= _LARGEST)):  # NaN is not either
        raise ValueError
    words = np.empty((len(doubles), 2), dtype="<i8")
    words[:, 0] = np.rint(doubles * 100.0)
    words[:, 1] = words[:, 0] >> 63
    present = pa.array(~absent).buffers()[1] if absent.any() else None
    return pa.Array.from_buffers(MONEY, len(doubles), [present, pa.py_buffer(words)])


_SQLITE: dict[Any, Callable[[Sequence[Any]], Any]] = {TIME: _time, MONEY: _money, pa.bool_(): _flag}
