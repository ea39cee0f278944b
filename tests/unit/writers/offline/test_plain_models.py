"""Things with fields of their own and no date among them: what English says of lakes, huts and villages."""

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

VALLEYS = """
version: "0.2.0.dev0"
semantic_model:
- name: valleys
  datasets:
  - name: valley
    source: valley
    primary_key: [valley_name]
    custom_extensions:
    - vendor_name: NL2SQL
      data: '{"label": "valleys", "label_field": "valley_name", "list_fields": ["valley_name", "area"]}'
    fields:
    - name: valley_name
      expression: {dialects: [{dialect: ANSI_SQL, expression: valley_name}]}
      datatype: String
      custom_extensions: [{vendor_name: NL2SQL, data: '{"indexed": true}'}]
    - {name: population, expression: {dialects: [{dialect: ANSI_SQL, expression: population}]}, datatype: Integer}
    - name: area
      expression: {dialects: [{dialect: ANSI_SQL, expression: area}]}
      datatype: Float
      ai_context: {synonyms: [large]}
      custom_extensions: [{vendor_name: NL2SQL, data: '{"unit": "km²"}'}]
  - name: village
    source: village
    primary_key: [village_name]
    custom_extensions:
    - vendor_name: NL2SQL
      data: '{"label": "villages", "label_field": "village_name", "list_fields": ["village_name", "population"]}'
    fields:
    - name: village_name
      expression: {dialects: [{dialect: ANSI_SQL, expression: village_name}]}
      datatype: String
      custom_extensions: [{vendor_name: NL2SQL, data: '{"indexed": true}'}]
    - {name: population, expression: {dialects: [{dialect: ANSI_SQL, expression: population}]}, datatype: Integer}
    - name: valley_name
      expression: {dialects: [{dialect: ANSI_SQL, expression: valley_name}]}
      datatype: String
      label: valley of the village
      custom_extensions: [{vendor_name: NL2SQL, data: '{"indexed": true}'}]
  - name: hut
    source: hut
    primary_key: [hut_name]
    custom_extensions:
    - vendor_name: NL2SQL
      data: '{"label": "huts", "label_field": "hut_name", "list_fields": ["hut_name", "altitude"]}'
    fields:
    - name: hut_name
      expression: {dialects: [{dialect: ANSI_SQL, expression: hut_name}]}
      datatype: String
      custom_extensions: [{vendor_name: NL2SQL, data: '{"indexed": true}'}]
    - name: meal
      expression: {dialects: [{dialect: ANSI_SQL, expression: meal}]}
      datatype: String
      ai_context: {synonyms: [serve, serving, kind of meal]}
      custom_extensions: [{vendor_name: NL2SQL, data: '{"indexed": true}'}]
    - name: altitude
      expression: {dialects: [{dialect: ANSI_SQL, expression: altitude}]}
      datatype: Integer
      ai_context: {synonyms: [high]}
      custom_extensions: [{vendor_name: NL2SQL, data: '{"unit": "m"}'}]
    - {name: beds, expression: {dialects: [{dialect: ANSI_SQL, expression: beds}]}, datatype: Integer}
    - name: valley_name
      expression: {dialects: [{dialect: ANSI_SQL, expression: valley_name}]}
      datatype: String
      ai_context: {synonyms: [valley]}
  relationships:
  - {name: hut_valley, from: hut, to: valley, from_columns: [valley_name], to_columns: [valley_name]}
"""
ROWS = """
CREATE TABLE valley (valley_name TEXT, population INTEGER, area REAL);
CREATE TABLE village (village_name TEXT, population INTEGER, valley_name TEXT);
CREATE TABLE hut (hut_name TEXT, meal TEXT, altitude INTEGER, beds INTEGER, valley_name TEXT);
INSERT INTO valley VALUES ('Arven', 900, 30.0), ('Tamsel', 300, 55.0);
INSERT INTO village VALUES ('Loos', 200, 'Tamsel'), ('Mund', 50, 'Tamsel'), ('Tamsel', 120, 'Arven');
INSERT INTO hut VALUES
  ('Kestrel', 'Soup', 2100, 40, 'Arven'), ('Marten', 'Soup', 1800, 12, 'Arven'), ('Ibex', 'Stew', 2600, 12, 'Tamsel'),
  ('Plover', 'Stew', 1500, 60, 'Orrin'), ('Raven', 'Soup', 1400, 25, NULL);
"""
Ask = Callable[[str], Draft]


