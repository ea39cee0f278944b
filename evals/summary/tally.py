"""Counts of a case in all its repeats, and shares over cases with their intervals.

Shares are means over cases: a case asked three times and right twice counts ⅔. `trials` are answers, `cases` questions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from evals.log.records import CaseRecord
from evals.outcome import RESULTS, Outcome, result_of
from evals.stats.base import Interval
from evals.stats.proportion import mean_interval, wilson

_ABSTAINED: frozenset[Outcome] = frozenset({"declined", "clarified", "guard_blocked"})


@dataclass(slots=True)
class CaseTally:
    """What came of one case in all its repeats."""

    id: str
    kind: str
    tags: tuple[str, ...]
    group: str
    must_pass: bool
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    answered: int = 0
    right_answered: int = 0
    strict: int = 0
    attempted: int = 0
    ms: list[float] = field(default_factory=list)

    def add(self, record: CaseRecord) -> None:
        self.outcomes[record.outcome] += 1
        self.answered += record.is_answered
        self.right_answered += record.is_answered and record.is_right
        self.strict += record.is_strict
        self.attempted += record.wrote_sql
        self.ms.append(record.ms)

    @property
    def trials(self) -> int:
        return len(self.ms)

    @property
    def right(self) -> int:
        return self.outcomes["right"]

    @property
    def is_flaky(self) -> bool:
        return 0 < self.right < self.trials

    def count(self, result: str) -> int:
        return sum(n for outcome, n in self.outcomes.items() if result_of(outcome) == result)


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts (of trials) and shares over some cases; a share is None where there is nothing to divide by.

    `coverage`: answered, of the questions that have an answer. `selective_accuracy`: right, of all that was answered,
    questions that had to be declined included. `over_refusal`: declined, asked back or blocked by the guard, of the
    questions that have an answer. `strict_accuracy`: right without a column too many.
    """

    cases: int
    trials: int
    right: int
    wrong: int
    declined: int
    refused: int
    failed: int
    accuracy: float | None
    accuracy_interval: Interval | None
    strict_accuracy: float | None
    coverage: float | None
    coverage_interval: Interval | None
    selective_accuracy: float | None
    selective_accuracy_interval: Interval | None
    over_refusal: float | None
    median_ms: float | None

    def as_dict(self) -> dict[str, Any]:
        return {each.name: rounded(getattr(self, each.name)) for each in fields(self)}


def tally(cases: Sequence[CaseTally]) -> Tally:
    answerable = [case for case in cases if case.kind == "answerable"]
    accuracy, accuracy_interval = _share(cases, lambda case: case.right)
    coverage, coverage_interval = _share(answerable, lambda case: case.answered)
    selective, selective_interval = _share_of_answered(cases)
    return Tally(
        cases=len(cases),
        trials=sum(case.trials for case in cases),
        **{result: sum(case.count(result) for case in cases) for result in RESULTS},
        accuracy=accuracy,
        accuracy_interval=accuracy_interval,
        strict_accuracy=_share(cases, lambda case: case.strict)[0],
        coverage=coverage,
        coverage_interval=coverage_interval,
        selective_accuracy=selective,
        selective_accuracy_interval=selective_interval,
        over_refusal=_share(answerable, lambda case: sum(case.outcomes[each] for each in _ABSTAINED))[0],
        median_ms=percentile([ms for case in cases for ms in case.ms], 50),
    )


def _share(cases: Sequence[CaseTally], part: Callable[[CaseTally], int]) -> tuple[float | None, Interval | None]:
    """The mean over cases of the share of trials, and its interval."""
    if not cases:
        return None, None
    trials = sum(case.trials for case in cases)
    shares = [(case.group, part(case) / case.trials, 1.0) for case in cases]
    return sum(share for _, share, _ in shares) / len(cases), _interval(shares, trials)


def _share_of_answered(cases: Sequence[CaseTally]) -> tuple[float | None, Interval | None]:
    answered = [(case.group, float(case.right_answered), float(case.answered)) for case in cases if case.answered]
    total = sum(size for _, _, size in answered)
    if not total:
        return None, None
    return sum(right for _, right, _ in answered) / total, _interval(answered, int(total))


def _interval(parts: Sequence[tuple[str, float, float]], trials: int) -> Interval:
    """Of (group, part, size): Wilson's where each trial is a group of its own, else by groups."""
    sums: dict[str, float] = {}
    sizes: dict[str, float] = {}
    for group, part, size in parts:
        sums[group] = sums.get(group, 0.0) + part
        sizes[group] = sizes.get(group, 0.0) + size
    if len(sums) == trials:
        return wilson(sum(sums.values()), trials)
    return mean_interval(list(sums.values()), list(sizes.values()), trials)


def percentile(values: Sequence[float], percent: float) -> float | None:
    """Interpolated between the two nearest; None of nothing."""
    return round(float(np.percentile(values, percent)), 1) if values else None


def rounded(value: Any) -> Any:
    """For JSON: an interval as [low, high]."""
    if isinstance(value, Interval):
        return [round(value.low, 4), round(value.high, 4)]
    return round(value, 4) if isinstance(value, float) else value
