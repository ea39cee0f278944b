"""A broken model file is refused with file, line, what is wrong and what is allowed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nl2sql.catalog.load import load_model
from nl2sql.catalog.model import DataType
from nl2sql.errors import ModelInvalid

GOOD = """\
version: "0.2.0.dev0"
semantic_model:
- name: shop
  datasets:
  - name: orders
    source: shop.public.orders
    primary_key: [id]
    custom_extensions:
    - vendor_name: NL2SQL
      data: '{"amount_field": "amount"}'
    fields:
    - name: id
      expression: {dialects: [{dialect: ANSI_SQL, expression: id}]}
      datatype: Integer
    - name: amount
      expression: {dialects: [{dialect: BIGQUERY, expression: amt}, {dialect: ANSI_SQL, expression: amount}]}
      datatype: Decimal
    - name: ordered_at
      expression: {dialects: [{dialect: ANSI_SQL, expression: ordered_at}]}
      datatype: DateTime
  - name: customers
    source: customers
    fields:
    - name: id
      expression: {dialects: [{dialect: ANSI_SQL, expression: id}]}
  relationships:
  - {name: order_customer, from: orders, to: customers, from_columns: [customer_id], to_columns: [id]}
  metrics:
  - name: turnover
    expression: {dialects: [{dialect: ANSI_SQL, expression: SUM(orders.amount)}]}
"""

# What is replaced by what, the line that is to be named, and words of the message.
BROKEN = [
    ("0.2.0.dev0", "0.1", 1, "allowed are '0.2.0.dev0'"),
    ("    source: customers\n", "", 21, "the key “source” is missing"),
    ("datatype: Integer", "datatype: Int", 14, "“Int” is not allowed; allowed are 'String', 'Integer'"),
    ("datatype: Decimal", "datatyp: Decimal", 17, "“datatyp” is not a key of the format here"),
    ("dialect: BIGQUERY", "dialect: ORACLE", 16, "“ORACLE” is not allowed"),
    ("to: customers", "to: clients", 27, "there is no dataset “clients”; there are orders, customers"),
    ("to_columns: [id]", "to_columns: [id, x]", 27, "must be of the same length"),
    ("SUM(orders.amount)", "SUM(", 30, "“SUM(” is not a SQL expression"),
    ("SUM(orders.amount)", "SUM(sales.amount)", 30, "“sales.amount” names no dataset of the model"),
    ("name: customers", "name: orders", 21, "there are two datasets called “orders”"),
    ("name: ordered_at", "name: amount", 12, "there are two fields called “amount”"),
    ('{"amount_field": "amount"}', '{"amount_field": "price"}', 5, "there is no field “price” in orders"),
    ('{"amount_field": "amount"}', '{"amount": "amount"}', 10, "“amount” is not a key of the format here"),
    ('{"amount_field": "amount"}', "{amount}", 10, "data must be JSON text"),
]


@pytest.mark.parametrize(("old", "new", "line", "message"), BROKEN, ids=[f"{b[0].strip()} → {b[1]}" for b in BROKEN])
def test_a_broken_file_is_refused_at_its_line(old: str, new: str, line: int, message: str, tmp_path: Path) -> None:
    assert old in GOOD
    path = tmp_path / "model.yaml"
    path.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(ModelInvalid) as error:
        load_model(path)
    assert message in error.value.user_message
    assert f"{path}, line {line} (" in error.value.user_message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("version: [", "not valid YAML"),
        ("", "line 1"),
        ("just words", "line 1"),
        ("version: '0.2.0.dev0'\nsemantic_model: []\n", "at least 1 item"),
    ],
)
def test_what_is_no_model_at_all_is_refused(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "model.yaml"
    path.write_text(text)
    with pytest.raises(ModelInvalid, match=re.escape(message)):
        load_model(path)


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(ModelInvalid, match="There is no model file"):
        load_model(tmp_path / "nothing.yaml")


def test_a_model_is_chosen_by_name(tmp_path: Path) -> None:
    path = tmp_path / "model.yaml"
    path.write_text(GOOD)
    assert load_model(path, "shop").name == "shop"
    with pytest.raises(ModelInvalid, match=r"no semantic model called “other”\. The file has: shop"):
        load_model(path, "other")


def test_what_the_file_says_is_what_the_model_holds(tmp_path: Path) -> None:
    path = tmp_path / "model.yaml"
    path.write_text(GOOD)
    model = load_model(path)
    orders = model.dataset("orders")
    assert (orders.table, orders.primary_key, orders.amount_field) == ("orders", ("id",), "amount")
    assert orders.field("amount").expression == "amount", "ANSI before any other dialect"
    assert orders.field("ordered_at").is_time and orders.time_field == "ordered_at", "its only date"
    assert model.dataset("customers").field("id").datatype is DataType.OPAQUE
    assert model.metric_by_name["turnover"].expression == "SUM(orders.amount)"


def test_the_fingerprint_changes_with_the_text_alone(tmp_path: Path) -> None:
    first, second, third = (tmp_path / name for name in ("a.yaml", "b.yaml", "c.yaml"))
    first.write_text(GOOD)
    second.write_text(GOOD)
    third.write_text(GOOD.replace("turnover", "sales"))
    assert load_model(first).fingerprint == load_model(second).fingerprint != load_model(third).fingerprint


def test_a_dataset_with_two_dates_is_dated_only_by_word_of_the_model(tmp_path: Path) -> None:
    path = tmp_path / "model.yaml"
    path.write_text(GOOD.replace("datatype: Decimal", "datatype: Date"))
    assert load_model(path).dataset("orders").time_field == ""


def test_extensions_of_other_vendors_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "model.yaml"
    path.write_text(GOOD.replace("vendor_name: NL2SQL", "vendor_name: OTHER").replace('{"amount_field"', '{"anything"'))
    assert load_model(path).dataset("orders").amount_field == ""
