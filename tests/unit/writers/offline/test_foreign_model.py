"""A model without any of our extensions: names, synonyms and keys are enough for everyday questions."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from nl2sql.catalog.load import load_model
from nl2sql.catalog.value_index import ValueIndex
from nl2sql.context.base import Context
from nl2sql.question import Question
from nl2sql.writers.base import CannotAnswer, Draft, SqlDraft
from nl2sql.writers.offline.writer import OfflineWriter

SHOP = """
version: "0.2.0.dev0"
semantic_model:
- name: shop
  datasets:
  - name: customers
    source: shop.public.customers
    primary_key: [id]
    fields:
    - {name: id, expression: {dialects: [{dialect: ANSI_SQL, expression: id}]}, datatype: Integer}
    - {name: name, expression: {dialects: [{dialect: ANSI_SQL, expression: name}]}, datatype: String}
    - {name: city, expression: {dialects: [{dialect: ANSI_SQL, expression: city}]}, datatype: String,
       ai_context: {synonyms: [town]}}
  - name: products
    source: shop.public.products
    primary_key: [id]
    ai_context: {synonyms: [article]}
    fields:
    - {name: id, expression: {dialects: [{dialect: ANSI_SQL, expression: id}]}, datatype: Integer}
    - {name: brand, expression: {dialects: [{dialect: ANSI_SQL, expression: brand}]}, datatype: String}
    - {name: list_price, expression: {dialects: [{dialect: ANSI_SQL, expression: list_price}]}, datatype: Decimal}
  - name: orders
    source: shop.public.orders
    primary_key: [id]
    fields:
    - {name: id, expression: {dialects: [{dialect: ANSI_SQL, expression: id}]}, datatype: Integer}
    - {name: quantity, expression: {dialects: [{dialect: ANSI_SQL, expression: quantity}]}, datatype: Integer}
    - {name: total_amount, expression: {dialects: [{dialect: ANSI_SQL, expression: total_amount}]}, datatype: Decimal}
    - {name: ordered_at, expression: {dialects: [{dialect: ANSI_SQL, expression: ordered_at}]}, datatype: DateTime}
  relationships:
  - {name: order_customer, from: orders, to: customers, from_columns: [customer_id], to_columns: [id]}
  - {name: order_product, from: orders, to: products, from_columns: [product_id], to_columns: [id]}
  metrics:
  - name: turnover
    expression: {dialects: [{dialect: ANSI_SQL, expression: SUM(orders.total_amount)}]}
"""
ROWS = """
CREATE TABLE customers (id INTEGER, name TEXT, city TEXT);
CREATE TABLE products (id INTEGER, brand TEXT, list_price NUMERIC);
CREATE TABLE orders (id INTEGER, customer_id INTEGER, product_id INTEGER, quantity INTEGER, total_amount NUMERIC,
                     ordered_at TEXT);
INSERT INTO customers VALUES (1, 'Ada', 'Bern'), (2, 'Bo', 'Bern'), (3, 'Cy', 'Oslo');
INSERT INTO products VALUES (1, 'Acme', 5), (2, 'Umbra', 20);
INSERT INTO orders VALUES
  (1, 1, 1, 2, 10, '2025-03-01'), (2, 1, 2, 1, 20, '2025-03-31 23:00:00'), (3, 2, 1, 1, 5, '2025-04-01'),
  (4, 3, 2, 3, 60, '2024-12-31');
"""
Ask = Callable[[str], Draft]


@pytest.fixture
def shop() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.executescript(ROWS)
    return connection


@pytest.fixture
def ask_shop(tmp_path: Path, shop: sqlite3.Connection, stored_values: Callable[..., Any]) -> Ask:
    path = tmp_path / "shop.yaml"
    path.write_text(SHOP)
    model = load_model(path)
    writer = OfflineWriter(model, ValueIndex(model, stored_values(shop)))
    return lambda text: writer.write(Question(text), Context(model, "sqlite", date(2025, 4, 30), ()))


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("How many customers are there?", [(3,)]),
        ("number of orders", [(4,)]),
        ("total quantity", [(7,)]),
        ("Sum of total amount by city", [("Oslo", 60), ("Bern", 35)]),
        ("turnover by brand", [("Umbra", 80), ("Acme", 15)]),
        ("average list price of articles", [(12.5,)]),
        ("highest total amount", [(60,)]),
        ("number of orders by town", [("Bern", 3), ("Oslo", 1)]),
        ("orders by brand and city", [("Acme", "Bern", 2), ("Umbra", "Bern", 1), ("Umbra", "Oslo", 1)]),
        ("How many orders have a quantity over 1?", [(2,)]),
        ("How many customers have no orders?", [(0,)]),
        ("How many customers have more than 1 order?", [(1,)]),
    ],
)
def test_everyday_questions_need_no_extension(
    question: str, rows: list[tuple[Any, ...]], ask_shop: Ask, shop: sqlite3.Connection
) -> None:
    draft = ask_shop(question)
    assert isinstance(draft, SqlDraft), draft
    assert shop.execute(draft.sql).fetchall() == rows


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("How many orders in March 2025?", [(2,)]),
        ("turnover by month in 2025", [("2025-03", 30), ("2025-04", 5)]),
        ("number of orders per year", [("2024", 1), ("2025", 3)]),
        ("turnover last month", [(30,)]),
    ],
)
def test_the_only_date_of_a_dataset_dates_it(
    question: str, rows: list[tuple[Any, ...]], ask_shop: Ask, shop: sqlite3.Connection
) -> None:
    draft = ask_shop(question)
    assert isinstance(draft, SqlDraft), draft
    assert shop.execute(draft.sql).fetchall() == rows


@pytest.mark.parametrize("question", ["customers in 2025", "orders over 10", "revenue by city", "top customers"])
def test_what_the_model_does_not_say_is_declined_or_asked(question: str, ask_shop: Ask) -> None:
    draft = ask_shop(question)
    assert not isinstance(draft, SqlDraft), draft


def test_a_question_about_the_auction_means_nothing_here(ask_shop: Ask) -> None:
    draft = ask_shop("How many bids were placed?")
    assert isinstance(draft, CannotAnswer)
    assert "bids" in draft.unknown_words