@pytest.fixture
def valleys() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.executescript(ROWS)
    return connection


@pytest.fixture
def ask_valleys(tmp_path: Path, valleys: sqlite3.Connection, stored_values: Callable[..., Any]) -> Ask:
    path = tmp_path / "valleys.yaml"
    path.write_text(VALLEYS)
    model = load_model(path)
    writer = OfflineWriter(model, ValueIndex(model, stored_values(valleys)))
    return lambda text: writer.write(Question(text), Context(model, "sqlite", date(2026, 6, 30), ()))


def _rows(question: str, ask: Ask, database: sqlite3.Connection) -> list[Any]:
    draft = ask(question)
    assert isinstance(draft, SqlDraft), draft
    return database.execute(draft.sql).fetchall()


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("How many huts serve Soup?", [(3,)]),
        ("How many Soup meal huts are there?", [(3,)]),
        ("number of huts with more than 20 beds in the valley of Arven", [(1,)]),
        ("number of huts serving each kind of meal", [("Soup", 3), ("Stew", 2)]),
        ("huts serving the meal Stew", [("Ibex", 2600), ("Plover", 1500)]),
    ],
)
def test_a_word_beside_a_value_says_whose_it_is(
    question: str, rows: list[Any], ask_valleys: Ask, valleys: sqlite3.Connection
) -> None:
    assert _rows(question, ask_valleys, valleys) == rows


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("highest huts", ["Ibex", "Kestrel", "Marten", "Plover", "Raven"]),
        ("What is the highest hut in Arven?", ["Kestrel"]),
        ("the 2 lowest huts", ["Raven", "Plover"]),
        ("largest valley", ["Tamsel"]),
        ("Which valley is the smallest?", ["Arven"]),
        ("huts higher than 2000", ["Ibex", "Kestrel"]),
        ("valleys smaller than 40", ["Arven"]),
        ("Which valley has the highest hut?", ["Tamsel"]),
        ("Which valley has the lowest hut?", ["Orrin"]),
        ("Which valley has the lowest hut in Arven?", ["Arven"]),
        ("the 2 lowest altitude huts", ["Raven", "Plover"]),
        ('huts whose name starts with "K"', ["Kestrel"]),
        ('Which villages have a name that ends with "d"?', ["Mund"]),
    ],
)
def test_an_adjective_goes_by_the_field_that_has_it_as_a_synonym(
    question: str, names: list[str], ask_valleys: Ask, valleys: sqlite3.Connection
) -> None:
    assert [row[0] for row in _rows(question, ask_valleys, valleys)] == names


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("population of Arven", [(900,)]),
        ("population of Loos", [(200,)]),
        ("number of huts in Tamsel", [(1,)]),
        ("number of villages in Tamsel", [(2,)]),  # and not the village of that name
        ("population of the village Tamsel", [(120,)]),
        ("How high is Ibex?", [(2600,)]),
        ("top 1 meals by average altitude", [("Stew", 2050.0)]),
        ("number of huts by valley", [("Arven", 2), (None, 1), ("Orrin", 1), ("Tamsel", 1)]),
    ],
)
def test_a_field_is_that_of_what_is_named(
    question: str, rows: list[Any], ask_valleys: Ask, valleys: sqlite3.Connection
) -> None:
    assert sorted(_rows(question, ask_valleys, valleys), key=str) == sorted(rows, key=str)


