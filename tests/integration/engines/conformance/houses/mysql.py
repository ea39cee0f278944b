"""MySQL and MariaDB."""

from __future__ import annotations

import contextlib
import datetime
from types import MappingProxyType
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy.exc import DBAPIError

from tests.integration.conftest import MYSQL
from tests.integration.engines.conformance.houses.servers import ServerHouse

_MINE = "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()"


class MySqlHouse(ServerHouse):
    name = "mysql"
    scheme = "mysql"
    dialect = "mysql"
    marks = (pytest.mark.mysql,)
    server = MYSQL
    types = MappingProxyType(
        {
            "integer": "INTEGER",
            "text": "LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
            "decimal": "DECIMAL(12,2)",
            "timestamp": "DATETIME(6)",
            "bool": "BOOLEAN",
            "whole": "BIGINT",
            "flag": "BOOLEAN",
            "money": "DECIMAL(12,2)",
            "digits": "DECIMAL(38,9)",
            "long38": "DECIMAL(38,0)",
            "unsigned64": "BIGINT UNSIGNED",
            "ratio": "DOUBLE",
            "day": "DATE",
            "clock": "TIME(6)",
            "moment": "DATETIME(6)",
            "zoned": "TIMESTAMP(6) NULL",
            "said": "TEXT CHARACTER SET utf8mb4",
            "document": "JSON",
            "raw": "BLOB",
        }
    )
    endless = "SELECT COUNT(*) FROM items a, items b, items c, items d, items e"
    flood = "SELECT a.id, b.title, b.price, b.made_at FROM items a, items b, items c"
    writes = (
        "INSERT INTO items(id) VALUES (1000)",
        "UPDATE items SET title = 'x'",
        "DELETE FROM items",
        "DROP TABLE items",
        "CREATE TABLE other(a INTEGER)",
        "WITH a AS (SELECT id FROM items) DELETE FROM items WHERE id IN (SELECT id FROM a)",
        "SELECT id FROM items FOR UPDATE",
        "START TRANSACTION READ WRITE",
        "SET SESSION tx_read_only = 0",
    )
    running_sql = (
        "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()"
        " AND command = 'Query'"
    )

    def held(self, value: Any) -> Any:
        """A TIMESTAMP is read in the session's zone, which `insert` leaves as the server's own."""
        if isinstance(value, datetime.datetime) and value.tzinfo is not None:
            return value.astimezone(datetime.UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
        return value

    def __init__(self, admin: sqlalchemy.Engine) -> None:
        super().__init__(admin)
        sqlalchemy.event.listen(admin, "connect", _in_utc)

    def cut(self) -> None:
        with self.admin.connect() as connection:
            for thread in connection.exec_driver_sql(_MINE).scalars().all():
                with contextlib.suppress(DBAPIError):  # gone by itself
                    connection.exec_driver_sql(f"KILL {thread}")


def _in_utc(connection: Any, _record: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET time_zone = '+00:00'")


class MariaDbHouse(MySqlHouse):
    """The same server, spoken to as MariaDB."""

    name = "mariadb"
    scheme = "mariadb"
    dialect = "mariadb"
