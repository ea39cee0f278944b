"""Growth, ranks and shares over a model that says nothing but names, synonyms, keys and one sum."""

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
from nl2sql.writers.base import Clarification, Draft, SqlDraft
from nl2sql.writers.offline.writer import OfflineWriter

FARM = """
version: "0.2.0.dev0"
semantic_model:
- name: farm
  datasets:
  - name: fields
    source: fields
    primary_key: [id]
    fields:
    - {name: id, expression: {dialects: [{dialect: ANSI_SQL, expression: id}]}, datatype: Integer}
    - {name: soil, expression: {dialects: [{dialect: ANSI_SQL, expression: soil}]}, datatype: String}
  - name: harvests
    source: harvests
    primary_key: [id]
    fields:
    - {name: id, expression: {dialects: [{dialect: ANSI_SQL, expression: id}]}, datatype: Integer}
    - {name: crop, expression: {dialects: [{dialect: ANSI_SQL, expression: crop}]}, datatype: String}
    - {name: weight, expression: {dialects: [{dialect: ANSI_SQL, expression: weight}]}, datatype: Decimal}
    - {name: cut_on, expression: {dialects: [{dialect: ANSI_SQL, expression: cut_on}]}, datatype: Date}
  relationships:
  - {name: harvest_field, from: harvests, to: fields, from_columns: [field_id], to_columns: [id]}
  metrics:
  - name: yield
    expression: {dialects: [{dialect: ANSI_SQL, expression: SUM(harvests.weight)}]}
    ai_context: {synonyms: [crop yield]}
"""
ROWS = """
CREATE TABLE fields (id INTEGER, soil TEXT);
CREATE TABLE harvests (id INTEGER, field_id INTEGER, crop TEXT, weight NUMERIC, cut_on TEXT);
INSERT INTO fields VALUES (1, 'clay'), (2, 'sand');
INSERT INTO harvests VALUES
  (1, 1, 'barley', 10, '2023-08-01'), (2, 1, 'oats', 30, '2023-09-01'), (3, 2, 'barley', 20, '2023-08-15'),
  (4, 1, 'barley', 40, '2024-08-01'), (5, 2, 'oats', 15, '2024-08-20'), (6, 2, 'barley', 5, '2024-09-02');
"""
Ask = Callable[[str], Draft]


@pytest.fixture
def farm() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.executescript(ROWS)
    return connection


@pytest.fixture
def ask_farm(tmp_path: Path, farm: sqlite3.Connection, stored_values: Callable[..., Any]) -> Ask:
    path = tmp_path / "farm.yaml"
    path.write_text(FARM)
    model = load_model(path)
    writer = OfflineWriter(model, ValueIndex(model, stored_values(farm)))
    return lambda text: writer.write(Question(text), Context(model, "sqlite", date(2024, 12, 31), ()))


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("Yield in 2024 vs 2023", [(60, 60, 0, 0)]),
        ("Yield by crop from 2023 to 2024: change", [("barley", 30, 45, 15, 0.5), ("oats", 30, 15, -15, -0.5)]),
        ("Which crop had the largest increase in yield in 2024?", [("barley", 30, 45, 15, 0.5)]),
        ("Running total of yield by month in 2024", [("2024-08", 55, 55), ("2024-09", 5, 60)]),
        ("Monthly growth of yield in 2024", [("2024-08", 55, None, None), ("2024-09", 5, -50, 5 / 55 - 1)]),
        ("Rank soils by yield", [("clay", 80, 1), ("sand", 40, 2)]),
        ("Which soil has the second highest yield?", [("sand", 40, 2)]),
        ("Top crop by yield in each soil", [("clay", "barley", 50), ("sand", "barley", 25)]),
        ("Yield by crop in percent", [("barley", 75, 0.625), ("oats", 45, 0.375)]),
        ("Share of yield by crop in each year", [
            ("2023", "barley", 30, 0.5), ("2023", "oats", 30, 0.5),
            ("2024", "barley", 45, 0.75), ("2024", "oats", 15, 0.25),
        ]),
        ("Ratio of yield to harvests", [(120, 6, 20)]),
        ("Most common crop", [("barley", 4)]),
    ],
)  # fmt: skip
def test_no_word_of_a_business_is_in_the_constructs(
    question: str, rows: list[tuple[Any, ...]], ask_farm: Ask, farm: sqlite3.Connection
) -> None:
    draft = ask_farm(question)
    assert isinstance(draft, SqlDraft), draft
    found = [tuple(round(v, 9) if isinstance(v, float) else v for v in row) for row in farm.execute(draft.sql)]
    assert found == [tuple(round(v, 9) if isinstance(v, float) else v for v in row) for row in rows]


def test_growth_of_nothing_is_not_guessed_where_no_metric_is_said_to_add_up(ask_farm: Ask) -> None:
    assert not isinstance(ask_farm("Which crops grew the most in 2024?"), SqlDraft | Clarification)
