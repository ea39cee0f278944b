"""The plan that a draft carries is the whole of what it says: reading it back gives the same words and the same SQL."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import SemanticModel
from nl2sql.plan.compile.select import compile_plan
from nl2sql.plan.validate import read_plan
from nl2sql.plan.words import Wording
from nl2sql.writers.base import Draft, SqlDraft

QUESTIONS = yaml.safe_load((Path(__file__).parent / "questions.yaml").read_text())["answered"]


@pytest.mark.parametrize("asked", [each["ask"] for each in QUESTIONS])
def test_a_draft_can_be_made_again_from_its_plan(
    asked: str, ask: Callable[..., Draft], auction_model: SemanticModel, auction_graph: JoinGraph
) -> None:
    draft = ask(asked)
    assert isinstance(draft, SqlDraft), draft
    plan = read_plan(draft.plan, auction_model, auction_graph)
    assert Wording(auction_model, auction_graph).of(plan) == draft.interpretation
    assert compile_plan(plan, auction_model, auction_graph, "sqlite") == draft.sql
