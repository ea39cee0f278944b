"""The engine that views read by: no transaction around a view, and on SQLite no lock and no right to write."""

import sqlite3

from sqlalchemy import URL, Engine, event

from auction_core.database import LOCK_WAIT_SECONDS, make_engine, pool_of_server


def open_for_reading(url: URL, *, clients: int = 32) -> Engine:
    """A pooled engine whose every statement sees what is committed when it starts, without BEGIN and ROLLBACK.

    On SQLite a reader of `open_for_writing` would begin IMMEDIATE and so wait for writers, and they for it.
    """
    if url.get_backend_name() == "sqlite":
        engine = make_engine(
            url, connect_args={"timeout": LOCK_WAIT_SECONDS}, isolation_level="AUTOCOMMIT", pool_reset_on_return=None
        )
        event.listen(engine, "connect", _read_only)
        return engine
    return pool_of_server(url, clients, "AUTOCOMMIT")


def _read_only(connection: sqlite3.Connection, record: object) -> None:
    connection.execute("PRAGMA query_only = ON").close()
