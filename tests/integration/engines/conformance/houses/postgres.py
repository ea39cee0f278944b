"""PostgreSQL."""

from __future__ import annotations

from types import MappingProxyType

import pytest

from tests.integration.conftest import POSTGRES
from tests.integration.engines.conformance.houses.servers import ServerHouse

_OTHERS = "datname = current_database() AND pid <> pg_backend_pid()"


class PostgresHouse(ServerHouse):
    name = "postgres"
    scheme = "postgresql"
    dialect = "postgres"
    marks = (pytest.mark.postgres,)
    server = POSTGRES
    types = MappingProxyType(
        {
            "integer": "INTEGER",
            "text": "TEXT",
            "decimal": "NUMERIC(12,2)",
            "timestamp": "TIMESTAMP",
            "bool": "BOOLEAN",
            "whole": "BIGINT",
            "flag": "BOOLEAN",
            "money": "NUMERIC(12,2)",
            "digits": "NUMERIC(38,9)",
            "long38": "NUMERIC(38,0)",
            "unsigned64": "NUMERIC(20,0)",
            "ratio": "DOUBLE PRECISION",
            "day": "DATE",
            "clock": "TIME",
            "moment": "TIMESTAMP",
            "zoned": "TIMESTAMPTZ",
            "said": "TEXT",
            "document": "JSONB",
            "raw": "BYTEA",
        }
    )
    nul_in_text = False
    endless = "SELECT COUNT(*) FROM items a, items b, items c, items d, items e"
    flood = "SELECT a.id, b.title, b.price, b.made_at FROM items a, items b, items c"
    writes = (
        "INSERT INTO items(id) VALUES (1000)",
        "UPDATE items SET title = 'x'",
        "DELETE FROM items",
        "DROP TABLE items",
        "CREATE TABLE other(a INTEGER)",
        "CREATE TEMP TABLE other(a INTEGER)",
        "INSERT INTO items(id) VALUES (1001) RETURNING id",
        "WITH gone AS (DELETE FROM items RETURNING id) SELECT id FROM gone",
        "SELECT id INTO other FROM items",
        "SELECT id FROM items FOR UPDATE",
        "SELECT set_config('transaction_read_only', 'off', false)",
        "SET TRANSACTION READ WRITE",
        "SELECT 1; DELETE FROM items",
        "COMMIT",
    )
    running_sql = f"SELECT COUNT(*) FROM pg_stat_activity WHERE state = 'active' AND {_OTHERS}"
    drop_suffix = " WITH (FORCE)"

    def cut(self) -> None:
        self.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {_OTHERS}")
