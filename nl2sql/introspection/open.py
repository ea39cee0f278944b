"""Database address → what reads its structure. The address is one that the engine has opened already."""

from __future__ import annotations

from nl2sql.catalog.facts import LiveDatabase
from nl2sql.engines.schemes import SERVERS
from nl2sql.errors import SettingsInvalid


def open_live(url: str, *, location: str = "", endpoint: str = "") -> LiveDatabase:
    """`location` and `endpoint` are for a BigQuery address that names none. Raises EngineError and SettingsInvalid."""
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
    if scheme == "bigquery":
        from nl2sql.introspection.bigquery import BigQueryDataset

        return BigQueryDataset(url, location, endpoint)
    raise SettingsInvalid("The structure of this kind of database cannot be read here.")
