"""The stamp of an auction database: which revision its tables are at. Alembic's table, read and written without it."""

from sqlalchemy import Column, Connection, MetaData, String, Table, insert, inspect, select

TABLE = "alembic_version"
# From the oldest to the newest; each has a module in `versions` that begins with it.
REVISIONS = ("0001", "0002", "0003")
HEAD = REVISIONS[-1]

STAMPS = Table(TABLE, MetaData(), Column("version_num", String(32), primary_key=True))
STAMPS.primary_key.name = f"{TABLE}_pkc"


def read_stamp(connection: Connection) -> str | None:
    """None: no table of stamps, or none in it."""
    if not inspect(connection).has_table(TABLE):
        return None
    return connection.execute(select(STAMPS.c.version_num)).scalar()


def write_stamp(connection: Connection) -> None:
    """The tables and routines have just been made as the newest revision has them."""
    STAMPS.create(connection, checkfirst=True)
    connection.execute(STAMPS.delete())
    connection.execute(insert(STAMPS).values(version_num=HEAD))


def drop_stamp(connection: Connection) -> None:
    STAMPS.drop(connection, checkfirst=True)
