"""Every construct of the format is loaded, and what the format does not have is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from nl2sql.catalog.dialects import ansi_of, column_of, in_dialect
from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.load import load_model
from nl2sql.catalog.model import Extension, SemanticModel
from nl2sql.errors import ModelInvalid

FULL = """\
version: "0.2.0.dev0"
semantic_model:
- name: retail
  description: Sales of a chain of shops.
  ai_context: {instructions: Amounts are net., synonyms: [shop data], examples: [sales by brand], owner: finance}
  custom_extensions: [{vendor_name: DBT, data: "{not even json"}]
  datasets:
  - name: sales
    source: warehouse.retail.sales
    primary_key: [item, ticket]
    unique_keys: [[receipt], [store, day]]
    ai_context: One row for each line of a receipt.
    custom_extensions: [{vendor_name: LOOKER, data: '{"view": 1}'}, {vendor_name: NL2SQL, data: '{"label": "sales"}'}]
    fields:
    - name: net
      expression:
        dialects:
        - {dialect: BIGQUERY, expression: "SAFE_DIVIDE(price, 1 + tax)"}
        - {dialect: ANSI_SQL, expression: "price / (1 + tax)"}
      datatype: Decimal
      label: net price
      description: Without tax.
      ai_context: {instructions: Never sum it., synonyms: [net price], examples: [average net price]}
      custom_extensions:
      - {vendor_name: NL2SQL, data: '{"format": "money"}'}
      - {vendor_name: SALESFORCE, data: "kept"}
    - name: day
      expression: {dialects: [{dialect: SNOWFLAKE, expression: "TO_DATE(day_text)"}]}
      dimension: {is_time: true}
    - name: loaded_at
      expression: {dialects: [{dialect: ANSI_SQL, expression: loaded_at}]}
      dimension: {is_time: false}
      datatype: DateTimeTz
    - name: in_a_cube
      expression: {dialects: [{dialect: MDX, expression: "[Measures].[Net]"}]}
    - {name: note, expression: {dialects: [{dialect: ANSI_SQL, expression: note}]}, datatype: Opaque}
  - name: items
    source: "SELECT item, brand FROM warehouse.retail.item_versions WHERE is_current"
    primary_key: [item, ticket]
  relationships:
  - name: sale_item
    from: sales
    to: items
    from_columns: [item, ticket]
    to_columns: [item, ticket]
    ai_context: {instructions: Always there., synonyms: [sold item], examples: [brand of a sale]}
    custom_extensions: [{vendor_name: DBT, data: "{}"}]
  metrics:
  - name: per_brand
    expression:
      dialects:
      - {dialect: ANSI_SQL, expression: "SUM(sales.price) / COUNT(DISTINCT items.brand)"}
      - {dialect: BIGQUERY, expression: "SAFE_DIVIDE(SUM(sales.price), COUNT(DISTINCT items.brand))"}
    datatype: Decimal
    description: Sales for each brand.
    ai_context: {instructions: Of brands sold., synonyms: [brand average], examples: [sales per brand]}
    custom_extensions: [{vendor_name: DBT, data: "{}"}, {vendor_name: NL2SQL, data: '{"additive": "time"}'}]
  - name: of_a_cube
    expression:
      dialects: [{dialect: MAQL, expression: "SELECT SUM({fact/net})"}, {dialect: TABLEAU, expression: "SUM([Net])"}]
