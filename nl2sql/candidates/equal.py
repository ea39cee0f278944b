"""Whether two results say the same: under some map of their columns, of which those of one name meet each other.

A result that has all columns of the other, and more, says the same and adds to it: a label beside an ID, a helper
number. That holds from two rows on: in one row, or none, a single number is found in some other column too easily.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import pyarrow as pa

from nl2sql.candidates.base import Reading
from nl2sql.candidates.cells import Values, read_alike, same_bag, same_sequence, settled

# Above this two results are compared as they are, which takes no time; reading each cell would take seconds.
MAX_CELLS: Final = 500_000
# Each try compares whole rows. Past this, many columns hold the same values in different rows: a table of flags.
MAX_TRIES: Final = 200


def says_the_same(one: Reading, other: Reading) -> bool:
    """Rows in any order, unless both statements give one. A result that was cut is equal to another only where both
    are cut alike and were computed alike: the rows that are not there could differ."""
    if one.statement == other.statement:
        return True
    if one.result.truncated or other.result.truncated:
        if not (one.result.truncated and other.result.truncated):
            return False
        if [line.text for line in one.lines] != [line.text for line in other.lines]:
            return False
    return same_result(one.result.table, other.result.table, one.order, other.order)


def same_result(one: pa.Table, other: pa.Table, order: tuple[str, ...] = (), other_order: tuple[str, ...] = ()) -> bool:
    """`order` are names of columns that the rows are ordered by, the first first; rows that tie in them are free."""
    if one.num_rows != other.num_rows:
        return False
    if one.num_columns > other.num_columns:
        one, other, order, other_order = other, one, other_order, order
    if one.num_columns < other.num_columns and one.num_rows < 2:
        return False
    if one.num_rows * other.num_columns > MAX_CELLS:
        return bool(one.num_columns == other.num_columns and one.equals(other.rename_columns(one.column_names)))
    if not one.num_rows:
        return True
    return _Search(one, other).finds_a_map(order if order and other_order else (), other_order if order else ())


class _Search:
    """Looks for the map of columns from the narrower result into the wider: fewest candidates first."""

    def __init__(self, narrow: pa.Table, wide: pa.Table) -> None:
        self._names, self._wide_names = narrow.column_names, wide.column_names
        self._narrow, self._wide = _columns(narrow), _columns(wide)
        self._tries = 0
        self._pairs = [dict(self._candidates(index)) for index in range(len(self._narrow))]

    def finds_a_map(self, order: tuple[str, ...], other_order: tuple[str, ...]) -> bool:
        if not all(self._pairs):
            return False
        sequence = sorted(range(len(self._pairs)), key=lambda index: len(self._pairs[index]))
        return self._extend({}, sequence, order, other_order)

    def _extend(
        self, chosen: Mapping[int, int], left: list[int], order: tuple[str, ...], other_order: tuple[str, ...]
    ) -> bool:
        if not left:
            return self._ordered_alike(chosen, order, other_order)
        for target in self._pairs[left[0]]:
            if target in chosen.values():
                continue
            self._tries += 1
            if self._tries > MAX_TRIES:
                return False
            longer = {**chosen, left[0]: target}
            is_checked = len(left) == 1 or len(self._pairs[left[0]]) > 1
            if (not is_checked or self._rows_agree(longer)) and self._extend(longer, left[1:], order, other_order):
                return True
        return False

    def _candidates(self, index: int) -> Iterator[tuple[int, tuple[Values, Values]]]:
        """Columns of the wider result that hold the same values; none but the one of the same name where there is one:
        5 won and 7 lost is not 7 won and 5 lost."""
        name = self._names[index].lower()
        called = [place for place, each in enumerate(self._wide_names) if each.lower() == name]
        is_told_apart = len(called) == 1 and [each.lower() for each in self._names].count(name) == 1
        for target in called if is_told_apart else range(len(self._wide)):
            pair = read_alike(self._narrow[index], self._wide[target])
            if pair[0].same_as(pair[1]):
                yield target, pair

    def _rows_agree(self, chosen: Mapping[int, int]) -> bool:
        if len(chosen) == 1:
            return True
        pairs = [self._pairs[index][target] for index, target in chosen.items()]
        left = list(zip(*(pair[0].cells for pair in pairs), strict=True))
        right = list(zip(*(pair[1].cells for pair in pairs), strict=True))
        return same_bag(left, right)

    def _ordered_alike(self, chosen: Mapping[int, int], order: tuple[str, ...], other_order: tuple[str, ...]) -> bool:
        """The columns that either is ordered by hold the same values in the same sequence in both."""
        ours = {self._names.index(name) for name in order if name in self._names}
        theirs = {self._wide_names.index(name) for name in other_order if name in self._wide_names}
        keys = [(index, target) for index, target in chosen.items() if index in ours or target in theirs]
        pairs = [self._pairs[index][target] for index, target in keys]
        return all(same_sequence(one.cells, other.cells) for one, other in pairs)


def _columns(table: pa.Table) -> list[Values]:
    return [Values(tuple(map(settled, column.to_pylist()))) for column in table.columns]
