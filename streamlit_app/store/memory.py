"""A store that forgets with the process: for tests, and for `app_database = "off"`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from streamlit_app.store.base import Board, ConversationHead, KeptAnswer
from streamlit_app.store.errors import BoardChanged, NotYours


class MemoryStore:
    def __init__(self) -> None:
        self._answers: dict[tuple[str, str], list[KeptAnswer]] = {}
        self._titles: dict[tuple[str, str], str] = {}
        self._hidden: set[str] = set()
        self._boards: dict[str, Board] = {}
        self._preferences: dict[str, dict[str, str]] = {}

    def conversations(self, owner: str, limit: int = 50) -> Sequence[ConversationHead]:
        heads = [
            ConversationHead(id_, self._titles.get((whose, id_), kept[0].request.text), kept[-1].at, len(kept))
            for (whose, id_), kept in self._answers.items()
            if whose == owner and kept and id_ not in self._hidden
        ]
        return sorted(heads, key=lambda head: head.at, reverse=True)[:limit]

    def answers(self, owner: str, conversation: str) -> Sequence[KeptAnswer]:
        return () if conversation in self._hidden else tuple(self._answers.get((owner, conversation), ()))

    def answer(self, owner: str, answer_id: str) -> KeptAnswer | None:
        for (whose, conversation), kept in self._answers.items():
            for each in kept:
                if whose == owner and each.answer.id == answer_id and conversation not in self._hidden:
                    return each
        return None

    def keep(self, owner: str, kept: KeptAnswer) -> None:
        there = self._answers.setdefault((owner, kept.conversation), [])
        there[:] = sorted([*(e for e in there if e.number != kept.number), kept], key=lambda each: each.number)

    def rename_conversation(self, owner: str, conversation: str, title: str) -> None:
        self._titles[owner, conversation] = title

    def delete_conversation(self, owner: str, conversation: str) -> None:
        if (owner, conversation) in self._answers:
            self._hidden.add(conversation)

    def restore_conversation(self, owner: str, conversation: str) -> None:
        if (owner, conversation) in self._answers:
            self._hidden.discard(conversation)

    def boards(self, owner: str) -> Sequence[Board]:
        return [each for each in self._boards.values() if self._sees(owner, each)]

    def board(self, owner: str, board_id: str) -> Board | None:
        found = self._boards.get(board_id)
        return found if found is not None and self._sees(owner, found) else None

    def save_board(self, owner: str, board: Board) -> Board:
        there = self._boards.get(board.id)
        if there is not None and there.owner != owner:
            raise NotYours("Only its owner may change this board.")
        if (there.version if there is not None else 0) != board.version:
            raise BoardChanged("This board was changed elsewhere in the meantime.")
        saved = replace(board, owner=owner, version=board.version + 1)
        self._boards[board.id] = saved
        return saved

    def delete_board(self, owner: str, board_id: str) -> None:
        if board_id in self._boards and self._boards[board_id].owner != owner:
            raise NotYours("Only its owner may delete this board.")
        self._hidden.add(board_id)

    def restore_board(self, owner: str, board_id: str) -> None:
        if board_id in self._boards and self._boards[board_id].owner == owner:
            self._hidden.discard(board_id)

    def preferences(self, owner: str) -> Mapping[str, str]:
        return dict(self._preferences.get(owner, {}))

    def set_preference(self, owner: str, name: str, value: str) -> None:
        self._preferences.setdefault(owner, {})[name] = value

    def close(self) -> None:
        """Nothing is open."""

    def _sees(self, owner: str, board: Board) -> bool:
        return board.id not in self._hidden and (board.owner == owner or board.shared == "house")
