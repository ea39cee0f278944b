"""What a draft says of a database: declared facts as they are, guesses where names and values agree, secrets unread."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from nl2sql.catalog.draft.draft import Draft, draft_model
from nl2sql.catalog.draft.guesses import purpose_of, sensitivity
from nl2sql.catalog.draft.naming import Naming
from nl2sql.catalog.draft.yaml_text import yaml_text
from nl2sql.catalog.facts import TableFacts
from nl2sql.catalog.lint.run import lint_file
from nl2sql.catalog.load import load_model
from nl2sql.catalog.model import DataType, SemanticModel
from nl2sql.errors import ModelInvalid
from tests.unit.catalog.live import DECIMAL, INTEGER, STRING, Lists, table

USERS = table(
    "users",
    {"id": INTEGER, "name": STRING, "email": STRING, "is_active": DataType.BOOLEAN, "created_at": DataType.DATETIME},
    ["id"],
)
ORDERS = table(
    "orders",
    {
        "id": INTEGER,
        "seller_id": INTEGER,
        "user_id": INTEGER,
        "amt": DECIMAL,
        "tax_rate": DECIMAL,
        "order_status": STRING,
        "year": INTEGER,
        "order_date": DataType.DATE,
        "shipped_on": DataType.DATE,
    },
    ["id"],
    [("seller_id", "users", "id"), ("user_id", "users", "id")],
)
ROWS = {
    "users": [(i, f"Name {i}", f"mail{i}@example.org", True, "2026-01-01") for i in range(1, 7)],
    "orders": [
        (i, i % 6 + 1, i % 5 + 1, i * 2, 0.2, ["open", "in_transit", "closed"][i % 3], 2026, "2026-01-01", "2026-01-02")
        for i in range(1, 31)
    ],
}


def drafted(tmp_path: Path, *tables: TableFacts, rows: dict[str, list[tuple[object, ...]]] | None = None) -> Draft:
    return draft_model(Lists(*tables, rows=rows), "shop")


def loaded(tmp_path: Path, draft: Draft) -> SemanticModel:
    path = tmp_path / "draft.yaml"
    path.write_text(draft.text, encoding="utf-8")
    assert [f for f in lint_file(path) if f.level == "error"] == []
    return load_model(path)


@pytest.fixture
def shop(tmp_path: Path) -> SemanticModel:
    return loaded(tmp_path, drafted(tmp_path, USERS, ORDERS, rows=ROWS))


def test_declared_keys_and_roles_become_relationships(shop: SemanticModel) -> None:
    assert {(r.source, r.source_columns, r.target, r.target_columns, r.role) for r in shop.relationships} == {
        ("orders", ("seller_id",), "users", ("id",), "seller"),
        ("orders", ("user_id",), "users", ("id",), "order user"),
    }
    assert shop.dataset("users").primary_key == ("id",)


def test_words_are_spelled_out(shop: SemanticModel) -> None:
    orders = shop.dataset("orders")
    assert (orders.label, orders.synonyms) == ("orders", ("order",))
    assert orders.field("amt").label == "amount" and orders.field("id").label == "order id"


def test_a_vocabulary_a_date_and_a_name_are_found(shop: SemanticModel) -> None:
    orders, users = shop.dataset("orders"), shop.dataset("users")
    assert [(v.value, v.synonyms) for v in orders.field("order_status").values] == [
        ("closed", ()),
        ("in_transit", ("in transit",)),
        ("open", ()),
    ]
    assert (orders.time_field, users.time_field) == ("order_date", "created_at")
    assert users.label_field == "name" and users.field("name").indexed and not users.field("name").values


def test_amounts_are_summed_rates_are_averaged_and_years_are_neither(shop: SemanticModel) -> None:
    orders = shop.dataset("orders")
    assert [orders.field(n).aggregation for n in ("amt", "tax_rate", "year", "id", "seller_id")] == [
        "sum",
        "avg",
        "",
        "",
        "",
    ]
    (metric,) = shop.metrics
    assert (metric.expression, metric.additive, metric.time_field, metric.format) == (
        "SUM(orders.amt)",
        True,
        "orders.order_date",
        "money",
    )
    assert orders.field("tax_rate").format == "percent" and orders.amount_field == "amt"


def test_a_flag_gives_a_filter_for_each_side(shop: SemanticModel) -> None:
    assert [(f.name, f.expression) for f in shop.dataset("users").filters] == [
        ("active", "users.is_active = TRUE"),
        ("not active", "users.is_active = FALSE"),
    ]


def test_what_looks_private_is_sensitive_never_read_and_told_why(tmp_path: Path) -> None:
    database = Lists(USERS, ORDERS, rows=ROWS)
    draft = draft_model(database, "shop")
    assert loaded(tmp_path, draft).dataset("users").field("email").sensitive
    assert ("users", "email") not in database.told and ("users", "name") in database.told
    assert "@example.org" not in draft.text
    assert any("users.email is marked sensitive" in n and "e-mail" in n for n in draft.notes)
    assert all(f"# - {note}" in draft.text for note in draft.notes)


def test_undeclared_keys_are_guessed_where_names_and_values_agree(tmp_path: Path) -> None:
    customer = table("customer", {"cust_id": INTEGER, "name": STRING})
    sale = table("sale", {"sale_no": INTEGER, "cust_id": INTEGER, "total": DECIMAL})
    rows = {"customer": [(i, f"n{i}") for i in range(1, 41)], "sale": [(i, i % 40 + 1, 5) for i in range(1, 90)]}
    draft = drafted(tmp_path, customer, sale, rows=rows)
    model = loaded(tmp_path, draft)
    assert model.dataset("customer").primary_key == ("cust_id",)
    (link,) = model.relationships
    assert (link.source, link.source_columns, link.target, link.role) == ("sale", ("cust_id",), "customer", "")
    assert any("sale.cust_id → customer.cust_id is guessed: all of 40 values" in note for note in draft.notes)


@pytest.mark.parametrize(("strays", "is_linked"), [(0, True), (2, True), (3, False), (40, False)])
def test_a_link_is_guessed_from_95_percent_of_the_values_on(strays: int, is_linked: bool, tmp_path: Path) -> None:
    one = table("customers", {"id": INTEGER}, ["id"])
    many = table("sales", {"id": INTEGER, "customer_id": INTEGER}, ["id"])
    values = [*range(1, 41 - strays), *range(1_001, 1_001 + strays)]
    rows = {"customers": [(i,) for i in range(1, 41)], "sales": list(enumerate(values))}
    model = loaded(tmp_path, drafted(tmp_path, one, many, rows=rows))
    assert bool(model.relationships) is is_linked


def test_nothing_is_linked_to_what_is_no_key(tmp_path: Path) -> None:
    one = table("visits", {"customer_id": INTEGER, "day": STRING})
    other = table("sales", {"customer_id": INTEGER, "what": STRING})
    rows = {"visits": [(1, "a"), (1, "b"), (2, "c")], "sales": [(1, "x"), (2, "y"), (2, "z")]}
    draft = drafted(tmp_path, one, other, rows=rows)
    assert loaded(tmp_path, draft).relationships == ()
    assert any("sales.customer_id looks as if it points to a table" in note for note in draft.notes)


def test_of_two_tables_with_one_key_the_one_it_is_named_after_is_pointed_to(tmp_path: Path) -> None:
    users = table("users", {"user_id": INTEGER, "name": STRING}, ["user_id"])
    profiles = table("profiles", {"user_id": INTEGER, "motto": STRING}, ["user_id"])
    rows = {"users": [(i, "n") for i in range(1, 9)], "profiles": [(i, "m") for i in range(1, 9)]}
    model = loaded(tmp_path, drafted(tmp_path, users, profiles, rows=rows))
    assert [(r.source, r.target) for r in model.relationships] == [("profiles", "users")]


def test_a_table_that_points_to_itself_is_a_tree(tmp_path: Path) -> None:
    tree = table("categories", {"id": INTEGER, "name": STRING, "parent_id": INTEGER}, ["id"])
    declared = table("staff", {"id": INTEGER, "staff_id": INTEGER}, ["id"], [("staff_id", "staff", "id")])
    rows = {"categories": [(1, "a", None), (2, "b", 1), (3, "c", 1)]}
    model = loaded(tmp_path, drafted(tmp_path, tree, declared, rows=rows))
    assert {(r.source, r.role) for r in model.relationships if r.is_self} == {
        ("categories", "parent"),
        ("staff", "parent staff"),
    }


def test_tables_that_point_to_each_other_get_roles(tmp_path: Path) -> None:
    a = table("authors", {"id": INTEGER, "book_id": INTEGER}, ["id"], [("book_id", "books", "id")])
    b = table("books", {"id": INTEGER, "author_id": INTEGER}, ["id"], [("author_id", "authors", "id")])
    assert {r.role for r in loaded(tmp_path, drafted(tmp_path, a, b)).relationships} == {"author book", "book author"}


def test_names_that_are_no_identifiers_or_words_of_sql_still_load(tmp_path: Path) -> None:
    odd = table("order", {"order": INTEGER, "Unit Price": DECIMAL, 'a"b': STRING, "группа": STRING}, ["order"])
    spaced = table("order details", {"id": INTEGER, "total amount": DECIMAL}, ["id"])
    model = loaded(tmp_path, drafted(tmp_path, odd, spaced))
    assert [(d.name, d.source) for d in model.datasets] == [("orders", "order"), ("order_details", "order details")]
    assert [f.expression for f in model.dataset("orders").fields] == ['"order"', '"Unit Price"', '"a""b"', '"группа"']
    assert model.metrics[0].expression == 'SUM(order_details."total amount")'


def test_tables_of_tools_are_left_out_and_nothing_else_is_an_empty_model(tmp_path: Path) -> None:
    tool = table("alembic_version", {"version_num": STRING})
    assert [d.name for d in loaded(tmp_path, drafted(tmp_path, tool, USERS)).datasets] == ["users"]
    for nothing in ([], [tool]):
        with pytest.raises(ModelInvalid, match="no table that its account can see"):
            draft_model(Lists(*nothing), "shop")


def test_a_balance_adds_up_over_all_but_time(tmp_path: Path) -> None:
    accounts = table("accounts", {"id": INTEGER, "balance": DECIMAL}, ["id"])
    (metric,) = loaded(tmp_path, drafted(tmp_path, accounts)).metrics
    assert metric.additive_over == "all_but_time"


def test_dates_that_sqlite_keeps_as_text_are_dates(tmp_path: Path) -> None:
    events = table("events", {"id": INTEGER, "day": STRING, "at": STRING, "note": STRING}, ["id"])
    rows = {"events": [(1, "2026-01-01", "2026-01-01 10:00:00", "2026"), (2, "2026-01-02", "2026-01-01T10:00", "b")]}
    event = loaded(tmp_path, drafted(tmp_path, events, rows=rows)).dataset("events")
    assert [event.field(n).datatype for n in ("day", "at", "note")] == [
        DataType.DATE,
        DataType.DATETIME,
        DataType.STRING,
    ]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("email", "e-mail"),
        ("password hash", "password"),
        ("phone number", "telephone"),
        ("iban", "account"),
        ("ssn", "identity"),
        ("full name", "name"),
        ("billing address", "address"),
        ("birth date", "birth"),
        ("date of birth", "birth"),
        ("access token", "secret"),
        ("card number", "account"),
    ],
)
def test_private_words_are_known(words: str, reason: str) -> None:
    assert reason in sensitivity(words, STRING)


@pytest.mark.parametrize("words", ["name", "title", "email count", "card type", "phone verified", "amount", "spin"])
def test_words_about_private_things_are_not_private(words: str) -> None:
    assert sensitivity(words, STRING) == ""


@pytest.mark.parametrize(
    ("words", "datatype", "purpose"),
    [
        ("total price", DECIMAL, "average"),
        ("unit cost", DECIMAL, "average"),
        ("quantity", INTEGER, "sum"),
        ("amount usd", DECIMAL, "sum"),
        ("discount rate", DECIMAL, "average"),
        ("latitude", DataType.FLOAT, "number"),
        ("zip code", INTEGER, "id"),
        ("weird", DECIMAL, "number"),
    ],
)
def test_numbers_are_told_apart_by_their_names(words: str, datatype: DataType, purpose: str) -> None:
    assert purpose_of(words, datatype, False, []) == purpose


def test_glued_names_are_taken_apart() -> None:
    customers = table("sbCustomer", {"sbCustId": STRING, "sbCustJoinDate": STRING, "sbCustPostalCode": STRING})
    tickers = table("sbticker", {"sbtickerid": STRING, "sbtickerisactive": STRING, "sbtickersymbol": STRING})
    trades = table("sbtransaction", {"sbtxid": STRING, "sbtxcustid": STRING, "sbtxtickerid": STRING, "sbtxkpx": STRING})
    naming = Naming([customers, tickers, trades])
    assert [naming.table(t) for t in ("sbCustomer", "sbticker", "sbtransaction")] == [
        "customer",
        "ticker",
        "transaction",
    ]
    assert naming.column("sbCustomer", "sbCustJoinDate") == "join date"
    assert naming.column("sbticker", "sbtickerisactive") == "is active"
    assert naming.column("sbtransaction", "sbtxcustid") == "customer id"
    assert naming.column("sbtransaction", "sbtxkpx") == "kpx"


def test_a_shared_word_is_no_mark_to_drop() -> None:
    naming = Naming([table(n, {"id": INTEGER}) for n in ("user", "user_roles", "user_tokens")])
    assert naming.table("user_roles") == "user roles"


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(
    st.lists(st.fixed_dictionaries({"name": TEXTS, "list": st.lists(TEXTS, max_size=3), "flag": st.booleans()})),
    st.dictionaries(TEXTS, TEXTS, max_size=3),
)
def test_what_is_written_as_yaml_is_read_back_as_it_was(objects: list[dict[str, object]], data: dict[str, str]) -> None:
    extension = [{"vendor_name": "NL2SQL", "data": data}]
    text = yaml_text({"version": "0", "objects": objects, "custom_extensions": extension}, ["a\nb", "ü"])
    read = yaml.safe_load(text)
    assert read["objects"] == objects
    assert json.loads(read["custom_extensions"][0]["data"]) == data
