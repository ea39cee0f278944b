"""The shipped semantic model through retrieval and the shipped template: small, quick, and without a secret."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest

from nl2sql.catalog.load import load_model
from nl2sql.catalog.model import SemanticModel
from nl2sql.context.quoting import as_word
from nl2sql.context.retrieve import retrieve
from nl2sql.context.tokens import estimate
from nl2sql.prompt.base import Prompt
from nl2sql.prompt.render import render_prompt
from nl2sql.prompt.template import load_template, read_version
from nl2sql.question import Question
from nl2sql.writers.reply import reply_schema

ROOT = Path(__file__).parents[3]
AS_OF = date(2026, 6, 30)
# As estimated; vocabularies of 100,000 and 200,000 tokens count about 2,120 on SQLite. What grows past it
# should earn its place: every question pays for it.
MAX_TOKENS = 2_200
DIALECTS = ("sqlite", "mysql", "postgres", "duckdb", "bigquery")


@pytest.fixture(scope="module")
def model() -> SemanticModel:
    return load_model(ROOT / "schema" / "auction" / "model.yaml")


def prompt_of(model: SemanticModel, asked: str, dialect: str = "sqlite", name: str = "sql_writer@v2") -> Prompt:
    question = Question.parse(asked)
    template = load_template(ROOT / "prompts", *read_version(name))
    context = retrieve(question, model, dialect, AS_OF)
    return render_prompt(template, question, context, reply_schema=reply_schema(template.replies))


def prompt_text(model: SemanticModel, asked: str) -> str:
    return "\n".join(message.content for message in prompt_of(model, asked).messages)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("asked", ["Top 5 categories by GMV in 2025", "How many listings were sold last month?"])
def test_the_prompt_of_the_auction_stays_small(model: SemanticModel, asked: str, dialect: str) -> None:
    assert prompt_of(model, asked, dialect).tokens <= MAX_TOKENS
    assert prompt_of(model, asked, dialect).tokens < prompt_of(model, asked, dialect, "sql_writer@v1").tokens * 0.75


def test_the_rules_of_plans_stay_small(model: SemanticModel) -> None:
    system = prompt_of(model, "Top 5 categories by GMV in 2025", name="plan_writer@v1").messages[0].content
    assert estimate(system) < 1_250


def test_the_prompt_of_the_auction_holds_what_decides_an_answer(model: SemanticModel) -> None:
    text = prompt_text(model, "Top 5 categories by GMV in 2025")
    lines = text.splitlines()
    for dataset in model.datasets:
        assert any(line.startswith(f"DATASET {dataset.name}") for line in lines)
        for each in dataset.fields:
            assert each.sensitive or re.search(rf"\b{each.name}\b", text), each.name
            assert all(as_word(value.value) in text for value in each.values)
        for named in dataset.filters:
            assert re.search(rf"^filter {named.name}: |\b{named.name}( @\w+)?(, |$)", text, re.MULTILINE), named.name
    for metric in model.metrics:
        (line,) = [line for line in lines if line.startswith(f"metric {metric.name}: ")]
        assert f"@{metric.time_field.rpartition('.')[2]}" in line or f"@{metric.time_field}" in line
    for relationship in model.relationships:
        assert relationship.role in text and f"-> {relationship.target}" in text
    for term, meaning in model.readings.items():
        assert term == "today" or json.dumps(meaning, ensure_ascii=False) in text, term


def test_the_prompt_of_the_auction_names_nothing_sensitive(model: SemanticModel) -> None:
    sensitive = [(d.name, f) for d in model.datasets for f in d.fields if f.sensitive]
    assert len(sensitive) >= 4
    text = prompt_text(model, "Average reserve of listings, and who to mail")
    lines = text.splitlines()
    for _dataset, each in sensitive:
        if "_" in each.name:
            assert each.name not in text
        assert not any(line.split()[:1] == [each.name] for line in lines)
    assert '"reserve": withheld' in lines


def test_prompts_about_the_same_model_begin_alike(model: SemanticModel) -> None:
    one, other = prompt_text(model, "Top 5 categories by GMV in 2025"), prompt_text(model, "bids per month")
    shared = next(i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    # Providers charge less for a beginning they have seen: all but the question's own part.
    assert shared > len(one) - 650
    # Of all days: the calendar comes after the model.
    assert one.index("Today is") > one.index("metric average_rating")
