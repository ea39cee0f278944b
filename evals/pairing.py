"""Can every row on the left be given an equal row of its own on the right? With a tolerance, that is a matching.

Rows are tuples of cells that `evals.values` has read: Decimals are compared with the tolerance, all else exactly.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict, deque
from collections.abc import Sequence
from decimal import Decimal

from evals.values import NOISE, Cell, close, half_unit

Row = tuple[Cell, ...]
Numbers = tuple[Decimal, ...]


def can_pair(left: Sequence[Row], right: Sequence[Row], decimals: int) -> bool:
    if len(left) > len(right):
        return False
    if not Counter(left) - Counter(right):
        return True
    grouped = _by_exact_cells(right)
    return all(
        _can_pair_numbers(rows, grouped.get(exact, []), decimals) for exact, rows in _by_exact_cells(left).items()
    )


def _by_exact_cells(rows: Sequence[Row]) -> dict[Row, list[Numbers]]:
    groups: dict[Row, list[Numbers]] = defaultdict(list)
    for row in rows:
        # The class keeps a number's place, and 1 apart from anything else that equals it.
        exact = tuple(Decimal if isinstance(cell, Decimal) else (type(cell), cell) for cell in row)
        groups[exact].append(tuple(cell for cell in row if isinstance(cell, Decimal)))
    return groups


def _can_pair_numbers(left: list[Numbers], right: list[Numbers], decimals: int) -> bool:
    if len(left) > len(right):
        return False
    if not left[0]:
        return True
    width = len(left[0])
    left, right = sorted(left), sorted(right)
    if len(left) == len(right) and all(_close(a, b, decimals) for a, b in zip(left, right, strict=True)):
        return True
    for place in range(width):
        if not _fits_one_place([row[place] for row in left], [row[place] for row in right], decimals):
            return False
    return _matches(left, right, decimals)


def _close(one: Numbers, other: Numbers, decimals: int) -> bool:
    return all(close(a, b, decimals) for a, b in zip(one, other, strict=True))


def _reach(number: Decimal, decimals: int) -> Decimal:
    """Nothing farther away than this is close to `number`."""
    return half_unit(decimals) + 2 * NOISE * (abs(number) + 1)


def _fits_one_place(left: list[Decimal], right: list[Decimal], decimals: int) -> bool:
    """Necessary, and quick: on a line the smallest goes with the smallest that it reaches."""
    waiting = deque(sorted(right))
    for number in sorted(left):
        reach = _reach(number, decimals)
        while waiting and waiting[0] < number - reach:
            waiting.popleft()
        if not waiting or waiting.popleft() > number + reach:
            return False
    return True


def _matches(left: list[Numbers], right: list[Numbers], decimals: int) -> bool:
    """Bipartite matching by augmenting paths; only near rows are looked at, by the place that tells most apart."""
    place = max(range(len(left[0])), key=lambda i: len({row[i] for row in right}))
    right = sorted(right, key=lambda row: row[place])
    line = [row[place] for row in right]
    neighbours: list[list[int]] = []
    for row in left:
        reach = _reach(row[place], decimals)
        start, stop = bisect_left(line, row[place] - reach), bisect_right(line, row[place] + reach)
        neighbours.append([i for i in range(start, stop) if _close(row, right[i], decimals)])
    partners: list[int | None] = [None] * len(left)
    taken: dict[int, int] = {}  # right → left
    return all(_augment(start, neighbours, partners, taken) for start in range(len(left)))


def _augment(start: int, neighbours: list[list[int]], partners: list[int | None], taken: dict[int, int]) -> bool:
    """Gives `start` a partner, moving others along a shortest alternating path."""
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
            return True
    return False
