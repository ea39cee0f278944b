"""Rows as they are asked for: columns beside them, texts in them, fields against fields, "or", related rows."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nl2sql.writers.base import CannotAnswer, Clarification, Draft, SqlDraft

Ask = Callable[..., Draft]


def read(ask: Ask, question: str) -> str:
    draft = ask(question)
    assert isinstance(draft, SqlDraft), draft
    return draft.interpretation


@pytest.mark.parametrize(
    ("question", "interpretation"),
    [
        ("List sold phones with title, seller and final price", "title, seller username and final price"),
        ("Users with their number of bids", "number of bids as bidder per user"),
        ("Listings with a buy-now price", "buy-now price is set"),
        ("Show title and seller of listings with more than 50 bids", "title and seller username"),
    ],
)
def test_with_shows_columns_or_says_that_there_is_one(question: str, interpretation: str, ask: Ask) -> None:
    assert interpretation in read(ask, question)


@pytest.mark.parametrize(
    "question",
    [
        "Listings with their buyer",  # those not sold have none, though somebody bid highest so far
        "Top 10 sellers by GMV with their country",
        "Users and their comments",
        "How many users with their country",
    ],
)
def test_columns_that_not_every_row_has_are_declined(question: str, ask: Ask) -> None:
    assert isinstance(ask(question), CannotAnswer)


@pytest.mark.parametrize(
    ("question", "interpretation"),
    [
        ("Listings whose title contains omega", "title contains omega"),
        ("How many listings have 'vintage' in the title?", "title contains vintage"),
        ("Listings whose title does not contain 'original'", "title does not contain original"),
        ("Comments mentioning shipping", "comment text contains shipping"),
        ("listings mentioning 'gold' or 'silver'", "contains silver"),
        ('Which listings have the title "City e-bike, size M"?', "title is City e-bike, size M"),
    ],
)
def test_a_text_is_looked_for_as_it_stands(question: str, interpretation: str, ask: Ask) -> None:
    assert interpretation in read(ask, question)


@pytest.mark.parametrize(
    "question", ["Listings containing gold ring under 100", "Listings with 'omega'", "Users containing anna"]
)
def test_a_text_without_a_clear_end_or_field_is_declined(question: str, ask: Ask) -> None:
    assert isinstance(ask(question), CannotAnswer)


@pytest.mark.parametrize(
    ("question", "interpretation"),
    [
        ("Which listings sold above the starting price?", "final price above starting price"),
        ("Items sold for more than twice their starting price", "final price above 2 × starting price"),
        ("Listings sold for 150% of the starting price", "final price is 1.5 × starting price"),
        ("How many listings closed before their end date?", "closing date below end of the auction"),
        ("Bids above the starting price", "bid amount above starting price"),
    ],
)
def test_a_field_stands_against_another_of_its_row(question: str, interpretation: str, ask: Ask) -> None:
    assert interpretation in read(ask, question)


@pytest.mark.parametrize(
    ("question", "interpretation"),
    [
        ("Users from Germany or with more than 10 bids", "(country is DE or with more than 10 bids"),
        ("Users who never bid or commented", "without bids as bidder; without comments"),
        ("Users who bid or commented in 2025", "(with bids as bidder (bid time in 2025) or with comments"),
        ("Listings with neither bids nor comments", "without bids; without comments"),
        ("reviews with 4 or 5 stars", "rating is one of 4 or 5"),
    ],
)
def test_or_joins_what_was_said_last_with_what_comes_next(question: str, interpretation: str, ask: Ask) -> None:
    assert interpretation in read(ask, question)


@pytest.mark.parametrize(
    "question",
    [
        "Listings in Art over 100 euros or with comments",
        "Users who bid or commented on phones",
        "Users from Germany or with bids but without comments",
        "Users who bid on phones but not on cameras",
        "GMV in Art or from items over 100",
        "listings sold or created in 2025",
    ],
)
def test_an_or_that_could_join_other_things_is_declined(question: str, ask: Ask) -> None:
    assert not isinstance(ask(question), SqlDraft)


def test_both_of_two_are_two_conditions_and_and_alone_is_asked_back(ask: Ask) -> None:
    assert read(ask, "Users who bought both phones and laptops").count("with listings as buyer") == 2
    unclear = ask("Users who bought phones and laptops")
    assert isinstance(unclear, Clarification) and len(unclear.choices) == 2


@pytest.mark.parametrize(
    ("question", "interpretation"),
    [
        ("Users who bid on more than 3 different listings", "number of different listing id of bids as bidder"),
        ("Listings watched by at least 5 users", "number of different user id of watchlist entries"),
        ("How many listings have between 5 and 10 bids?", "with at least 5 bids; without more than 10 bids"),
        ("How many buyers spent between 100 and 500 euros?", "GMV of listings as buyer"),
        ("Sellers with GMV over 5,000 and at least 10 sold listings", "GMV of listings as seller per user above 5000"),
    ],
)
def test_counts_and_sums_of_related_rows_bound_each_row(question: str, interpretation: str, ask: Ask) -> None:
    assert interpretation in read(ask, question)


@pytest.mark.parametrize(
    ("question", "interpretation"),
    [
        ("Listings by German users", "seller country is DE"),
        ("Reviews about anna_k", "reviewee username is anna_k"),
        ("Reviews by anna_k", "reviewer username is anna_k"),
        ("Buyers who bought from marco77", "seller username is marco77"),
        ("Items bought by anna_k from marco77", "buyer username is anna_k; seller username is marco77"),
        ("Who reviewed anna_k?", "reviewee username is anna_k"),
        ("What are the titles of the items that marco77 sold?", "seller username is marco77"),
        ("Listings watched by anna_k", "watcher username is anna_k"),
        ("How many people bid on anna_k's listings?", "number of users"),
    ],
)
def test_verbs_and_prepositions_tell_who_is_meant(question: str, interpretation: str, ask: Ask) -> None:
    assert interpretation in read(ask, question)


@pytest.mark.parametrize(
    "question",
    [
        "Which sellers did anna_k buy from?",
        "Bids placed on marco77's phones",
        "What did anna_k bid on?",
        "average bid per phone",
        "active accounts",
    ],
)
def test_what_would_be_misread_is_declined(question: str, ask: Ask) -> None:
    assert isinstance(ask(question), CannotAnswer)


def test_a_value_that_names_its_field_is_no_column(ask: Ask) -> None:
    assert read(ask, "listings where status is sold").startswith("list of listings: listing id")
    assert read(ask, "users with country Germany").endswith("country is DE")
