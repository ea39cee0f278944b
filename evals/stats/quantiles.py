"""Quantiles of the normal and of Student's t distribution."""

from __future__ import annotations

from functools import lru_cache
from math import atan, cos, pi, sin, sqrt
from statistics import NormalDist

# Past this, t and the normal differ by less than 3 in 10,000 at 97.5 %.
_NEARLY_NORMAL = 10_000


def two_sided(level: float) -> float:
    """The z for which a share `level` of the normal distribution lies within ±z: 1.96 for 0.95."""
    return NormalDist().inv_cdf((1 + level) / 2)


def t_within(t: float, freedom: int) -> float:
    """P(|T| ≤ t) for whole degrees of freedom: Abramowitz and Stegun (1964), 26.7.3 and 26.7.4, finite sums."""
    theta = atan(t / sqrt(freedom))
    sine, square = sin(theta), cos(theta) ** 2
    odd = freedom % 2
    term = total = cos(theta) if odd else 1.0
    if freedom == 1:
        return 2 * theta / pi
    for k in range(3 if odd else 2, freedom - 1, 2):
        term *= square * (k - 1) / k
        total += term
    return 2 / pi * (theta + sine * total) if odd else sine * total


@lru_cache(maxsize=1024)
def t_quantile(probability: float, freedom: int) -> float:
    """The t below which a share `probability` (0.5 to below 1) lies, by halving. `freedom`: at least 1."""
    if freedom > _NEARLY_NORMAL:
        return NormalDist().inv_cdf(probability)
    within = 2 * probability - 1
    low, high = 0.0, 2.0
    while t_within(high, freedom) < within:
        low, high = high, 2 * high
    while high - low > 1e-12 * (1 + high):
        middle = (low + high) / 2
        low, high = (middle, high) if t_within(middle, freedom) < within else (low, middle)
    return (low + high) / 2
