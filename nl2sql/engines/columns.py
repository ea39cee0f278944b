"""Driver values → Arrow columns, by the logical type the guard read off the tree.

A value that does not fit its column's type is never an error and never altered: the whole column then takes the type
its values have, and text when they have none in common. Arrow alone would cut 2.5 to 2 in an integer column and read
an integer as microseconds: so what kinds of values are there is asked first.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from typing import Any

import pyarrow as pa

from nl2sql.catalog.model import DataType
from nl2sql.engines.decimals import MAX_DIGITS, decimals_to_arrow, numbers_to_decimal
from nl2sql.guard.checked import OutputColumn

Values = Sequence[Any]
Kinds = frozenset[type]

TIMESTAMP = pa.timestamp("us")
_UNFIT = (pa.ArrowException, ArithmeticError, TypeError, ValueError)
_MIDNIGHT = datetime.time()


class ValuesUnfit(ValueError):
    """The values are not of the column's logical type."""


@dataclass(frozen=True, slots=True)
class TextReader:
    """A column that a server sends as text and that is left as text: Arrow reads ten of them while Python's own object
    is made of one. `read` makes that object where Arrow cannot; it may raise the driver's errors.
    """

    read: Callable[[str], Any]
    is_number: bool  # else a moment

    def to_arrow(self, values: Values, datatype: DataType, scale: int, is_least: bool) -> pa.Array:
        try:
            if self.is_number and datatype in _NUMBERS:
                kind = _NUMBERS[datatype] or pa.decimal128(MAX_DIGITS, scale)
                return pa.array(values, pa.string()).cast(kind)
            if not self.is_number and datatype in (DataType.DATETIME, DataType.DATETIME_TZ):
                return _to_datetime(values, frozenset({str}), scale)
        except pa.ArrowInvalid:
            pass
        return column_to_arrow(self.values(values), datatype, scale, is_least)

    def values(self, texts: Values) -> list[Any]:
        return [None if text is None else self.read(text) for text in texts]


_NUMBERS = {DataType.DECIMAL: None, DataType.INTEGER: pa.int64(), DataType.FLOAT: pa.float64()}
Readers = Sequence[TextReader | None]


def rows_to_arrow(
    rows: Sequence[tuple[Any, ...]], names: Sequence[str], outputs: Sequence[OutputColumn], readers: Readers = ()
) -> pa.Table:
    """`names` are the driver's; the guard's names and types win when it knows every column."""
    if len(outputs) != len(names):
        outputs = [OutputColumn(name, DataType.OPAQUE) for name in names]
    flat, width = list(chain.from_iterable(rows)), len(names)  # five times as fast as zip(*rows)
    columns = [flat[place::width] for place in range(width)]
    arrays = [
        (column_to_arrow if reader is None else reader.to_arrow)(values, out.datatype, out.scale, out.is_least)
        for values, out, reader in zip(columns, outputs, readers or [None] * len(names), strict=True)
    ]
    return pa.Table.from_arrays(arrays, names=unique_names([out.name for out in outputs]))


def column_to_arrow(values: Values, datatype: DataType, scale: int = 0, is_least: bool = False) -> pa.Array:
    if datatype is DataType.STRING:
        try:
            return pa.array(values, pa.string())  # refuses what is neither text nor bytes that are
        except _UNFIT:
            pass
    kinds: Kinds = frozenset(map(type, values)) - {type(None)}
    convert = _to_decimal_at_least if is_least and datatype is DataType.DECIMAL else _CONVERTERS.get(datatype)
    if convert is not None:
        try:
            return convert(values, kinds, scale)
        except _UNFIT:
            pass
    return _by_own_type(values, kinds)


def unique_names(names: list[str]) -> list[str]:
    """A column must be reachable by its name: a second "id" becomes "id_2"."""
    taken = set(names)
    seen: set[str] = set()
    result = []
    for name in names:
        number = 2
        fresh = name
        while fresh in seen or (fresh != name and fresh in taken):
            fresh = f"{name}_{number}"
            number += 1
        seen.add(fresh)
        result.append(fresh)
    return result


def _expect(kinds: Kinds, *allowed: type) -> None:
    if not kinds <= set(allowed):
        raise ValuesUnfit(f"{sorted(kind.__name__ for kind in kinds)}")


def _to_string(values: Values, kinds: Kinds, scale: int = 0) -> pa.Array:
    if kinds <= {str}:
        try:
            return pa.array(values, pa.string())
        except UnicodeError:  # a lone surrogate
            pass
    return pa.array([None if value is None else text_of(value) for value in values], pa.string())


def text_of(value: object) -> str:
    if isinstance(value, bytes | bytearray | memoryview):
        raw = bytes(value)
        try:
            return raw.decode()
        except UnicodeDecodeError:
            return "0x" + raw.hex()
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, dict | list):
        return json.dumps(value, default=str, ensure_ascii=False)
    return str(value).encode("utf-8", "replace").decode()


def _to_integer(values: Values, kinds: Kinds, scale: int) -> pa.Array:
    if kinds <= {int}:
        return pa.array(values, pa.int64())
    _expect(kinds, int, float, Decimal)
    whole = [None if value is None else int(value) for value in values]
    if any(number != value for number, value in zip(whole, values, strict=True)):
        raise ValuesUnfit("there are fractions")
    return pa.array(whole, pa.int64())


