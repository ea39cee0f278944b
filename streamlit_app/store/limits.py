"""How much is kept, and in which form: the same for every store."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from nl2sql.answer.plain_json import to_plain
from streamlit_app.store.base import Board, BoardFilters, KeptAnswer, Tile
from streamlit_app.store.errors import TooMuch

# More than anybody reads at once. Each tile is a query, each conversation a line of a list.
MOST_TILES = 50
MOST_BOARDS = 200
MOST_CONVERSATIONS = 50
MOST_ANSWERS = 50
# Boards that others share are listed beside one's own.
MOST_LISTED_BOARDS = 500
TITLE_CHARS = 200
MOST_PREFERENCES = 100
PREFERENCE_CHARS = 2_000
# A tile holds a question or some SQL and a plan: about 5 kB.
CONTENT_CHARS = 1_000_000
REQUEST_CHARS = 500_000
# A result of 100,000 rows is about 3 MB. As escaped text it can double, and MariaDB takes 16 MB at once.
ANSWER_BYTES = 5_000_000
UNDO = timedelta(days=1)
NEVER = datetime(1, 1, 1)  # noqa: DTZ001 - without zone, as all moments here

# The code of an answer that was kept in a form which this release cannot read.
UNREADABLE = "unreadable"
CHANGED = "This board was changed elsewhere in the meantime."
GONE = "This board was deleted elsewhere in the meantime."
NOT_YOURS = "Only its owner may change this board."
FULL = f"There are {MOST_BOARDS} boards already. Delete one that is no longer needed."

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class BoardContent:
    """What of a board no statement asks for."""

    tiles: tuple[Tile, ...]
    filters: BoardFilters
    refresh_seconds: int


def is_id(text: str) -> bool:
    """IDs are made by the app. What else an address may name, there is nothing of."""
    return _ID.fullmatch(text) is not None


def check_id(text: str) -> None:
    """Raises TooMuch."""
    if not is_id(text):
        raise TooMuch("This cannot be kept: its ID is too long, or has other signs than letters, digits, - and _.")


def cut(text: str, most: int = TITLE_CHARS) -> str:
    """On one line, without NUL and half characters, which databases refuse; at most `most` characters."""
    whole = text.replace("\0", "�").encode("utf-8", "replace").decode("utf-8")
    one_line = " ".join(whole.split())
    return one_line if len(one_line) <= most else one_line[: most - 1].rstrip() + "…"


def check_kept(kept: KeptAnswer) -> None:
    """Raises TooMuch."""
    check_id(kept.conversation)
    check_id(kept.answer.id)


def check_preference(name: str, value: str) -> None:
    """Raises TooMuch."""
    check_id(name)
    if len(value) > PREFERENCE_CHARS:
        raise TooMuch("This preference is too long to be kept.")


def board_to_keep(board: Board, owner: str, now: datetime) -> Board:
    """As it is saved at `now`. Raises TooMuch."""
    check_id(board.id)
    if len(board.tiles) > MOST_TILES:
        raise TooMuch(f"A board holds at most {MOST_TILES} answers.")
    return replace(board, owner=owner, name=cut(board.name), version=board.version + 1, at=now)


def content_of(board: Board) -> str:
    """As JSON text. Raises TooMuch."""
    content = json.dumps(
        to_plain(BoardContent(board.tiles, board.filters, board.refresh_seconds)), separators=(",", ":")
    )
    if len(content) > CONTENT_CHARS:
        raise TooMuch("This board is too large to be kept: its questions and SQL are too long.")
    return content


def key_of(owner: str) -> str:
    """Names of people are compared letter by letter, whatever a database thinks of case, accents and spaces at the end;
    and they may be of any length."""
    return hashlib.sha256(owner.encode("utf-8", "surrogatepass")).hexdigest()


def utc_now() -> datetime:
    """Without zone."""
    return datetime.now(UTC).replace(tzinfo=None)
