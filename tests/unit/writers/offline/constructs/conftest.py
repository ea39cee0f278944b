"""Plans of questions to the auction model, before any SQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import SemanticModel
from nl2sql.plan.base import QueryPlan
from nl2sql.writers.offline.constructs.base import Linked
from nl2sql.writers.offline.lexicon import Lexicon
from nl2sql.writers.offline.read import read
from nl2sql.writers.offline.tokens import tokenize

AS_OF = date(2026, 6, 30)
Plan = Callable[[str], QueryPlan]


@pytest.fixture(scope="session")
def linked(auction_lexicon: Lexicon, auction_model: SemanticModel, auction_graph: JoinGraph) -> Callable[[str], Linked]:
    return lambda text: Linked(auction_lexicon.link(tokenize(text), AS_OF), text, AS_OF, auction_model, auction_graph)


@pytest.fixture(scope="session")
def plan(linked: Callable[[str], Linked]) -> Plan:
    return lambda text: read(linked(text))