@pytest.mark.parametrize(
    ("question", "ratio"),
    [
        ("ratio of huts with over 20 beds to huts with under 20 beds", 1.5),
        ("What is the ratio of huts with over 20 beds to huts with under 20 beds in Arven?", 1.0),
        ("ratio of huts serving Soup out of all huts in Arven", 1.0),
        ("ratio of huts that serve Soup to the total number of huts in the database", 0.6),
        ("ratio of the altitude of Ibex to the altitude of Kestrel", 2600 / 2100),
    ],
)
def test_both_sides_of_a_ratio_may_have_bounds(
    question: str, ratio: float, ask_valleys: Ask, valleys: sqlite3.Connection
) -> None:
    assert _rows(question, ask_valleys, valleys)[0][-1] == pytest.approx(ratio)


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("names and beds of the huts in Arven", [("Kestrel", 40), ("Marten", 12)]),
        ("What are the beds and altitudes of huts that serve Stew?", [("Ibex", 12, 2600), ("Plover", 60, 1500)]),
        ("Get the huts in Arven", [("Kestrel", 2100), ("Marten", 1800)]),
        ("Which huts are in Arven? Return the hut name and the beds.", [("Kestrel", 40), ("Marten", 12)]),
        ("List huts that serve Stew. Order the results by beds in ascending order.", [("Ibex", 12), ("Plover", 60)]),
        ("How many huts are there per meal? Return the meal, the number of huts and the total beds.",
         [("Soup", 3, 77), ("Stew", 2, 72)]),
        ("Number of huts by meal, ordered by the number of huts in ascending order", [("Stew", 2), ("Soup", 3)]),
        ("total beds by meal, sorted by meal", [("Soup", 77), ("Stew", 72)]),
        ("villages in alphabetical order", [("Loos", 200), ("Mund", 50), ("Tamsel", 120)]),
        ("Return the name and total beds for each valley", [("Arven", 52), ("Tamsel", 12)]),
        ("How many huts are there per meal? Order the results by meal.", [("Soup", 3), ("Stew", 2)]),
        ("Number of huts by meal, order the results by the number of huts in ascending order",
         [("Stew", 2), ("Soup", 3)]),
        ("What are the highest huts, ordered from lowest to highest?",
         [("Raven", 1400), ("Plover", 1500), ("Marten", 1800), ("Kestrel", 2100), ("Ibex", 2600)]),
    ],
)  # fmt: skip
def test_what_stands_around_a_question_is_heard(
    question: str, rows: list[Any], ask_valleys: Ask, valleys: sqlite3.Connection
) -> None:
    found = _rows(question, ask_valleys, valleys)
    assert [
        tuple(value for value in row if value in expected) for row, expected in zip(found, rows, strict=True)
    ] == rows


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("huts higher than 2000 meters", ["Ibex", "Kestrel"]),
        ("What are the largest valleys in square kilometers?", ["Tamsel", "Arven"]),
    ],
)
def test_the_unit_of_the_model_may_be_said(
    question: str, names: list[str], ask_valleys: Ask, valleys: sqlite3.Connection
) -> None:
    assert [row[0] for row in _rows(question, ask_valleys, valleys)] == names


@pytest.mark.parametrize(
    "question",
    [
        "huts higher than 2 kilometers",  # nothing is converted
        "huts with more than 20 meters",
        "valleys longer than 20",  # no field of a valley is long
        "population of Tamsel",  # a valley and a village
        "ratio of huts serving Soup to huts in Arven",  # what bounds which?
        "top 2 huts by beds, order the results by altitude",
        "number of huts by meal. Return the meal and the altitude.",
        "Which huts are in Arven? Return the owner.",
        "number of huts by meal. Return the meal and the number of valleys.",
        "What are the 2 meals by lowest altitude?",
    ],
)
def test_what_is_not_clear_gets_no_sql(question: str, ask_valleys: Ask) -> None:
    assert not isinstance(ask_valleys(question), SqlDraft), ask_valleys(question)
