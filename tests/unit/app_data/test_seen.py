"""What a role sees of the shipped model, by the shipped policy and by policies of these tests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nl2sql.catalog.load import load_model
from nl2sql.catalog.model import Dataset, DataType, Field, FieldValue, Metric, Relationship, SemanticModel
from nl2sql.catalog.visibility import seen_by
from nl2sql.guard.policy import Policy, private_columns, unasked_columns
from nl2sql.guard.policy_file import load_policy
from streamlit_app.data.diagram import MAX_TABLES, around
from streamlit_app.data.rows import count_sql, sample_sql, sampled_fields
from streamlit_app.data.search import SearchIndex
from streamlit_app.data.seen import Seen, seen_with

TEXT = DataType.STRING
SHOP = SemanticModel(
    "shop",
    (
        Dataset(
            "orders",
            "sales.orders",
            (
                Field("id", "id", DataType.INTEGER),
                Field("net", "orders.gross - orders.tax", DataType.DECIMAL),
                Field("gross", "gross", DataType.DECIMAL),
                Field("tax", "tax", DataType.DECIMAL),
                Field("order", "order", TEXT, label="order word"),
            ),
            rows="orders.id > 0",
        ),
        Dataset("people", "people", (Field("id", "id", DataType.INTEGER), Field("name", "name", TEXT))),
    ),
    (Relationship("buyer", "orders", "people", ("id",), ("id",), "buyer"),),
    (
        Metric("net", "SUM(orders.gross - orders.tax)"),
        Metric("heads", "COUNT(DISTINCT people.name)"),
        Metric("all", "COUNT(*)"),
    ),
)


def seen(policy: Policy, model: SemanticModel = SHOP) -> Seen:
    view = seen_by(model, unasked_columns(model, policy), private_columns(model, policy))
    return seen_with(view, model, policy)


def test_a_field_that_is_computed_from_a_hidden_column_is_denied_and_the_other_columns_are_not() -> None:
    found = seen(Policy(hidden=frozenset({"orders.tax"})))
    assert found.access["orders", "tax"] == found.access["orders", "net"] == "denied"
    assert found.access["orders", "gross"] == "open"
    assert [each.name for each in found.metrics] == ["heads", "all"]


def test_a_closed_table_takes_its_measures_and_connections_with_it() -> None:
    found = seen(Policy(tables=frozenset({"orders"})))
    assert list(found.by_name) == ["orders"]
    assert [each.name for each in found.metrics] == ["net", "all"]
    assert found.relationships == ()


def test_masked_and_total_fields_are_told_apart() -> None:
    found = seen(Policy(masks={"people.name": "hash"}, aggregate_only={"orders.gross": 5}))
    assert found.access["people", "name"] == "masked"
    assert found.access["orders", "gross"] == found.access["orders", "net"] == "totals"


def test_what_a_policy_reveals_is_open_and_what_it_does_not_stays_private() -> None:
    secret = replace(SHOP.datasets[1], fields=(SHOP.datasets[1].fields[0], Field("name", "name", TEXT, sensitive=True)))
    model = replace(SHOP, datasets=(SHOP.datasets[0], secret))
    assert seen(Policy(), model).access["people", "name"] == "denied"
    assert seen(Policy(revealed=frozenset({"people.name"})), model).access["people", "name"] == "open"


def test_sample_rows_are_of_plain_columns_within_the_rows_of_the_dataset() -> None:
    found = seen(Policy(aggregate_only={"orders.tax": 5}))
    orders = found.by_name["orders"]
    fields = sampled_fields(found, orders)
    assert [each.name for each in fields] == ["id", "gross", "order"]
    expected = (
        'SELECT "id" AS "id", "gross" AS "gross", "order" AS "order" FROM orders AS orders WHERE orders.id > 0 LIMIT 5'
    )
    assert sample_sql(orders, fields, "postgres") == expected
    assert count_sql(orders, "mysql") == "SELECT COUNT(*) AS row_count FROM orders AS orders WHERE orders.id > 0"


@pytest.mark.parametrize("role", ["analyst", "auction_support", "country_manager"])
def test_nothing_that_the_shipped_policy_keeps_from_a_role_is_found(repository: Path, role: str) -> None:
    folder = repository / "schema" / "auction"
    model = load_model(folder / "model.yaml")
    policy = load_policy(folder / "policy.yaml", model, role)
    found = seen(policy, model)
    index = SearchIndex(found)
    names = {(hit.entry.dataset, hit.entry.name) for hit in index.find("e").hits if hit.entry.kind == "field"}
    assert names and all(found.access[place] != "denied" for place in names)
    assert ("listings", "reserve_price") in names or role == "analyst"
    assert found.access["users", "email"] == ("masked" if role == "country_manager" else "denied")


def test_a_word_with_a_slip_is_read_as_the_nearest_one_that_there_is() -> None:
    country = Field("land", "land", TEXT, values=(FieldValue("DE", ("Germany",)),), synonyms=("home country",))
    model = replace(SHOP, datasets=(Dataset("users", "users", (country,)),), relationships=(), metrics=())
    index = SearchIndex(seen(Policy(), model))
    assert (index.find("Germny").read_as, index.find("germany").read_as) == ("germany", "")
    assert [hit.where for hit in index.find("germany").hits] == ["value"]
    assert [hit.text for hit in index.find("country home").hits] == ["home country"]
    assert index.find("xyzzy").hits == index.find("  ").hits == index.find("%_*(").hits == ()


def test_a_whole_name_comes_before_a_part_and_before_a_description() -> None:
    fields = tuple(Field(n, n, TEXT, description=d) for n, d in (("a", "price"), ("price list", ""), ("price", "")))
    model = replace(SHOP, datasets=(Dataset("t", "t", fields),), relationships=(), metrics=())
    hits = SearchIndex(seen(Policy(), model)).find("price").hits
    assert [hit.entry.name for hit in hits] == ["price", "price list", "a"]


def test_the_neighbourhood_of_a_hub_says_how_many_it_leaves_out() -> None:
    hub = tuple(Dataset(f"t{n}", f"t{n}", (Field("id", "id", DataType.INTEGER),)) for n in range(40))
    links = tuple(Relationship(f"r{n}", f"t{n}", "t0", ("id",), ("id",)) for n in range(1, 40))
    part = around(seen(Policy(), SemanticModel("m", hub, links)), "t0")
    assert len(part.datasets) == MAX_TABLES and part.left_out == 40 - MAX_TABLES
    assert len(part.relationships) == MAX_TABLES - 1
