from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest

from nl2sql.catalog.model import SemanticModel
from nl2sql.context.base import Context
from nl2sql.context.retrieve import retrieve
from nl2sql.prompt.base import EarlierTry, Problem, Prompt
from nl2sql.prompt.render import render_prompt
from nl2sql.prompt.template import PromptTemplate
from nl2sql.question import Question, Turn

SCHEMA = {"type": "object"}


def rendered(prompt: Prompt) -> str:
    return "\n".join(message.content for message in prompt.messages)


def test_the_prompt_has_a_system_and_a_user_part(
    template: PromptTemplate, question: Question, context: Context
) -> None:
    prompt = render_prompt(template, question, context, reply_schema=SCHEMA)
    assert [message.role for message in prompt.messages] == ["system", "user"]
    assert prompt.version == "sql_writer@v1"
    assert prompt.messages[1].content.endswith('<data name="question">\n"Turnover by town in Munich"\n</data>')


def test_the_model_is_described_with_what_sql_needs(
    template: PromptTemplate, question: Question, context: Context
) -> None:
    text = rendered(render_prompt(template, question, context, reply_schema=SCHEMA))
    assert "DATASET orders table shop_orders (purchase), dated by placed_at" in text
    assert "customer_id -> customers.id as orderer" in text
    assert "turnover = SUM(orders.amount), time orders.placed_at, EUR" in text
    assert 'city (town): "MUC" (Munich)' in text
    assert "FILTER local: customers.city = 'MUC' (nearby)" in text
    assert 'loyal: "Ordered twice."' in text
    assert '"Munich": value "customers.city=MUC"' in text


def test_the_fingerprint_covers_messages_and_reply_schema(
    template: PromptTemplate, question: Question, context: Context
) -> None:
    one = render_prompt(template, question, context, reply_schema=SCHEMA)
    assert one == render_prompt(template, question, context, reply_schema=dict(SCHEMA))
    others = [
        render_prompt(template, question, context, reply_schema={"type": "array"}),
        render_prompt(template, Question.parse("Turnover by town"), context, reply_schema=SCHEMA),
        render_prompt(template, question, replace(context, as_of=date(2026, 7, 1)), reply_schema=SCHEMA),
        render_prompt(
            template, question, context, reply_schema=SCHEMA, earlier=(EarlierTry("a", (Problem("database", "b"),)),)
        ),
    ]
    assert len({one.fingerprint, *(other.fingerprint for other in others)}) == 5


@pytest.mark.parametrize("dialect", ["sqlite", "mysql", "postgres", "duckdb", "bigquery"])
def test_every_dialect_is_told_how_to_make_months(
    dialect: str, template: PromptTemplate, question: Question, context: Context
) -> None:
    system = (
        render_prompt(template, question, replace(context, dialect=dialect), reply_schema=SCHEMA).messages[0].content
    )
    assert f"SQL for {dialect}" in system
    assert system.count("Month:") == 1


def test_the_calendar_is_worked_out_for_the_model(
    template: PromptTemplate, question: Question, context: Context
) -> None:
    system = render_prompt(template, question, context, reply_schema=SCHEMA).messages[0].content
    assert "Today is 2026-06-30" in system
    for period in (
        "last week 2026-06-22 / 2026-06-29",
        "last month 2026-05-01 / 2026-06-01",
        "last quarter 2026-01-01 / 2026-04-01",
        "last year 2025-01-01 / 2026-01-01",
        "past 30 days 2026-06-01 / 2026-07-01",
    ):
        assert period in system
    january = render_prompt(template, question, replace(context, as_of=date(2026, 1, 1)), reply_schema=SCHEMA)
    assert "last month 2025-12-01 / 2026-01-01; last quarter 2025-10-01 / 2026-01-01" in january.messages[0].content


def test_only_the_last_turns_are_told(template: PromptTemplate, question: Question, context: Context) -> None:
    asked = replace(question, history=tuple(Turn(f"turn {n}", f"SELECT {n}") for n in range(9)))
    text = rendered(render_prompt(template, asked, context, reply_schema=SCHEMA))
    assert [n for n in range(9) if json.dumps(f"turn {n}") in text] == [5, 6, 7, 8]


def test_only_datasets_of_the_context_are_described(
    template: PromptTemplate, question: Question, context: Context
) -> None:
    text = rendered(render_prompt(template, question, replace(context, datasets=("customers",)), reply_schema=SCHEMA))
    assert "DATASET customers" in text
    assert "orders" not in text


def test_a_join_that_is_on_no_single_field_is_told_with_its_dataset(
    template: PromptTemplate, question: Question, shop: SemanticModel
) -> None:
    pair = replace(
        shop.relationships[0], source_columns=("customer_id", "city"), target_columns=("id", "city"), role="payer"
    )
    unlisted = replace(shop.relationships[0], source_columns=("hidden_id",), role="referrer")
    model = replace(shop, relationships=(pair, unlisted), fingerprint="shop-4")
    context = retrieve(question, model, "sqlite", date(2026, 6, 30))
    lines = rendered(render_prompt(template, question, context, reply_schema=SCHEMA)).splitlines()
    assert "JOIN customer_id -> customers.id AND city -> customers.city as payer" in lines
    assert "JOIN hidden_id -> customers.id as referrer" in lines
