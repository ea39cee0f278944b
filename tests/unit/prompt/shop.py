"""A shop small enough to read, with a sensitive column that is reachable in every way a model file allows."""

from __future__ import annotations

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

CUSTOMERS = Dataset(
    "customers",
    "customers",
    (
        Field("id", "id", DataType.INTEGER),
        Field("city", "city", DataType.STRING, synonyms=("town",), values=(FieldValue("MUC", ("Munich", "München")),)),
        Field("credit_limit", "credit_limit", DataType.DECIMAL, label="credit limit", sensitive=True, unit="EUR"),
        Field("is_generous", "credit_limit > 9000", DataType.BOOLEAN),
    ),
    primary_key=("id",),
    synonyms=("client",),
    description="People who order. Their credit_limit is checked first.",
    filters=(
        NamedFilter("trusted", "customers.credit_limit >= 5000"),
        NamedFilter("local", "customers.city = 'MUC'", ("nearby",)),
    ),
    label_field="city",
)
ORDERS = Dataset(
    "orders",
    "shop_orders",
    (
        Field("id", "id", DataType.INTEGER),
        Field("customer_id", "customer_id", DataType.INTEGER),
        Field("amount", "amount", DataType.DECIMAL, unit="EUR"),
        Field("placed_at", "placed_at", DataType.DATETIME, is_time=True),
    ),
    primary_key=("id",),
    synonyms=("purchase",),
    time_field="placed_at",
)
SHOP = SemanticModel(
    "shop",
    (CUSTOMERS, ORDERS),
    (Relationship("order_customer", "orders", "customers", ("customer_id",), ("id",), role="orderer"),),
    (
        Metric("turnover", "SUM(orders.amount)", DataType.DECIMAL, time_field="orders.placed_at", unit="EUR"),
        Metric("average_limit", "AVG(customers.credit_limit)", DataType.DECIMAL),
        Metric("open_limit", "SUM(c.credit_limit) - SUM(orders.amount)", DataType.DECIMAL),
    ),
    description="A shop.",
    fingerprint="shop-1",
    readings={"big spender": "A customer whose credit_limit is above 9,000.", "loyal": "Ordered twice."},
)
