"""Models of other people: the format's own examples load where they are at hand, and one in their style always."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.load import load_model
from nl2sql.catalog.model import DataType

# Read when the module is imported: an autouse fixture clears the product's settings from every test.
FOLDER = os.environ.get("NL2SQL_OSSIE_EXAMPLES", "")
EXAMPLES = sorted(p for pattern in ("*.yaml", "*.yml") for p in Path(FOLDER).glob(pattern)) if FOLDER else []

FOREIGN = """\
version: "0.2.0.dev0"
semantic_model:
- name: retail
  description: Written elsewhere, for several tools.
  ai_context: Use it for sales questions.
  custom_extensions:
  - {vendor_name: DBT, data: '{"project": "retail"}'}
  datasets:
  - name: store_sales
    source: warehouse.retail.store_sales
    primary_key: [item_sk, ticket_number]
    unique_keys: [[receipt]]
    ai_context: {instructions: One row for each line of a receipt., synonyms: [sale], grain: line}
    fields:
    - name: sold_on
      expression: {dialects: [{dialect: SNOWFLAKE, expression: "TO_DATE(sold_on)"}]}
      dimension: {is_time: true}
    - name: net_paid
      expression: {dialects: [{dialect: ANSI_SQL, expression: "price * (1 - discount)"}]}
      datatype: Decimal
      custom_extensions:
      - {vendor_name: LOOKER, data: not json}
  - name: item
    source: warehouse.retail.item
    primary_key: [item_sk]
    fields:
    - {name: brand, expression: {dialects: [{dialect: ANSI_SQL, expression: brand}]}, datatype: String}
  relationships:
  - name: sale_item
    from: store_sales
    to: item
    from_columns: [item_sk]
    to_columns: [item_sk]
    ai_context: {synonyms: [sold item]}
  metrics:
  - name: net_sales
    expression: {dialects: [{dialect: ANSI_SQL, expression: SUM(store_sales.price * (1 - store_sales.discount))}]}
    ai_context: {synonyms: [net revenue]}
"""


@pytest.mark.skipif(not FOLDER, reason="NL2SQL_OSSIE_EXAMPLES names no folder with the format's example models")
def test_the_folder_holds_examples() -> None:
    assert EXAMPLES


@pytest.mark.parametrize("path", EXAMPLES, ids=[p.name for p in EXAMPLES])
def test_an_example_of_the_format_loads(path: Path) -> None:
    model = load_model(path)
    assert model.datasets
    assert all(JoinGraph(model).paths(r.source, r.target) for r in model.relationships)


def test_a_model_written_for_other_tools_loads(tmp_path: Path) -> None:
    path = tmp_path / "retail.yaml"
    path.write_text(FOREIGN)
    model = load_model(path)
    sales = model.dataset("store_sales")
    assert (sales.table, sales.primary_key, sales.unique_keys) == (
        "store_sales",
        ("item_sk", "ticket_number"),
        (("receipt",),),
    )
    assert sales.synonyms == ("sale",)
    assert sales.field("sold_on").is_time and sales.field("sold_on").datatype is DataType.OPAQUE
    assert not sales.field("net_paid").sensitive
    assert model.relationships[0].synonyms == ("sold item",) and model.relationships[0].role == ""
    assert model.instructions == "Use it for sales questions."
