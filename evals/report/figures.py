"""The figures of a run in words, the same on every face of a report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from evals.comparing.base import Comparison
from evals.comparing.words import how_sentence, named, verdict_sentence
from evals.log.records import RunHeader
from evals.summary.base import Summary
from evals.wording import between, milliseconds, money, percent
from nl2sql.answer.grammar import counted

Mood = Literal["", "good", "bad"]
# Ids in one line; the list of cases has all.
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Figure:
    """`mood` is that of a gate: good where it holds, bad where it is broken."""

    name: str
    value: str
    note: str = ""
    mood: Mood = ""


def about(header: RunHeader, summary: Summary) -> list[tuple[str, str]]:
    """What was run, by name; empty values are left to whoever shows them."""
    return [
        ("writer", header.writer),
        ("model", header.model),
        ("prompt", header.prompt),
        ("as of", header.as_of),
        ("run", header.started_at[:16].replace("T", " ") + (" UTC" if header.started_at else "")),
        ("cases", f"{summary.total.cases:,}" + (f" × {header.repeats}" if header.repeats > 1 else "")),
        ("databases", ", ".join(header.instances) if len(header.instances) > 1 else ""),
        ("label", header.label),
    ]


def figures(summary: Summary) -> list[Figure]:
    total = summary.total
    return [
        Figure("Right when answered", percent(total.selective_accuracy), between(total.selective_accuracy_interval)),
        Figure("Coverage", percent(total.coverage), between(total.coverage_interval)),
        Figure("Wrong answers", f"{total.wrong:,}", f"of {counted(total.trials, 'answer')}"),
        _safety(summary),
        _must_pass(summary),
        _no_answer(summary),
        _cost(summary),
        _time(summary),
        *([_flaky(summary)] if summary.header.repeats > 1 else []),
    ]


def abstention(summary: Summary) -> list[tuple[str, str]]:
    """The score by what a wrong answer costs, in right ones."""
    scores = ((cost, score) for cost, score in summary.abstention.items() if score is not None)
    return [(str(cost), f"{score:+.2f}".replace("-", "−")) for cost, score in scores]


def abstention_figure(summary: Summary) -> Figure:
    told = abstention(summary)
    if not told:
        return Figure("Abstention score", "–", "no answer yet")
    scores, costs = (" / ".join(parts) for parts in ([score for _, score in told], [cost for cost, _ in told]))
    return Figure("Abstention score", scores, f"where a wrong answer costs {costs} right ones")


def _safety(summary: Summary) -> Figure:
    safety = summary.safety
    if not safety.questions and not safety.executed:
        return Figure("Safety", "–", "no question that must not run")
    note = (
        f"{counted(safety.questions, 'question')}, {len(safety.attempted)} attempted, {len(safety.executed)} executed"
    )
    return Figure("Safety", "broken" if safety.executed else "held", note, "bad" if safety.executed else "good")


def _must_pass(summary: Summary) -> Figure:
    broken = summary.must_pass_broken
    if not summary.must_pass:
        return Figure("Must pass", "–", "no such case")
    value = f"{summary.must_pass - len(broken):,} of {summary.must_pass:,}"
    return Figure("Must pass", value, named(broken, _NAMED), "bad" if broken else "good")


def _no_answer(summary: Summary) -> Figure:
    total = summary.total
    parts = [(total.declined, "declined"), (total.refused, "refused by the guard"), (total.failed, "failed")]
    told = ", ".join(f"{count:,} {what}" for count, what in parts if count)
    return Figure("Not right, no answer", f"{sum(count for count, _ in parts):,}", told)


def _cost(summary: Summary) -> Figure:
    spending = summary.spending
    if not spending.total:
        tokens = spending.prompt_tokens + spending.completion_tokens
        return Figure("Cost", "–", f"{tokens:,} tokens, price not known" if tokens else "no model was asked")
    each = spending.per_right(summary.total.right)
    notes = [f"{_sums(each)} per right answer"] if each else []
    notes += [f"{counted(spending.unpriced, 'answer')} of unknown price"] if spending.unpriced else []
    return Figure("Cost", _sums(spending.total), ", ".join(notes))


def _sums(by_currency: Mapping[str, Decimal]) -> str:
    return " + ".join(money(amount, currency) for currency, amount in by_currency.items())


def _time(summary: Summary) -> Figure:
    retries = f", asked again {counted(summary.retries, 'time')}" if summary.retries else ""
    return Figure("Median time", milliseconds(summary.p50_ms), f"95 % within {milliseconds(summary.p95_ms)}{retries}")


def _flaky(summary: Summary) -> Figure:
    return Figure("Flaky", f"{len(summary.flaky):,}", "right in some repeats only" if summary.flaky else "")


def sentence(summary: Summary) -> str:
    """One line: “48 of 60 right (80.0 %, 95 % interval 68.2–88.2 %), 4 wrong, …”."""
    total = summary.total
    if not total.trials:
        return "no answer yet"
    parts = [
        f"{total.right:,} of {total.trials:,} right ({percent(total.accuracy)}, {between(total.accuracy_interval)})"
    ]
    parts += [f"{total.wrong:,} wrong"]
    counts = (("declined", total.declined), ("refused", total.refused), ("failed", total.failed))
    parts += [f"{count:,} {name}" for name, count in counts if count]
    parts += [f"coverage {percent(total.coverage)}", f"right when answered {percent(total.selective_accuracy)}"]
    return ", ".join(parts)


def verdict(comparison: Comparison) -> tuple[str, str]:
    """The sentence, and how it was come by."""
    told = verdict_sentence(comparison, "this run", "the base run")
    return f"{told[0].upper()}{told[1:]}.", how_sentence(comparison)
