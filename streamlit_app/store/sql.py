"""What people keep in SQLite, MySQL, MariaDB or PostgreSQL."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, and_, func, insert, select, update

from nl2sql.ledger.address import address_of
from streamlit_app.store import sql_boards, sql_conversations
from streamlit_app.store.access import WAIT_SECONDS, Access
from streamlit_app.store.base import Board, ConversationHead, KeptAnswer
from streamlit_app.store.errors import StoreError, TooMuch
from streamlit_app.store.limits import (
    MOST_CONVERSATIONS,
    MOST_PREFERENCES,
    board_to_keep,
    check_preference,
    content_of,
    cut,
    is_id,
    key_of,
    utc_now,
)
from streamlit_app.store.tables import preferences

log = logging.getLogger(__name__)

_PURGE_SECONDS: Final = 3_600.0


class SqlStore:
    """A `Store` for many threads and processes. Raises SettingsInvalid for an address that can never work; connects
    when it is first used. `days`: conversations that nobody added to for so long are forgotten. `now` is UTC without
    zone.

    A change that was not confirmed in time may have been made nevertheless.
    """

    def __init__(self, url: str, days: int, now: Callable[[], datetime] = utc_now) -> None:
        self._access = Access(address_of(url, "app_database"))
        self._days = days
        self._now = now
        self._purged_at = -_PURGE_SECONDS
        self._purging = threading.Lock()
        self._purge: threading.Thread | None = None

    def conversations(self, owner: str, limit: int = MOST_CONVERSATIONS) -> Sequence[ConversationHead]:
        limit = max(0, min(limit, MOST_CONVERSATIONS))
        return self._access.read(lambda c: sql_conversations.heads(c, key_of(owner), limit))

    def answers(self, owner: str, conversation: str) -> Sequence[KeptAnswer]:
        if not is_id(conversation):
            return ()
        rows = self._access.read(lambda c: sql_conversations.rows_of(c, key_of(owner), conversation))
        return tuple(sql_conversations.unpacked(row) for row in rows)

    def answer(self, owner: str, answer_id: str) -> KeptAnswer | None:
        if not is_id(answer_id):
            return None
        row = self._access.read(lambda c: sql_conversations.row_of(c, key_of(owner), answer_id))
        return None if row is None else sql_conversations.unpacked(row)

    def keep(self, owner: str, kept: KeptAnswer) -> None:
        values = sql_conversations.packed(kept)
        self._access.write(lambda c: sql_conversations.keep(c, key_of(owner), kept, values))
        self._purge_sometimes()

    def rename_conversation(self, owner: str, conversation: str, title: str) -> None:
        if is_id(conversation):
            self._access.write(lambda c: sql_conversations.rename(c, key_of(owner), conversation, cut(title)))

    def delete_conversation(self, owner: str, conversation: str) -> None:
        if is_id(conversation):
            self._access.write(lambda c: sql_conversations.hide(c, key_of(owner), conversation, self._now()))

    def restore_conversation(self, owner: str, conversation: str) -> None:
        if is_id(conversation):
            self._access.write(lambda c: sql_conversations.bring_back(c, key_of(owner), conversation, self._now()))

    def boards(self, owner: str) -> Sequence[Board]:
        rows = self._access.read(lambda c: sql_boards.listed(c, owner))
        return [board for board in map(sql_boards.unpacked, rows) if board is not None]

    def board(self, owner: str, board_id: str) -> Board | None:
        if not is_id(board_id):
            return None
        row = self._access.read(lambda c: sql_boards.one(c, owner, board_id))
        return None if row is None else sql_boards.unpacked(row)

    def save_board(self, owner: str, board: Board) -> Board:
        saved = board_to_keep(board, owner, self._now())
        content = content_of(saved)
        self._access.write(lambda c: sql_boards.save(c, key_of(owner), saved, content))
        self._purge_sometimes()
        return saved

    def delete_board(self, owner: str, board_id: str) -> None:
        if is_id(board_id):
            self._access.write(lambda c: sql_boards.hide(c, key_of(owner), board_id, self._now()))

    def restore_board(self, owner: str, board_id: str) -> None:
        if is_id(board_id):
            self._access.write(lambda c: sql_boards.bring_back(c, key_of(owner), board_id, self._now()))

    def preferences(self, owner: str) -> Mapping[str, str]:
        own = select(preferences.c.name, preferences.c.value).where(preferences.c.owner_key == key_of(owner))
        return self._access.read(lambda c: {name: json.loads(value) for name, value in c.execute(own)})

    def set_preference(self, owner: str, name: str, value: str) -> None:
        check_preference(name, value)
        self._access.write(lambda c: _set_preference(c, key_of(owner), name, json.dumps(value)))

    def close(self) -> None:
        if self._purge is not None:
            self._purge.join(WAIT_SECONDS)
        self._access.close()

    def purge(self) -> None:
        """Forgets what is over its time, a little in each transaction. Raises StoreUnreachable."""
        self._access.write(lambda c: sql_boards.purge(c, self._now()))
        while self._access.write(lambda c: sql_conversations.purge(c, self._now(), self._days)):
            pass

    def _purge_sometimes(self) -> None:
        """Nobody waits for it."""
        with self._purging:
            if time.monotonic() - self._purged_at < _PURGE_SECONDS:
                return
            self._purged_at = time.monotonic()
            self._purge = threading.Thread(target=self._try_to_purge, name="purge", daemon=True)
            self._purge.start()

    def _try_to_purge(self) -> None:
        try:
            self.purge()
        except StoreError:
            log.info("What is over its time could not be forgotten now; that is tried again in an hour.")


def _set_preference(connection: Connection, owner_key: str, name: str, value: str) -> None:
    own = preferences.c.owner_key == owner_key
    this = and_(own, preferences.c.name == name)
    if connection.scalar(select(func.count()).select_from(preferences).where(this)):
        connection.execute(update(preferences).where(this).values(value=value))
        return
    if (connection.scalar(select(func.count()).select_from(preferences).where(own)) or 0) >= MOST_PREFERENCES:
        raise TooMuch("There are too many preferences already.")
    connection.execute(insert(preferences), {"owner_key": owner_key, "name": name, "value": value})
