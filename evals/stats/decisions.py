"""From p values and intervals to what may be said."""

from __future__ import annotations

from collections.abc import Sequence

from evals.stats.base import Interval

MARGIN = 0.05


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjusted so that of several comparisons the chance of any false alarm stays what one alone has, in the order
    given: Holm (1979), Scandinavian Journal of Statistics 6, 65–70."""
    adjusted = [0.0] * len(p_values)
    worst = 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        worst = max(worst, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = worst
    return tuple(adjusted)


def is_non_inferior(interval: Interval, margin: float = MARGIN) -> bool:
    """Is a loss of `margin` or more ruled out? The lower end of a 95 % interval says so wrongly at most 2.5 % of the
    time: ICH E9 (1998), section 3.3.2."""
    return interval.low > -margin
