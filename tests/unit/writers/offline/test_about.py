"""Questions about the data itself are answered from the model, and nothing protected is named."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import date

import pytest

from nl2sql.catalog.model import SemanticModel
from nl2sql.catalog.visibility import seen_by
from nl2sql.context.base import Context
from nl2sql.question import Question
from nl2sql.writers.base import CannotAnswer, Draft, Explanation, SqlDraft
from nl2sql.writers.offline.writer import OfflineWriter

Ask = Callable[..., Draft]


def told(ask: Ask, question: str) -> str:
    draft = ask(question)
    assert isinstance(draft, Explanation), draft
    return draft.message


@pytest.mark.parametrize(
    "question", ["help", "Hello!", "What can I ask?", "what can I ask you about?", "What kind of questions can I ask?"]
)
def test_who_asks_what_can_be_asked_gets_examples_that_work(question: str, ask: Ask) -> None:
    draft = ask(question)
    assert isinstance(draft, Explanation)
    assert "GMV" in draft.message and "listings" in draft.message
    assert draft.suggestions and all(isinstance(ask(each), SqlDraft) for each in draft.suggestions)


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("What does GMV mean?", "the sum of final prices of sold listings"),
        ("How is sell-through defined?", "Sold ÷ (sold + unsold)"),
        ("how is the sell-through rate calculated", "Sold ÷ (sold + unsold)"),
        ("Define take rate", "Revenue ÷ payments volume"),
        ("what is the definition of revenue?", "fees on paid payments"),
        ("What is a repeat buyer?", "at least 2 listings as buyer"),
        ("What is meant by sniped?", "in the last 60 seconds before the end"),
        ("What do you mean by turnover?", "the sum of final prices of sold listings"),
        ("what counts as a seller", "at least one listing that is not a draft"),
        ("What does “by category” mean?", "The top-level category"),
        ("Explain premium", "final price ÷ starting price"),
        ("What values can condition have?", "like_new"),
        ("Which tables are there?", "bids – Offers of an amount on a listing."),
        ("show me all the tables", "payments"),
        ("What metrics do you have?", "take rate – Revenue ÷ payments volume."),
        ("Which columns do bids have?", "bid amount"),
        ("What do you know about payments?", "payment method"),
    ],
)
def test_a_term_is_explained_in_the_words_of_the_model(question: str, said: str, ask: Ask) -> None:
    assert said in told(ask, question)


def test_columns_that_are_protected_are_counted_and_not_named(ask: Ask) -> None:
    said = told(ask, "Which columns do users have?")
    assert "3 more are protected." in said and "country" in said
    assert not any(word in said.lower() for word in ("email", "mail", "password", "full name"))


def test_what_a_role_may_not_see_is_not_described(auction_writer: OfflineWriter, auction_model: SemanticModel) -> None:
    context = Context(seen_by(auction_model, frozenset({"users.country"})), "sqlite", date(2026, 6, 30), ())
    columns = auction_writer.write(Question("Which columns do users have?"), context)
    assert isinstance(columns, Explanation) and "country" not in columns.message
    term = auction_writer.write(Question("What does country mean?"), context)
    assert isinstance(term, CannotAnswer) and term.code == "sensitive"


@pytest.mark.parametrize("question", ["What does full name mean?", "define password hash", "What is a reserve price?"])
def test_a_protected_field_is_not_explained(question: str, ask: Ask) -> None:
    draft = ask(question)
    assert isinstance(draft, CannotAnswer) and draft.code == "sensitive"


@pytest.mark.parametrize(
    ("question", "since"),
    [
        ("How fresh is the data?", False),
        ("Until when does the data go?", False),
        ("What is the date range?", True),
        ("How far back does the data go?", True),
    ],
)
def test_how_new_the_data_is_is_asked_of_the_database(
    question: str, since: bool, ask: Ask, tiny: sqlite3.Connection
) -> None:
    draft = ask(question)
    assert isinstance(draft, SqlDraft)
    cursor = tiny.execute(draft.sql)
    row = dict(zip([column[0] for column in cursor.description], cursor.fetchone(), strict=True))
    first, last = tiny.execute("SELECT MIN(placed_at), MAX(placed_at) FROM bids").fetchone()
    assert row["last_of_bids"] == last
    assert row.get("first_of_bids") == (first if since else None)
    assert row["last_of_users"] == tiny.execute("SELECT MAX(created_at) FROM users").fetchone()[0]


@pytest.mark.parametrize(
    ("question", "interpretation"),
    [
        ("What is GMV?", "GMV"),
        ("What is the GMV in 2025?", "GMV; closing date in 2025"),
        ("What categories exist?", "list of categories: category"),
        ("What was the average rating?", "average rating"),
    ],
)
def test_a_question_for_a_number_is_no_question_for_its_meaning(question: str, interpretation: str, ask: Ask) -> None:
    draft = ask(question)
    assert isinstance(draft, SqlDraft)
    assert draft.interpretation == interpretation


@pytest.mark.parametrize(
    "question", ["What does xyz mean?", "How is the weather defined?", "What do GMV by year mean?"]
)
def test_what_the_model_has_no_words_for_is_declined(question: str, ask: Ask) -> None:
    assert isinstance(ask(question), CannotAnswer)
