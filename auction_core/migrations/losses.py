"""What going back from a revision destroys."""

from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, inspect, text

from auction_core.migrations.recognise import FIRST_TABLES


def losses(connection: Connection, undone: Iterable[str]) -> Iterator[str]:
    """The tables, or columns as table.column, that hold something and are dropped with the revisions `undone`."""
    gone = set(undone)
    if "0001" in gone:
        yield from (table for table in FIRST_TABLES if _holds(connection, table))
    elif "0002" in gone:
        yield from (
            f"{each}.updated_at" for each in ("users", "listings", "payments") if _holds(connection, each, "updated_at")
        )
    if "0002" in gone and _holds(connection, "idempotency_keys"):
        yield "idempotency_keys"


def _holds(connection: Connection, table: str, column: str | None = None) -> bool:
    inspector = inspect(connection)
    if not inspector.has_table(table):
        return False
    if column is not None and all(each["name"] != column for each in inspector.get_columns(table)):
        return False
    where = f" WHERE {column} IS NOT NULL" if column else ""
    return connection.execute(text(f"SELECT 1 FROM {table}{where} LIMIT 1")).first() is not None  # noqa: S608 - ours
