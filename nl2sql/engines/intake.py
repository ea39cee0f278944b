"""Taking rows from a database until a limit says stop: rows by count, memory by size."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from nl2sql.errors import QueryFailed

Row = tuple[Any, ...]


class RowTooLarge(Exception):
    """A driver was asked to stop before it had read the next row."""


# Their size does not depend on what is in them.
_PLAIN = frozenset(
    {int, float, bool, type(None), datetime.date, datetime.datetime, datetime.time, datetime.timedelta, uuid.UUID}
)


# Looking at the clock costs a tenth of a row. Rows that come slowly are ended by the backstop, which has a clock too.
_ROWS_BETWEEN = 16


def take_capped(
    rows: Iterable[Row], row_limit: int, byte_limit: int, go_on: Callable[[], None] | None = None
) -> tuple[list[Row], bool]:
    """The rows and whether there were more. `go_on` is called after the first row and every
    16th, and may raise to stop.

    Rows are weighed one by one, because the next may be a million times larger than the last: a batch of 1,000 could
    not be stopped in the middle. That costs a fifth of the time SQLite needs for 100,000 rows.

    Raises QueryFailed when the first row alone is too large: an empty table would say that nothing was found.
    """
    kept: list[Row] = []
    keep, weight_of = kept.append, weigh
    room = byte_limit
    try:
        for count, row in enumerate(rows):
            if count == row_limit:
                return kept, True
            room -= weight_of(row)
            if room < 0:
                raise RowTooLarge
            keep(row)
            if not count % _ROWS_BETWEEN and go_on is not None:
                go_on()
    except RowTooLarge:
        if not kept:
            raise row_too_large(byte_limit) from None
        return kept, True
    return kept, False


def weigh(row: Row) -> int:
    """Bytes, roughly: as they would be written one after the other."""
    size = 5 + 5 * len(row)  # an integer needs no more
    for value in row:
        kind = type(value)
        if kind is int:
            continue
        if kind is str or kind is bytes:
            size += len(value)
        elif kind in _PLAIN:
            size += 4
        else:  # decimals, and lists of servers
            size += len(str(value))
    return size


def row_too_large(byte_limit: int) -> QueryFailed:
    return QueryFailed(
        "One row of the answer is larger than an answer may be. Ask for fewer or shorter columns.",
        hint=f"A result may have {byte_limit:,} bytes. Do not join many texts into one value; count or cut them.",
    )
