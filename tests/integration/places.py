"""Where a store keeps what it keeps, seen from outside: its address, and a connection that looks at what is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import sqlalchemy
from sqlalchemy import URL

from tests.integration.conftest import Server, address_of


@dataclass(frozen=True)
class Place:
    """`url` as a setting would name it, "" for memory; `admin` looks at what is really there."""

    url: str
    admin: sqlalchemy.Engine | None = None

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        assert self.admin is not None
        with self.admin.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(query)]

    def close(self) -> None:
        if self.admin is not None:
            self.admin.dispose()

    def run(self, *statements: str) -> None:
        assert self.admin is not None
        with self.admin.connect() as connection:
            for each in statements:
                connection.exec_driver_sql(each)


P = TypeVar("P", bound=Place)


@contextmanager
def places_on_servers(kind: type[P], prefix: str) -> Iterator[Callable[[Server], P]]:
    """Gives a place in a new database of each server that is asked for; all are dropped at the end."""
    made: dict[str, tuple[P, sqlalchemy.Engine, str]] = {}

    def place_on(server: Server) -> P:
        if server.dialect not in made:
            address = address_of(server)
            name = f"{prefix}_{uuid4().hex[:12]}"
            root = _admin(address)
            with root.connect() as connection:
                connection.exec_driver_sql(f"CREATE DATABASE {name}")
            own = address.set(database=name)
            made[server.dialect] = kind(_setting(own), _admin(own)), root, name
        return made[server.dialect][0]

    yield place_on
    for place, root, name in made.values():
        place.close()
        with root.connect() as connection:
            forced = " WITH (FORCE)" if root.dialect.name == "postgresql" else ""
            connection.exec_driver_sql(f"DROP DATABASE {name}{forced}")
        root.dispose()


@contextmanager
def place_in_file(kind: type[P], path: Path) -> Iterator[P]:
    """SQLite; the file is not made."""
    place = kind(f"sqlite:///{path}", _admin(f"sqlite:///{path}"))
    yield place
    place.close()


def _setting(address: URL) -> str:
    return address.set(drivername=address.get_backend_name()).render_as_string(hide_password=False)


def _admin(address: URL | str) -> sqlalchemy.Engine:
    return sqlalchemy.create_engine(address, isolation_level="AUTOCOMMIT", poolclass=sqlalchemy.NullPool)
