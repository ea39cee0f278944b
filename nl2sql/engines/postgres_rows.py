"""Rows of PostgreSQL one at a time, by its protocol's single-row mode."""

from __future__ import annotations

import contextlib
import selectors
from collections.abc import Generator
from typing import Any

import psycopg
from psycopg import pq
from psycopg.adapt import Transformer
from psycopg.types.string import TextLoader

from nl2sql.engines.columns import Readers, TextReader
from nl2sql.engines.intake import Row

# Sent as text by the server, and read by Arrow.
_NUMBERS, _MOMENTS = ("numeric",), ("timestamp", "timestamptz")


def readers_of(connection: psycopg.Connection[Any], cursor: Any) -> Readers:
    own = Transformer(connection)
    return [_reader(own, column.type_code) for column in cursor.description or ()]


def _reader(own: Any, type_code: int) -> TextReader | None:
    """With psycopg's own way to read it."""
    info = psycopg.adapters.types.get(type_code)
    if info is None or type_code != info.oid or info.name not in _NUMBERS + _MOMENTS:
        return None
    loader = own.get_loader(type_code, pq.Format.TEXT)
    return TextReader(lambda text: loader.load(text.encode()), is_number=info.name in _NUMBERS)


def single_rows(connection: psycopg.Connection[Any], command: str) -> Generator[Row, None, int]:
    """What psycopg's Cursor.stream does, in half of its time: nothing but the row is made anew for each row. Returns
    how many there were."""
    texts = connection.cursor()
    for name in _NUMBERS + _MOMENTS:
        texts.adapters.register_loader(name, TextLoader)
    made, link, came = Transformer(texts), connection.pgconn, 0
    is_busy, next_result, load_row = link.is_busy, link.get_result, made.load_row
    one_row, no_more = int(pq.ExecStatus.SINGLE_TUPLE), int(pq.ExecStatus.TUPLES_OK)  # enums compare slowly
    link.send_query_params(command.encode(), None)
    link.set_single_row_mode()
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(link.socket, selectors.EVENT_READ)
            while True:
                while is_busy():  # asked first: else reading would hold up every thread until a row comes
                    selector.select()
                    link.consume_input()
                result = next_result()
                if result is None:
                    return came
                status = result.status
                if status == one_row:
                    made.set_pgresult(result, set_loaders=not came)
                    came += 1
                    yield load_row(0, tuple)
                elif status != no_more:
                    raise psycopg.errors.error_from_result(result)
    finally:
        if link.transaction_status == pq.TransactionStatus.ACTIVE:
            _leave_behind(connection)


def _leave_behind(connection: psycopg.Connection[Any]) -> None:
    """The rest of the rows: the connection is of use again when the server was told, and has said its last."""
    with contextlib.suppress(psycopg.Error, OSError):
        connection.cancel_safe(timeout=5)
        while connection.pgconn.get_result() is not None:
            pass