def _to_float(values: Values, kinds: Kinds, scale: int) -> pa.Array:
    _expect(kinds, int, float, Decimal)
    if Decimal not in kinds:
        try:
            return pa.array(values, pa.float64())
        except pa.ArrowInvalid:  # an integer above 2**53: the nearest float is what was asked for
            pass
    return pa.array([None if value is None else float(value) for value in values], pa.float64())


def _to_decimal(values: Values, kinds: Kinds, scale: int) -> pa.Array:
    _expect(kinds, int, float, Decimal, str)
    return numbers_to_decimal(values, kinds, scale)


def _to_decimal_at_least(values: Values, kinds: Kinds, scale: int) -> pa.Array:
    _expect(kinds, int, float, Decimal, str)
    return numbers_to_decimal(values, kinds, scale, is_least=True)


def _to_boolean(values: Values, kinds: Kinds, scale: int) -> pa.Array:
    if kinds <= {bool}:
        return pa.array(values, pa.bool_())
    _expect(kinds, int)
    if not set(values) <= {0, 1, None}:
        raise ValuesUnfit("there are numbers other than 0 and 1")
    return pa.array(values, pa.int8()).cast(pa.bool_())


def _to_date(values: Values, kinds: Kinds, scale: int) -> pa.Array:
    if kinds <= {datetime.date}:
        return pa.array(values, pa.date32())
    if kinds == {str}:
        try:
            return pa.array(values, pa.string()).cast(pa.date32())
        except pa.ArrowInvalid:
            values = _to_datetime(values, kinds, scale).to_pylist()
    else:
        _expect(kinds, datetime.datetime)
    if any(value is not None and value.time() != _MIDNIGHT for value in values):
        raise ValuesUnfit("there are times of day")
    return pa.array(values, pa.date32())


def _to_datetime(values: Values, kinds: Kinds, scale: int) -> pa.Array:
    if kinds <= {datetime.datetime}:
        return pa.array(values, TIMESTAMP)  # a zoned one is turned to UTC
    if kinds == {datetime.date}:
        return pa.array(values, pa.date32()).cast(TIMESTAMP)
    _expect(kinds, str)
    texts = pa.array(values, pa.string())
    try:
        return texts.cast(TIMESTAMP)
    except pa.ArrowInvalid:
        return texts.cast(pa.timestamp("us", "UTC")).cast(TIMESTAMP)  # "…Z", "…+02:00"


def _to_time(values: Values, kinds: Kinds, scale: int) -> pa.Array:
    if kinds == {str}:
        values = [None if value is None else datetime.time.fromisoformat(value) for value in values]
    elif kinds == {datetime.timedelta}:
        values = [None if value is None else _time_of_day(value) for value in values]
    else:
        _expect(kinds, datetime.time)
    return pa.array(values, pa.time64("us"))


def _time_of_day(since_midnight: datetime.timedelta) -> datetime.time:
    if not datetime.timedelta() <= since_midnight < datetime.timedelta(days=1):
        raise ValuesUnfit("there are durations that are no time of day")
    return (datetime.datetime(1, 1, 1, tzinfo=datetime.UTC) + since_midnight).time()


def _by_own_type(values: Values, kinds: Kinds) -> pa.Array:
    convert = _OWN_TYPES.get(kinds)
    if convert is not None:
        try:
            return convert(values)
        except _UNFIT:
            pass
    return _to_string(values, kinds)


def _integers(values: Values) -> pa.Array:
    try:
        return pa.array(values, pa.int64())
    except OverflowError:  # unsigned integers of 64 bits
        return pa.array([None if value is None else Decimal(value) for value in values], pa.decimal128(MAX_DIGITS, 0))


_CONVERTERS: dict[DataType, Callable[[Values, Kinds, int], pa.Array]] = {
    DataType.STRING: _to_string,
    DataType.INTEGER: _to_integer,
    DataType.DECIMAL: _to_decimal,
    DataType.FLOAT: _to_float,
    DataType.BOOLEAN: _to_boolean,
    DataType.DATE: _to_date,
    DataType.TIME: _to_time,
    DataType.DATETIME: _to_datetime,
    DataType.DATETIME_TZ: _to_datetime,
}

_OWN_TYPES: dict[Kinds, Callable[[Values], pa.Array]] = {
    frozenset({int}): _integers,
    frozenset({float}): lambda values: pa.array(values, pa.float64()),
    frozenset({int, float}): lambda values: pa.array(values, pa.float64()),  # refuses what a float cannot hold
    frozenset({bool}): lambda values: pa.array(values, pa.bool_()),
    frozenset({Decimal}): lambda values: decimals_to_arrow(values, MAX_DIGITS),
    frozenset({datetime.date}): lambda values: pa.array(values, pa.date32()),
    frozenset({datetime.datetime}): lambda values: pa.array(values, TIMESTAMP),
    frozenset({datetime.time}): lambda values: pa.array(values, pa.time64("us")),
}
