"""Two runs over the same cases: by how much do they differ, and how sure is that?

Cases asked once that belong to no family are independent: McNemar's exact test with mid-p, and Tango's interval. With
repeats or families the independent unit is the group (a family, else a case): the sign-flip test and the interval by
groups. docs/evals-statistics.md says why these.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from evals.comparing.base import ALPHA, Comparison, Method
from evals.comparing.pairs import PairedCase, Pairing, pair
from evals.log.records import Run
from evals.stats.base import Interval
from evals.stats.clustered import (
    Bootstrapped,
    clustered_difference_interval,
    difference_error,
    paired_bootstrap,
    sign_flip_mid_p,
)
from evals.stats.decisions import holm
from evals.stats.paired import mcnemar_mid_p, paired_difference_interval
from evals.stats.power import detectable_from_error, smallest_detectable_gap
from evals.summary.summarise import summarise

# Of the bootstrap: the same runs give the same numbers each time.
_SEED = 7


def compare_runs(
    baseline: Run, others: Sequence[Run], *, force: bool = False, partial: bool = False
) -> tuple[Comparison, ...]:
    """Each of `others` with the baseline, with p values corrected by Holm. Raises RunsNotComparable."""
    each = [_compared(baseline, run, pair(baseline, run, force=force, partial=partial)) for run in others]
    adjusted = holm([comparison.p for comparison in each])
    return tuple(one.among(p, len(each) - 1) for one, p in zip(each, adjusted, strict=True))


def _compared(baseline: Run, run: Run, pairing: Pairing) -> Comparison:
    cases = pairing.cases
    groups = _groups(cases)
    independent = len(groups) == len(cases) and all(case.is_single for case in cases)
    interval, p, gap, bootstrap = _once(cases) if independent else _grouped(cases, groups)
    method: Method = "mcnemar" if independent else "groups"
    if p >= ALPHA:
        interval = interval.reaching(0.0)  # the test and the interval never contradict each other
    return Comparison(
        run=run,
        pairing=pairing,
        first=summarise((record for case in cases for record in case.first), baseline.header),
        second=summarise((record for case in cases for record in case.second), run.header),
        method=method,
        groups=len(groups),
        difference=float(sum(case.change for case in cases) / len(cases)),
        interval=interval,
        p=p,
        p_holm=p,
        gap=gap,
        parted=sum(case.change != 0 for case in cases) / len(cases),
        bootstrap=bootstrap,
    )


_Measured = tuple[Interval, float, float, Bootstrapped | None]


def _once(cases: Sequence[PairedCase]) -> _Measured:
    lost = sum(case.change < 0 for case in cases)
    gained = sum(case.change > 0 for case in cases)
    gap = smallest_detectable_gap(len(cases), (lost + gained) / len(cases))
    return paired_difference_interval(lost, gained, len(cases)), mcnemar_mid_p(lost, gained), gap, None


def _grouped(cases: Sequence[PairedCase], groups: Sequence[Sequence[PairedCase]]) -> _Measured:
    sums = [sum((case.change for case in group), Fraction(0)) for group in groups]
    changes, sizes = [float(each) for each in sums], [float(len(group)) for group in groups]
    moved = float(sum(abs(case.change) for case in cases))
    trials = min(sum(len(case.first) for case in cases), sum(len(case.second) for case in cases))
    interval = clustered_difference_interval(changes, sizes, moved, trials)
    gap = detectable_from_error(difference_error(changes, sizes), len(groups)) if len(groups) > 1 else 1.0
    return interval, sign_flip_mid_p(sums), gap, paired_bootstrap(changes, sizes, _SEED)


def _groups(cases: Sequence[PairedCase]) -> list[list[PairedCase]]:
    found: dict[str, list[PairedCase]] = {}
    for case in cases:
        found.setdefault(case.about.group, []).append(case)
    return list(found.values())
