"""The plan that the documentation shows is valid, and reads as the sentence above it."""

from __future__ import annotations

import re
from pathlib import Path

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.load import load_model
from nl2sql.plan.json_form import TAGS
from nl2sql.plan.validate import read_plan
from nl2sql.plan.words import Wording


def test_the_documented_plan_reads_as_its_sentence(repository: Path) -> None:
    text = (repository / "docs" / "query-plan.md").read_text()
    model = load_model(repository / "schema" / "auction" / "model.yaml")
    graph = JoinGraph(model)
    (written,) = re.findall(r"```json\n(.*?)```", text, re.S)
    (sentence,) = re.findall(r"^> (.*)$", text, re.M)
    assert Wording(model, graph).of(read_plan(written, model, graph)) == sentence


def test_every_kind_is_documented(repository: Path) -> None:
    text = (repository / "docs" / "query-plan.md").read_text()
    assert [tag for tag in TAGS.values() if f"`{tag}`" not in text] == []
