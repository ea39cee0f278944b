"""DuckDB: a file, no server."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import MappingProxyType

import duckdb

from tests.integration.engines.conformance.house import House, Row


class DuckdbHouse(House):
    name = "duckdb"
    dialect = "duckdb"
    types = MappingProxyType(
        {
            "integer": "INTEGER",
            "text": "VARCHAR",
            "decimal": "DECIMAL(12,2)",
            "timestamp": "TIMESTAMP",
            "bool": "BOOLEAN",
            "whole": "BIGINT",
            "flag": "BOOLEAN",
            "money": "DECIMAL(12,2)",
            "digits": "DECIMAL(38,9)",
            "long38": "DECIMAL(38,0)",
            "unsigned64": "UBIGINT",
            "ratio": "DOUBLE",
            "day": "DATE",
            "clock": "TIME",
            "moment": "TIMESTAMP",
            "zoned": "TIMESTAMPTZ",
            "said": "VARCHAR",
            "document": "JSON",
            "raw": "BLOB",
        }
    )
    endless = "SELECT COUNT(*) FROM items a, items b, items c, items d, items e WHERE a.id + b.id + c.id + d.id <> e.id"
    # Few of very many, because the most an answer may have would be there in a tenth of a second.
    flood = (
        "SELECT a.id FROM items a, items b, items c, items d, items e"
        " WHERE (a.id * 7919 + b.id * 104729 + c.id * 1299709 + d.id * 15485863 + e.id) % 1009 = 0"
    )
    writes = (
        "INSERT INTO items(id) VALUES (1000)",
        "UPDATE items SET title = 'x'",
        "DELETE FROM items",
        "DROP TABLE items",
        "CREATE TABLE other(a INTEGER)",
        "CREATE TABLE memory.main.other(a INTEGER)",
        "CREATE TEMP TABLE other(a INTEGER)",
        "CREATE OR REPLACE MACRO lower(a) AS 'x'",
        "INSERT INTO items(id) VALUES (1001) RETURNING id",
        "WITH gone AS (DELETE FROM items RETURNING id) SELECT id FROM gone",
        "WITH new AS (INSERT INTO items(id) VALUES (1002) RETURNING id) SELECT id FROM new",
        "SELECT 1; DELETE FROM items",
        "ATTACH ':memory:' AS other",
        "CHECKPOINT",
        "BEGIN",
    )
    has_server = False

    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = f"duckdb:///{path}"

    @classmethod
    @contextlib.contextmanager
    def opened(cls, folder: Path) -> Iterator[DuckdbHouse]:
        house = cls(folder / "house.duckdb")
        house.build()
        yield house

    def execute(self, sql: str) -> None:
        with duckdb.connect(str(self.path)) as connection:
            connection.execute(sql)

    def insert(self, table: str, rows: Sequence[Row]) -> None:
        places = ", ".join("?" * len(rows[0]))
        with duckdb.connect(str(self.path)) as connection:
            connection.executemany(f"INSERT INTO {table} VALUES ({places})", [list(row) for row in rows])

    def items_count(self) -> int:
        with duckdb.connect(str(self.path), read_only=True) as connection:
            found = connection.execute("SELECT COUNT(*) FROM items").fetchone()
            assert found is not None
            return int(found[0])
