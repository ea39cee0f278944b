"""Database address → engine. A driver is imported only when an address asks for it."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from nl2sql.engines.base import RESULT_BYTES, Engine
from nl2sql.engines.schemes import SERVERS
from nl2sql.errors import SettingsInvalid

if TYPE_CHECKING:
    from nl2sql.engines.bigquery_address import BigQueryOptions
    from nl2sql.engines.server import ServerKind

SQLITE_PREFIX = "sqlite:///"
DUCKDB_PREFIX = "duckdb:///"

ALLOWED = ", ".join(sorted(["bigquery", "duckdb", "sqlite", *SERVERS]))


def open_engine(url: str, *, result_bytes: int = RESULT_BYTES, bigquery: BigQueryOptions | None = None) -> Engine:
    """`sqlite:///var/auction.db` is relative, `sqlite:////srv/auction.db` absolute; what follows is taken literally.

    Raises SettingsInvalid. An address is never repeated in a message: it may hold a password.
    """
    scheme, separator, _ = url.partition("://")
    if not separator:
        raise SettingsInvalid("The database address has no scheme.", hint=f"Start it with one of: {ALLOWED} and ://")
    if scheme == "sqlite":
        return _open_sqlite(url, result_bytes)
    if scheme == "duckdb":
        return _open_duckdb(url, result_bytes)
    if scheme == "bigquery":
        return _open_bigquery(url, result_bytes, bigquery)
    if scheme in SERVERS:
        return _open_server(url, scheme, result_bytes)
    raise SettingsInvalid(
        "The database address names a kind of database that is not supported.", hint=f"Use one of: {ALLOWED}"
    )


def _open_sqlite(url: str, result_bytes: int) -> Engine:
    from nl2sql.engines.sqlite import SqliteEngine

    return SqliteEngine(_file_of(url, SQLITE_PREFIX), result_bytes=result_bytes)


def _open_duckdb(url: str, result_bytes: int) -> Engine:
    path = _file_of(url, DUCKDB_PREFIX)
    try:
        importlib.import_module("duckdb")
    except ImportError:
        raise SettingsInvalid(
            "The driver for DuckDB files is not installed. Install it with: pip install 'nl2sql[duckdb]'",
            hint="pip install 'nl2sql[duckdb]'",
        ) from None
    from nl2sql.engines.duckdb import DuckdbEngine

    return DuckdbEngine(path, result_bytes=result_bytes)


def _file_of(url: str, prefix: str) -> str:
    path = url.removeprefix(prefix)
    if not url.startswith(prefix) or path in ("", ":memory:"):
        raise SettingsInvalid(
            "The database address names no file.",
            hint=f"Write {prefix}folder/file.db, or four slashes for an absolute path.",
        )
    return path


def _open_bigquery(url: str, result_bytes: int, options: BigQueryOptions | None) -> Engine:
    from nl2sql.engines.bigquery_address import BigQueryOptions, parse_bigquery

    options = options or BigQueryOptions()
    address = parse_bigquery(url, options)
    try:
        from nl2sql.engines.bigquery import BigQueryEngine
    except ImportError:
        raise SettingsInvalid(
            "The client for BigQuery is not installed. Install it with: pip install 'nl2sql[bigquery]'",
            hint="pip install 'nl2sql[bigquery]'",
        ) from None
    return BigQueryEngine(address, options, result_bytes=result_bytes)


def _open_server(url: str, scheme: str, result_bytes: int) -> Engine:
    drivername, driver, extra, kind_name = SERVERS[scheme]
    try:
        importlib.import_module(driver)
    except ImportError:
        raise SettingsInvalid(
            f"The driver for {scheme} databases is not installed. Install it with: pip install 'nl2sql[{extra}]'",
            hint=f"pip install 'nl2sql[{extra}]'",
        ) from None
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    from nl2sql.engines.sql import SqlEngine

    module, _, name = kind_name.partition(":")
    kind: Callable[[], ServerKind] = getattr(importlib.import_module(module), name)
    try:
        address = make_url(url).set(drivername=drivername)
    except (ArgumentError, ValueError):  # a ValueError for a port that is no number
        raise SettingsInvalid(
            "The database address cannot be read.", hint=f"Write {scheme}://user:password@host:port/database"
        ) from None
    _refuse_empty_options(url)
    return SqlEngine(address, kind(), result_bytes=result_bytes)


def _refuse_empty_options(url: str) -> None:
    """An option without a value would be dropped without a word: "tls=" would be no TLS."""
    options = url.partition("://")[2].rpartition("@")[2].partition("?")[2]
    if any(not each.partition("=")[2] for each in options.split("&") if options):
        raise SettingsInvalid("The database address has an option without a value.")
