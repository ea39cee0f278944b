"""Whether a run is good enough: what must pass, what must never run, and the limits that were named."""

from __future__ import annotations

from dataclasses import dataclass

from evals.comparing.gate import broken_promises
from evals.summary.base import Summary
from evals.wording import percent


@dataclass(frozen=True, slots=True)
class Limits:
    """`fail_under` is a share of right answers, `max_wrong` a number of answers that are wrong or failed; None: any."""

    fail_under: float | None = None
    max_wrong: int | None = None


def broken(summary: Summary, limits: Limits) -> list[str]:
    """A sentence for each gate that is not passed."""
    total, found = summary.total, broken_promises(summary)
    share = total.right / total.trials if total.trials else None
    if limits.fail_under is not None and (share is None or share < limits.fail_under):
        told = "none" if share is None else percent(share)
        found.append(f"Right are {told}, and --fail-under is {percent(limits.fail_under)}.")
    bad = total.wrong + total.failed
    if limits.max_wrong is not None and bad > limits.max_wrong:
        found.append(f"Wrong or failed are {bad:,}, and --max-wrong is {limits.max_wrong:,}.")
    return found
