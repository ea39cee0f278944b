"""The address of a database → a reader of it. A driver is imported only when an address asks for it."""

from __future__ import annotations

from contextlib import AbstractContextManager

from evals.gold.reader import Reader
from nl2sql.errors import SettingsInvalid

OpenReader = AbstractContextManager[Reader]


def open_reader(url: str) -> OpenReader:
    """Raises SettingsInvalid, DatabaseMissing, DatabaseUnreadable or DatabaseUnreachable. Addresses may hold a
    password and are in no message."""
    scheme, separator, rest = url.partition("://")
    base = scheme.partition("+")[0]
    if separator and base in ("sqlite", "duckdb"):
        path = rest.removeprefix("/")
        if path == rest or path in ("", ":memory:"):
            raise SettingsInvalid("The database address names no file.", hint=f"Write {base}:///folder/file.db.")
        return _open_file(base, path)
    if separator and base in ("mysql", "mariadb", "postgresql"):
        from evals.gold.server_reader import open_server

        return open_server(url)
    if base == "bigquery":
        raise SettingsInvalid(
            "Golds do not run on BigQuery, where each query costs money.",
            hint="Name a twin with the same rows as the database of the golds: a DuckDB or SQLite file.",
        )
    raise SettingsInvalid(
        "Golds cannot run on this kind of database.", hint="Use one of: sqlite, duckdb, mysql, mariadb, postgresql."
    )


def _open_file(kind: str, path: str) -> OpenReader:
    if kind == "sqlite":
        from evals.gold.sqlite_reader import open_sqlite

        return open_sqlite(path)
    try:
        from evals.gold.duckdb_reader import open_duckdb
    except ImportError:
        raise SettingsInvalid(
            "The driver for DuckDB files is not installed.", hint="pip install 'nl2sql[duckdb]'"
        ) from None
    return open_duckdb(path)
