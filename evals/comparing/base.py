"""What a comparison of two runs says. The first run is the baseline, the second the one that is judged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from evals.comparing.pairs import PairedCase, Pairing
from evals.log.records import Run
from evals.stats.base import Interval
from evals.stats.clustered import Bootstrapped
from evals.stats.decisions import is_non_inferior
from evals.summary.base import Summary

Verdict = Literal["better", "worse", "cannot tell"]
Method = Literal["mcnemar", "groups"]
# A p value below it is called a difference.
ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Comparison:
    """`first` and `second` sum up the cases that are compared, `run` is the second with all it has.

    `difference`, `interval` and `gap` are shares: second less first. `p` is of this pair alone, `p_holm` corrected for
    all that were compared with the same baseline. `gap` is the smallest difference that would have been found four
    times in five. `groups` are what counts as independent: cases, or families. `bootstrap` is a second opinion where
    cases come in groups, else None.
    """

    run: Run
    pairing: Pairing
    first: Summary
    second: Summary
    method: Method
    groups: int
    difference: float
    interval: Interval
    p: float
    p_holm: float
    gap: float
    parted: float
    bootstrap: Bootstrapped | None = None
    others: int = 0

    @property
    def cases(self) -> int:
        return len(self.pairing.cases)

    @property
    def verdict(self) -> Verdict:
        if self.p_holm >= ALPHA or self.interval.holds(0.0):
            return "cannot tell"
        return "better" if self.difference > 0 else "worse"

    @property
    def lost(self) -> tuple[PairedCase, ...]:
        """Those that the second run has less often right, the farthest first."""
        return tuple(sorted((c for c in self.pairing.cases if c.change < 0), key=lambda case: case.change))

    @property
    def gained(self) -> tuple[PairedCase, ...]:
        return tuple(sorted((c for c in self.pairing.cases if c.change > 0), key=lambda case: -case.change))

    def is_non_inferior(self, margin: float) -> bool:
        return is_non_inferior(self.interval, margin)

    def among(self, p_holm: float, others: int) -> Comparison:
        return replace(self, p_holm=p_holm, others=others)
