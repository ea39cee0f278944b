"""Cells of results in a form in which equal things are equal.

Two whole numbers are equal when they are the same; where one has a fraction, to a millionth of its size, or a
billionth in all, because sums of many doubles differ in their last digits with the order of the rows. A day is its
midnight. NULL, 0 and '' are three things.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

Cell = object
Column = tuple[Cell, ...]
Row = tuple[Cell, ...]

TOLERANCE: Final = 1e-6  # relative
# What is left of a sum that should be 0 is some 1e-16 of what was summed; nobody is shown a billionth.
NEAR_ZERO: Final = 1e-9
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?)?")
_NUMBER: Final = re.compile(r"[+-]?\d{1,300}(\.\d+)?")


def settled(value: Cell) -> Cell:
    """int, float, datetime in UTC without zone, text, bytes or None; ISO texts are read as the moments they name."""
    if isinstance(value, bool):
        return int(value)  # SQLite and MySQL keep truth as 0 and 1
    if isinstance(value, float | Decimal):
        return _number(value)
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:  # 2025-02-30
            return value
    if isinstance(value, list | dict):
        return repr(value)  # what BigQuery nests
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    return datetime(value.year, value.month, value.day) if isinstance(value, date) else value  # noqa: DTZ001


def _number(value: float | Decimal) -> Cell:
    if not math.isfinite(value):
        return ("not finite", str(float(value)))
    return int(value) if value == int(value) else float(value)


class Values:
    """One column: its `cells`, and its `numbers` sorted beside the count of each other value: for bags."""

    def __init__(self, cells: Column) -> None:
        self.cells = cells
        self.numbers = sorted(cell for cell in cells if isinstance(cell, int | float))
        self.others = Counter((type(cell), cell) for cell in cells if not isinstance(cell, int | float))

    def same_as(self, other: Values) -> bool:
        """On a line, whatever can be paired at all is paired in sorted order."""
        return (
            len(self.numbers) == len(other.numbers)
            and self.others == other.others
            and all(map(_same, self.numbers, other.numbers))
        )


def read_alike(one: Values, other: Values) -> tuple[Values, Values]:
    """Texts that are numbers are read as numbers where the other column holds some: '2026' is the year 2026."""
    if bool(one.numbers) == bool(other.numbers):
        return one, other
    return Values(tuple(map(_text_as_number, one.cells))), Values(tuple(map(_text_as_number, other.cells)))


def _text_as_number(cell: Cell) -> Cell:
    return _number(Decimal(cell)) if isinstance(cell, str) and _NUMBER.fullmatch(cell) else cell


def same_bag(left: Sequence[Row], right: Sequence[Row]) -> bool:
    """Whether every row has an equal row of its own on the other side, in any order."""
    if len(left) != len(right):
        return False
    if Counter(map(_exact, left)) == Counter(map(_exact, right)):
        return True
    ours, theirs = _by_exact_cells(left), _by_exact_cells(right)
    return ours.keys() == theirs.keys() and all(_pair_up(rows, theirs[key]) for key, rows in ours.items())


def same_sequence(left: Column, right: Column) -> bool:
    return len(left) == len(right) and all(map(_same, left, right))


def _exact(row: Row) -> Row:
    return tuple((type(cell).__name__ if not isinstance(cell, int | float) else "number", cell) for cell in row)


def _by_exact_cells(rows: Sequence[Row]) -> dict[Row, list[tuple[float, ...]]]:
    groups: dict[Row, list[tuple[float, ...]]] = defaultdict(list)
    for row in rows:
        exact = tuple(_PLACE if isinstance(cell, int | float) else (type(cell), cell) for cell in row)
        groups[exact].append(tuple(cell for cell in row if isinstance(cell, int | float)))
    return groups


_PLACE: Final = ("a number",)


def _pair_up(left: list[tuple[float, ...]], right: list[tuple[float, ...]]) -> bool:
    """Each takes the first that is near and free. Near is so narrow that chains of near rows are not to be feared."""
    if len(left) != len(right):
        return False
    if not left[0]:
        return True
    right = sorted(right)
    firsts = [row[0] for row in right]
    free = [True] * len(right)
    for row in sorted(left):
        reach = abs(row[0]) * TOLERANCE * 2 + NEAR_ZERO
        near = range(bisect_left(firsts, row[0] - reach), bisect_right(firsts, row[0] + reach))
        found = next((i for i in near if free[i] and _same_row(row, right[i])), None)
        if found is None:
            return False
        free[found] = False
    return True


def _same_row(one: Row, other: Row) -> bool:
    return all(_same(a, b) for a, b in zip(one, other, strict=True))


def _same(one: Cell, other: Cell) -> bool:
    if isinstance(one, int | float) and isinstance(other, int | float):
        if isinstance(one, int) and isinstance(other, int):
            return one == other
        return math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=NEAR_ZERO)
    return type(one) is type(other) and one == other
