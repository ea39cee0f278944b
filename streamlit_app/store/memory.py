"""A store that forgets with the process: for tests, and for `app_database = "off"`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from threading import RLock

from streamlit_app.store.base import Board, ConversationHead, KeptAnswer
from streamlit_app.store.errors import BoardChanged, NotYours, TooMuch
from streamlit_app.store.limits import (
    CHANGED,
    FULL,
    GONE,
    MOST_ANSWERS,
    MOST_BOARDS,
    MOST_CONVERSATIONS,
    MOST_LISTED_BOARDS,
    MOST_PREFERENCES,
    NEVER,
    NOT_YOURS,
    UNDO,
    board_to_keep,
    check_kept,
    check_preference,
    content_of,
    cut,
    utc_now,
)

# Of one process, with their tables: the oldest are forgotten first.
MOST_IN_MEMORY = 500
_Key = tuple[str, str]  # owner, id


class MemoryStore:
    """A `Store` for many threads."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._answers: dict[_Key, list[KeptAnswer]] = {}
        self._titles: dict[_Key, str] = {}
        self._deleted: dict[_Key, datetime] = {}  # conversations
        self._boards: dict[str, Board] = {}
        self._deleted_boards: dict[str, datetime] = {}
        self._preferences: dict[str, dict[str, str]] = {}

    def conversations(self, owner: str, limit: int = MOST_CONVERSATIONS) -> Sequence[ConversationHead]:
        with self._lock:
            heads = [
                ConversationHead(key[1], self._titles[key], max(each.at for each in kept), len(kept))
                for key, kept in self._answers.items()
                if key[0] == owner and key not in self._deleted
            ]
        return sorted(heads, key=lambda head: head.at, reverse=True)[: max(0, min(limit, MOST_CONVERSATIONS))]

    def answers(self, owner: str, conversation: str) -> Sequence[KeptAnswer]:
        with self._lock:
            hidden = (owner, conversation) in self._deleted
            return () if hidden else tuple(self._answers.get((owner, conversation), ()))[-MOST_ANSWERS:]

    def answer(self, owner: str, answer_id: str) -> KeptAnswer | None:
        with self._lock:
            for key, kept in self._answers.items():
                for each in kept:
                    if key[0] == owner and each.answer.id == answer_id and key not in self._deleted:
                        return each
        return None

    def keep(self, owner: str, kept: KeptAnswer) -> None:
        check_kept(kept)
        key = (owner, kept.conversation)
        with self._lock:
            there = [each for each in self._answers.pop(key, ()) if each.number != kept.number]
            self._answers[key] = sorted([*there, kept], key=lambda each: each.number)
            self._titles.setdefault(key, cut(kept.request.text))
            self._deleted.pop(key, None)
            while len(self._answers) > MOST_IN_MEMORY:
                self._forget(next(iter(self._answers)))

    def rename_conversation(self, owner: str, conversation: str, title: str) -> None:
        with self._lock:
            if (owner, conversation) in self._answers:
                self._titles[owner, conversation] = cut(title)

    def delete_conversation(self, owner: str, conversation: str) -> None:
        with self._lock:
            if (owner, conversation) in self._answers:
                self._deleted.setdefault((owner, conversation), utc_now())

    def restore_conversation(self, owner: str, conversation: str) -> None:
        with self._lock:
            if self._deleted.get((owner, conversation), NEVER) > utc_now() - UNDO:
                self._deleted.pop((owner, conversation))

    def boards(self, owner: str) -> Sequence[Board]:
        with self._lock:
            seen = [each for each in self._boards.values() if self._sees(owner, each)]
        newest = sorted(seen, key=lambda each: each.at or NEVER, reverse=True)
        return sorted(sorted(newest, key=lambda each: each.owner != owner)[:MOST_LISTED_BOARDS], key=newest.index)

    def board(self, owner: str, board_id: str) -> Board | None:
        with self._lock:
            found = self._boards.get(board_id)
            return found if found is not None and self._sees(owner, found) else None

    def save_board(self, owner: str, board: Board) -> Board:
        saved = board_to_keep(board, owner, utc_now())
        content_of(saved)  # refuses what is too large
        with self._lock:
            there = self._boards.get(board.id)
            if there is not None and there.owner != owner:
                raise NotYours(NOT_YOURS)
            if board.id in self._deleted_boards or (there is None and board.version):
                raise BoardChanged(GONE)
            if there is not None and there.version != board.version:
                raise BoardChanged(CHANGED)
            own = [e for e in self._boards.values() if e.owner == owner and e.id not in self._deleted_boards]
            if there is None and len(own) >= MOST_BOARDS:
                raise TooMuch(FULL)
            self._boards[board.id] = saved
        return saved

    def delete_board(self, owner: str, board_id: str) -> None:
        with self._lock:
            if board_id in self._boards and self._boards[board_id].owner != owner:
                raise NotYours(NOT_YOURS)
            if board_id in self._boards:
                self._deleted_boards.setdefault(board_id, utc_now())

    def restore_board(self, owner: str, board_id: str) -> None:
        with self._lock:
            is_own = board_id in self._boards and self._boards[board_id].owner == owner
            if is_own and self._deleted_boards.get(board_id, NEVER) > utc_now() - UNDO:
                self._deleted_boards.pop(board_id)

    def preferences(self, owner: str) -> Mapping[str, str]:
        with self._lock:
            return dict(self._preferences.get(owner, {}))

    def set_preference(self, owner: str, name: str, value: str) -> None:
        check_preference(name, value)
        with self._lock:
            own = self._preferences.setdefault(owner, {})
            if name not in own and len(own) >= MOST_PREFERENCES:
                raise TooMuch("There are too many preferences already.")
            own[name] = value

    def close(self) -> None:
        """Nothing is open."""

    def _sees(self, owner: str, board: Board) -> bool:
        return board.id not in self._deleted_boards and (board.owner == owner or board.shared == "house")

    def _forget(self, key: _Key) -> None:
        self._answers.pop(key)
        self._titles.pop(key, None)
        self._deleted.pop(key, None)
