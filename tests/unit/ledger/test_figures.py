"""Figures in words: nothing divided by nothing, and money that is less than a cent is not zero."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest

from nl2sql.ledger.figures import Grid, Line, told
from nl2sql.ledger.stats import Failures, Stats, UserFigures

SINCE = datetime(2026, 6, 30)  # noqa: DTZ001 - the ledger's moments are UTC without zone
NOTHING = Stats(SINCE, 0, 0, {}, 0, None, None, 0, 0, 0, {}, (), (), 0, 0, 0)
SOME = Stats(
    SINCE,
    questions=4,
    askers=1,
    outcomes={"answered": 3, "failed": 1},
    cached=1,
    p50_ms=12.4,
    p95_ms=2_000.0,
    prompt_tokens=1_500,
    completion_tokens=20,
    scanned_bytes=2_500_000_000,
    cost={"USD": Decimal("0.000123456")},
    users=(UserFigures("anna", 4, {"USD": Decimal("1234.5")}),),
    failures=(Failures("failed", "query_timed_out", 1),),
    good=1,
    bad=0,
    lost=1,
)


def text_of(figures: Stats, days: int = 7) -> str:
    parts = []
    for part in told(figures, days):
        parts += [part.text] if isinstance(part, Line) else [" ".join(part.header), *map(" ".join, part.rows)]
    return "\n".join(parts)


def test_no_question_is_one_sentence() -> None:
    assert text_of(NOTHING) == "No questions in the last 7 days."
    assert text_of(NOTHING, 1) == "No questions in the last 24 hours."


def test_what_was_lost_is_told_even_when_nothing_else_is_there() -> None:
    assert "2 questions that could not be written down" in text_of(replace(NOTHING, lost=2))


@pytest.mark.parametrize(
    "line",
    [
        "4 questions by 1 user in the last 7 days",
        "answered 3 75 %",
        "Cache     1 of 3 answers (33 %)",
        "Time      half within 12 ms, 95 % within 2,000 ms",
        "Tokens    1,500 in, 20 out",
        "Read      2.500 GB that the database bills",
        "Cost      0.0001235 USD",
        "Feedback  1 good, 0 bad",
        "Lost      1 question that could not be written down",
        "anna 4 1,234.50 USD",
        "failed query_timed_out 1",
    ],
)
def test_each_figure_has_its_line(line: str) -> None:
    assert line in text_of(SOME).splitlines()


def test_an_unknown_cost_is_not_called_zero() -> None:
    assert "Cost      not known" in text_of(replace(SOME, cost={}))
    assert "Cost      0.00 USD" in text_of(replace(SOME, cost={"USD": Decimal(0)}))


def test_without_an_answer_no_share_of_the_cache_is_told() -> None:
    assert "Cache" not in text_of(replace(SOME, outcomes={"failed": 4}, cached=0))


def test_each_grid_has_as_many_cells_as_titles() -> None:
    for part in told(SOME, 7):
        if isinstance(part, Grid):
            assert {len(row) for row in part.rows} == {len(part.header)}
