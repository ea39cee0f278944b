"""A pooled connection of the driver itself, for what must not pay for more round trips than it needs."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Engine, PoolProxiedConnection
from sqlalchemy.exc import DBAPIError

from auction_core.writes.transact import NotConnected, is_lost

T = TypeVar("T")


def on_driver(engine: Engine, doing: str, work: Callable[[PoolProxiedConnection], T]) -> T:
    """What `work` returns; it ends each transaction that it begins. Raises NotConnected, and DBAPIError as SQLAlchemy.

    After an error nothing stays open: the connection is rolled back, or thrown away if it broke or if its state is
    unknown. `doing` stands in the error for the statement and its values.
    """
    driver = engine.dialect.loaded_dbapi
    try:
        connection = engine.raw_connection()
    except driver.Error as error:
        raise NotConnected(DBAPIError(None, None, error)) from error
    try:
        return work(connection)
    except driver.Error as error:
        wrapped = _wrapped(engine, connection, doing, error)
        if is_lost(wrapped) or not _roll_back(connection, driver.Error):
            connection.invalidate(error)
            _look_at_another(engine)
        raise wrapped from error
    except BaseException as error:  # such as an interrupt while an answer was on its way
        connection.invalidate(error)
        raise
    finally:
        connection.close()


def _wrapped(engine: Engine, connection: PoolProxiedConnection, doing: str, error: Exception) -> DBAPIError:
    is_disconnect = engine.dialect.is_disconnect(error, connection, None)  # type: ignore[arg-type]
    return DBAPIError(doing, None, error, connection_invalidated=is_disconnect)


def _roll_back(connection: PoolProxiedConnection, failure: type[Exception]) -> bool:
    try:
        connection.rollback()
    except failure:
        return False
    return True


def _look_at_another(engine: Engine) -> None:
    """When one connection broke, perhaps all did: SQLAlchemy finds out, and then drops every one of the pool."""
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("SELECT 1")
    except DBAPIError:
        pass
