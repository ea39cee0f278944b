"""What a role may not see is in no part of a prompt, whichever way it could get there."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest

from nl2sql.catalog.model import Dataset, DataType, Field, SemanticModel
from nl2sql.catalog.value_index import ValueIndex
from nl2sql.catalog.visibility import seen_by
from nl2sql.context.base import Context, Example
from nl2sql.context.retrieve import Retriever, retrieve
from nl2sql.prompt.base import EarlierTry, Problem, Prompt
from nl2sql.prompt.render import render_prompt
from nl2sql.prompt.template import PromptTemplate
from nl2sql.question import Principal, Question, Turn

SCHEMA = {"type": "object"}


def rendered(prompt: Prompt) -> str:
    return "\n".join(message.content for message in prompt.messages)


def test_no_part_of_the_prompt_names_a_sensitive_column(template: PromptTemplate, shop: SemanticModel) -> None:
    asked = Question.parse("What is the credit limit of trusted customers?")
    context = retrieve(asked, shop, "sqlite", date(2026, 6, 30))
    leaky = replace(
        context, examples=(Example("q", "SELECT c.credit_limit FROM customers AS c"), Example("ok", "SELECT 1"))
    )
    text = rendered(render_prompt(template, asked, leaky, reply_schema=SCHEMA))
    for hidden in ("credit_limit", "is_generous", "trusted:", "average_limit", "open_limit", "big spender"):
        assert hidden not in text
    assert '"credit limit": withheld' in text, "the words are the asker's own; that they are withheld is said"
    assert '"ok": "SELECT 1"' in text


def test_a_second_dataset_over_the_same_table_does_not_show_its_sensitive_column(
    template: PromptTemplate, question: Question, shop: SemanticModel
) -> None:
    debtors = Dataset("debtors", "main.customers", (Field("liability", "credit_limit"), Field("town", "city")))
    model = replace(shop, datasets=(*shop.datasets, debtors), fingerprint="shop-2")
    text = rendered(
        render_prompt(template, question, retrieve(question, model, "sqlite", date(2026, 6, 30)), reply_schema=SCHEMA)
    )
    assert "DATASET debtors table customers" in text
    assert "town = city" in text
    assert "liability" not in text
    assert "credit_limit" not in text


def test_a_column_that_shares_its_name_with_a_sensitive_one_elsewhere_is_shown(
    template: PromptTemplate, question: Question, shop: SemanticModel
) -> None:
    plans = Dataset("plans", "plans", (Field("credit_limit", "credit_limit", DataType.DECIMAL),))
    model = replace(shop, datasets=(*shop.datasets, plans), fingerprint="shop-3")
    text = rendered(
        render_prompt(template, question, retrieve(question, model, "sqlite", date(2026, 6, 30)), reply_schema=SCHEMA)
    )
    assert text.count("credit_limit") == 1


def test_a_dataset_that_nothing_may_be_seen_of_is_not_told_of(template: PromptTemplate, shop: SemanticModel) -> None:
    orders = replace(shop.datasets[1], fields=tuple(replace(f, sensitive=True) for f in shop.datasets[1].fields))
    model = replace(shop, datasets=(shop.datasets[0], orders), fingerprint="shop-5")
    history = (Turn("before", "SELECT COUNT(*) FROM shop_orders"), Turn("then", "SELECT c.id FROM customers AS c"))
    asked = Question("Turnover of purchases by town", history=history)
    text = rendered(
        render_prompt(template, asked, retrieve(asked, model, "sqlite", date(2026, 6, 30)), reply_schema=SCHEMA)
    )
    assert '"purchases": withheld' in text
    assert '"before": not answered' in text
    assert '"then": "SELECT c.id FROM customers AS c"' in text
    for hidden in ("orders", "turnover =", "orderer", "amount"):
        assert hidden not in text


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("SELECT c.credit_limit FROM customers AS c", False),
        ("SELECT orders.credit_limit FROM customers AS orders", False),
        ('SELECT "CREDIT_LIMIT" FROM customers', False),
        ("SELECT c.city FROM customers AS c WHERE c.city = 'credit_limit'", True),
    ],
)
def test_earlier_sql_that_reads_what_is_hidden_now_is_not_told(
    sql: str, told: bool, template: PromptTemplate, question: Question, context: Context
) -> None:
    asked = replace(question, history=(Turn("before", sql),))
    text = rendered(render_prompt(template, asked, context, reply_schema=SCHEMA))
    assert (json.dumps(sql) in text) is told
    assert ('"before": not answered' in text) is not told


def test_a_word_of_the_question_that_names_what_is_not_shown_is_withheld(
    template: PromptTemplate, shop: SemanticModel
) -> None:
    asked = Question.parse("trusted customers and their average limit")
    text = rendered(
        render_prompt(template, asked, retrieve(asked, shop, "sqlite", date(2026, 6, 30)), reply_schema=SCHEMA)
    )
    assert '"trusted": withheld' in text
    assert '"average limit": withheld' in text
    assert "customers.trusted" not in text


def test_what_a_database_quotes_from_hidden_rows_is_not_told(
    template: PromptTemplate, question: Question, context: Context
) -> None:
    problem = """22P02: invalid input syntax for type integer: "HIDDEN-4711" in `city` near 'amount'"""
    earlier = (EarlierTry("SELECT CAST(amont AS INTEGER) FROM shop_orders", (Problem("database", problem),)),)
    text = rendered(render_prompt(template, question, context, reply_schema=SCHEMA, earlier=earlier))
    assert "4711" not in text
    assert """"22P02: invalid input syntax for type integer: '…' in `city` near 'amount'\"""" in text


