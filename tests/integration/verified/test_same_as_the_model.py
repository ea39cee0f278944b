"""Verified SQL computes what the semantic model means by the same words: the offline writer, which reads the model
alone, finds the same numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nl2sql.bootstrap import build_pipeline
from nl2sql.pipeline import Pipeline
from nl2sql.question import Question
from nl2sql.settings import load_settings

Ask = Callable[[str], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def verified(auction_database: Path, repository: Path) -> Iterator[Ask]:
    yield from asking(auction_database, repository, "verified")


@pytest.fixture(scope="module")
def offline(auction_database: Path, repository: Path) -> Iterator[Ask]:
    yield from asking(auction_database, repository, "offline")


def asking(database: Path, repository: Path, writer: str) -> Iterator[Ask]:
    settings = load_settings(
        {
            "NL2SQL_DATABASE": f"sqlite:///{database}",
            "NL2SQL_AS_OF": "2026-06-30",
            "NL2SQL_CACHE": "off",
            "NL2SQL_LEDGER": "off",
            "NL2SQL_WRITERS": writer if writer == "offline" else "verified, offline",
        },
        folder=repository,
    )
    pipeline: Pipeline = build_pipeline(settings)

    def ask(text: str) -> list[dict[str, Any]]:
        answer = pipeline.ask(Question.parse(text))
        assert answer.outcome == "answered" and answer.table is not None, answer.headline
        assert answer.origin.writer == writer
        rows: list[dict[str, Any]] = answer.table.table.to_pylist()
        assert rows
        return rows

    yield ask
    pipeline.close()


def column(rows: list[dict[str, Any]], position: int) -> dict[Any, float]:
    """By the first column."""
    return {next(iter(row.values())): pytest.approx(float(list(row.values())[position])) for row in rows}


def test_top_sellers_are_those_of_the_model(verified: Ask, offline: Ask) -> None:
    question = "Top 10 sellers by GMV in 2025"
    assert column(verified(question), 1) == column(offline(question), 1)


@pytest.mark.parametrize(
    ("position", "metric"), [(1, "sold listings"), (2, "GMV"), (3, "sell-through rate"), (4, "average premium")]
)
def test_the_scorecard_has_the_metrics_of_the_model(verified: Ask, offline: Ask, position: int, metric: str) -> None:
    assert column(verified("Category scorecard for 2025"), position) == column(
        offline(f"{metric} by category in 2025"), 1
    )


def test_sniped_listings_are_those_of_the_model(verified: Ask, offline: Ask) -> None:
    rows = verified("Sniping by category in 2025")
    sniped = sum(row["sold_listings"] * row["sniped_share"] for row in rows)
    assert sniped == pytest.approx(next(iter(offline("How many sniped listings in 2025?")[0].values())))
    sold = next(iter(offline("How many listings were sold in 2025?")[0].values()))
    assert sum(row["sold_listings"] for row in rows) == sold


@pytest.mark.parametrize(("position", "metric"), [(2, "revenue"), (3, "payments volume"), (4, "take rate")])
def test_money_by_payment_method_is_that_of_the_model(verified: Ask, offline: Ask, position: int, metric: str) -> None:
    rows = verified("Revenue and take rate by payment method in Q1 2026")
    assert column(rows, position) == column(offline(f"{metric} by payment method in Q1 2026"), 1)


def test_buyers_of_a_country_spend_what_the_model_says(verified: Ask, offline: Ask) -> None:
    (row,) = verified("How much did buyers from France spend in 2025?")
    assert float(row["spent"]) == pytest.approx(float(next(iter(offline("GMV of French buyers in 2025")[0].values()))))


def test_new_buyers_of_the_whole_history_are_all_buyers(verified: Ask, offline: Ask) -> None:
    rows = verified("New and returning buyers per quarter from July 2023 to June 2026")
    buyers = next(iter(offline("How many buyers are there?")[0].values()))
    assert sum(row["new_buyers"] for row in rows) == buyers
    assert sum(row["returning_buyers"] for row in rows) > 0
