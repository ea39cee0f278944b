"""docs/semantic-model.md lists every key that NL2SQL adds to the format, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from nl2sql.catalog import ossie

SHAPES: dict[str, type[BaseModel]] = {
    "model": ossie.ModelExtension,
    "dataset": ossie.DatasetExtension,
    "filter": ossie.FilterExtension,
    "field": ossie.FieldExtension,
    "value": ossie.ValueExtension,
    "relationship": ossie.RelationshipExtension,
    "group": ossie.GroupExtension,
    "metric": ossie.MetricExtension,
}


@pytest.fixture
def documented(repository: Path) -> dict[str, list[str]]:
    page = (repository / "docs" / "semantic-model.md").read_text()
    rows = re.findall(r"^\| (\w+) \| `(\w+)` \| \S", page, re.MULTILINE)
    return {on: [key for each, key in rows if each == on] for on, _ in rows}


def test_every_extension_key_is_in_the_table_in_the_order_of_its_shape(documented: dict[str, list[str]]) -> None:
    assert documented == {on: list(shape.model_fields) for on, shape in SHAPES.items()}


def test_every_extension_shape_is_known_to_this_test() -> None:
    shapes = {v for k, v in vars(ossie).items() if k.endswith("Extension") and k != "CustomExtension"}
    assert shapes == set(SHAPES.values())