def test_who_asks_is_not_told(template: PromptTemplate, question: Question, context: Context) -> None:
    someone = replace(question, principal=Principal("anna.muster", "north", {"country": "Narnia"}))
    known = render_prompt(template, someone, context, reply_schema=SCHEMA)
    assert known == render_prompt(template, question, context, reply_schema=SCHEMA)


def test_no_value_of_a_column_that_a_role_hides_or_masks_is_told(template: PromptTemplate, shop: SemanticModel) -> None:
    asked = Question.parse("Turnover by town of local customers")
    text = rendered(
        render_prompt(
            template,
            asked,
            retrieve(asked, seen_by(shop, {"customers.city"}), "sqlite", date(2026, 6, 30)),
            reply_schema=SCHEMA,
        )
    )
    assert '"town": withheld' in text
    assert '"local": withheld' in text
    for hidden in ("MUC", "Munich", "city", "nearby"):
        assert hidden not in text


class Stored:
    """A database with names in its rows."""

    def distinct_values(self, table: str, column: str, limit: int, where: str = "") -> list[str]:
        return ["Gotham", "9000"]

    def fingerprint(self) -> str:
        return "1"


def indexed(shop: SemanticModel) -> SemanticModel:
    customers = shop.datasets[0]
    fields = tuple(replace(f, indexed=True) if f.name in ("city", "credit_limit") else f for f in customers.fields)
    return replace(shop, datasets=(replace(customers, fields=fields), shop.datasets[1]))


def asked_with(retriever: Retriever, text: str, model: SemanticModel, template: PromptTemplate) -> str:
    question = Question.parse(text)
    context = retriever(question, model, "sqlite", date(2026, 6, 30))
    return rendered(render_prompt(template, question, context, reply_schema=SCHEMA))


def test_a_stored_value_is_told_where_the_question_names_it_and_the_setting_allows(
    template: PromptTemplate, shop: SemanticModel
) -> None:
    model = indexed(shop)
    stored = ValueIndex(model, Stored())
    for values, told in (("none", False), ("enums", False), ("linked", True)):
        text = asked_with(Retriever(values=values, stored=stored), "Turnover in gotham", model, template)
        assert ("Gotham" in text) is told


def test_with_values_none_no_listed_value_is_told(template: PromptTemplate, shop: SemanticModel) -> None:
    assert "MUC" in asked_with(Retriever(), "Turnover by town in Munich", shop, template)
    text = asked_with(
        Retriever(values="none"),
        "Turnover by town in Munich",
        replace(shop, datasets=(replace(shop.datasets[0], filters=()), shop.datasets[1])),
        template,
    )
    assert "MUC" not in text
    assert "München" not in text
    assert text.count("Munich") == 2, "in the question, and as its word for a city"


def test_no_stored_value_of_a_hidden_column_is_told(template: PromptTemplate, shop: SemanticModel) -> None:
    model = indexed(shop)
    retriever = Retriever(values="linked", stored=ValueIndex(model, Stored()))
    hidden = seen_by(model, {"customers.city"})
    for seen in (hidden, seen_by(model, set(), {"customers.city"})):
        assert "Gotham" not in asked_with(retriever, "Turnover in gotham", seen, template)
    assert "9000" not in asked_with(retriever, "Customers of the limit 9,000", model, template).replace("9,000", "")


def test_an_example_that_reads_what_is_hidden_is_not_told(template: PromptTemplate, shop: SemanticModel) -> None:
    examples = (
        Example("Turnover by limit", "SELECT credit_limit FROM customers"),
        Example("Turnover by town", "SELECT city FROM customers"),
    )
    text = asked_with(Retriever(examples), "Turnover by town and limit", shop, template)
    assert "SELECT city FROM customers" in text
    assert "credit_limit" not in text
    as_seen = seen_by(shop, {"customers.city"})
    assert "SELECT city" not in asked_with(Retriever(examples), "Turnover by town and limit", as_seen, template)


def test_what_a_narrowed_context_leaves_out_is_not_called_withheld(
    template: PromptTemplate, shop: SemanticModel
) -> None:
    question = Question.parse("amount")
    context = retrieve(question, shop, "sqlite", date(2026, 6, 30))
    less = replace(context, fields={"orders": ("id",)}, metrics=(), values_of=frozenset())
    text = rendered(render_prompt(template, question, less, reply_schema=SCHEMA))
    assert ": withheld" not in text
    assert "turnover" not in text
    assert "MUC: " not in text
