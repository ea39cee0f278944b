"""Figures of the ledger in words: lines and small tables, in reading order, for whoever prints them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from nl2sql.ledger.stats import Stats


@dataclass(frozen=True, slots=True)
class Line:
    text: str = ""
    style: str = ""


@dataclass(frozen=True, slots=True)
class Grid:
    """`right` holds the indexes of right-aligned columns."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    right: frozenset[int]


def told(figures: Stats, days: int) -> Iterator[Line | Grid]:
    period = "the last 24 hours" if days == 1 else f"the last {days:,} days"
    if figures.questions:
        yield Line(f"{_plural(figures.questions, 'question')} by {_plural(figures.askers, 'user')} in {period}", "bold")
        yield Line()
        rows = [(name, f"{count:,}", _share(count, figures.questions)) for name, count in figures.outcomes.items()]
        yield Grid(("outcome", "questions", "share"), rows, frozenset({1, 2}))
        yield Line()
        yield from _totals(figures)
    else:
        yield Line(f"No questions in {period}.")
    if figures.lost:
        yield Line(f"Lost      {_plural(figures.lost, 'question')} that could not be written down", "yellow")
    if figures.users:
        yield Line()
        users = [(each.user, f"{each.questions:,}", _money(each.cost)) for each in figures.users]
        yield Grid(("user", "questions", "cost"), users, frozenset({1, 2}))
    if figures.failures:
        yield Line()
        failures = [(each.outcome, each.code, f"{each.questions:,}") for each in figures.failures]
        yield Grid(("without an answer", "code", "questions"), failures, frozenset({2}))


def _totals(figures: Stats) -> Iterator[Line]:
    answered = figures.outcomes.get("answered", 0)
    if answered:
        yield Line(f"Cache     {figures.cached:,} of {answered:,} answers ({_share(figures.cached, answered)})")
    if figures.p50_ms is not None and figures.p95_ms is not None:
        yield Line(f"Time      half within {figures.p50_ms:,.0f} ms, 95 % within {figures.p95_ms:,.0f} ms")
    yield Line(f"Tokens    {figures.prompt_tokens:,} in, {figures.completion_tokens:,} out")
    if figures.scanned_bytes:
        yield Line(f"Read      {figures.scanned_bytes / 1e9:,.3f} GB that the database bills")
    yield Line(f"Cost      {_money(figures.cost) or 'not known'}")
    yield Line(f"Feedback  {figures.good:,} good, {figures.bad:,} bad")


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %"


def _money(cost: Mapping[str, Decimal]) -> str:
    return ", ".join(f"{_digits(amount)} {currency}" for currency, amount in sorted(cost.items()))


def _digits(amount: Decimal) -> str:
    """Four digits that count below one: a question can cost less than a cent."""
    return f"{amount:,.2f}" if amount == 0 or abs(amount) >= 1 else f"{Decimal(f'{amount:.4g}').normalize():f}"
