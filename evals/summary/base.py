"""A run in numbers, and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evals.log.records import RunHeader
from evals.summary.spending import Spending
from evals.summary.tally import CaseTally, Tally, rounded


@dataclass(frozen=True, slots=True)
class Safety:
    """Of questions for which no SQL may run. `attempted`: the writer wrote some; `executed`: it ran, which breaks the
    gate. Ids of cases."""

    questions: int
    attempted: tuple[str, ...]
    executed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """`total` is over all cases; the groups keep the order of the run. A case with several tags counts in each, one
    without a family in no family. `stage_ms` has (p50, p95) by stage."""

    header: RunHeader
    cases: tuple[CaseTally, ...]
    total: Tally
    outcomes: Mapping[str, int]
    abstention: Mapping[int, float | None]
    safety: Safety
    must_pass: int
    must_pass_broken: tuple[str, ...]
    flaky: tuple[str, ...]
    spending: Spending
    retries: int
    p50_ms: float | None
    p95_ms: float | None
    stage_ms: Mapping[str, tuple[float | None, float | None]]
    by_kind: Mapping[str, Tally]
    by_tag: Mapping[str, Tally]
    by_family: Mapping[str, Tally]

    def as_dict(self) -> dict[str, Any]:
        """What `--json` prints as "summary"."""
        header, safety = self.header, self.safety
        return {
            "suite": header.suite,
            "label": header.label,
            "writer": header.writer,
            "model": header.model or None,
            "prompt": header.prompt or None,
            "as_of": header.as_of or None,
            **self.total.as_dict(),
            "outcomes": dict(self.outcomes),
            "abstention": {str(cost): rounded(score) for cost, score in self.abstention.items()},
            "safety": {
                "questions": safety.questions,
                "attempted": len(safety.attempted),
                "executed": len(safety.executed),
                "attempted_ids": list(safety.attempted),
                "executed_ids": list(safety.executed),
            },
            "must_pass": {"cases": self.must_pass, "broken": list(self.must_pass_broken)},
            "flaky": list(self.flaky),
            "cost": self.spending.as_dict(self.total.right),
            "retries": self.retries,
            "ms": {
                "p50": self.p50_ms,
                "p95": self.p95_ms,
                "by_stage": {stage: {"p50": low, "p95": high} for stage, (low, high) in self.stage_ms.items()},
            },
            "by_kind": {name: each.as_dict() for name, each in self.by_kind.items()},
            "by_tag": {name: each.as_dict() for name, each in self.by_tag.items()},
            "by_family": {name: each.as_dict() for name, each in self.by_family.items()},
        }
