"""Two runs over the same independent cases, each asked once: the test, and the interval of the difference.

`gained` are the cases that only the second run has right, `lost` those that only the first has; all others cancel.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from evals.stats.base import LEVEL, Interval
from evals.stats.quantiles import two_sided

Array = npt.NDArray[np.float64]

_HALVINGS = 48  # of an interval 1 wide: past what a float can tell apart at these sizes


def mcnemar_mid_p(lost: int, gained: int) -> float:
    """Two-sided exact McNemar test with mid-p: how often chance alone parts as many cases at least as unevenly, those
    exactly as uneven counted half. Fagerland, Lydersen and Laake (2013), BMC Medical Research Methodology 13:91."""
    n, fewer = lost + gained, min(lost, gained)
    if n == 0:
        return 1.0
    steps = np.arange(1, fewer + 1)
    choose = np.concatenate(([0.0], np.cumsum(np.log((n - steps + 1) / steps))))
    chances = np.exp(choose - n * np.log(2.0))
    if lost == gained:
        return float(1 - chances[-1] / 2)
    return float(min(1.0, 2 * chances.sum() - chances[-1]))


def paired_difference_interval(lost: float, gained: float, n: float, level: float = LEVEL) -> Interval:
    """The score interval of the difference (gained − lost) / n: Tango (1998), Statistics in Medicine 17, 891–908. With
    no case, all is possible: −1 to 1."""
    if n <= 0:
        return Interval(-1.0, 1.0)
    limits = tango_limits(np.array([lost], float), np.array([gained], float), np.array([n], float), two_sided(level))
    return Interval(float(limits[0][0]), float(limits[1][0]))


def tango_limits(lost: Array, gained: Array, n: Array, z: float) -> tuple[Array, Array]:
    """Tango's limits for many results at once; counts need not be whole. `z`: 1.96 for 95 %."""

    def score(difference: Array) -> Array:
        """How many standard errors the result is above `difference`; falls as that rises."""
        linear = (2 * n + lost - gained) * difference - lost - gained
        free = lost * difference * (1 - difference)
        share = (np.sqrt(np.maximum(linear**2 + 8 * n * free, 0.0)) - linear) / (4 * n)
        variance = n * (2 * share + difference * (1 - difference))
        return (gained - lost - n * difference) / np.sqrt(np.maximum(variance, 1e-12))

    seen = (gained - lost) / n
    low = _last_where(lambda d: score(d) > z, np.full_like(seen, -1.0), seen)
    high = _last_where(lambda d: score(d) > -z, seen, np.full_like(seen, 1.0))
    return low, high


def _last_where(holds: Callable[[Array], npt.NDArray[np.bool_]], low: Array, high: Array) -> Array:
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        yes = holds(middle)
        low, high = np.where(yes, middle, low), np.where(yes, high, middle)
    return (low + high) / 2
