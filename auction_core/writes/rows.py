"""New rows and their ids."""

from collections.abc import Mapping

from sqlalchemy import Connection, insert

from auction_core.tables import Base


def insert_row(connection: Connection, table: type[Base], values: Mapping[str, object]) -> int:
    """The id that the database gave the row, for a table whose key is one number."""
    key = connection.execute(insert(table).values(values)).inserted_primary_key
    if key is None:
        raise TypeError(f"{table.__tablename__} gives out no ids")
    return int(key[0])
