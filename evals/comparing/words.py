"""A comparison in words. Differences are told in points: hundredths of a share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from evals.stats.base import Interval
from nl2sql.answer.grammar import counted

if TYPE_CHECKING:
    from evals.comparing.base import Comparison

BASELINE = "A"


def letter(number: int) -> str:
    """A for the baseline (0), then B, C, …, Z, A1, B1, …"""
    turn, place = divmod(number, 26)
    return chr(ord(BASELINE) + place) + (str(turn) if turn else "")


def points(share: float, *, signed: bool = True) -> str:
    """−0.8, 0.0 or 4.2; `signed` with a plus for what is above nothing."""
    rounded = round(100 * share, 1)
    if rounded == 0:
        return "0.0"
    sign = "−" if rounded < 0 else "+" if signed else ""
    return f"{sign}{abs(rounded):.1f}"


def signed_range(interval: Interval) -> str:
    return f"{points(interval.low)} to {points(interval.high)}"


def verdict_sentence(comparison: Comparison, name: str, baseline: str = BASELINE) -> str:
    """Like “B is better than A by 4.2 points (1.1 to 7.3)”; the interval is at 95 %."""
    difference, interval = comparison.difference, comparison.interval
    if comparison.verdict == "better":
        return f"{name} is better than {baseline} by {points(difference, signed=False)} points ({_range(interval)})"
    if comparison.verdict == "worse":
        turned = Interval(-interval.high, -interval.low)
        return f"{name} is worse than {baseline} by {points(-difference, signed=False)} points ({_range(turned)})"
    return (
        f"cannot tell {name} from {baseline}: the difference is {points(difference)} points "
        f"({signed_range(interval)}); {_gap_clause(comparison)}"
    )


def _gap_clause(comparison: Comparison) -> str:
    if comparison.gap >= 1:
        return "this suite is too small to detect any"
    return f"the smallest gap this suite can detect is {points(comparison.gap, signed=False)} points"


def how_sentence(comparison: Comparison) -> str:
    """The test, its p value, and of how much."""
    parted = sum(case.change != 0 for case in comparison.pairing.cases)
    asked = counted(comparison.cases, "question")
    if comparison.method == "mcnemar":
        test, of = "McNemar, exact mid-p", asked
    else:
        trials = comparison.second.total.trials
        test, of = "sign flips by group", f"{asked}, {trials:,} answers, {counted(comparison.groups, 'group')}"
    corrected = f", {_p_value(comparison.p_holm)} after Holm" if comparison.others else ""
    return f"{_p_value(comparison.p)}{corrected} ({test}) · {of} · {parted:,} differ"


def _p_value(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"


def named(ids: Sequence[str], most: int) -> str:
    """The first of them, and how many more."""
    rest = len(ids) - most
    return ", ".join(ids[:most]) + (f" and {rest:,} more" if rest > 0 else "")


def _range(interval: Interval) -> str:
    return f"{points(interval.low, signed=False)} to {points(interval.high, signed=False)}"
