"""Statements about boards, each within the transaction that it is given."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, case, delete, func, insert, or_, select, update

from nl2sql.answer.plain_json import from_plain
from streamlit_app.store.base import Board
from streamlit_app.store.errors import BoardChanged, NotYours, TooMuch
from streamlit_app.store.limits import (
    CHANGED,
    FULL,
    GONE,
    MOST_BOARDS,
    MOST_LISTED_BOARDS,
    NOT_YOURS,
    UNDO,
    BoardContent,
    key_of,
)
from streamlit_app.store.tables import boards

log = logging.getLogger(__name__)


def save(connection: Connection, owner_key: str, board: Board, content: str) -> None:
    """`board` with the version that it is to have. Raises BoardChanged, NotYours and TooMuch."""
    values = {
        "name": board.name,
        "shared": board.shared,
        "version": board.version,
        "content": content,
        "at": board.at,
    }
    mine = and_(boards.c.id == board.id, boards.c.owner_key == owner_key)
    if board.version > 1:
        read = and_(mine, boards.c.version == board.version - 1, boards.c.deleted_at.is_(None))
        if connection.execute(update(boards).where(read).values(values)).rowcount:
            return
    there = connection.execute(select(boards.c.owner_key, boards.c.deleted_at).where(boards.c.id == board.id)).first()
    if there is not None and there.owner_key != owner_key:
        raise NotYours(NOT_YOURS)
    if there is not None and there.deleted_at is None:
        raise BoardChanged(CHANGED)
    if there is not None or board.version > 1:
        raise BoardChanged(GONE)
    own = and_(boards.c.owner_key == owner_key, boards.c.deleted_at.is_(None))
    if (connection.scalar(select(func.count()).select_from(boards).where(own)) or 0) >= MOST_BOARDS:
        raise TooMuch(FULL)
    key = {"id": board.id, "owner_key": owner_key, "owner": json.dumps(board.owner)}
    connection.execute(insert(boards), key | values)


def listed(connection: Connection, owner: str) -> list[Row[Any]]:
    """The newest first. Where there are too many, those of others are left out."""
    own = case((boards.c.owner_key == key_of(owner), 0), else_=1)
    found = select(boards).where(_seen_by(owner)).order_by(own, boards.c.at.desc(), boards.c.id)
    rows = connection.execute(found.limit(MOST_LISTED_BOARDS)).all()
    return sorted(rows, key=lambda row: row.at, reverse=True)


def one(connection: Connection, owner: str, board_id: str) -> Row[Any] | None:
    return connection.execute(select(boards).where(boards.c.id == board_id, _seen_by(owner))).first()


def unpacked(row: Row[Any]) -> Board | None:
    """None for one that a newer release saved with what this one does not know."""
    try:
        content = from_plain(BoardContent, json.loads(row.content))
        board = Board(row.id, row.name, json.loads(row.owner), content.tiles, content.filters, content.refresh_seconds)
    except ValueError:
        log.warning("The board %s cannot be read.", row.id)
        return None
    return replace(board, shared="house" if row.shared == "house" else "private", version=row.version, at=row.at)


def hide(connection: Connection, owner_key: str, board_id: str, now: datetime) -> None:
    """Raises NotYours."""
    whose = connection.scalar(select(boards.c.owner_key).where(boards.c.id == board_id))
    if whose is not None and whose != owner_key:
        raise NotYours(NOT_YOURS)
    shown = and_(boards.c.id == board_id, boards.c.owner_key == owner_key, boards.c.deleted_at.is_(None))
    connection.execute(update(boards).where(shown).values(deleted_at=now))


def bring_back(connection: Connection, owner_key: str, board_id: str, now: datetime) -> None:
    mine = and_(boards.c.id == board_id, boards.c.owner_key == owner_key)
    connection.execute(update(boards).where(mine, boards.c.deleted_at > now - UNDO).values(deleted_at=None))


def purge(connection: Connection, now: datetime) -> None:
    connection.execute(delete(boards).where(boards.c.deleted_at < now - UNDO))


def _seen_by(owner: str) -> Any:
    return and_(boards.c.deleted_at.is_(None), or_(boards.c.owner_key == key_of(owner), boards.c.shared == "house"))
