"""Averages per something, several numbers, percentiles, distributions and terms over a model that says nothing but
names, keys and one sum."""

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
from nl2sql.writers.base import CannotAnswer, Clarification, Draft, Explanation, SqlDraft
from nl2sql.writers.offline.writer import OfflineWriter

HARBOUR = """
version: "0.2.0.dev0"
semantic_model:
- name: harbour
  datasets:
  - name: ships
    source: ships
    primary_key: [id]
    fields:
    - {name: id, expression: {dialects: [{dialect: ANSI_SQL, expression: id}]}, datatype: Integer}
    - {name: flag, expression: {dialects: [{dialect: ANSI_SQL, expression: flag}]}, datatype: String}
  - name: cargoes
    source: cargoes
    primary_key: [id]
    fields:
    - {name: id, expression: {dialects: [{dialect: ANSI_SQL, expression: id}]}, datatype: Integer}
    - {name: good, expression: {dialects: [{dialect: ANSI_SQL, expression: good}]}, datatype: String}
    - {name: tonnage, expression: {dialects: [{dialect: ANSI_SQL, expression: tonnage}]}, datatype: Decimal}
    - {name: landed_on, expression: {dialects: [{dialect: ANSI_SQL, expression: landed_on}]}, datatype: Date}
  relationships:
  - {name: cargo_ship, from: cargoes, to: ships, from_columns: [ship_id], to_columns: [id]}
  metrics:
  - name: throughput
    expression: {dialects: [{dialect: ANSI_SQL, expression: SUM(cargoes.tonnage)}]}
"""
ROWS = """
CREATE TABLE ships (id INTEGER, flag TEXT);
CREATE TABLE cargoes (id INTEGER, ship_id INTEGER, good TEXT, tonnage NUMERIC, landed_on TEXT);
INSERT INTO ships VALUES (1, 'NO'), (2, 'PT'), (3, 'NO');
INSERT INTO cargoes VALUES
  (1, 1, 'grain', 10, '2023-08-01'), (2, 1, 'steel', 30, '2023-09-01'), (3, 2, 'grain', 20, '2023-08-15'),
  (4, 1, 'grain', 40, '2024-08-01'), (5, 2, 'steel', 15, '2024-08-20');
"""
Ask = Callable[[str], Draft]


@pytest.fixture
def harbour() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.executescript(ROWS)
    return connection


@pytest.fixture
def ask_harbour(tmp_path: Path, harbour: sqlite3.Connection, stored_values: Callable[..., Any]) -> Ask:
    path = tmp_path / "harbour.yaml"
    path.write_text(HARBOUR)
    model = load_model(path)
    writer = OfflineWriter(model, ValueIndex(model, stored_values(harbour)))
    return lambda text: writer.write(Question(text), Context(model, "sqlite", date(2024, 12, 31), ()))


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("Average number of cargoes per ship", [(5 / 3,)]),
        ("How many cargoes does a ship have on average by flag?", [("PT", 2.0), ("NO", 1.5)]),
        ("Average throughput per flag", [(57.5,)]),
        ("Average throughput per year", [(57.5,)]),
        ("Median tonnage", [(20.0,)]),
        ("75th percentile of tonnage", [(30.0,)]),
        ("Tonnage in steps of 20", [(0.0, 2), (20.0, 2), (40.0, 1)]),
        ("Ships by number of cargoes", None),
        ("How many ships by number of cargoes?", [(0, 1), (2, 1), (3, 1)]),
        ("How many ships and cargoes are there?", [(3, 5)]),
        ("Throughput and number of ships by flag", [("NO", 80, 2), ("PT", 35, 1)]),
        ("In how many goods do we have cargoes?", [(2,)]),
    ],
)
def test_names_and_keys_are_enough(
    question: str, rows: list[tuple[Any, ...]] | None, ask_harbour: Ask, harbour: sqlite3.Connection
) -> None:
    draft = ask_harbour(question)
    if rows is None:
        assert not isinstance(draft, SqlDraft)
        return
    assert isinstance(draft, SqlDraft), draft
    assert harbour.execute(draft.sql).fetchall() == [pytest.approx(row) for row in rows]


def test_a_term_without_a_description_is_told_by_its_expression(ask_harbour: Ask) -> None:
    draft = ask_harbour("How is throughput calculated?")
    assert isinstance(draft, Explanation)
    assert "SUM(cargoes.tonnage)" in draft.message


def test_what_can_be_asked_is_told_without_examples(ask_harbour: Ask) -> None:
    draft = ask_harbour("What can I ask?")
    assert isinstance(draft, Explanation)
    assert "ships and cargoes" in draft.message and "throughput" in draft.message


def test_widths_that_nobody_said_are_asked_for(ask_harbour: Ask) -> None:
    draft = ask_harbour("Distribution of tonnage")
    assert isinstance(draft, Clarification)
    assert all(isinstance(ask_harbour(choice), SqlDraft) for choice in draft.choices)


def test_no_protected_field_means_no_refusal_for_it(ask_harbour: Ask) -> None:
    draft = ask_harbour("How can I reach the ships?")
    assert isinstance(draft, CannotAnswer) and draft.code == "not_understood"
