"""What the shipped template teaches of plans is true: its examples compile, and its grammar names every part."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.load import load_model
from nl2sql.catalog.model import SemanticModel
from nl2sql.plan.base import QueryPlan
from nl2sql.plan.compile.select import compile_plan
from nl2sql.plan.json_form import TAGS, hints_of, plan_to_json
from nl2sql.plan.validate import read_plan
from nl2sql.prompt.template import load_template

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "prompts" / "plan_writer" / "v1.md").read_text(encoding="utf-8")
SYSTEM = TEXT.partition("# system\n")[2].partition("# model\n")[0]
EXAMPLES = re.findall(r"^(.+\S): (\{\"base\".*\})$", SYSTEM, re.MULTILINE)


@pytest.fixture(scope="module")
def model() -> SemanticModel:
    return load_model(ROOT / "schema" / "auction" / "model.yaml")


def test_there_are_examples_of_measures_and_of_lists() -> None:
    assert len(EXAMPLES) >= 3
    assert {"measures", "columns"} <= {key for _, plan in EXAMPLES for key in json.loads(plan)}


@pytest.mark.parametrize(("question", "written"), EXAMPLES, ids=[question for question, _ in EXAMPLES])
@pytest.mark.parametrize("dialect", ["sqlite", "mysql", "postgres", "duckdb", "bigquery"])
def test_an_example_compiles_in_every_dialect(question: str, written: str, dialect: str, model: SemanticModel) -> None:
    graph = JoinGraph(model)
    plan = read_plan(written, model, graph)
    assert compile_plan(plan, model, graph, dialect).startswith(("SELECT", "WITH"))
    assert set(json.loads(written)) == set(plan_to_json(plan)), "nothing in it is ignored"


def test_the_grammar_names_every_key_and_every_kind() -> None:
    asked = set(hints_of(QueryPlan)) - {"assumptions"}
    for name in asked | set(TAGS.values()) - {"field"}:
        assert re.search(rf"\b{name}\b", SYSTEM), name
    for part, kind in TAGS.items():
        for name in hints_of(part):
            assert re.search(rf"\b{name}\b", SYSTEM), f"{kind}: {name}"


def test_it_asks_for_plans() -> None:
    assert load_template(ROOT / "prompts", "plan_writer", "v1").replies == ("plan", "clarification", "cannot_answer")
