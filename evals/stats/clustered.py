"""Two runs over the same cases where cases are no independent trials: repeats, and families of paraphrases.

Every group (a family, else a case) is one independent observation. Its `sums` entry is what the second run has right
in it more than the first, in cases: a case that goes from one of three repeats right to three of three counts ⅔.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm

import numpy as np
import numpy.typing as npt

from evals.stats.base import LEVEL, Interval
from evals.stats.paired import tango_limits
from evals.stats.proportion import smoothed_variance
from evals.stats.quantiles import t_quantile

Array = npt.NDArray[np.float64]

# See `proportion`: here a twentieth is enough. Without, intervals on 30 families of 3 repeats covered 92 to 93 % where
# few cases differed; with it at least 94 % in all that was simulated.
_SMOOTHING = 0.05
# Sums in units finer than a millionth of the whole are rounded to it, which no p value shows.
_FINEST = 1_000_000
_RESAMPLES = 2_000


def sign_flip_mid_p(sums: Sequence[Fraction | int]) -> float:
    """Two-sided: how often the total is at least as far from 0 if in each group the runs are swapped or not by a fair
    coin; exactly as far counts half. Exact over all 2^G swaps, by adding up one group after the other.

    Fisher's randomisation test for pairs (The Design of Experiments, 1935, §21), by groups. Groups of one case asked
    once make it McNemar's mid-p.
    """
    units = _in_units(sums)
    reach = sum(abs(unit) for unit in units)
    if reach == 0:
        return 1.0
    chances = np.ones(1)  # of each sum of the groups that count upwards
    for unit in sorted(abs(unit) for unit in units if unit):
        both = np.zeros(len(chances) + unit)
        both[: len(chances)] = chances / 2
        both[unit:] += chances / 2
        chances = both
    distance = np.abs(2 * np.arange(reach + 1) - reach)
    seen = abs(sum(units))
    return float(min(1.0, chances[distance > seen].sum() + chances[distance == seen].sum() / 2))


def _in_units(sums: Sequence[Fraction | int]) -> list[int]:
    parts = [Fraction(each) for each in sums]
    unit = lcm(*(part.denominator for part in parts))
    whole = [int(part * unit) for part in parts]
    common = gcd(*whole) or 1
    whole = [each // common for each in whole]
    reach = sum(abs(each) for each in whole)
    return whole if reach <= _FINEST else [round(Fraction(each * _FINEST, reach)) for each in whole]


def clustered_difference_interval(
    sums: Sequence[float], sizes: Sequence[float], moved: float, trials: float, level: float = LEVEL
) -> Interval:
    """The interval of Σ sums / Σ sizes, a difference of shares. `sizes` are the cases of each group, `moved` is how far
    cases went either way (the sum of |difference|), `trials` how many answers of one run there are.

    Tango's interval for as many independent cases as would vary as much as the groups do, with Student's t. With fewer
    than two groups, all is possible.
    """
    if len(sums) < 2:
        return Interval(-1.0, 1.0)
    low, high = clustered_limits(np.array([sums], float), np.array(sizes, float), np.array([moved]), trials, level)
    return Interval(float(low[0]), float(high[0]))


def clustered_limits(
    sums: Array, sizes: Array, moved: Array, trials: float, level: float = LEVEL
) -> tuple[Array, Array]:
    """As `clustered_difference_interval`, for many outcomes of the same groups at once: `sums` has a row for each."""
    cases = sizes.sum()
    difference, share = sums.sum(axis=1) / cases, moved / cases
    middle, variance = smoothed_variance(sums, sizes, _SMOOTHING, spread=(-1.0, 1.0))
    added = 2 * _SMOOTHING * (sizes**2).sum() / cases
    spread = (moved + added) / (cases + added) - middle**2
    effective = np.minimum(spread / variance, trials)
    lost, gained = effective * (share - difference) / 2, effective * (share + difference) / 2
    return tango_limits(lost, gained, effective, t_quantile((1 + level) / 2, len(sizes) - 1))


def difference_error(sums: Sequence[float], sizes: Sequence[float]) -> float:
    """The standard error of Σ sums / Σ sizes by groups: at least two of them."""
    _, variance = smoothed_variance(np.array([sums], float), np.array(sizes, float), _SMOOTHING, spread=(-1.0, 1.0))
    return float(np.sqrt(variance[0]))


@dataclass(frozen=True, slots=True)
class Bootstrapped:
    """`p` is two-sided: twice the smaller share of resamples on either side of no difference."""

    difference: float
    interval: Interval
    p: float


def paired_bootstrap(
    sums: Sequence[float], sizes: Sequence[float], seed: int, level: float = LEVEL, resamples: int = _RESAMPLES
) -> Bootstrapped:
    """The percentile bootstrap by groups: whole groups are drawn with replacement. Efron and Tibshirani (1993), An
    Introduction to the Bootstrap, chapter 13.

    A second opinion that many people know: on 20 to 60 groups it is too narrow (docs/evals-statistics.md has how much),
    so no verdict is made of it.
    """
    difference = float(sum(sums) / sum(sizes))
    if len(sums) < 2:
        return Bootstrapped(difference, Interval(-1.0, 1.0), 1.0)
    draws = np.random.default_rng(seed).multinomial(len(sums), [1 / len(sums)] * len(sums), size=resamples)
    means = draws @ np.array(sums, float) / (draws @ np.array(sizes, float))
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    beyond = min((1 + np.sum(means <= 0)), (1 + np.sum(means >= 0))) / (resamples + 1)
    return Bootstrapped(difference, Interval(float(low), float(high)), float(min(1.0, 2 * beyond)))
