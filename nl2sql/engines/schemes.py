"""Which driver and which server kind belong to the scheme of a database address. Imports none of them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_MYSQL = ("mysql+pymysql", "pymysql", "mysql", "nl2sql.engines.mysql:MySqlServer")
_MARIADB = ("mysql+pymysql", "pymysql", "mysql", "nl2sql.engines.mysql:MariaDbServer")
_POSTGRES = ("postgresql+psycopg", "psycopg", "postgres", "nl2sql.engines.postgres:PostgresServer")

# Scheme → (SQLAlchemy's name of the driver, driver module, extra of this package, "module:class" of the server kind)
SERVERS: Mapping[str, tuple[str, str, str, str]] = MappingProxyType(
    {
        "mysql": _MYSQL,
        "mysql+pymysql": _MYSQL,
        "mariadb": _MARIADB,
        "mariadb+pymysql": _MARIADB,
        "postgresql": _POSTGRES,
        "postgresql+psycopg": _POSTGRES,
    }
)
