"""A comparison on a terminal or in a pipe, in 80 columns: the verdict first, then what it is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from textwrap import wrap
from typing import TextIO

from evals.comparing.base import Comparison
from evals.comparing.gate import Gate
from evals.comparing.pairs import PairedCase
from evals.comparing.words import (
    BASELINE,
    how_sentence,
    letter,
    named,
    points,
    signed_range,
    verdict_sentence,
)
from evals.log.records import CaseRecord, RunHeader
from evals.stats.base import Interval
from evals.summary.base import Summary
from evals.wording import percent
from nl2sql.answer.grammar import counted
from nl2sql.terminal import Page

WIDTH = 80
_STYLES = {"better": "bold green", "worse": "bold red", "cannot tell": "bold yellow"}
_NAMED = 8  # ids of questions that were left out


def print_comparisons(comparisons: Sequence[Comparison], gate: Gate, stream: TextIO, flips: int) -> None:
    """`flips`: how many questions of each kind are shown; 0: all."""
    page = Page(stream)
    _paragraph(page, _run_line(BASELINE, comparisons[0].first.header), "dim")
    for number, comparison in enumerate(comparisons, 1):
        _paragraph(page, _run_line(letter(number), comparison.run.header), "dim")
    for number, comparison in enumerate(comparisons, 1):
        page.line()
        _print_one(page, comparison, letter(number), gate.margin, flips)
    page.line()
    if gate.is_passed:
        page.line("Gate: passed", "bold green")
        return
    page.line("Gate: not passed", "bold red")
    for reason in gate.reasons:
        page.line(f"  {reason}", "red")


def _run_line(name: str, header: RunHeader) -> str:
    model = f"{header.model}, {header.prompt}" if header.prompt else header.model
    how = f"{header.writer} ({model})" if model else header.writer
    repeats = f", {header.repeats} repeats" if header.repeats > 1 else ""
    return f"{name}  {header.label}: {header.suite}, {how}{repeats}, as of {header.as_of or 'the setting'}"


def _print_one(page: Page, comparison: Comparison, name: str, margin: float, flips: int) -> None:
    _paragraph(page, verdict_sentence(comparison, name), _STYLES[comparison.verdict])
    _paragraph(page, how_sentence(comparison), "dim", indent=2)
    ruled = "is ruled out" if comparison.is_non_inferior(margin) else "is not ruled out"
    _paragraph(page, f"a loss of {100 * margin:g} points or more {ruled}", "dim", indent=2)
    if comparison.bootstrap is not None:
        _paragraph(page, f"bootstrap by group: {signed_range(comparison.bootstrap.interval)}", "dim", indent=2)
    for warning in comparison.pairing.warnings:
        _paragraph(page, f"! {warning}", "yellow", indent=2)
    page.line()
    page.table(("", BASELINE, name, "difference"), _measures(comparison), frozenset({1, 2, 3}))
    tags = _tags(comparison)
    if tags:
        page.line()
        page.table(("tag", "questions", BASELINE, name, "difference"), tags, frozenset({1, 2, 3, 4}))
    often = "not" if all(case.is_single for case in comparison.pairing.cases) else "less often"
    _print_flips(page, f"Lost: right in {BASELINE}, {often} in {name}", comparison.lost, name, flips, "bold red")
    _print_flips(page, f"Gained: right in {name}, {often} in {BASELINE}", comparison.gained, name, flips, "bold green")
    _print_left_out(page, comparison, name)


def _measures(comparison: Comparison) -> list[tuple[str, str, str, str]]:
    first, second = comparison.first, comparison.second
    shares: list[tuple[str, Callable[[Summary], float | None]]] = [
        ("right", lambda run: run.total.accuracy),
        ("right, no column too many", lambda run: run.total.strict_accuracy),
        ("answered (coverage)", lambda run: run.total.coverage),
        ("right when answered", lambda run: run.total.selective_accuracy),
        ("declined needlessly", lambda run: run.total.over_refusal),
    ]
    numbers: list[tuple[str, Callable[[Summary], float | None]]] = [
        ("score, a wrong one costs 1", lambda run: run.abstention[1]),
        ("score, a wrong one costs 10", lambda run: run.abstention[10]),
    ]
    counts: list[tuple[str, Callable[[Summary], int]]] = [
        ("wrong answers", lambda run: run.total.wrong),
        ("failed", lambda run: run.total.failed),
    ]
    intervals = [_bounds(run.total.accuracy_interval) for run in (first, second)]
    rows = [_row(name, read(first), read(second), percent, points) for name, read in shares]
    rows.insert(1, ("  95 % interval", intervals[0], intervals[1], signed_range(comparison.interval)))
    rows += [_row(name, read(first), read(second), "{:.3f}".format, _plus("+.3f")) for name, read in numbers]
    rows += [_row(name, read(first), read(second), "{:,.0f}".format, _plus("+,.0f")) for name, read in counts]
    for name, ms in (("p50", (first.p50_ms, second.p50_ms)), ("p95", (first.p95_ms, second.p95_ms))):
        rows.append(_row(f"{name}, ms", *ms, "{:,.0f}".format, _plus("+,.0f")))
    return rows + _money(first, second)


def _row(
    name: str,
    one: float | None,
    other: float | None,
    spell: Callable[[float], str],
    spell_difference: Callable[[float], str],
) -> tuple[str, str, str, str]:
    first, second = ("–" if value is None else spell(value).replace("-", "−") for value in (one, other))
    return name, first, second, "–" if one is None or other is None else spell_difference(other - one)


def _money(first: Summary, second: Summary) -> list[tuple[str, str, str, str]]:
    currencies = dict.fromkeys((*first.spending.total, *second.spending.total))
    kinds: list[tuple[str, Mapping[str, Decimal], Mapping[str, Decimal]]] = [
        ("cost", first.spending.total, second.spending.total),
        (
            "cost of a right one",
            first.spending.per_right(first.total.right),
            second.spending.per_right(second.total.right),
        ),
    ]
    return [
        _row(f"{what}, {currency}", _float(one, currency), _float(other, currency), "{:.4f}".format, _plus("+.4f"))
        for currency in currencies
        for what, one, other in kinds
    ]


def _float(money: Mapping[str, Decimal], currency: str) -> float | None:
    return float(money[currency]) if currency in money else None


def _plus(form: str) -> Callable[[float], str]:
    """A true minus; nothing before what is nothing."""

    def spelled(value: float) -> str:
        text = format(value, form)
        return text[1:] if not any(digit in text for digit in "123456789") else text.replace("-", "−")

    return spelled


def _tags(comparison: Comparison) -> list[tuple[str, str, str, str, str]]:
    """No p values: among many tags, one would look like a finding by chance."""
    rows = []
    for tag, one in comparison.first.by_tag.items():
        other = comparison.second.by_tag.get(tag)
        if other is None or one.accuracy is None or other.accuracy is None:
            continue
        shown = (percent(one.accuracy), percent(other.accuracy), points(other.accuracy - one.accuracy))
        rows.append((tag, f"{other.cases:,}", *shown))
    return rows


def _print_flips(page: Page, title: str, cases: Sequence[PairedCase], name: str, flips: int, style: str) -> None:
    if not cases:
        return
    page.line()
    page.line(f"{title} ({len(cases):,})", style)
    shown = cases[:flips] if flips else cases
    for case in shown:
        page.line()
        _paragraph(page, f"{case.id}: {case.about.question}", "bold", indent=2)
        _print_answers(page, BASELINE, case.first)
        _print_answers(page, name, case.second)
    if len(shown) < len(cases):
        page.line(f"  … and {len(cases) - len(shown):,} more (--flips 0 shows all)", "dim")


def _print_answers(page: Page, name: str, records: Sequence[CaseRecord]) -> None:
    """Of several repeats one that is not right is shown: that is where the reason is."""
    told = next((record for record in records if not record.is_right), records[0])
    right = sum(record.is_right for record in records)
    times = f" ({right} of {len(records)} right)" if len(records) > 1 else ""
    reason = f": {told.reason}" if told.reason else ""
    _paragraph(page, f"{name}  {told.outcome}{times}{reason}", "green" if told.is_right else "red", indent=4)
    for line in told.said.sql.strip().splitlines():
        page.line(f"       {line}", "dim")


def _print_left_out(page: Page, comparison: Comparison, name: str) -> None:
    pairing = comparison.pairing
    parts = (
        (f"only in {BASELINE}", pairing.only_first),
        (f"only in {name}", pairing.only_second),
        ("changed between the runs", pairing.changed),
    )
    if any(ids for _, ids in parts):
        page.line()
    for what, ids in parts:
        if ids:
            _paragraph(page, f"Left out: {counted(len(ids), 'question')} {what}: {named(ids, _NAMED)}", "dim")


def _paragraph(page: Page, text: str, style: str = "", indent: int = 0) -> None:
    space = " " * indent
    lines = wrap(text, WIDTH, initial_indent=space, subsequent_indent=space + "  ", break_on_hyphens=False)
    page.line("\n".join(lines), style)


def _bounds(interval: Interval | None) -> str:
    return "–" if interval is None else f"{100 * interval.low:.1f} to {100 * interval.high:.1f}"
