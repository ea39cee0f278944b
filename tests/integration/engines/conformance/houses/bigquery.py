"""BigQuery: the local stand-in of its API, with Google's own client in the engine.

It counts as a house without a server: a connection that is cut goes unnoticed there, because what was asked is asked
again, and there is no pool to run out of. Both are tried in tests/integration/engines/bigquery.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import MappingProxyType

import pytest

from tests.integration.engines.conformance.house import House, Row
from tests.integration.engines.conformance.values import SECRET

_CREATE = re.compile(r"CREATE TABLE (\w+) \((.*)\)", re.DOTALL)
_COLUMN = re.compile(r"(\w+) (\w+)(?:\((\d+), (\d+)\))?(?:, |$)")


class BigQueryHouse(House):
    name = "bigquery"
    dialect = "bigquery"
    marks = (pytest.mark.xdist_group("bigquery"),)
    types = MappingProxyType(
        {
            "integer": "INT64",
            "text": "STRING",
            "decimal": "NUMERIC(12, 2)",
            "timestamp": "DATETIME",
            "bool": "BOOL",
            "whole": "INT64",
            "flag": "BOOL",
            "money": "NUMERIC(12, 2)",
            "digits": "NUMERIC",
            "long38": "BIGNUMERIC(38, 0)",
            "unsigned64": "BIGNUMERIC(38, 0)",
            "ratio": "FLOAT64",
            "day": "DATE",
            "clock": "TIME",
            "moment": "DATETIME",
            "zoned": "TIMESTAMP",
            "said": "STRING",
            "document": "JSON",
            "raw": "BYTES",
        }
    )
    endless = "SELECT COUNT(*) FROM items a, items b, items c, items d, items e WHERE a.id + b.id + c.id + d.id <> e.id"
    flood = "SELECT a.id, b.title, b.price FROM items a, items b, items c WHERE c.id <= 12"
    writes = (
        "INSERT INTO items(id) VALUES (1000)",
        "UPDATE items SET title = 'x' WHERE TRUE",
        "DELETE FROM items WHERE TRUE",
        "DROP TABLE items",
        "TRUNCATE TABLE items",
        "MERGE items AS t USING items AS s ON t.id = s.id WHEN MATCHED THEN DELETE",
        "ALTER TABLE items ADD COLUMN more INT64",
        "CREATE TABLE other(a INT64)",
        "CREATE TEMP TABLE other AS SELECT id FROM items",
        "CREATE OR REPLACE TABLE items AS SELECT 1 AS id",
        "CREATE TEMP FUNCTION f() AS (1)",
        "EXPORT DATA OPTIONS (uri = 'gs://bucket/*', format = 'CSV') AS SELECT id FROM items",
        "GRANT `roles/bigquery.dataOwner` ON TABLE items TO 'user:other@example.com'",
        "SELECT 1; DELETE FROM items WHERE TRUE",
        "EXECUTE IMMEDIATE 'DELETE FROM items WHERE TRUE'",
        "DECLARE n INT64",
        "BEGIN TRANSACTION",
    )
    has_server = False
    places = 100
    estimates_rows = False
    charges = True

    def __init__(self, fake: object) -> None:
        from tests.fakes.bigquery.server import FakeBigQuery

        assert isinstance(fake, FakeBigQuery)
        self.fake = fake
        self.url = fake.url

    @classmethod
    @contextlib.contextmanager
    def opened(cls, folder: Path) -> Iterator[BigQueryHouse]:
        for module in ("zetasql", "duckdb", "google.cloud.bigquery"):
            if os.environ.get("CI") != "true":  # where tests must be complete, an absence is a failure
                pytest.importorskip(module, reason=f"{module} is not installed")
        from tests.fakes.bigquery.server import running

        with running() as fake:
            house = cls(fake)
            house.build()
            yield house

    def execute(self, sql: str) -> None:
        from tests.fakes.bigquery.schema import Column

        found = _CREATE.fullmatch(sql)
        assert found is not None, sql
        columns = [
            Column(name, kind, scale=int(scale) if scale else None)
            for name, kind, _, scale in _COLUMN.findall(found.group(2))
        ]
        self.fake.warehouse.create("shop", found.group(1), columns)

    def insert(self, table: str, rows: Sequence[Row]) -> None:
        self.fake.warehouse.insert("shop", table, rows)

    def items_count(self) -> int:
        return self.fake.warehouse.rows((self.fake.warehouse.project, "shop", "items"))

    def running(self) -> int:
        return len(self.fake.jobs.running)

    def secret_addresses(self) -> Sequence[str]:
        return (f"bigquery://some-project/shop?credentials=/nowhere/{SECRET.replace(' ', '%20')}",)
