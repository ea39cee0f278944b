"""A dataset whose rows point to others of their kind: what lies below one of them, at whatever depth."""

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
from nl2sql.writers.base import Draft, SqlDraft
from nl2sql.writers.offline.writer import OfflineWriter

MODEL = """
version: "0.2.0.dev0"
semantic_model:
- name: plants
  datasets:
  - name: regions
    source: regions
    primary_key: [id]
    custom_extensions:
    - {vendor_name: NL2SQL, data: '{"label_field": "name", "list_fields": ["name"]}'}
    fields:
    - {name: id, expression: {dialects: [{dialect: ANSI_SQL, expression: id}]}, datatype: Integer}
    - name: name
      expression: {dialects: [{dialect: ANSI_SQL, expression: name}]}
      datatype: String
      custom_extensions:
      - {vendor_name: NL2SQL, data: '{"indexed": true}'}
    - {name: parent_id, expression: {dialects: [{dialect: ANSI_SQL, expression: parent_id}]}, datatype: Integer}
  - name: sites
    source: sites
    primary_key: [id]
    fields:
    - {name: id, expression: {dialects: [{dialect: ANSI_SQL, expression: id}]}, datatype: Integer}
    - {name: area, expression: {dialects: [{dialect: ANSI_SQL, expression: area}]}, datatype: Integer}
  relationships:
  - {name: region_parent, from: regions, to: regions, from_columns: [parent_id], to_columns: [id]}
  - {name: site_region, from: sites, to: regions, from_columns: [region_id], to_columns: [id]}
"""
ROWS = """
CREATE TABLE regions (id INTEGER, name TEXT, parent_id INTEGER);
CREATE TABLE sites (id INTEGER, region_id INTEGER, area INTEGER);
INSERT INTO regions VALUES (1, 'North', NULL), (2, 'Coast', 1), (3, 'Harbour', 2), (4, 'South', NULL);
INSERT INTO sites VALUES (1, 1, 5), (2, 2, 7), (3, 3, 11), (4, 4, 13);
"""
Ask = Callable[[str], Draft]


@pytest.fixture
def plants() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.executescript(ROWS)
    return connection


@pytest.fixture
def ask_plants(tmp_path: Path, plants: sqlite3.Connection, stored_values: Callable[..., Any]) -> Ask:
    path = tmp_path / "plants.yaml"
    path.write_text(MODEL)
    model = load_model(path)
    writer = OfflineWriter(model, ValueIndex(model, stored_values(plants)))
    return lambda text: writer.write(Question(text), Context(model, "sqlite", date(2025, 4, 30), ()))


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How many sites are there in North?", 1),
        ("How many sites are there under North?", 3),
        ("How many sites are in Coast and everything below it?", 2),
        ("Total area of sites in North and everything under it", 23),
    ],
)
def test_what_lies_below_a_row_is_counted_with_it_where_it_is_said(
    question: str, answer: int, ask_plants: Ask, plants: sqlite3.Connection
) -> None:
    draft = ask_plants(question)
    assert isinstance(draft, SqlDraft), draft
    assert plants.execute(draft.sql).fetchall() == [(answer,)]


def test_levels_over_one_table_are_reached_from_below_anyway(ask: Callable[..., Draft]) -> None:
    plain, said = (
        ask("How many listings are in Electronics?"),
        ask("How many listings are in Electronics and everything under it?"),
    )
    assert isinstance(plain, SqlDraft) and isinstance(said, SqlDraft)
    assert plain.sql == said.sql
