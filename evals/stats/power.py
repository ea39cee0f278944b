"""How small a difference could be found at all, and how large a suite must be to find a given one."""

from __future__ import annotations

from math import ceil, sqrt
from statistics import NormalDist

from evals.stats.quantiles import t_quantile

ALPHA = 0.05
POWER = 0.8


def smallest_detectable_gap(n: int, discordant_share: float, alpha: float = ALPHA, power: float = POWER) -> float:
    """The difference of two runs that a paired test of `n` independent cases, asked once, finds with this power, where
    they part in `discordant_share` of the cases. 0 to 1; 1 where no difference could be found.

    Solves the sample size of Connor (1987), Biometrics 43, 207–211 (after Miettinen 1968) for the difference. No two
    runs differ by more than they part: a share below the gap is taken to be the gap.
    """
    if n <= 0 or _excess(1.0, n, discordant_share, alpha, power) < 0:
        return 1.0
    low, high = 0.0, 1.0
    while high - low > 1e-9:
        middle = (low + high) / 2
        low, high = (low, middle) if _excess(middle, n, discordant_share, alpha, power) >= 0 else (middle, high)
    return high


def cases_needed(gap: float, discordant_share: float, alpha: float = ALPHA, power: float = POWER) -> int:
    """How many independent cases find this gap. Connor (1987), as above; `gap` above 0 and at most 1."""
    parted = max(discordant_share, gap)
    normal = NormalDist()
    root = normal.inv_cdf(1 - alpha / 2) * sqrt(parted) + normal.inv_cdf(power) * sqrt(parted - gap * gap)
    return ceil((root / gap) ** 2)


def _excess(gap: float, n: int, discordant_share: float, alpha: float, power: float) -> float:
    """Above 0 where `n` cases are more than enough for the gap."""
    parted = max(discordant_share, gap)
    normal = NormalDist()
    needed = normal.inv_cdf(1 - alpha / 2) * sqrt(parted) + normal.inv_cdf(power) * sqrt(max(parted - gap * gap, 0.0))
    return gap * sqrt(n) - needed


def detectable_from_error(error: float, groups: int, alpha: float = ALPHA, power: float = POWER) -> float:
    """The same from an observed standard error by groups: (t of alpha + t of power) · error, the minimum detectable
    effect of Bloom (1995), Evaluation Review 19, 547–556. 1 with fewer than two groups."""
    if groups < 2:
        return 1.0
    return min(1.0, (t_quantile(1 - alpha / 2, groups - 1) + t_quantile(power, groups - 1)) * error)
