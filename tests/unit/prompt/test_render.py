from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest

from nl2sql.catalog.model import SemanticModel
from nl2sql.context.base import Context, Cut, Example
from nl2sql.context.retrieve import retrieve
from nl2sql.context.tokens import estimate
from nl2sql.prompt.base import EarlierTry, Problem, Prompt
from nl2sql.prompt.render import render_prompt, render_within
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
    assert prompt.version == "sql_writer@v2"
    assert prompt.messages[1].content.endswith('<data name="question">\n"Turnover by town in Munich"\n</data>')


def test_the_model_is_described_with_what_sql_needs(
    template: PromptTemplate, question: Question, context: Context
) -> None:
    text = rendered(render_prompt(template, question, context, reply_schema=SCHEMA))
    assert "DATASET orders table shop_orders (purchase) @placed_at" in text
    assert "customer_id -> customers as orderer" in text
    assert "metric turnover: SUM(amount) @placed_at EUR" in text
    assert "city label (town): MUC" in text
    assert "filter local: city = 'MUC'" in text
    assert 'loyal: "Ordered twice."' in text
    assert '"Munich": value "customers.city=MUC"' in text
    assert "placed_at" not in [line.split()[0] for line in text.splitlines() if line], "the heading says it"


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
    text = rendered(render_prompt(template, question, context, reply_schema=SCHEMA))
    assert "Today is 2026-06-30" in text
    for period in (
        "last week 2026-06-22 / 2026-06-29",
        "last month 2026-05-01 / 2026-06-01",
        "last quarter 2026-01-01 / 2026-04-01",
        "last year 2025;",
        "past 30 days 2026-06-01 / 2026-07-01",
    ):
        assert period in text
    january = rendered(render_prompt(template, question, replace(context, as_of=date(2026, 1, 1)), reply_schema=SCHEMA))
    assert "last month 2025-12-01 / 2026-01-01; last quarter 2025-10-01 / 2026-01-01" in january


def test_only_the_last_turns_are_told(template: PromptTemplate, question: Question, context: Context) -> None:
    asked = replace(question, history=tuple(Turn(f"turn {n}", f"SELECT {n}") for n in range(9)))
    text = rendered(render_prompt(template, asked, context, reply_schema=SCHEMA))
    assert [n for n in range(9) if json.dumps(f"turn {n}") in text] == [5, 6, 7, 8]


def test_a_turn_is_told_with_its_sql_and_the_shape_of_its_result(
    template: PromptTemplate, question: Question, context: Context
) -> None:
    turn = Turn("Turnover?", "SELECT SUM(amount) FROM shop_orders", '{"base":"orders"}', '1 row: "turnover"</data>')
    text = rendered(render_prompt(template, replace(question, history=(turn,)), context, reply_schema=SCHEMA))
    shape = '"1 row: \\"turnover\\"\\u003c/data>"'
    assert f'"Turnover?": "SELECT SUM(amount) FROM shop_orders" gave {shape}' in text
    assert '{"base"' not in text, "the SQL says it already"


def test_the_shape_of_what_is_hidden_now_is_not_told(
    template: PromptTemplate, question: Question, context: Context
) -> None:
    turn = Turn("Limits?", "SELECT credit_limit FROM customers", '{"base":"customers"}', "9 rows: credit_limit")
    text = rendered(render_prompt(template, replace(question, history=(turn,)), context, reply_schema=SCHEMA))
    assert '"Limits?": not answered' in text
    assert "credit_limit" not in text and "9 rows" not in text


def test_the_last_two_tries_are_told_with_their_problems(
    template: PromptTemplate, question: Question, context: Context
) -> None:
    problem = Problem("unknown_column", "Use amount.</data>", "amont</data>")
    tries = tuple(EarlierTry(f"SELECT amont + {n} FROM shop_orders", (problem, problem)) for n in range(3))
    text = rendered(render_prompt(template, question, context, reply_schema=SCHEMA, earlier=tries))
    assert [n for n in range(3) if f"amont + {n}" in text] == [1, 2]
    assert text.count('[unknown_column] "Use amount.\\u003c/data>" at "amont\\u003c/data>"') == 4


def test_a_model_that_sees_a_part_is_told_so(template: PromptTemplate, question: Question, context: Context) -> None:
    said = "Not all of the database is shown."
    assert said not in rendered(render_prompt(template, question, context, reply_schema=SCHEMA))
    part = replace(context, datasets=("customers",), cut=(Cut("tables", 1, 2),))
    assert said in rendered(render_prompt(template, question, part, reply_schema=SCHEMA))


def test_what_no_question_changes_comes_first_and_is_rendered_once(
    template: PromptTemplate, question: Question, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = render_prompt(template, question, context, reply_schema=SCHEMA).messages[1].content
    monkeypatch.setattr("nl2sql.prompt.render.abbreviated", None)
    asked = Question.parse("How many customers?")
    later = retrieve(asked, context.model, "sqlite", date(2027, 1, 1))
    other = render_prompt(template, asked, later, reply_schema=SCHEMA).messages[1].content
    assert other.split("Today is")[0] == one.split("Today is")[0]


def test_a_changed_model_of_the_same_names_is_described_anew(
    template: PromptTemplate, question: Question, context: Context
) -> None:
    render_prompt(template, question, context, reply_schema=SCHEMA)
    orders = replace(context.model.datasets[1], description="Everything that was ever ordered.")
    model = replace(context.model, datasets=(context.model.datasets[0], orders), fingerprint="shop-9")
    text = rendered(render_prompt(template, question, replace(context, model=model), reply_schema=SCHEMA))
    assert '"Everything that was ever ordered."' in text


def test_a_prompt_is_narrowed_until_it_fits(template: PromptTemplate, question: Question, context: Context) -> None:
    full, whole = render_within(template, question, context, reply_schema=SCHEMA, tokens=100_000)
    assert whole is context
    assert full.tokens == sum(estimate(message.content) for message in full.messages)
    less = replace(context, examples=tuple(Example(f"{n} towns?", f"SELECT {n} AS towns") for n in range(9)))
    large, _ = render_within(template, question, less, reply_schema=SCHEMA, tokens=100_000)
    small, told = render_within(template, question, less, reply_schema=SCHEMA, tokens=full.tokens + 20)
    assert small.tokens <= full.tokens + 20 < large.tokens
    assert told.cut_words


def test_the_smallest_prompt_is_given_where_none_fits(
    template: PromptTemplate, question: Question, context: Context
) -> None:
    smallest, told = render_within(template, question, context, reply_schema=SCHEMA, tokens=1)
    assert smallest.tokens > 1
    assert "orders" in told.datasets, "what the question needs is never cut"


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
    assert "JOIN hidden_id -> customers as referrer" in lines
