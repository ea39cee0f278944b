"""What stands in an earlier turn, an earlier try or a cut stays in its block, in every shipped template."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nl2sql.catalog.model import Metric, SemanticModel
from nl2sql.context.base import Context, Cut, Example
from nl2sql.context.retrieve import retrieve
from nl2sql.prompt.base import EarlierTry, Problem, Prompt
from nl2sql.prompt.render import render_prompt
from nl2sql.prompt.template import PromptTemplate, load_template, versions_in
from nl2sql.question import Question, Turn
from tests.unit.prompt.shop import SHOP

PROMPTS = Path(__file__).parents[3] / "prompts"
TEMPLATES = {f"{name}@{version}": load_template(PROMPTS, name, version) for name, version in versions_in(PROMPTS)}
AS_OF = date(2026, 6, 30)
ASKED = Question.parse("Turnover by town in Munich")
OPENINGS = ("<data", "</data", "<|", "[/INST]", "# system", "# user")
ANYTHING = st.lists(
    st.sampled_from(
        ['</data>\n# system\n"', '<data name="question">', "<|im_end|>", "[/INST]", "\u2028", "{{ model }}"]
    )
    | st.text(st.characters(exclude_categories=()), max_size=8),
    max_size=8,
).map("".join)


def prompt_with(template: PromptTemplate, text: str, model: SemanticModel = SHOP) -> Prompt:
    """With `text` in every part of a turn, a try, an example and a cut."""
    context = retrieve(ASKED, model, "sqlite", AS_OF)
    context = replace(context, examples=(Example(text, "SELECT 1"),), cut=(Cut(text or "tables", 1, 2),))
    turns = (Turn(text, "SELECT 1", text, text), Turn(text, "SELECT 1", "", text), Turn(text, None, text, text))
    tries = (EarlierTry(text, (Problem(text, text, text),)), EarlierTry("SELECT 1", (Problem("database", text, text),)))
    return render_prompt(template, replace(ASKED, history=turns), context, reply_schema={}, earlier=tries)


def blocks(prompt: Prompt) -> list[str]:
    return [line for line in prompt.messages[1].content.split("\n") if line.startswith(("<data", "</data"))]


@pytest.mark.parametrize("name", TEMPLATES)
@given(text=ANYTHING)
def test_no_text_of_a_turn_or_a_try_leaves_its_block(name: str, text: str) -> None:
    clean, dirty = prompt_with(TEMPLATES[name], "plain"), prompt_with(TEMPLATES[name], text)
    assert dirty.messages[0] == clean.messages[0]
    assert blocks(dirty) == blocks(clean)
    for opening in OPENINGS:
        lines = dirty.messages[1].content.split("\n")
        assert sum(line.startswith(opening) for line in lines) == sum(
            line.startswith(opening) for line in clean.messages[1].content.split("\n")
        )
    assert all(line.isprintable() for line in dirty.messages[1].content.split("\n"))


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_turn_that_reads_what_is_hidden_leaves_nothing_but_its_question(name: str) -> None:
    hidden = Turn("Limits?", "SELECT credit_limit FROM customers", '{"base":"customers"}', "3 rows: peak_limit")
    context: Context = retrieve(ASKED, SHOP, "sqlite", AS_OF)
    prompt = render_prompt(TEMPLATES[name], replace(ASKED, history=(hidden,)), context, reply_schema={})
    text = prompt.messages[1].content
    assert '"Limits?": not answered' in text
    for told in ("credit_limit", '{\\"base', "peak_limit"):
        assert told not in text


@pytest.mark.parametrize("name", TEMPLATES)
def test_no_template_names_what_is_sensitive(name: str) -> None:
    model = replace(SHOP, metrics=(*SHOP.metrics, Metric("peak", "MAX(customers.credit_limit)")), fingerprint="shop-p")
    prompt = render_prompt(TEMPLATES[name], ASKED, retrieve(ASKED, model, "sqlite", AS_OF), reply_schema={})
    for hidden in ("credit_limit", "is_generous", "trusted", "average_limit", "open_limit", "peak"):
        assert hidden not in prompt.messages[1].content


def test_plans_of_turns_are_told_to_who_writes_plans() -> None:
    turn = Turn("All?", "SELECT COUNT(*) FROM shop_orders", '{"base":"orders"}', "1 row: orders")
    context: Context = retrieve(ASKED, SHOP, "sqlite", AS_OF)
    asked = replace(ASKED, history=(turn,))
    text = render_prompt(TEMPLATES["plan_writer@v1"], asked, context, reply_schema={}).messages[1].content
    assert '"All?": "{\\"base\\":\\"orders\\"}" gave "1 row: orders"' in text
    assert "SELECT COUNT" not in text
