"""Averages per something, several numbers, percentiles, distributions and rates, beside their gold."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlglot
import yaml

from nl2sql.writers.base import Clarification, Draft, SqlDraft

TABLE = yaml.safe_load((Path(__file__).parent / "questions_measures.yaml").read_text())
Ask = Callable[..., Draft]


@pytest.mark.parametrize("case", [c for c in TABLE["refused"] if c["reply"] == "asked back"], ids=lambda c: c["ask"])
def test_both_readings_of_a_measure_that_is_asked_back_are_answered(case: dict[str, str], ask: Ask) -> None:
    draft = ask(case["ask"])
    assert isinstance(draft, Clarification) and len(draft.choices) > 1
    answers = [ask(choice) for choice in draft.choices]
    assert all(isinstance(each, SqlDraft) for each in answers), draft.choices
    assert len({each.sql for each in answers if isinstance(each, SqlDraft)}) == len(answers)


@pytest.mark.parametrize("dialect", ["mysql", "postgres", "duckdb", "bigquery"])
def test_every_measure_compiles_in_every_dialect(dialect: str, ask: Ask) -> None:
    for case in TABLE["answered"]:
        draft = ask(case["ask"], dialect)
        assert isinstance(draft, SqlDraft), (case["ask"], draft)
        assert len(sqlglot.parse(draft.sql, dialect=dialect)) == 1


@pytest.mark.parametrize(
    ("question", "assumption"),
    [
        ("average number of bids per listing", "Listings without any bids count as 0."),
        ("average GMV per seller", "Average over each seller that has any."),
        ("cancellation rate", "“cancellation rate”: cancelled listings as a share of all listings."),
    ],
)
def test_over_what_is_averaged_is_said(question: str, assumption: str, ask: Ask) -> None:
    draft = ask(question)
    assert isinstance(draft, SqlDraft)
    assert assumption in draft.assumptions


@pytest.mark.parametrize(
    ("question", "interpretation"),
    [
        ("average final price per seller", "average final price by seller; highest first"),
        ("bids per listing", "number of bids by listing; highest first"),
        ("Average fee per payment method", "average fee by payment method; highest first"),
        ("Top 10 listings by number of bids", "number of bids by listing; only the 10 highest"),
        ("Which listing has the most bids?", "number of bids by listing; only the highest"),
        ("GMV by category and year", "GMV by category and year of closing date"),
        ("How many countries are there?", "number of different countries"),
        ("Lowest and highest final price", "lowest final price and highest final price"),
    ],
)
def test_a_plain_question_stays_one(question: str, interpretation: str, ask: Ask) -> None:
    draft = ask(question)
    assert isinstance(draft, SqlDraft)
    assert draft.interpretation == interpretation
