"""Taking rows from a database until a limit says stop: rows by count, memory by size."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable, Iterable
from itertools import islice
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
_ROWS_BETWEEN = 64


def take_capped(
    rows: Iterable[Row], row_limit: int, byte_limit: int, go_on: Callable[[], None] | None = None
) -> tuple[list[Row], bool]:
    """The rows and whether there were more. `go_on` is called after every 64 rows, and may raise to stop.

    Rows are weighed one by one, because the next may be a million times larger than the last: a batch of 1,000 could
    not be stopped in the middle. That costs a fifth of the time SQLite needs for 100,000 rows.

    Raises QueryFailed when the first row alone is too large: an empty table would say that nothing was found.
    """
    kept: list[Row] = []
    keep, room, coming = kept.append, byte_limit, iter(rows)
    try:
        while len(kept) < row_limit:
            taken = len(kept)
            for row in islice(coming, min(_ROWS_BETWEEN, row_limit - taken)):
                # Bytes, roughly, as they would be written one after the other. Here, because a call costs as much.
                room -= 5 + 9 * len(row)
                for value in row:
                    if type(value) is str:
                        room -= len(value)
                    elif type(value) not in _PLAIN:  # bytes; decimals, and lists of servers
                        room -= len(value) if type(value) is bytes else len(str(value))
                if room < 0:
                    raise RowTooLarge
                keep(row)
            if len(kept) == taken:
                return kept, False
            if go_on is not None:
                go_on()
        return kept, next(coming, None) is not None
    except RowTooLarge:
        if not kept:
            raise row_too_large(byte_limit) from None
        return kept, True


def row_too_large(byte_limit: int) -> QueryFailed:
    return QueryFailed(
        "One row of the answer is larger than an answer may be. Ask for fewer or shorter columns.",
        hint=f"A result may have {byte_limit:,} bytes. Do not join many texts into one value; count or cut them.",
    )
