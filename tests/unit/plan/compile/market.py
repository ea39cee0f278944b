"""A small market to try plans on: a model, and the same rows for every engine.

Customers, prices, towns and dates may be missing; February and April 2025 have no sale; amounts repeat, so ranks tie.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import Dataset, DataType, Field, Metric, NamedFilter, Relationship, SemanticModel

_NUMBER, _TEXT, _TIME = DataType.INTEGER, DataType.STRING, DataType.DATETIME

MODEL = SemanticModel(
    name="market",
    datasets=(
        Dataset(
            "divisions",
            "divisions",
            (Field("id", "id", _NUMBER), Field("name", "name", _TEXT), Field("parent_id", "parent_id", _NUMBER)),
            ("id",),
        ),
        Dataset(
            "shops",
            "shops",
            (Field("id", "id", _NUMBER), Field("name", "name", _TEXT), Field("town", "town", _TEXT)),
            ("id",),
        ),
        Dataset(
            "customers",
            "customers",
            (Field("id", "id", _NUMBER), Field("name", "name", _TEXT), Field("town", "town", _TEXT)),
            ("id",),
        ),
        Dataset(
            "sales",
            "sales",
            (
                Field("id", "id", _NUMBER),
                Field("price", "price", DataType.DECIMAL),
                Field("paid_price", "CASE WHEN sales.status = 'paid' THEN sales.price END", DataType.DECIMAL),
                Field("asked", "asked", DataType.DECIMAL),
                Field("status", "status", _TEXT),
                Field("note", "note", _TEXT),
                Field("sold_at", "sold_at", _TIME, is_time=True),
                Field("sent_at", "sent_at", _TIME, is_time=True),
            ),
            ("id",),
            filters=(NamedFilter("paid", "sales.status = 'paid'"),),
        ),
        Dataset(
            "pieces",
            "pieces",
            (
                Field("id", "id", _NUMBER),
                Field("weight", "weight", DataType.FLOAT),
                Field("packed_at", "packed_at", _TIME),
            ),
            ("id",),
        ),
        Dataset(
            "refunds",
            "refunds",
            (
                Field("id", "id", _NUMBER),
                Field("amount", "amount", DataType.DECIMAL),
                Field("made_at", "made_at", _TIME, is_time=True),
            ),
            ("id",),
            (("sale_id",),),
        ),
    ),
    relationships=(
        Relationship("division_parent", "divisions", "divisions", ("parent_id",), ("id",)),
        Relationship("shop_division", "shops", "divisions", ("division_id",), ("id",)),
        Relationship("sale_shop", "sales", "shops", ("shop_id",), ("id",), role="shop"),
        Relationship("sale_customer", "sales", "customers", ("customer_id",), ("id",), role="customer"),
        Relationship("piece_sale", "pieces", "sales", ("sale_id",), ("id",)),
        Relationship("refund_sale", "refunds", "sales", ("sale_id",), ("id",)),
    ),
    metrics=(
        Metric("turnover", "SUM(CASE WHEN sales.status = 'paid' THEN sales.price END)", additive=True),
        Metric("paid_rate", "COUNT(CASE WHEN sales.status = 'paid' THEN 1 END) * 1.0 / NULLIF(COUNT(*), 0)"),
        Metric("weight", "SUM(pieces.weight)", additive=True),
    ),
)
GRAPH = JoinGraph(MODEL)

Row = dict[str, object]
SCHEMA: dict[str, dict[str, str]] = {
    "divisions": {"id": "INTEGER PRIMARY KEY", "name": "VARCHAR(40)", "parent_id": "INTEGER"},
    "shops": {
        "id": "INTEGER PRIMARY KEY",
        "name": "VARCHAR(40)",
        "town": "VARCHAR(40)",
        "division_id": "INTEGER",
    },
    "customers": {"id": "INTEGER PRIMARY KEY", "name": "VARCHAR(40)", "town": "VARCHAR(40)"},
    "sales": {
        "id": "INTEGER PRIMARY KEY",
        "shop_id": "INTEGER",
        "customer_id": "INTEGER",
        "price": "DECIMAL(10,2)",
        "asked": "DECIMAL(10,2)",
        "status": "VARCHAR(20)",
        "note": "VARCHAR(80)",
        "sold_at": "TIMESTAMP",
        "sent_at": "TIMESTAMP",
    },
    "pieces": {
        "id": "INTEGER PRIMARY KEY",
        "sale_id": "INTEGER",
        "weight": "DOUBLE PRECISION",
        "packed_at": "TIMESTAMP",
    },
    "refunds": {"id": "INTEGER PRIMARY KEY", "sale_id": "INTEGER", "amount": "DECIMAL(10,2)", "made_at": "TIMESTAMP"},
}
_NOTES = (
    "50% off", "a_b", "axb", "100!", "O'Hara", "back\\slash", "GIFT wrapped", "gift", "for a gift", "500 off", None,
)  # fmt: skip
_MONTHS = ("2023-12", "2024-01", "2024-03", "2024-12", "2025-01", "2025-03", "2025-05")


def _rows() -> dict[str, list[Row]]:
    random = Random(11)  # noqa: S311 - rows to try, the same each time
    parents = [None, 1, 2, 3, 4, 5, 6, 7, 8, 1, 10]
    divisions: list[Row] = [{"id": i, "name": f"level {i}", "parent_id": p} for i, p in enumerate(parents, 1)]
    places = [
        ("North", "Bern", 2),
        ("North", "Chur", 9),
        ("East", None, 11),
        ("West", "Bern", 8),
        ("South", "Chur", None),
    ]
    shops: list[Row] = [{"id": i, "name": n, "town": t, "division_id": d} for i, (n, t, d) in enumerate(places, 1)]
    towns = ["Bern", None, "Genf", "Chur"]
    customers: list[Row] = [{"id": i, "name": f"customer {i % 7}", "town": towns[i % 4]} for i in range(1, 13)]
    sales = [_sale(number, random) for number in range(1, 121)]
    pieces: list[Row] = []
    for sale in sales:
        for _ in range(random.choice((0, 0, 1, 2, 5))):
            packed = _moment(sale["sold_at"]) + timedelta(seconds=random.randrange(1, 90_000), milliseconds=250)
            pieces.append(
                {
                    "id": len(pieces) + 1,
                    "sale_id": sale["id"],
                    "weight": random.choice((0.1, 0.2, 0.3, 0.7, 1.1, 2.0, None)),
                    "packed_at": packed,
                }
            )
    refunds = [
        {
            "id": number,
            "sale_id": sale["id"],
            "amount": round(random.uniform(1, 40), 2),
            "made_at": _moment(sale["sold_at"]) + timedelta(days=31),
        }
        for number, sale in enumerate(random.sample(sales, 25), 1)
    ]
    return {
        "divisions": divisions,
        "shops": shops,
        "customers": customers,
        "sales": sales,
        "pieces": pieces,
        "refunds": refunds,
    }


def _sale(number: int, random: Random) -> Row:
    day = f"{random.choice(_MONTHS)}-{random.randrange(1, 29):02d}"
    sold_at = datetime.fromisoformat(f"{day} {random.randrange(24):02d}:{random.randrange(60):02d}:{number % 60:02d}")
    price = random.choice((None, 10, 20.5, 49.99, 50, 99.99, 100, round(random.uniform(5, 400), 2)))
    sent = None if number % 5 == 0 else sold_at + timedelta(seconds=random.randrange(-600, 400_000), milliseconds=500)
    return {
        "id": number,
        "shop_id": random.choice((1, 1, 1, 2, 3, 4)),
        "customer_id": random.choice((None, *range(1, 11))),
        "price": price,
        "asked": random.choice((10, 50, 120.5)),
        "status": random.choice(("paid", "paid", "open", "lost")),
        "note": _NOTES[number % len(_NOTES)],
        "sold_at": sold_at,
        "sent_at": sent,
    }


def _moment(value: object) -> datetime:
    assert isinstance(value, datetime)
    return value


ROWS = _rows()


def statements(moment: str = "TIMESTAMP", *, backslash: str = "\\") -> Iterator[str]:
    """What makes the tables; `moment` is the type of a moment, `backslash` how the engine writes one in a text."""
    for table, columns in SCHEMA.items():
        typed = ", ".join(f"{name} {moment if kind == 'TIMESTAMP' else kind}" for name, kind in columns.items())
        yield f"CREATE TABLE {table} ({typed})"
        rows = ", ".join(
            "(" + ", ".join(_literal(row[name], backslash) for name in columns) + ")" for row in ROWS[table]
        )
        yield f"INSERT INTO {table} VALUES {rows}"


def _literal(value: object, backslash: str) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, datetime):
        return f"'{value.isoformat(sep=' ', timespec='milliseconds')}'"
    if isinstance(value, str):
        return "'" + value.replace("\\", backslash).replace("'", "''") + "'"
    return str(value)
