"""Generated rows as columns: whole numbers in arrays, text made piece by piece when it is written.

Money is in cents, time in microseconds since 1970 UTC, and -1 stands for NULL in every array.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Cell = int | float | str | None
TextSource = Callable[[int, int], Sequence[str]]

NULL = -1


class Kind(Enum):
    INTEGER = "integer"
    MONEY = "money"
    TIME = "time"
    FLAG = "flag"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    kind: Kind
    values: IntArray | TextSource


@dataclass(frozen=True, slots=True)
class TableRows:
    table: str
    count: int
    columns: tuple[Column, ...]


Encoder = Callable[[IntArray], Sequence[Cell]]


def integer(name: str, values: IntArray) -> Column:
    return Column(name, Kind.INTEGER, values)


def money(name: str, cents: IntArray) -> Column:
    return Column(name, Kind.MONEY, cents)


def time(name: str, microseconds: IntArray) -> Column:
    return Column(name, Kind.TIME, microseconds)


def words(name: str, vocabulary: Sequence[str], index: IntArray) -> Column:
    return Column(name, Kind.TEXT, lambda start, stop: [vocabulary[i] for i in index[start:stop].tolist()])


def strings(name: str, values: Sequence[str]) -> Column:
    return Column(name, Kind.TEXT, lambda start, stop: values[start:stop])


def encode(column: Column, start: int, stop: int, encoders: dict[Kind, Encoder]) -> Sequence[Cell]:
    if callable(column.values):
        return column.values(start, stop)
    return encoders[column.kind](column.values[start:stop])


def integers_as_python(values: IntArray) -> list[Cell]:
    return _with_nulls(values.tolist(), values)


def money_as_float(cents: IntArray) -> list[Cell]:
    # The quotient of two exact numbers is the double nearest to the decimal, as float("12.34") would be.
    return _with_nulls((cents / 100.0).tolist(), cents)


def money_as_text(cents: IntArray) -> list[Cell]:
    return [None if c == NULL else f"{c // 100}.{c % 100:02d}" for c in cents.tolist()]


def times_as_text(microseconds: IntArray) -> list[Cell]:
    """'YYYY-MM-DD HH:MM:SS.ffffff', the form described in `auction_core.tables`."""
    iso = np.datetime_as_string(microseconds.astype("datetime64[us]"), unit="us").astype("U26")
    if iso.size:
        iso.view("U1").reshape(-1, 26)[:, 10] = " "
    return _with_nulls(iso.tolist(), microseconds)


def _with_nulls(cells: list[Cell], values: IntArray) -> list[Cell]:
    for position in np.flatnonzero(values == NULL).tolist():
        cells[position] = None
    return cells
