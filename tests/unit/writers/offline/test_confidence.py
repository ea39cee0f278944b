"""The more a reading had to choose or mend, the less sure it is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import SemanticModel
from nl2sql.writers.offline.confidence import confidence
from nl2sql.writers.offline.constructs.base import Linked
from nl2sql.writers.offline.lexicon import Lexicon
from nl2sql.writers.offline.read import read
from nl2sql.writers.offline.tokens import tokenize

Sure = Callable[[str], float]
AS_OF = date(2026, 6, 30)


@pytest.fixture
def sure(auction_model: SemanticModel, auction_graph: JoinGraph, auction_lexicon: Lexicon) -> Sure:
    def measured(text: str) -> float:
        chunks = auction_lexicon.link(tokenize(text), AS_OF)
        return confidence(read(Linked(chunks, text, AS_OF, auction_model, auction_graph)), chunks)

    return measured


@pytest.mark.parametrize(
    ("surer", "less_sure"),
    [
        ("GMV by category", "GMV by catgeory"),
        ("Bids by bidder country", "Bids from Germany"),
        ("Users from Germany", "Users from Germany or with more than 10 bids"),
        ("Listings in Art", "Listings in Art without bids"),
        ("How many bids are there?", "How many bids by German users on French sellers' listings in Art?"),
    ],
)
def test_what_was_chosen_or_mended_makes_a_reading_less_sure(surer: str, less_sure: str, sure: Sure) -> None:
    assert 0 < sure(less_sure) < sure(surer) <= 1
