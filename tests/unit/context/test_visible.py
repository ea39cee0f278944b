"""What is said of things that are not shown, and how a text gives one away. Prompts as a whole: tests/unit/prompt."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date

import pytest

from nl2sql.catalog.model import Dataset, Field, SemanticModel
from nl2sql.context.base import Context, LinkedTerm
from nl2sql.context.retrieve import Retriever, retrieve
from nl2sql.context.visible import names_hidden, shown_of, visible
from nl2sql.question import Question

AS_OF = date(2026, 6, 30)


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("Ask for credit_limit first.", True),
        ("CREDIT_LIMIT", True),
        ("see staff.email", True),
        ("see main.Staff.EMAIL, please", True),
        ("see night-shift.badge", True),
        ("Email the staff. Email is quicker.", False),
        ("the staff's email", False),
        ("orders.email", False),
        ("limit of credit", False),
        ("credit_limits", False),
        ("", False),
    ],
)
def test_a_text_spells_a_hidden_column_as_people_write_columns(text: str, spelled: bool, shop: SemanticModel) -> None:
    staff = Dataset("staff", "staff", (Field("id", "id"), Field("email", "email", sensitive=True)))
    shift = Dataset("night-shift", "night_shift", (Field("id", "id"), Field("badge", "badge", sensitive=True)))
    model = replace(shop, datasets=(*shop.datasets, staff, shift))
    assert shown_of(model).secrets.spelled(text) is spelled


def test_a_statement_may_read_what_is_open(shop: SemanticModel) -> None:
    assert names_hidden("SELECT credit_limit FROM customers", shop)
    assert not names_hidden("SELECT city FROM customers", shop)


def test_a_metric_of_a_table_that_is_not_told_is_cut_and_not_withheld(shop: SemanticModel) -> None:
    linked = (LinkedTerm("turnover", "metric", "turnover"), LinkedTerm("average limit", "metric", "average_limit"))
    told = visible(Context(shop, "sqlite", AS_OF, ("customers",), linked))
    assert told.linked == ()
    assert told.withheld == ("average limit",)


def test_words_that_name_something_shown_are_not_withheld_for_what_else_they_name(shop: SemanticModel) -> None:
    orders = shop.datasets[1]
    named = replace(orders, fields=(*orders.fields, Field("granted", "granted", synonyms=("credit limit",))))
    model = replace(shop, datasets=(shop.datasets[0], named))
    told = visible(retrieve(Question.parse("credit limit"), model, "sqlite", AS_OF))
    assert told.linked == (LinkedTerm("credit limit", "field", "orders.granted"),)
    assert told.withheld == ()


def test_what_is_told_whole_is_the_same_object_each_time(shop: SemanticModel) -> None:
    first, second = (
        visible(retrieve(Question.parse(text), shop, "sqlite", AS_OF)).datasets
        for text in ("orders by town", "clients")
    )
    assert all(one is other for one, other in zip(first, second, strict=True))


def test_many_threads_are_told_the_same(warehouse: SemanticModel) -> None:
    retriever, model = Retriever(), replace(warehouse)
    question = Question.parse("amount invoiced by territory")
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda _: visible(retriever(question, model, "sqlite", AS_OF)), range(32)))
    assert all(each == told[0] for each in told)
