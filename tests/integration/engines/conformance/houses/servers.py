"""What houses with a SQL server share: a database of its own on it, dropped afterwards."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import sqlalchemy
from sqlalchemy import URL

from tests.integration.conftest import Server, address_of
from tests.integration.engines.conformance.house import House, Row
from tests.integration.engines.conformance.values import SECRET

# A port of this machine that nobody listens on, as long as nobody is root there.
NOBODY = 1


class ServerHouse(House):
    server: ClassVar[Server]
    running_sql: ClassVar[str]
    drop_suffix: ClassVar[str] = ""
    scheme: ClassVar[str]

    def __init__(self, admin: sqlalchemy.Engine) -> None:
        self.admin = admin
        self.url = self._with()

    @classmethod
    @contextlib.contextmanager
    def opened(cls, folder: Path) -> Iterator[Self]:
        address = address_of(cls.server)
        name = f"nl2sql_house_{uuid.uuid4().hex[:12]}"
        root = sqlalchemy.create_engine(address, isolation_level="AUTOCOMMIT", poolclass=sqlalchemy.NullPool)
        with root.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        admin = sqlalchemy.create_engine(
            address.set(database=name), isolation_level="AUTOCOMMIT", poolclass=sqlalchemy.NullPool
        )
        house = cls(admin)
        try:
            house.build()
            yield house
        finally:
            house.cut()
            with root.connect() as connection:
                connection.exec_driver_sql(f"DROP DATABASE {name}{cls.drop_suffix}")

    def execute(self, sql: str) -> None:
        with self.admin.connect() as connection:
            connection.exec_driver_sql(sql)

    def insert(self, table: str, rows: Sequence[Row]) -> None:
        places = ", ".join(["%s"] * len(rows[0]))
        with self.admin.connect() as connection:
            connection.exec_driver_sql(
                f"INSERT INTO {table} VALUES ({places})", [tuple(map(self.held, row)) for row in rows]
            )

    def held(self, value: Any) -> Any:
        return value

    def _scalar(self, sql: str) -> int:
        with self.admin.connect() as connection:
            return int(connection.execute(sqlalchemy.text(sql)).scalar() or 0)

    def items_count(self) -> int:
        return self._scalar("SELECT COUNT(*) FROM items")

    def running(self) -> int:
        return self._scalar(self.running_sql)

    def nowhere(self) -> str:
        return self._with(password=SECRET, host="127.0.0.1", port=NOBODY)

    def secret_addresses(self) -> Sequence[str]:
        return (
            self.nowhere(),
            self._with(username="nl2sql_nobody", password=SECRET),
            self._with(password=SECRET, host="no-such-host.invalid"),
        )

    def _with(self, **parts: Any) -> str:
        url: URL = self.admin.url.set(**parts, drivername=self.scheme)
        return url.render_as_string(hide_password=False)
