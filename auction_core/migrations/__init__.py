"""The revisions of the auction's tables and the way from one to another.

    upgrade("postgresql://auction@db/auction")        # to the newest
    is_at_head(engine)                                # what a server asks before it serves

Alembic is imported only to migrate.
"""

from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from auction_core.database import describe, reason_of
from auction_core.errors import DatabaseUnreachable
from auction_core.migrations.stamp import HEAD, TABLE

__all__ = ["HEAD", "is_at_head", "upgrade"]

_QUERY = f"SELECT version_num FROM {TABLE}"  # noqa: S608 - a constant
_NO_SUCH_TABLE = {"mysql": 1146, "mariadb": 1146}


def is_at_head(bind: Engine | Connection) -> bool:
    """One query outside of any transaction that an engine's events would begin. Raises DatabaseUnreachable.

    A Connection is used as it is, and is rolled back when there is no stamp to read.
    """
    try:
        if isinstance(bind, Connection):
            found = _stamps(bind.connection, bind.dialect)
        else:
            raw = bind.raw_connection()
            try:
                found = _stamps(raw, bind.dialect)
                raw.rollback()
            finally:
                raw.close()
    except DBAPIError as error:
        raise DatabaseUnreachable(f"Cannot open the {describe(bind.engine.url)}: {reason_of(error)}.") from None
    except bind.dialect.loaded_dbapi.Error as error:
        kind = type(error).__name__
        raise DatabaseUnreachable(f"Reading the {describe(bind.engine.url)} broke off ({kind}).") from None
    return found == [HEAD]


def _stamps(raw: Any, dialect: Any) -> list[str]:
    cursor = raw.cursor()
    try:
        cursor.execute(_QUERY)
        return [row[0] for row in cursor.fetchall()]
    except dialect.loaded_dbapi.Error as error:
        if not _is_missing_table(error, dialect.name):
            raise
        raw.rollback()
        return []
    finally:
        cursor.close()


def _is_missing_table(error: Exception, engine: str) -> bool:
    if engine == "postgresql":
        return getattr(error, "sqlstate", None) == "42P01"
    if engine == "sqlite":
        return str(error).startswith("no such table")
    return bool(error.args) and error.args[0] == _NO_SUCH_TABLE.get(engine)


def upgrade(url: str, to: str = "head") -> None:
    """To a revision or "head"; never back. Raises AuctionError (see `auction_core.errors`)."""
    from auction_core.migrations.run import migrate

    migrate(url, to, only_up=True)
