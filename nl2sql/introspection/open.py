"""Database address → what reads its structure. The address is one that the engine has opened already."""

from __future__ import annotations

from nl2sql.catalog.facts import LiveDatabase
from nl2sql.engines.schemes import SERVERS
from nl2sql.errors import SettingsInvalid


def open_live(url: str) -> LiveDatabase:
    """Raises EngineError, and SettingsInvalid for a kind of database whose structure cannot be read."""
    scheme, _, rest = url.partition("://")
    if scheme in SERVERS:
        from nl2sql.introspection.servers import Server

        return Server(url)
    if scheme == "sqlite":
        from nl2sql.introspection.files import SqliteFile

        return SqliteFile(rest.removeprefix("/"))
    if scheme == "duckdb":
        from nl2sql.introspection.files import DuckdbFile

        return DuckdbFile(rest.removeprefix("/"))
    raise SettingsInvalid(
        f"The structure of a {scheme} database cannot be read here.",
        hint="It can of SQLite, DuckDB, MySQL, MariaDB and PostgreSQL databases.",
    )
