"""Frames → plans: every mention has one place, or is asked back; the interpretation says what was understood."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nl2sql.writers.base import CannotAnswer, Clarification, Draft, SqlDraft

Ask = Callable[..., Draft]


@pytest.mark.parametrize(
    ("question", "interpretation"),
    [
        ("How many German buyers have failed payments?", "with payments as payer (failed payments)"),
        ("GMV of German sellers", "GMV; seller country is DE"),
        ("How many listings were cancelled in 2025?", "closing date in 2025"),
        ("How many bids on sold listings in 2025?", "bid time in 2025"),
        ("Average rating by seller country", "average seller rating by seller country"),
        ("Bids in Electronics", "category is Electronics"),
        ("Bids in Phones", "subcategory is Phones"),
        ("Average price of rings sold", "average final price"),
    ],
)
def test_a_mention_finds_its_place(question: str, interpretation: str, ask: Ask) -> None:
    draft = ask(question)
    assert isinstance(draft, SqlDraft), draft
    assert interpretation in draft.interpretation


@pytest.mark.parametrize(
    ("question", "choices"),
    [
        ("GMV by country", ("GMV by seller country", "GMV by buyer country")),
        ("Users without reviews", ("Users without reviews as reviewer", "Users without reviews as reviewee")),
        ("Number of reviews per user", ("Number of reviews per reviewer", "Number of reviews per reviewee")),
    ],
)
def test_two_places_equally_near_are_asked_back(question: str, choices: tuple[str, ...], ask: Ask) -> None:
    draft = ask(question)
    assert isinstance(draft, Clarification), draft
    assert draft.choices == choices


def test_a_role_chosen_for_being_the_nearest_is_said(ask: Ask) -> None:
    draft = ask("Bids from Germany by month")
    assert isinstance(draft, SqlDraft)
    assert draft.assumptions == ("“Germany” read as that of the bidder.",)


def test_a_number_not_given_and_a_rank_not_named_are_said(ask: Ask) -> None:
    unnumbered, unnamed = ask("Which users have the most comments?"), ask("5 highest bids")
    assert isinstance(unnumbered, SqlDraft) and isinstance(unnamed, SqlDraft)
    assert "Top 10, as no number was given." in unnumbered.assumptions
    assert "Ranked by bid amount." in unnamed.assumptions


def test_an_amount_of_another_name_is_not_what_ranks(ask: Ask) -> None:
    assert isinstance(ask("Top 3 listings"), Clarification)


def test_an_order_of_everything_cuts_nothing_off(ask: Ask) -> None:
    draft = ask("Number of listings per category, highest first")
    assert isinstance(draft, SqlDraft) and "LIMIT" not in draft.sql


@pytest.mark.parametrize(
    "question",
    [
        "How many comments did German sellers write?",
        "Sellers whose listings have no bids",
        "How many auctions have ended?",
        "Sell-through rate of sold listings",
    ],
)
def test_a_mention_without_a_sure_place_is_declined(question: str, ask: Ask) -> None:
    assert isinstance(ask(question), CannotAnswer)
