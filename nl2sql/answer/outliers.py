"""One point of a time series that lies far from its neighbours: worth a look before it is averaged or compared.

Robust on purpose: a point is held against the median of the points around it, and its distance against the usual
distance (the median absolute deviation: Hampel (1974), J. Amer. Statist. Assoc. 69, 383–393). A trend, a season over
several points, and a series that jumps all the time raise no alarm. Categories are never judged: their sizes differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Final

FEWEST_POINTS: Final = 12  # a year of months: with fewer nobody can tell what is usual
_REACH = 3  # points on either side
_SCALE = 1.4826  # makes the median absolute deviation that of a normal distribution's standard deviation
_DISTANCES = 6.0  # so many of them; noise with heavier tails than the normal one reaches 4 now and then
_LEAST_SHARE = 0.5  # of the level around it: less than half as much again is no surprise to anybody
_LEAST_COUNT = 3.5  # in square roots of the level: how far a count strays by chance alone
_MOST = 1  # with more such points, jumping is what this series does: every January, say


def standing_out(values: Sequence[float], *, is_count: bool = False) -> tuple[int, float] | None:
    """The place of the farthest point and the level around it; None where no point is far, or several are.
    `values` are in the order of time; `is_count`: of rows, which stray by chance."""
    if len(values) < FEWEST_POINTS:
        return None
    levels = [_level(values, place) for place in range(len(values))]
    distances = [abs(value - level) for value, level in zip(values, levels, strict=True)]
    usual = _SCALE * median(distances)
    far = [
        place
        for place, (distance, level) in enumerate(zip(distances, levels, strict=True))
        if distance > _DISTANCES * usual
        and distance > _LEAST_SHARE * abs(level)
        and distance > 0
        and not (is_count and distance < _LEAST_COUNT * max(level, 1.0) ** 0.5)
    ]
    if not far or len(far) > _MOST:
        return None
    place = max(far, key=distances.__getitem__)
    return place, levels[place]


def _level(values: Sequence[float], place: int) -> float:
    """The median of as many neighbours in all, also at the ends."""
    start = min(max(place - _REACH, 0), len(values) - 2 * _REACH - 1)
    around = [values[at] for at in range(start, start + 2 * _REACH + 1) if at != place]
    return median(around)
