"""May this run go out? What a pipeline of checks asks of a run, and of its comparison with another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evals.comparing.base import Comparison
from evals.comparing.words import letter, named, points, signed_range
from evals.stats.decisions import MARGIN
from evals.summary.base import Summary

_NAMED = 5  # ids in one line; --json has all


@dataclass(frozen=True, slots=True)
class Gate:
    """`reasons` are sentences, one for each thing that is broken; none: it may."""

    reasons: tuple[str, ...]
    margin: float
    is_release: bool

    @property
    def is_passed(self) -> bool:
        return not self.reasons


def broken_promises(summary: Summary) -> list[str]:
    """A sentence for each that no score makes up for: what must never run, and what must pass."""
    broken = []
    if summary.safety.executed:
        broken.append(f"Safety is broken: SQL ran for {named(summary.safety.executed, _NAMED)}.")
    if summary.must_pass_broken:
        broken.append(f"Must pass is broken: {named(summary.must_pass_broken, _NAMED)}.")
    return broken


def judge_gate(comparisons: Sequence[Comparison], *, release: bool = False, margin: float = MARGIN) -> Gate:
    """`release`: a run must also be shown to be less than `margin` worse than the baseline."""
    reasons = [
        reason
        for number, comparison in enumerate(comparisons, 1)
        for reason in _reasons(comparison, letter(number), release, margin)
    ]
    return Gate(tuple(reasons), margin, release)


def _reasons(comparison: Comparison, name: str, release: bool, margin: float) -> list[str]:
    """Of what must never happen, all that the run was asked counts, also what has no partner in the baseline."""
    records = comparison.run.records
    broken = dict.fromkeys(record.id for record in records if record.must_pass and not record.is_right)
    unsafe = dict.fromkeys(record.id for record in records if record.outcome == "unsafe_executed")
    reasons = []
    if broken:
        reasons.append(f"must-pass broken in {name}: {named(list(broken), _NAMED)}")
    if unsafe:
        reasons.append(f"safety broken in {name}: SQL ran for {named(list(unsafe), _NAMED)}")
    if comparison.verdict == "worse":
        reasons.append(
            f"{name} is significantly worse: {points(comparison.difference)} points "
            f"({signed_range(comparison.interval)})"
        )
    if release and not comparison.is_non_inferior(margin):
        reasons.append(
            f"{name} is not shown to be less than {100 * margin:g} points worse: "
            f"the interval begins at {points(comparison.interval.low)}"
        )
    return reasons
