"""The writer as it is set up by default, for tests."""

from __future__ import annotations

from pathlib import Path

from nl2sql.llm.base import LanguageModel
from nl2sql.prompt.template import PromptTemplate, load_template, read_version
from nl2sql.settings import Settings
from nl2sql.writers.llm import LlmWriter

REPOSITORY = Path(__file__).parents[3]
PROMPTS = REPOSITORY / "prompts"


def template(version: str = "") -> PromptTemplate:
    return load_template(PROMPTS, *read_version(version or Settings(base=REPOSITORY).prompt))


def llm_writer(model: LanguageModel, version: str = "") -> LlmWriter:
    return LlmWriter(model, template(version))
