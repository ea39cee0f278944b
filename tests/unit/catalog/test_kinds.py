"""Datatypes and times that a file says only in part."""

from __future__ import annotations

from pathlib import Path

import pytest

from nl2sql.catalog.load import load_model
from nl2sql.catalog.model import DataType, SemanticModel

MODEL = """
version: "0.2.0.dev0"
semantic_model:
- name: retail
  datasets:
  - name: day
    source: day
    primary_key: [id]
    fields:
    - {name: id, expression: {dialects: [{dialect: ANSI_SQL, expression: id}]}, datatype: Integer}
    - {name: date, expression: {dialects: [{dialect: ANSI_SQL, expression: date}]}, datatype: Date}
    - name: year
      expression: {dialects: [{dialect: ANSI_SQL, expression: year}]}
      datatype: Integer
      dimension: {is_time: true}
    - {name: quarter, expression: {dialects: [{dialect: ANSI_SQL, expression: quarter}]}, dimension: {is_time: true}}
  - name: sale
    source: sale
    primary_key: [id]
    fields:
    - {name: made_on, expression: {dialects: [{dialect: ANSI_SQL, expression: made_on}]}, dimension: {is_time: true}}
    - {name: net, expression: {dialects: [{dialect: ANSI_SQL, expression: price - discount}]}}
    - {name: code, expression: {dialects: [{dialect: ANSI_SQL, expression: code}]}}
    - {name: full, expression: {dialects: [{dialect: ANSI_SQL, expression: "first || last"}]}}
    - {name: sum_text, expression: {dialects: [{dialect: ANSI_SQL, expression: a + b}]}, datatype: String}
"""


@pytest.fixture
def model(tmp_path: Path) -> SemanticModel:
    path = tmp_path / "retail.yaml"
    path.write_text(MODEL)
    return load_model(path)


@pytest.mark.parametrize(
    ("field", "datatype"),
    [
        ("net", DataType.DECIMAL),
        ("code", DataType.OPAQUE),
        ("full", DataType.OPAQUE),
        ("sum_text", DataType.STRING),
    ],
)
def test_arithmetic_without_a_datatype_is_a_number(field: str, datatype: DataType, model: SemanticModel) -> None:
    assert model.dataset("sale").field(field).datatype is datatype


def test_a_year_and_the_name_of_a_quarter_are_no_dates(model: SemanticModel) -> None:
    day = model.dataset("day")
    assert [each.name for each in day.fields if each.is_time] == ["date"]
    assert day.time_field == "date"
    assert day.is_calendar


def test_the_only_time_of_a_dataset_may_lack_a_datatype(model: SemanticModel) -> None:
    sale = model.dataset("sale")
    assert sale.time_field == "made_on"
    assert not sale.is_calendar
