"""Taking rows from a cursor until a limit says stop: rows by count, memory by size."""

from __future__ import annotations

import datetime
import marshal
from collections.abc import Callable, Sequence
from typing import Any

Row = tuple[Any, ...]

# The first batch is small because nothing is known about the rows yet: SQLite allows 1 MB a value, so 16 rows of a few
# such columns are the most that can be in memory before the size is looked at for the first time.
FIRST_BATCH = 16
LARGEST_BATCH = 1024

_PLAIN = (int, float, bool, type(None), datetime.date, datetime.time, datetime.timedelta)


def fetch_capped(
    fetchmany: Callable[[int], Sequence[Row]], row_limit: int, byte_limit: int, go_on: Callable[[], None] | None = None
) -> tuple[list[Row], bool]:
    """The rows and whether there were more. `go_on` is called between batches and may raise to stop."""
    rows: list[Row] = []
    size = 0
    batch_size = FIRST_BATCH
    while len(rows) <= row_limit:
        batch = fetchmany(min(batch_size, row_limit + 1 - len(rows)))
        if not batch:
            return rows, False
        batch_bytes = weigh(batch)
        if size + batch_bytes > byte_limit:
            rows += _first_that_fit(batch, byte_limit - size)
            return rows[:row_limit], True
        size += batch_bytes
        rows += batch
        batch_size = _next_batch_size(batch_size, batch_bytes // len(batch), byte_limit - size)
        if go_on is not None:
            go_on()
    del rows[row_limit:]
    return rows, True


def weigh(rows: Sequence[Row]) -> int:
    """Bytes, roughly. Marshalling measures a batch in C for a tenth of what fetching cost; nothing is unmarshalled."""
    try:
        return len(marshal.dumps(list(rows), 2))
    except ValueError:  # decimals and times, from servers
        return sum(_weigh_value(value) for row in rows for value in row)


def _weigh_value(value: object) -> int:
    if isinstance(value, _PLAIN):
        return 9
    if isinstance(value, str | bytes):
        return 5 + len(value)
    return len(str(value))


def _first_that_fit(batch: Sequence[Row], room: int) -> list[Row]:
    kept: list[Row] = []
    for row in batch:
        room -= weigh([row])
        if room < 0:
            break
        kept.append(row)
    return kept


def _next_batch_size(size: int, row_bytes: int, room: int) -> int:
    """Twice as many, but not so many that rows like the last ones would pass the limit by more than one row."""
    return max(1, min(2 * size, LARGEST_BATCH, room // max(row_bytes, 1) + 1))
