"""What a question says and its plan does not: found by laying the plan of another question beside it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import SemanticModel
from nl2sql.plan.base import QueryPlan
from nl2sql.plan.json_form import plan_from_json
from nl2sql.writers.base import Draft, SqlDraft
from nl2sql.writers.offline.lexicon import Lexicon
from nl2sql.writers.offline.misreadings import misread
from nl2sql.writers.offline.senses import Chunk
from nl2sql.writers.offline.tokens import tokenize
from nl2sql.writers.offline.traces import untraced
from tests.unit.writers.offline.conftest import AS_OF

Ask = Callable[..., Draft]


@pytest.fixture
def plan_of(ask: Ask, auction_model: SemanticModel, auction_graph: JoinGraph) -> Callable[[str], QueryPlan]:
    def planned(question: str) -> QueryPlan:
        draft = ask(question)
        assert isinstance(draft, SqlDraft), draft
        return plan_from_json(draft.plan, auction_model, auction_graph)

    return planned


@pytest.fixture
def chunks_of(auction_lexicon: Lexicon) -> Callable[[str], tuple[Chunk, ...]]:
    return lambda question: auction_lexicon.link(tokenize(question), AS_OF)


@pytest.mark.parametrize(
    ("asked", "planned", "lost"),
    [
        ("GMV in 2025", "GMV", ("in 2025",)),
        ("GMV in Art", "GMV", ("Art",)),
        ("Number of bids over 1,000", "Number of bids", ("over", "1,000")),
        ("Sniped listings", "Listings", ("Sniped",)),
        ("Average bid amount", "Total bid amount", ("Average",)),
        ("Listings not in Art", "Listings in Art", ("not in",)),
        ("Number of bids per bidder", "Number of bids", ("per", "bidder")),
        ("Share of users from Germany", "Number of users from Germany", ("Share of",)),
        ("Number of listings with comments", "Number of listings", ("comments",)),
        ("Number of listings by condition", "Number of listings", ("condition",)),
        ("GMV of German sellers", "GMV of items bought by German buyers", ("sellers",)),
    ],
)
def test_a_word_without_a_trace_in_the_plan_is_named(
    asked: str,
    planned: str,
    lost: tuple[str, ...],
    plan_of: Callable[[str], QueryPlan],
    chunks_of: Callable[[str], tuple[Chunk, ...]],
    auction_model: SemanticModel,
    auction_graph: JoinGraph,
) -> None:
    assert untraced(chunks_of(asked), plan_of(planned), auction_model, auction_graph) == lost


@pytest.mark.parametrize(
    "question",
    [
        "How many sold listings got no bid in the first 24 hours?",
        "How many new users did we get in May 2026?",
        "50th percentile of final prices",
        "How many bids came in after 10 pm?",
        "Users not seen since May 2026",
        "Number of user reviews in 2025",
        "Average number of bidders per listing",
    ],
)
def test_what_is_said_in_other_words_leaves_its_trace(
    question: str,
    plan_of: Callable[[str], QueryPlan],
    chunks_of: Callable[[str], tuple[Chunk, ...]],
    auction_model: SemanticModel,
    auction_graph: JoinGraph,
) -> None:
    plan = plan_of(question)
    assert untraced(chunks_of(question), plan, auction_model, auction_graph) == ()
    assert misread(chunks_of(question), plan, auction_model, auction_graph) == ""