"""


BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 90))


def loaded(tmp_path: Path, text: str = FULL) -> SemanticModel:
    path = tmp_path / "model.yaml"
    path.write_text(text, encoding="utf-8")
    return load_model(path)


def test_context_is_kept_at_every_level(tmp_path: Path) -> None:
    model = loaded(tmp_path)
    assert (model.instructions, model.synonyms, model.examples) == (
        "Amounts are net.",
        ("shop data",),
        ("sales by brand",),
    )
    sales, link, metric = model.dataset("sales"), model.relationships[0], model.metrics[0]
    assert sales.instructions == "One row for each line of a receipt." and sales.synonyms == ()
    net = sales.field("net")
    assert (net.instructions, net.synonyms, net.examples) == ("Never sum it.", ("net price",), ("average net price",))
    assert (link.instructions, link.synonyms, link.examples) == (
        "Always there.",
        ("sold item",),
        ("brand of a sale",),
    )
    assert (metric.instructions, metric.examples) == ("Of brands sold.", ("sales per brand",))


def test_extensions_of_other_vendors_are_kept_as_they_are(tmp_path: Path) -> None:
    model = loaded(tmp_path)
    assert model.extensions == (Extension("DBT", "{not even json"),)
    assert model.dataset("sales").extensions == (Extension("LOOKER", '{"view": 1}'),)
    assert model.dataset("sales").field("net").extensions == (Extension("SALESFORCE", "kept"),)
    assert model.dataset("sales").field("net").format == "money"
    assert model.relationships[0].extensions == model.metrics[0].extensions == (Extension("DBT", "{}"),)


def test_a_source_that_is_a_query_is_known_as_one(tmp_path: Path) -> None:
    items = loaded(tmp_path).dataset("items")
    assert items.query.startswith("SELECT item") and items.table == "items"
    assert loaded(tmp_path).dataset("sales").query == ""


@pytest.mark.parametrize(
    "source", ["( SELECT 1 AS a )", "with a as (select 1) select * from a", "values (1)", "SELECT\n1"]
)
def test_queries_are_told_from_tables(source: str, tmp_path: Path) -> None:
    text = FULL.replace("warehouse.retail.sales", f"'{source}'" if "\n" not in source else '"SELECT\\n1"')
    assert loaded(tmp_path, text).dataset("sales").query == source


@pytest.mark.parametrize("source", ["selections", "db.with", "withdrawals", "values_2024", "`p.d.select`"])
def test_tables_are_told_from_queries(source: str, tmp_path: Path) -> None:
    assert loaded(tmp_path, FULL.replace("warehouse.retail.sales", f'"{source}"')).dataset("sales").query == ""


def test_composite_keys_make_composite_joins(tmp_path: Path) -> None:
    model = loaded(tmp_path)
    link = model.relationships[0]
    assert (link.source_columns, link.target_columns) == (("item", "ticket"), ("item", "ticket"))
    assert model.dataset("sales").unique_keys == (("receipt",), ("store", "day"))
    assert JoinGraph(model).cardinality(link) == "one_to_one", "the columns are the key of sales"


def test_the_time_role_is_the_files_word_before_the_datatypes(tmp_path: Path) -> None:
    sales = loaded(tmp_path).dataset("sales")
    assert sales.field("day").is_time and not sales.field("loaded_at").is_time
    assert sales.time_field == "day", "the only date that is left"


def test_every_dialect_is_kept_and_ansi_is_read(tmp_path: Path) -> None:
    model = loaded(tmp_path)
    net = model.dataset("sales").field("net")
    assert net.expression == "price / (1 + tax)"
    assert set(net.expressions) == {"ANSI_SQL", "BIGQUERY"}
    assert model.dataset("sales").field("note").expressions == {}, "there is nothing beside the one"


def test_a_dialect_that_is_no_ansi_is_translated(tmp_path: Path) -> None:
    assert loaded(tmp_path).dataset("sales").field("day").expression == "CAST(day_text AS DATE)"


def test_the_engines_dialect_is_chosen_where_the_file_has_it(tmp_path: Path) -> None:
    model = loaded(tmp_path)
    there = in_dialect(model, "bigquery")
    assert there.dataset("sales").field("net").expression.startswith("CASE WHEN"), "ANSI has no SAFE_DIVIDE"
    assert there.metrics[0].expression != model.metrics[0].expression
    assert there.dataset("sales").field("note").expression == "note"
    assert in_dialect(model, "sqlite") == model


def test_a_broken_expression_of_one_dialect_leaves_the_other(tmp_path: Path) -> None:
    model = loaded(tmp_path, FULL.replace("SAFE_DIVIDE(price, 1 + tax)", "SAFE_DIVIDE(price,, ("))
    assert in_dialect(model, "bigquery").dataset("sales").field("net").expression == "price / (1 + tax)"


def test_what_is_in_no_sql_is_left_out_and_told(tmp_path: Path) -> None:
    model = loaded(tmp_path)
    assert "in_a_cube" not in [f.name for f in model.dataset("sales").fields]
    assert [m.name for m in model.metrics] == ["per_brand"]
    first, second = model.left_out
    assert "the field sales.in_a_cube" in first and "MDX" in first
    assert "the metric of_a_cube" in second and "MAQL, TABLEAU" in second


@pytest.mark.parametrize(
    ("additive", "over", "all_over"),
    [("true", "all", True), ("false", "", False), ('"time"', "time", False), ('"all_but_time"', "all_but_time", False)],
)
def test_a_metric_may_add_up_over_some_groups_only(additive: str, over: str, all_over: bool, tmp_path: Path) -> None:
    metric = loaded(tmp_path, FULL.replace('{"additive": "time"}', f'{{"additive": {additive}}}')).metrics[0]
    assert (metric.additive_over, metric.additive) == (over, all_over)


def test_a_duration_is_a_format(tmp_path: Path) -> None:
    text = FULL.replace('{"format": "money"}', '{"format": "duration"}')
    assert loaded(tmp_path, text).dataset("sales").field("net").format == "duration"


def test_a_relationship_has_no_description_in_the_format(tmp_path: Path) -> None:
    with pytest.raises(ModelInvalid, match="“description” is not a key of the format here"):
        loaded(tmp_path, FULL.replace("    to: items\n", "    to: items\n    description: no\n"))


@pytest.mark.parametrize(
    "text",
    [
        "version: \x00",
        "a: !!timestamp 2026-99-99",
        "[" * 1_000_000,
        "{a: " * 500_000,
        "- " * 500_000,
        "? " * 100_000,
        "a: &a [*a]",
        BOMB,
    ],
)
def test_hostile_yaml_is_refused_in_a_sentence(text: str, tmp_path: Path) -> None:
    with pytest.raises(ModelInvalid, match="not valid YAML"):
        loaded(tmp_path, text)


def test_deeply_nested_json_and_sql_are_refused_in_a_sentence(tmp_path: Path) -> None:
    deep = "(" * 20_000 + "price" + ")" * 20_000
    with pytest.raises(ModelInvalid):
        loaded(tmp_path, FULL.replace("price / (1 + tax)", deep))
    nested = "[" * 100_000
    with pytest.raises(ModelInvalid, match="JSON text"):
        loaded(tmp_path, FULL.replace('{"label": "sales"}', nested))


def test_only_a_column_alone_has_a_name() -> None:
    assert [column_of(e) for e in ("price", "sales.price", '"Order Date"', "UPPER(name)", "1 +", "NULL")] == [
        "price",
        "price",
        "Order Date",
        "",
        "",
        "",
    ]
    assert ansi_of({"MDX": "x"}) == ""
