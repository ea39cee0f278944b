"""SQLite: a file, no server."""

from __future__ import annotations

import contextlib
import datetime
import sqlite3
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pyarrow as pa

from tests.integration.engines.conformance.house import Difference, House, Row


class SqliteHouse(House):
    name = "sqlite"
    dialect = "sqlite"
    types = MappingProxyType(
        {
            "integer": "INTEGER",
            "text": "TEXT",
            "decimal": "DECIMAL(12,2)",
            "timestamp": "DATETIME",
            "bool": "BOOLEAN",
            "whole": "INTEGER",
            "flag": "BOOLEAN",
            "money": "DECIMAL(12,2)",
            "digits": "TEXT",
            "long38": "TEXT",
            "unsigned64": "INTEGER",
            "ratio": "REAL",
            "day": "DATE",
            "clock": "TIME",
            "moment": "DATETIME",
            "zoned": "DATETIME",
            "said": "TEXT",
            "document": "TEXT",
            "raw": "BLOB",
        }
    )
    differences = MappingProxyType(
        {
            "unsigned64": Difference(
                "SQLite has no integers above 2**63 - 1: such a number is a float there.",
                pa.float64(),
                (float(2**64), 0.0, float(2**63), None),
            )
        }
    )
    endless = "SELECT COUNT(*) FROM items a, items b, items c, items d, items e"
    flood = "SELECT a.id, b.title, b.price, b.made_at FROM items a, items b, items c"
    writes = (
        "INSERT INTO items(id) VALUES (1000)",
        "UPDATE items SET title = 'x'",
        "DELETE FROM items",
        "DROP TABLE items",
        "CREATE TABLE other(a)",
        "CREATE TEMP TABLE other(a)",
        "INSERT INTO items(id) VALUES (1001) RETURNING id",
        "WITH a AS (SELECT 1) DELETE FROM items RETURNING id",
        "PRAGMA user_version = 7",
        "ATTACH DATABASE ':memory:' AS other",
        "VACUUM",
        "BEGIN",
    )
    has_server = False
    busy_seconds = 1.0
    estimates_rows = False

    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = f"sqlite:///{path}"

    @classmethod
    @contextlib.contextmanager
    def opened(cls, folder: Path) -> Iterator[SqliteHouse]:
        house = cls(folder / "house.db")
        house.build()
        yield house

    def execute(self, sql: str) -> None:
        with contextlib.closing(sqlite3.connect(self.path)) as connection, connection:
            connection.execute(sql)

    def insert(self, table: str, rows: Sequence[Row]) -> None:
        with contextlib.closing(sqlite3.connect(self.path)) as connection, connection:
            places = ", ".join("?" * len(rows[0]))
            connection.executemany(f"INSERT INTO {table} VALUES ({places})", [[_held(v) for v in row] for row in rows])

    def items_count(self) -> int:
        with contextlib.closing(sqlite3.connect(self.path)) as connection:
            return int(connection.execute("SELECT COUNT(*) FROM items").fetchone()[0])


def _held(value: Any) -> Any:
    """As applications write into SQLite, which has neither dates nor decimals."""
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value
