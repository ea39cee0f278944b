"""Which SQL a run's statements are written in: told by the address of its database."""

from __future__ import annotations

from evals.log.records import RunHeader

_BY_SCHEME = {
    "sqlite": "sqlite", "mysql": "mysql", "mariadb": "mysql", "postgresql": "postgres", "postgres": "postgres",
    "duckdb": "duckdb", "bigquery": "bigquery",
}  # fmt: skip


def dialect_of(header: RunHeader) -> str:
    """As sqlglot names it; SQLite's where the address tells nothing."""
    scheme = header.database.partition(":")[0].partition("+")[0].lower()
    return _BY_SCHEME.get(scheme, "sqlite")
