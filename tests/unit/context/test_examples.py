from __future__ import annotations

from datetime import date

from nl2sql.catalog.model import SemanticModel
from nl2sql.catalog.visibility import seen_by
from nl2sql.context.base import Example
from nl2sql.context.examples import MAX_EXAMPLES
from nl2sql.context.retrieve import Retriever
from nl2sql.context.visible import visible
from nl2sql.question import Question

AS_OF = date(2026, 6, 30)
TOWNS = Example("Turnover by town", "SELECT c.city, SUM(o.amount) FROM shop_orders o JOIN customers c ON 1 = 1")
STATES = Example("How many purchases are open?", "SELECT COUNT(*) FROM shop_orders WHERE state = 'open'")
LIMITS = Example("Turnover by credit limit", "SELECT credit_limit, SUM(amount) FROM shop_orders, customers")


def examples(text: str, model: SemanticModel, *known: Example) -> tuple[Example, ...]:
    context = Retriever(known)(Question.parse(text), model, "sqlite", AS_OF)
    assert visible(context).examples == context.examples, "nothing is chosen that is then left out"
    return context.examples


def test_the_nearest_question_is_given_along(shop: SemanticModel) -> None:
    assert examples("turnover of each town last year", shop, STATES, TOWNS) == (TOWNS,)
    assert examples("how many open purchases", shop, STATES, TOWNS) == (STATES,)


def test_a_question_that_is_like_none_gets_none(shop: SemanticModel) -> None:
    assert examples("average age of gardeners in Peru", shop, STATES, TOWNS) == ()
    assert Retriever()(Question.parse("turnover"), shop, "sqlite", AS_OF).examples == ()


def test_an_example_that_reads_a_hidden_column_gives_its_place_to_the_next(shop: SemanticModel) -> None:
    assert examples("turnover by credit limit and town", shop, LIMITS, TOWNS) == (TOWNS,)


def test_what_a_role_does_not_see_is_in_no_example(shop: SemanticModel) -> None:
    assert examples("turnover by town", seen_by(shop, {"customers.city"}), TOWNS) == ()


def test_at_most_three_are_given(shop: SemanticModel) -> None:
    many = [Example(f"Turnover by town {n}", "SELECT 1 FROM customers") for n in range(9)]
    assert len(examples("turnover by town", shop, *many)) == MAX_EXAMPLES == 3


def test_an_example_over_tables_that_are_not_told_is_not_given(warehouse: SemanticModel) -> None:
    near = Example("amount invoiced by month", "SELECT SUM(total) FROM invoices")
    far = Example("amount invoiced by archive", "SELECT 1 FROM invoices JOIN archive_30 AS a ON 1 = 1")
    assert examples("amount invoiced by month", warehouse, far, near) == (near,)
