"""Can every row on the left be given an equal row of its own on the right? With a tolerance, that is a matching.

Rows are tuples of cells that `evals.matching.values` has read: numbers are compared with the tolerance, all
else exactly.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from evals.matching.tolerance import Number, Tolerance, as_double
from evals.matching.values import Cell

Row = tuple[Cell, ...]
Numbers = tuple[Number, ...]
Neighbours = list[list[int]]

# Pairs of rows that are looked at one by one. About two seconds; past it, thousands of rows lie within the tolerance of
# each other and no sorting tells them apart.
MAX_PAIRS = 2_000_000


class TooManyPairs(Exception):
    """Whether the rows can be paired would take too long to find out."""


def can_pair(left: Sequence[Row], right: Sequence[Row], tolerance: Tolerance) -> bool:
    """Raises TooManyPairs."""
    if len(left) > len(right):
        return False
    if left == right:
        return True
    if len(right) == 1:
        return len(left) == 0 or _is_one_close(left[0], right[0], tolerance)
    if len(left) == len(right) and all(_is_one_close(a, b, tolerance) for a, b in zip(left, right, strict=True)):
        return True
    if not Counter(left) - Counter(right):
        return True
    return _by_groups(left, right, lambda a, b: _can_pair_numbers(a, b, tolerance))


def is_covered(left: Sequence[Row], right: Sequence[Row], tolerance: Tolerance) -> bool:
    """Whether every row on the left has an equal one on the right, which may serve for several. Raises TooManyPairs."""
    missing = set(left) - set(right)
    if not missing:
        return True
    return _by_groups(list(missing), list(set(right)), lambda a, b: all(_neighbours(a, b, tolerance)))


def fits(left: Sequence[float], right: Sequence[float], reach: Callable[[float], float]) -> bool:
    """Whether each number on the left has one of its own on the right in its reach. Both are sorted.

    On a line the smallest goes with the smallest that it reaches.
    """
    if left == right:
        return True
    waiting = iter(right)
    for number in left:
        near = reach(number)
        for other in waiting:
            if other > number + near:
                return False
            if other >= number - near:
                break
        else:
            return False
    return True


def _is_one_close(one: Row, other: Row, tolerance: Tolerance) -> bool:
    for a, b in zip(one, other, strict=True):
        if isinstance(a, int | float | Decimal) and isinstance(b, int | float | Decimal):
            if not tolerance.close(a, b):
                return False
        elif a != b:
            return False
    return True


def _by_groups(
    left: Sequence[Row], right: Sequence[Row], can_pair_numbers: Callable[[list[Numbers], list[Numbers]], bool]
) -> bool:
    if not left:
        return True
    places = [_numbers_at(place, left, right) for place in range(len(left[0]))]
    grouped = _by_exact_cells(right, places)
    return all(can_pair_numbers(rows, grouped.get(exact, [])) for exact, rows in _by_exact_cells(left, places).items())


def _numbers_at(place: int, left: Sequence[Row], right: Sequence[Row]) -> bool | None:
    """Whether all cells at the place are numbers; None where some are."""
    kinds = {type(row[place]) for row in left} | {type(row[place]) for row in right}
    numbers = {kind for kind in kinds if issubclass(kind, int | float | Decimal)}
    return True if numbers == kinds else (None if numbers else False)


def _by_exact_cells(rows: Sequence[Row], places: Sequence[bool | None]) -> dict[Row, list[Numbers]]:
    """Rows of numbers by the cells that are none. In a column of both, a mark keeps the place of a number."""
    exact: list[Sequence[Cell]] = []
    numbers: list[Sequence[Any]] = []
    for place, is_number in enumerate(places):
        column = [row[place] for row in rows]
        if is_number is False:
            exact.append(column)
        elif is_number:
            numbers.append(column)
        else:
            exact.append([_NUMBER if isinstance(cell, int | float | Decimal) else cell for cell in column])
            numbers.append([cell if isinstance(cell, int | float | Decimal) else 0 for cell in column])
    groups: dict[Row, list[Numbers]] = defaultdict(list)
    nothing: list[Any] = [()] * len(rows)
    keys, values = zip(*exact, strict=True) if exact else nothing, zip(*numbers, strict=True) if numbers else nothing
    for key, value in zip(keys, values, strict=True):
        groups[key].append(value)
    return groups


# Equal to nothing that a database gives.
_NUMBER = object()


def _can_pair_numbers(left: list[Numbers], right: list[Numbers], tolerance: Tolerance) -> bool:
    if len(left) > len(right):
        return False
    if not left[0]:
        return True
    left, right = sorted(left), sorted(right)
    if len(left) == len(right) and all(_close(a, b, tolerance) for a, b in zip(left, right, strict=True)):
        return True
    for place in range(len(left[0])):
        line, other = (sorted(as_double(row[place]) for row in rows) for rows in (left, right))
        if not fits(line, other, tolerance.reach):
            return False
    return has_matching(_neighbours(left, right, tolerance))


def _close(one: Numbers, other: Numbers, tolerance: Tolerance) -> bool:
    return all(a == b or tolerance.close(a, b) for a, b in zip(one, other, strict=True))


def _neighbours(left: list[Numbers], right: list[Numbers], tolerance: Tolerance) -> Neighbours:
    """For each row on the left, which on the right are close; only near rows are looked at, by the place that tells
    most apart."""
    if not right or not left[0]:
        return [list(range(len(right))) for _ in left]
    place = max(range(len(left[0])), key=lambda i: len({row[i] for row in right}))
    order = sorted(range(len(right)), key=lambda i: as_double(right[i][place]))
    line = [as_double(right[i][place]) for i in order]
    found: Neighbours = []
    looked_at = 0
    for row in left:
        number = as_double(row[place])
        reach = tolerance.reach(number)
        near = order[bisect_left(line, number - reach) : bisect_right(line, number + reach)]
        looked_at += len(near)
        if looked_at > MAX_PAIRS:
            raise TooManyPairs
        found.append([i for i in near if _close(row, right[i], tolerance)])
    return found


def has_matching(neighbours: Neighbours) -> bool:
    """Whether each on the left has one of its own: bipartite matching by augmenting paths. Raises TooManyPairs."""
    partners: list[int | None] = [None] * len(neighbours)
    taken: dict[int, int] = {}  # right → left
    steps = 0
    for start in range(len(neighbours)):
        found, walked = _augment(start, neighbours, partners, taken)
        if not found:
            return False
        steps += walked
        if steps > MAX_PAIRS:
            raise TooManyPairs
    return True


def _augment(start: int, neighbours: Neighbours, partners: list[int | None], taken: dict[int, int]) -> tuple[bool, int]:
    """Gives `start` a partner, moving others along a shortest alternating path; and how many steps that took."""
    came_from: dict[int, int] = {}  # right → left it was reached from
    waiting = deque([start])
    while waiting:
        current = waiting.popleft()
        for target in neighbours[current]:
            if target in came_from:
                continue
            came_from[target] = current
            if target in taken:
                waiting.append(taken[target])
                continue
            free: int | None = target
            while free is not None:  # each left on the path takes what it reached; the start had nothing to give up
                mover = came_from[free]
                taken[free] = mover
                partners[mover], free = free, partners[mover]
            return True, len(came_from)
    return False, len(came_from)
