"""A small model with everything that plans can walk: roles, a tree, two plain ways to one dataset, equal labels."""

from __future__ import annotations

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import Dataset, DataType, Field, FieldValue, Metric, NamedFilter, Relationship, SemanticModel

MODEL = SemanticModel(
    name="shop",
    datasets=(
        Dataset(
            "people",
            "people",
            (
                Field("id", "id", DataType.INTEGER, label="person id"),
                Field("name", "name", DataType.STRING),
                Field("town", "town", DataType.STRING, values=(FieldValue("LYS", ("Lyss",)), FieldValue("BRN"))),
                Field("born", "born", DataType.DATE, is_time=True, label="date of birth"),
                Field("secret", "secret", DataType.STRING, sensitive=True),
            ),
            primary_key=("id",),
            label="people",
            label_field="name",
            filters=(NamedFilter("gone", "people.gone = TRUE"), NamedFilter("loyal", "people.loyal = TRUE")),
        ),
        Dataset(
            "orders",
            "orders",
            (
                Field("id", "id", DataType.INTEGER, label="order id"),
                Field("status", "status", DataType.STRING),
                Field("total", "total", DataType.DECIMAL, unit="CHF", format="money"),
                Field("discount", "discount", DataType.FLOAT, format="percent"),
                Field("ordered_at", "ordered_at", DataType.DATETIME, is_time=True, label="order date"),
                Field("sent_at", "sent_at", DataType.DATETIME, is_time=True, label="shipping date"),
            ),
            primary_key=("id",),
            label="orders",
            time_field="ordered_at",
            filters=(NamedFilter("late", "orders.late = TRUE"), NamedFilter("paid", "orders.paid = TRUE")),
        ),
        Dataset(
            "lines",
            "lines",
            (
                Field("id", "id", DataType.INTEGER, label="line id"),
                Field("status", "status", DataType.STRING),
                Field("pieces", "pieces", DataType.INTEGER),
                Field("packed_at", "packed_at", DataType.DATETIME, is_time=True, label="packing date"),
            ),
            primary_key=("id",),
            label="order lines",
        ),
        Dataset(
            "places",
            "places",
            (Field("id", "id", DataType.INTEGER, label="place id"), Field("name", "name", DataType.STRING)),
            primary_key=("id",),
            label="places",
            label_field="name",
        ),
    ),
    relationships=(
        Relationship("order_buyer", "orders", "people", ("buyer_id",), ("id",), role="buyer"),
        Relationship(
            "order_seller",
            "orders",
            "people",
            ("seller_id",),
            ("id",),
            role="seller",
            condition="orders.paid = TRUE",
            membership="orders.late = FALSE",
        ),
        Relationship("line_order", "lines", "orders", ("order_id",), ("id",)),
        Relationship("order_from", "orders", "places", ("from_id",), ("id",)),
        Relationship("order_to", "orders", "places", ("to_id",), ("id",)),
        Relationship("place_parent", "places", "places", ("parent_id",), ("id",)),
        Relationship("person_home", "people", "places", ("home_id",), ("id",), role="home"),
    ),
    metrics=(
        Metric("turnover", "SUM(orders.total)", DataType.DECIMAL, unit="CHF", format="money", additive=True),
        Metric("late_rate", "SUM(orders.late) * 1.0 / COUNT(*)", label="late rate", format="percent"),
        Metric("pieces_sold", "SUM(lines.pieces)", label="pieces sold", additive=True),
    ),
)
GRAPH = JoinGraph(MODEL)
