"""The block of a page that is read first: figures, charts and one row for each case."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from evals.comparing.gate import broken_promises
from evals.outcome import OUTCOMES, RESULTS, result_of
from evals.report.case_rows import case_row, group_by_case
from evals.report.figures import Figure, about, abstention, figures, verdict
from evals.report.reading import LOST, WON, Report
from evals.stats.base import Interval
from evals.summary.base import Summary
from evals.summary.tally import Tally
from evals.wording import between, percent
from nl2sql.answer.grammar import counted

Places = Mapping[tuple[str, int], tuple[int, int]]


def page_head(report: Report, places: Places) -> dict[str, Any]:
    """Plain values for JSON. `places` says in which part of the page each record stands."""
    summary, total = report.summary, report.summary.total
    return {
        "suite": report.header.suite,
        "about": [pair for pair in about(report.header, summary) if pair[1]],
        "notices": [*broken_promises(summary), *report.notices],
        "figures": {
            "accuracy": total.accuracy,
            "interval": _pair(total.accuracy_interval),
            "shown": percent(total.accuracy),
            "of": f"{total.right:,} of {counted(total.trials, 'answer')} right",
            "note": _interval_note(summary),
        },
        "facts": _rows(figures(summary)),
        "scores": abstention(summary),
        "kinds": _tallies(summary.by_kind),
        "tags": _tallies(summary.by_tag),
        "stages": [
            {"name": name, "p50": p50, "p95": p95}
            for name, (p50, p95) in summary.stage_ms.items()
            if p50 is not None and p95 is not None
        ],
        "comparison": _compared(report),
        "outcomes": {outcome: result_of(outcome) for outcome in OUTCOMES},
        "repeats": report.header.repeats,
        "currency": next((each.currency for each in report.records if each.cost), "USD"),
        "cases": [
            case_row(repeats, report.flips.get(name, ""), places)
            for name, repeats in group_by_case(report.records).items()
        ],
    }


def _interval_note(summary: Summary) -> str:
    total = summary.total
    parts = [f"95 % interval {between(total.accuracy_interval)}"] if total.accuracy_interval else []
    if total.strict_accuracy is not None and total.strict_accuracy != total.accuracy:
        parts.append(f"{percent(total.strict_accuracy)} if more columns than asked were wrong")
    return " · ".join(parts)


def _compared(report: Report) -> dict[str, Any] | None:
    comparison, base = report.comparison, report.base_header
    if comparison is None or base is None:
        return None
    told, how = verdict(comparison)
    flips = list(report.flips.values())
    facts = [
        Figure(
            "Base run", percent(comparison.first.total.accuracy), f"{base.label or base.writer}, {base.started_at[:10]}"
        ),
        Figure("This run", percent(comparison.second.total.accuracy), "over the cases that both have"),
        Figure("Compared", f"{comparison.cases:,}", "cases"),
        Figure("Now right", f"{flips.count(WON):,}", "more often than before"),
        Figure("No longer right", f"{flips.count(LOST):,}", "less often than before"),
        Figure("As before", f"{comparison.cases - len(flips):,}", ""),
    ]
    return {
        "verdict": told,
        "note": how,
        "difference": comparison.difference,
        "interval": _pair(comparison.interval),
        "base_accuracy": comparison.first.total.accuracy,
        "facts": _rows(facts),
    }


def _rows(told: Iterable[Figure]) -> list[tuple[str, str, str, str]]:
    return [(each.name, each.value, each.mood, each.note) for each in told]


def _pair(interval: Interval | None) -> tuple[float, float] | None:
    return None if interval is None else (interval.low, interval.high)


def _tallies(groups: Mapping[str, Tally]) -> list[dict[str, Any]]:
    return [
        {"name": name, "cases": each.trials, **{result: getattr(each, result) for result in RESULTS}}
        for name, each in groups.items()
    ]
