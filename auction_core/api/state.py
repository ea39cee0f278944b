"""What requests share, as `create_app` put it together."""

from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import Request
from sqlalchemy import Connection

from auction_core.errors import AuctionError, OutcomeUnknown, WriteRefused
from auction_core.store import Store

R = TypeVar("R")


def store_of(request: Request) -> Store:
    store: Store = request.app.state.store
    return store


def reading_of(request: Request) -> Connection:
    """A connection for the views of `auction_core.reading`; close it by `with`."""
    connection: Connection = request.app.state.reading.connect()
    return connection


def carry_out(request: Request, operation: str, write: Callable[..., R], /, **values: Any) -> R:
    """Does a write of the store, and counts what became of it. Raises what it raises."""
    writes = request.app.state.metrics.writes
    try:
        result = write(**values)
    except (WriteRefused, OutcomeUnknown) as error:
        writes.labels(operation, error.code).inc()
        raise
    except AuctionError:
        writes.labels(operation, "failed").inc()
        raise
    writes.labels(operation, "done").inc()
    return result
