"""Questions that point back at what was shown, and ends of questions that began before: they keep what was said before,
or are declined."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nl2sql.catalog.model import SemanticModel
from nl2sql.context.base import Context
from nl2sql.question import Question, Turn
from nl2sql.writers.base import CannotAnswer, Clarification, Draft, SqlDraft
from nl2sql.writers.offline.follow_up import SAID
from nl2sql.writers.offline.writer import OfflineWriter
from tests.unit.writers.offline.conftest import AS_OF

Talk = Callable[..., Draft]


@pytest.fixture
def talk(auction_model: SemanticModel, auction_writer: OfflineWriter) -> Talk:
    """The draft of the last of several questions, each asked behind those before it."""

    def talked(*questions: str) -> Draft:
        history: tuple[Turn, ...] = ()
        for text in questions:
            draft = auction_writer.write(Question(text, history=history), Context(auction_model, "sqlite", AS_OF, ()))
            written = isinstance(draft, SqlDraft)
            history = (*history, Turn(text, draft.sql if written else None, draft.plan if written else ""))
        return draft

    return talked


SIGNUPS = "How many users signed up in 2025?"
SOLD = "How many listings were sold in 2025?"
CREATED = "How many listings were created in March 2026?"
BIDS = "How many bids were placed in May 2026?"
FAILED = "How many payments failed in 2024?"
REFUNDED = "How many payments were refunded in 2025?"
SELLERS = "Top 10 sellers by GMV"
MANY = "Which sellers have sold more than 10 items?"
NEVER = "Which users never placed a bid?"
ACTIVE = "How many active listings are there?"
MAY = "number of different bidder ids; bid time in May 2026"
SHOWN = "list of listings: listing id, title, status, current bid and closing date"


@pytest.mark.parametrize(
    ("turns", "words"),
    [
        # of the rows that were counted or listed
        (
            (SIGNUPS, "How many of those have ever placed a bid?"),
            "number of users; registration date in 2025; with bids as bidder",
        ),
        (
            (SIGNUPS, "Of those, how many bought something?"),
            "number of users; registration date in 2025; with listings as buyer (listings with a buyer)",
        ),
        ((SIGNUPS, "How many haven't bid yet?"), "number of users; registration date in 2025; without bids as bidder"),
        (
            (SIGNUPS, "What percentage of those are from Germany?"),
            "share of users where country is DE; registration date in 2025",
        ),
        ((SIGNUPS, "How many bids did they place?"), "number of bids; bidder registration date in 2025"),
        ((CREATED, "How many of those were sold?"), "number of listings; creation date in March 2026; sold listings"),
        ((CREATED, "How many were sold?"), "number of listings; creation date in March 2026; sold listings"),
        ((CREATED, "How many sold?"), "number of listings; creation date in March 2026; sold listings"),
        ((CREATED, "Which ones were sold?"), f"{SHOWN}; creation date in March 2026; sold listings"),
        (
            (SOLD, "How many of them had more than 20 bids?"),
            "number of listings; sold listings; closing date in 2025; with more than 20 bids",
        ),
        (
            (SOLD, "How many of them in March 2025?"),
            "number of listings; sold listings; closing date in 2025; closing date in March 2025",
        ),
        ((SOLD, "How many were unsold?"), "number of listings; unsold listings; closing date in 2025"),
        (
            (SOLD, "What was the average final price of those?"),
            "average final price; sold listings; closing date in 2025",
        ),
        ((SOLD, "Their average final price?"), "average final price; sold listings; closing date in 2025"),
        ((SOLD, "Which listings?"), f"{SHOWN}; sold listings; closing date in 2025"),
        ((SOLD, "Which of those have no payment?"), f"{SHOWN}; sold listings; closing date in 2025; without payments"),
        ((BIDS, "What was the average amount of these bids?"), "average bid amount; bid time in May 2026"),
        ((REFUNDED, "What did they add up to?"), "total payment amount; refunded payments; payment date in 2025"),
        ((ACTIVE, "How many have no bids?"), "number of listings; active listings; without bids"),
        ((MANY, "How many are there?"), "number of users; with more than 10 listings as seller (sold listings)"),
        ((NEVER, "How many are they?"), "number of users; without bids as bidder"),
        # ends of a question
        ((BIDS, "From how many different bidders?"), MAY),
        ((BIDS, "By how many bidders?"), MAY),
        ((BIDS, "How many different bidders?"), MAY),
        ((BIDS, "On how many listings?"), "number of different listing ids over bids; bid time in May 2026"),
        (
            (BIDS, "By how many bidders?", "How many of those are from Germany?"),
            "number of users; with bids as bidder (bid time in May 2026); country is DE",
        ),
        # columns beside what was shown
        ((SELLERS, "Give me their countries too"), "GMV by seller and seller country; only the 10 highest"),
        ((SELLERS, "Where are they from?"), "GMV by seller and seller country; only the 10 highest"),
        ((SELLERS, "When did they sign up?"), "GMV by seller and seller registration date; only the 10 highest"),
        # changes of the plan before
        ((SOLD, "Break that down by category"), "number of listings by category; sold listings; closing date in 2025"),
        (
            ("What was our GMV in 2025?", "By category?", "No, per month instead"),
            "GMV by month of closing date; closing date in 2025",
        ),
        (("What was our GMV last month?", "And the month before?"), "GMV; closing date in April 2026"),
        (("What was our GMV in March 2026?", "and in the year before?"), "GMV; closing date in March 2025"),
        # a whole question of its own
        ((BIDS, "How many bidders do we have in total?"), "number of users; with bids as bidder"),
        ((BIDS, "How many comments are there?"), "number of comments"),
        ((SIGNUPS, "In how many countries do we have users?"), "number of different countries"),
    ],
)
def test_what_was_said_before_is_kept_unless_the_question_stands_alone(
    turns: tuple[str, ...], words: str, talk: Talk
) -> None:
    draft = talk(*turns)
    assert isinstance(draft, SqlDraft), draft
    assert draft.interpretation.removesuffix("; highest first") == words


def test_who_did_it_had_at_least_one_of_the_rows(talk: Talk) -> None:
    draft = talk(FAILED, "Who made them?")
    assert isinstance(draft, SqlDraft)
    assert draft.interpretation.endswith("with payments as payer (failed payments, payment creation date in 2024)")
    assert SAID in draft.assumptions


def test_what_was_bought_by_those_who_were_counted(talk: Talk) -> None:
    draft = talk(SIGNUPS, "Which items did they buy?")
    assert isinstance(draft, SqlDraft)
    assert draft.interpretation == f"{SHOWN}; listings with a buyer; buyer registration date in 2025"


@pytest.mark.parametrize(
    "turns",
    [
        # nothing was said before that could be meant
        ("How many of those were sold?",),
        ("Give me their countries",),
        ("What does profit mean for zebras?", "How many of them were sold?"),
        # what was shown is no row of one kind, or only the first few
        ("What was our revenue in 2025?", "How many of those were by card?"),
        ("What was our revenue in 2025?", "How many were sold?"),
        ("Average final price by category in 2025", "How many of them are there?"),
        ("Show the last 10 bids", "How many of those are over 100 euros?"),
        ("Show the last 10 bids", "Who placed them?"),
        (SELLERS, "How many of them are from Germany?"),
        (SELLERS, "How much did they spend?"),
        # others of the same kind, or what those rows do not have
        ("How many sellers are there in France?", "Which buyers did they sell to?"),
        (SOLD, "How many of those buyers are from Germany?"),
        (SIGNUPS, "How many items did they sell?", "And how many of those categories?"),
        (SIGNUPS, "What did they buy?"),
        ("How many listings did marco77 sell?", "What did he buy?"),
        (FAILED, "Give me their colours too"),
        # the opposite of what was said
        (SOLD, "How many of those were unsold?"),
        (SOLD, "How many of those were sold in 2024?"),
        # ends of a question that do not fit
        (BIDS, "How many comments?"),
        (BIDS, "???"),
        (BIDS, "By"),
        (BIDS, "By how many bidders from Germany?"),
        (BIDS, "On which listings?"),
        (SOLD, "Which categories?"),
        (SOLD, "from sellers in Germany?"),
        ("GMV by category in 2025", "What about GMV by seller country?"),
        ("How many bids were placed in March 2026?", "And the previous month?"),
        ("What was our GMV in 2025?", "And the month before?"),
        ("What was our GMV?", "And the month before?"),
    ],
)
def test_what_cannot_be_carried_over_is_declined(turns: tuple[str, ...], talk: Talk) -> None:
    draft = talk(*turns)
    assert isinstance(draft, CannotAnswer), draft
    assert draft.code == "not_understood"


@pytest.mark.parametrize(
    ("turns", "choices"),
    [
        (
            (BIDS, "How many bidders are there?"),
            ("How many different bidders?", "How many bidders do we have in total?"),
        ),
        ((SOLD, "Show the listings"), ("Show them", "Show all listings")),
    ],
)
def test_those_or_all_is_asked_back(turns: tuple[str, ...], choices: tuple[str, ...], talk: Talk) -> None:
    draft = talk(*turns)
    assert isinstance(draft, Clarification), draft
    assert draft.choices == choices
    assert all(isinstance(talk(turns[0], choice), SqlDraft) for choice in choices)


@pytest.mark.parametrize("asked", ["Give me their email addresses too", "What are their full names?"])
def test_a_column_that_is_protected_stays_so(asked: str, talk: Talk) -> None:
    draft = talk(SELLERS, asked)
    assert isinstance(draft, CannotAnswer) and draft.code == "sensitive"
