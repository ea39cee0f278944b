"""Short questions behind others: what they change, what they leave, and what is no follow-up."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import SemanticModel
from nl2sql.plan.base import Measure, QueryPlan
from nl2sql.plan.compile.select import compile_plan
from nl2sql.plan.validate import read_plan
from nl2sql.plan.words import Wording
from nl2sql.question import Turn
from nl2sql.writers.base import Draft, SqlDraft
from nl2sql.writers.offline.follow_up import SAID, follow_up, previous_plan
from nl2sql.writers.offline.frame import NotUnderstood, SeveralReadings
from nl2sql.writers.offline.lexicon import Lexicon
from nl2sql.writers.offline.tokens import tokenize
from tests.unit.writers.offline.conftest import AS_OF

Follow = Callable[[str, str], QueryPlan | None]


@pytest.fixture
def follow(
    ask: Callable[..., Draft], auction_model: SemanticModel, auction_graph: JoinGraph, auction_lexicon: Lexicon
) -> Follow:
    def followed(first: str, then: str) -> QueryPlan | None:
        draft = ask(first)
        assert isinstance(draft, SqlDraft), draft
        previous = read_plan(draft.plan, auction_model, auction_graph)
        chunks = auction_lexicon.link(tokenize(then), AS_OF)
        return follow_up(chunks, previous, auction_model, auction_graph)

    return followed


BIDS = "How many bids were placed in 2025?"
GMV = "GMV by category in 2025"
SOLD = "How many listings were sold in 2025?"
TOTAL = "Total bid amount by month in 2025"
NEVER = "Which users never placed a bid?"
USERS = "list of users: user id, username, country and registration date; without bids as bidder"


@pytest.mark.parametrize(
    ("first", "then", "words"),
    [
        (BIDS, "and by country?", "number of bids by bidder country; bid time in 2025"),
        (BIDS, "only 2024", "number of bids; bid time in 2024"),
        (BIDS, "And in 2024?", "number of bids; bid time in 2024"),
        (BIDS, "per month", "number of bids by month of bid time; bid time in 2025"),
        (BIDS, "without Germany", "number of bids; bid time in 2025; bidder country is not DE"),
        (BIDS, "for phones", "number of bids; bid time in 2025; subcategory is Phones"),
        (BIDS, "by bidder", "number of bids by bidder; bid time in 2025"),
        (GMV, "only the top 5", "GMV by category; closing date in 2025; only the 5 highest"),
        (GMV, "bottom 3", "GMV by category; closing date in 2025; only the 3 lowest"),
        (GMV, "sort ascending", "GMV by category; closing date in 2025; lowest first"),
        (GMV, "per month instead", "GMV by month of closing date; closing date in 2025"),
        (GMV, "and by month", "GMV by category and month of closing date; closing date in 2025; highest first"),
        (GMV, "by seller country instead", "GMV by seller country; closing date in 2025; highest first"),
        (GMV, "the same for 2024", "GMV by category; closing date in 2024; highest first"),
        (GMV, "sell-through rate instead", "sell-through rate by category; closing date in 2025; highest first"),
        (
            GMV,
            "as a share",
            "GMV and its share of the total by category; closing date in 2025; by GMV, highest first",
        ),
        (
            GMV,
            "as a table of the last 12 months",
            "GMV by category; closing date from 1 July 2025 to 30 June 2026; highest first",
        ),
        (
            GMV,
            "without Art and Fashion",
            "GMV by category; closing date in 2025; category is none of Art or Fashion; highest first",
        ),
        (SOLD, "what about unsold ones?", "number of listings; unsold listings; closing date in 2025"),
        (SOLD, "why not cancelled ones?", "number of listings; cancelled listings; closing date in 2025"),
        (SOLD, "and active ones?", "number of listings; active listings; creation date in 2025"),
        (SOLD, "only sniped ones", "number of listings; sold listings; closing date in 2025; sniped listings"),
        (SOLD, "as a share", "share of listings that are sold; closing date in 2025"),
        (SOLD, "by buyer", "number of listings by buyer; sold listings; closing date in 2025; listings with a buyer"),
        (
            TOTAL,
            "and the average?",
            "total bid amount and average bid amount by month of bid time; bid time in 2025",
        ),
        (TOTAL, "the average instead", "average bid amount by month of bid time; bid time in 2025"),
        (TOTAL, "weekly", "total bid amount by week of bid time; bid time in 2025"),
        (TOTAL, "only Germany", "total bid amount by month of bid time; bid time in 2025; bidder country is DE"),
        (NEVER, "only from Germany", f"{USERS}; country is DE"),
        (NEVER, "by country", "number of users by country; without bids as bidder"),
    ],
)
def test_a_follow_up_changes_the_plan_before(
    first: str, then: str, words: str, follow: Follow, auction_model: SemanticModel, auction_graph: JoinGraph
) -> None:
    plan = follow(first, then)
    assert plan is not None and plan.assumptions == (SAID,)
    assert Wording(auction_model, auction_graph).of(plan) == words
    assert compile_plan(plan, auction_model, auction_graph, "sqlite").startswith(("SELECT", "WITH"))


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (BIDS, "How many users do we have?"),
        (BIDS, "and by flibber?"),
        (BIDS, "and"),
        (BIDS, "Which users never placed a bid?"),
        (GMV, "What about GMV by seller country?"),
        (GMV, "by"),
        (GMV, "top"),
        (GMV, "without"),
        (GMV, "only 2025"),
        (GMV, "without 2025"),
        (BIDS, "list users from Germany"),
    ],
)
def test_a_question_of_its_own_and_half_a_question_are_no_follow_up(first: str, then: str, follow: Follow) -> None:
    assert follow(first, then) is None


@pytest.mark.parametrize(
    ("first", "then", "message"),
    [
        (BIDS, "and the average?", "The average of what? Please name the number."),
        (BIDS, "only the top 5", "There is only one row here, so there is nothing to rank."),
        (BIDS, "as a share", "A share of what, exactly? I could not tell the part from the whole."),
        (BIDS, "lowest first", "There is nothing here to put into an order."),
        (GMV, "revenue instead", "“revenue” is about other rows; please ask the whole question."),
        (NEVER, "only sold ones", "I do not know what “sold” means for users."),
    ],
)
def test_a_change_that_the_plan_cannot_take_is_told(first: str, then: str, message: str, follow: Follow) -> None:
    with pytest.raises(NotUnderstood) as told:
        follow(first, then)
    assert told.value.message == message


def test_the_plan_before_is_that_of_the_last_turn_if_it_is_still_one(
    auction_model: SemanticModel, auction_graph: JoinGraph
) -> None:
    plan = '{"base": "bids", "measures": [{"kind": "count", "name": "number_of_bids"}]}'
    hidden = '{"base": "users", "columns": [{"name": "e", "value": {"dataset": "users", "field": "email"}}]}'

    def before(*plans: str) -> QueryPlan | None:
        return previous_plan([Turn("asked", "SELECT 1", each) for each in plans], auction_model, auction_graph)

    assert before("", plan) == QueryPlan("bids", (Measure("count", "number_of_bids"),))
    assert [before(), before(plan, ""), before("{"), before(hidden)] == [None] * 4


def test_two_places_equally_near_are_asked_back(follow: Follow) -> None:
    with pytest.raises(SeveralReadings) as asked:
        follow(GMV, "and by country?")
    assert asked.value.choices == ("by seller country", "by buyer country")
    for choice in asked.value.choices:
        assert follow(GMV, choice) is not None


def test_a_way_that_the_plan_already_takes_is_taken_again(follow: Follow) -> None:
    plan = follow("GMV by seller country in 2025", "without Germany")
    assert plan is not None and plan.conditions[-1].field.path == ("listing_seller",)  # type: ignore[union-attr]
