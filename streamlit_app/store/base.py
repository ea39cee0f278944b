"""What people keep: conversations with their answers, boards, preferences. Values and the protocol; no storage.

Everything belongs to an owner (`Person.user`); no method returns what is another's, but for boards that were shared.
Times are UTC without zone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Literal, Protocol

from nl2sql.answer.base import Answer
from nl2sql.answer.chart_options import AUTOMATIC, ChartOptions

# private: the owner's; house: whoever may see boards here can read it, and copy it.
Shared = Literal["private", "house"]
# How many of a board's twelve columns a tile takes.
Width = Literal[3, 4, 6, 8, 12]
REFRESH_SECONDS = (0, 60, 300, 900, 3600)  # 0: by hand
HANDED_OVER = "handed_over"  # in the session: a Request that another page made, for Ask to take up and remove


@dataclass(frozen=True, slots=True)
class Request:
    """What the person wants next: a question, SQL they typed, or an edited `plan` (JSON text), of which `text` are the
    words. `fresh` bypasses the cache; `accept_cost` is a yes to the price that was told; `corrects` is the id of the
    answer whose SQL was edited."""

    text: str
    is_sql: bool = False
    fresh: bool = False
    accept_cost: bool = False
    plan: str = ""
    corrects: str = ""


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """A request and what came of it, as it was then. `role` is the one it was answered for: another must ask anew."""

    conversation: str
    number: int
    request: Request
    answer: Answer
    seconds: float
    role: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ConversationHead:
    """`title` is its first question, unless it was renamed."""

    id: str
    title: str
    at: datetime
    answers: int


@dataclass(frozen=True, slots=True)
class Tile:
    """An answer on a board: what to ask again, never what came of it. `question` is shown small, `title` large."""

    id: str
    title: str
    request: Request
    question: str = ""
    chart: ChartOptions = AUTOMATIC
    width: Width = 6


@dataclass(frozen=True, slots=True)
class BoardFilters:
    """Applied to each tile whose plan has such a field. `values` by "dataset.field" of the model; empty: no filter.
    `start` and `end` are both within. `period` names days that move with today ("last_30_days"), in their place."""

    start: date | None = None
    end: date | None = None
    values: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    period: str = ""


@dataclass(frozen=True, slots=True)
class Board:
    """Tiles in reading order. `version` grows with each change: who saves an older one is told so."""

    id: str
    name: str
    owner: str
    tiles: tuple[Tile, ...] = ()
    filters: BoardFilters = BoardFilters()
    refresh_seconds: int = 0
    shared: Shared = "private"
    version: int = 0
    at: datetime | None = None


class Store(Protocol):
    """Raises StoreUnreachable where the app's database does not answer, and nothing else of a database's own; TooMuch
    where a change passes a bound of `limits`. An ID that the app never made finds nothing, and is not kept."""

    def conversations(self, owner: str, limit: int = 50) -> Sequence[ConversationHead]:
        """The newest first."""
        ...

    def answers(self, owner: str, conversation: str) -> Sequence[KeptAnswer]:
        """In order, the newest `limits.MOST_ANSWERS`. Empty for a conversation that is another's, or none."""
        ...

    def answer(self, owner: str, answer_id: str) -> KeptAnswer | None: ...

    def keep(self, owner: str, kept: KeptAnswer) -> None:
        """Creates the conversation with its first answer; an answer with the same number takes its place. One that was
        deleted comes back."""
        ...

    def rename_conversation(self, owner: str, conversation: str, title: str) -> None: ...

    def delete_conversation(self, owner: str, conversation: str) -> None:
        """Hidden at once and forgotten later: `restore_conversation` undoes it for a day."""
        ...

    def restore_conversation(self, owner: str, conversation: str) -> None: ...

    def boards(self, owner: str) -> Sequence[Board]:
        """The owner's and those that others share, the newest first."""
        ...

    def board(self, owner: str, board_id: str) -> Board | None:
        """One that the owner may see."""
        ...

    def save_board(self, owner: str, board: Board) -> Board:
        """Writes the whole board (version 0: a new one) and returns it with its new version. Raises BoardChanged
        when somebody saved another one since, NotYours when it belongs to somebody else."""
        ...

    def delete_board(self, owner: str, board_id: str) -> None:
        """Undone for a day by `restore_board`. Raises NotYours."""
        ...

    def restore_board(self, owner: str, board_id: str) -> None: ...

    def preferences(self, owner: str) -> Mapping[str, str]: ...

    def set_preference(self, owner: str, name: str, value: str) -> None: ...

    def close(self) -> None: ...
