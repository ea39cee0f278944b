"""A comparison as JSON. Shares are shares here, not points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from evals.comparing.base import Comparison
from evals.comparing.gate import Gate
from evals.comparing.pairs import PairedCase
from evals.comparing.words import letter, verdict_sentence
from evals.log.records import CaseRecord
from evals.stats.base import Interval


def comparison_dict(comparisons: Sequence[Comparison], gate: Gate) -> dict[str, Any]:
    """“baseline”, “comparisons” (one for each other run) and “gate”."""
    baseline = comparisons[0].first.header
    return {
        "baseline": {"label": baseline.label, "suite": baseline.suite, "fingerprint": baseline.suite_fingerprint},
        "comparisons": [_one(each, letter(number), gate.margin) for number, each in enumerate(comparisons, 1)],
        "gate": {
            "passed": gate.is_passed,
            "reasons": list(gate.reasons),
            "release": gate.is_release,
            "margin": gate.margin,
        },
    }


def _one(comparison: Comparison, name: str, margin: float) -> dict[str, Any]:
    pairing, bootstrap = comparison.pairing, comparison.bootstrap
    return {
        "label": comparison.run.header.label,
        "verdict": comparison.verdict,
        "sentence": verdict_sentence(comparison, name),
        "cases": comparison.cases,
        "groups": comparison.groups,
        "method": comparison.method,
        "difference": round(comparison.difference, 6),
        "interval": _interval(comparison.interval),
        "p": comparison.p,
        "p_holm": comparison.p_holm,
        "smallest_detectable_gap": round(comparison.gap, 6),
        "differ": round(comparison.parted, 6),
        "non_inferior": comparison.is_non_inferior(margin),
        "bootstrap": None
        if bootstrap is None
        else {"interval": _interval(bootstrap.interval), "p": bootstrap.p, "resampled": "groups"},
        "first": comparison.first.as_dict(),
        "second": comparison.second.as_dict(),
        "lost": [_flip(case) for case in comparison.lost],
        "gained": [_flip(case) for case in comparison.gained],
        "left_out": {
            "only_first": list(pairing.only_first),
            "only_second": list(pairing.only_second),
            "changed": list(pairing.changed),
        },
        "warnings": list(pairing.warnings),
    }


def _interval(interval: Interval) -> list[float]:
    return [round(interval.low, 6), round(interval.high, 6)]


def _flip(case: PairedCase) -> dict[str, Any]:
    """`gold_sql` is the one that the answer of the run which has it right was found equal to."""
    told = next((each for each in (*case.first, *case.second) if each.is_right), case.about)
    return {
        "id": case.id,
        "question": case.about.question,
        "kind": case.about.kind,
        "tags": list(case.about.tags),
        "change": round(float(case.change), 6),
        "gold_sql": told.gold.sql if told.gold else None,
        "first": [_answer(record) for record in case.first],
        "second": [_answer(record) for record in case.second],
    }


def _answer(record: CaseRecord) -> dict[str, Any]:
    return {"outcome": record.outcome, "reason": record.reason, "sql": record.said.sql, "code": record.said.code}
