"""A shop small enough to read, with a sensitive column, and a warehouse too large to be told whole."""

from __future__ import annotations

from datetime import date

import pytest

from nl2sql.catalog.model import (
    Dataset,
    DataType,
    Field,
    FieldValue,
    Metric,
    NamedFilter,
    Relationship,
    SemanticModel,
)

AS_OF = date(2026, 6, 30)


@pytest.fixture
def as_of() -> date:
    return AS_OF


@pytest.fixture(scope="session")
def shop() -> SemanticModel:
    customers = Dataset(
        "customers",
        "customers",
        (
            Field("id", "id", DataType.INTEGER),
            Field("city", "city", synonyms=("town",), values=(FieldValue("MUC", ("Munich", "München")),), indexed=True),
            Field("nickname", "nickname", indexed=True),
            Field("credit_limit", "credit_limit", DataType.DECIMAL, label="credit limit", sensitive=True, indexed=True),
        ),
        primary_key=("id",),
        synonyms=("client",),
        filters=(NamedFilter("trusted", "customers.credit_limit >= 5000"),),
        label_field="nickname",
    )
    orders = Dataset(
        "orders",
        "shop_orders",
        (
            Field("id", "id", DataType.INTEGER),
            Field("customer_id", "customer_id", DataType.INTEGER),
            Field("amount", "amount", DataType.DECIMAL),
            Field("state", "state", values=(FieldValue("paid", ("settled",)), FieldValue("open"))),
            Field("note", "note"),
            Field("placed_at", "placed_at", DataType.DATETIME, is_time=True),
        ),
        primary_key=("id",),
        synonyms=("purchase",),
        time_field="placed_at",
    )
    join = Relationship("order_customer", "orders", "customers", ("customer_id",), ("id",), role="orderer")
    metrics = (
        Metric("turnover", "SUM(orders.amount)", DataType.DECIMAL, time_field="orders.placed_at"),
        Metric("average_limit", "AVG(customers.credit_limit)", DataType.DECIMAL),
    )
    return SemanticModel("shop", (customers, orders), (join,), metrics, fingerprint="shop-1")


@pytest.fixture(scope="session")
def warehouse() -> SemanticModel:
    """41 datasets: invoice → order → client, and 38 archives that join to nothing but each other."""
    dataset = [
        Dataset("clients", "clients", (Field("id", "id"), Field("region", "region", synonyms=("territory",)))),
        Dataset("orders", "orders", (Field("id", "id"), Field("client_id", "client_id"))),
        Dataset("invoices", "invoices", (Field("total", "total", DataType.DECIMAL), Field("order_id", "order_id"))),
    ]
    archives = [Dataset(f"archive_{n:02}", f"archive_{n:02}", (Field("payload", "payload"),)) for n in range(38)]
    chain = [Relationship(f"chain_{n}", f"archive_{n:02}", f"archive_{n + 1:02}", ("id",), ("id",)) for n in range(37)]
    joins = [
        Relationship("order_client", "orders", "clients", ("client_id",), ("id",)),
        Relationship("invoice_order", "invoices", "orders", ("order_id",), ("id",)),
    ]
    metric = Metric("billed", "SUM(invoices.total)", synonyms=("amount invoiced",))
    return SemanticModel("warehouse", (*archives, *dataset), (*chain, *joins), (metric,), fingerprint="warehouse")
