"""A question about a shop, its context, and the template in use."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from nl2sql.catalog.model import SemanticModel
from nl2sql.context.base import Context
from nl2sql.context.retrieve import retrieve
from nl2sql.prompt.template import PromptTemplate, load_template
from nl2sql.question import Question
from tests.unit.prompt.shop import SHOP


@pytest.fixture(scope="session")
def shop() -> SemanticModel:
    return SHOP


@pytest.fixture
def question() -> Question:
    return Question.parse("Turnover by town in Munich")


@pytest.fixture
def context(question: Question, shop: SemanticModel) -> Context:
    return retrieve(question, shop, "sqlite", date(2026, 6, 30))


@pytest.fixture(scope="session")
def prompts_dir() -> Path:
    return Path(__file__).parents[3] / "prompts"


@pytest.fixture(scope="session")
def template(prompts_dir: Path) -> PromptTemplate:
    return load_template(prompts_dir, "sql_writer", "v2")
