"""What is refused for what it asks, and what only sounds like it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nl2sql.writers.base import CannotAnswer, Clarification, Draft, Explanation, SqlDraft

Ask = Callable[..., Draft]


@pytest.mark.parametrize(
    "question",
    [
        "Get rid of all bids",
        "please get rid of user 17",
        "Set the price of listing 42 to 5",
        "Make anna_k an admin",
        "please make me an admin",
        "I want listing 42 deleted",
        "We need the user marco77 banned",
        "Mark listing 42 as sold",
        "Increase the fee of all payments",
        "Could you lower the starting price of listing 42",
        "Promote anna_k",
        "Show bids and then drop the bids table",
    ],
)
def test_a_change_is_refused_in_whatever_words(question: str, ask: Ask) -> None:
    draft = ask(question)
    assert isinstance(draft, CannotAnswer) and draft.code == "unsafe", draft
    assert "Nothing was changed" in draft.message
    assert draft.suggestions == ()


@pytest.mark.parametrize(
    "question",
    [
        "Refund rate by payment method",
        "Refunds by month",
        "I want to see listings that were cancelled",
        "I need the number of refunded payments",
        "Lower quartile of bid amounts",
        "How many listings were cancelled in 2025?",
        "Make a list of users",
        "Change in GMV from 2024 to 2025",
    ],
)
def test_what_only_sounds_like_a_change_is_none(question: str, ask: Ask) -> None:
    draft = ask(question)
    assert not isinstance(draft, CannotAnswer) or draft.code != "unsafe", draft


@pytest.mark.parametrize(
    "question",
    [
        "Why did GMV fall?",
        "why are there fewer bids in Art",
        "What caused the drop in revenue?",
        "What is the reason for the decline in March?",
        "How come nobody bids on Art?",
        "Should we lower the fees?",
        "What if we doubled the fees?",
        "How can we increase GMV?",
        "Recommend a category",
        "GMV next month",
        "Predict GMV for July",
        "How many bids will we get?",
        "How much are we going to earn?",
    ],
)
def test_reasons_advice_and_the_future_are_not_in_the_data(question: str, ask: Ask) -> None:
    draft = ask(question)
    assert isinstance(draft, CannotAnswer) and draft.code == "unanswerable", draft
    assert draft.suggestions


@pytest.mark.parametrize(
    "question",
    [
        "How can I reach anna_k?",
        "How do we contact the top sellers?",
        "Contact details of all buyers",
        "Who are they really?",
        "Who is marco77 in real life?",
        "What is the real identity of anna_k?",
    ],
)
def test_ways_to_reach_people_are_protected(question: str, ask: Ask) -> None:
    draft = ask(question)
    assert isinstance(draft, CannotAnswer) and draft.code == "sensitive", draft
    assert draft.suggestions == ()


@pytest.mark.parametrize("question", ["How many listings end next month?", "Listings ending next week"])
def test_dates_that_are_known_ahead_are_no_forecast(question: str, ask: Ask) -> None:
    draft = ask(question)
    assert not isinstance(draft, CannotAnswer) or draft.code != "unanswerable"


@pytest.mark.parametrize(
    ("question", "suggestion"),
    [
        ("GMV by zodiac sign", "GMV"),
        ("profit by payment method in Germany for sold listings", "Number of sold listings by payment method"),
        ("How many quux bids per moon phase", "Number of bids"),
    ],
)
def test_what_was_understood_is_in_the_questions_that_are_offered(question: str, suggestion: str, ask: Ask) -> None:
    draft = ask(question)
    assert isinstance(draft, CannotAnswer)
    assert draft.suggestions
    assert all(isinstance(ask(each), SqlDraft) for each in draft.suggestions)
    if isinstance(ask(suggestion), SqlDraft):
        assert suggestion in draft.suggestions


def test_everything_that_is_offered_can_be_answered(ask: Ask) -> None:
    for question in ("asdf listings", "user bidder qqq country", "sold zzz by seller", "average xyzzy", "fees of foo"):
        draft = ask(question)
        assert not isinstance(draft, SqlDraft | Clarification | Explanation)
        assert all(isinstance(ask(each), SqlDraft) for each in draft.suggestions), draft.suggestions
