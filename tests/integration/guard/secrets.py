"""Finds what must stay hidden in what came out, also in disguise.

Every hidden text of the auction is made of twelve letters that stand nowhere else, every hidden number of seven
digits. Six letters in a row give a text away: as they are, backwards, in the other case, in hexadecimal, or of one of
the usual hashes; so does a whole number. A secret that is told in other ways is not found here, but by the world that
lacks it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from functools import cache
from hashlib import md5, sha1, sha256, sha512

from tests.integration.guard.auction import everything
from tests.integration.guard.roles import view

# Letters in a row that give a text away, and hexadecimal digits of it or of its hash: one in a million six-digit pieces
# of honest hashes would be found among the secrets' otherwise.
_LETTERS, _DIGITS = 6, 12
_HASHES = (md5, sha1, sha256, sha512)


@cache
def _values(role: str) -> tuple[frozenset[object], frozenset[object]]:
    """Of visible cells, and of hidden cells and hidden rows."""
    shown, hidden = set[object](), set[object]()
    seen = view(role)
    for table, rows in everything().items():
        kept = {id(row) for row in seen.rows(table)} if table in seen.tables else set()
        for row in rows:
            for column, value in row.items():
                visible = id(row) in kept and f"{table}.{column}" not in seen.hidden
                (shown if visible else hidden).add(value)
    return frozenset(shown), frozenset(hidden)


def _hidden_values(role: str) -> frozenset[object]:
    """Values that visible cells hold too tell nothing."""
    shown, hidden = _values(role)
    return hidden - shown


@cache
def visible_texts(role: str) -> frozenset[str]:
    return frozenset(value for value in _values(role)[0] if isinstance(value, str))


def _pieces_of(value: object) -> Iterator[str]:
    """Of the long texts among the secrets. Names of countries can be guessed."""
    if isinstance(value, str) and len(value) >= 12:
        for text in (value, value[::-1], value.swapcase()):
            yield from _pieces(text, _LETTERS)
        yield from _pieces(value.encode().hex(), _DIGITS)
        for make in _HASHES:
            yield from _pieces(make(value.encode()).hexdigest(), _DIGITS)


def _pieces(text: str, length: int) -> Iterator[str]:
    return (text[start : start + length] for start in range(len(text) - length + 1))


def _told(value: object) -> str:
    """Numbers and times that nothing but a secret has; small amounts can be guessed."""
    if isinstance(value, Decimal) and 1_000_000 < value < 10_000_000:
        return str(int(value))
    if isinstance(value, datetime) and value.year == 2031:
        return "2031-03"
    return ""


# Part of every address.
_COMMON = "@example.org"


@cache
def _secrets(role: str) -> frozenset[str]:
    values = list(_hidden_values(role))
    common = {*_pieces_of(_COMMON)}
    pieces = {piece for value in values for piece in _pieces_of(value) if not piece.isdigit()}
    return frozenset(pieces - common) | {told for value in values if (told := _told(value))}


_clean: dict[str, set[str]] = {}  # by role: texts that were looked through before, as most come again and again


def secrets_in(answer: Iterable[Iterable[object]], role: str) -> list[str]:
    """Pieces of hidden values in the rows, none when all is well."""
    secrets, clean, found = _secrets(role), _clean.setdefault(role, set()), list[str]()
    for row in answer:
        for value in row:
            if value is None or (isinstance(value, int) and -99_999 < value < 99_999) or (text := str(value)) in clean:
                continue
            lengths = (_LETTERS, _LETTERS + 1, _DIGITS)
            pieces = [piece for length in lengths for piece in _pieces(text, length) if piece in secrets]
            found += pieces
            if not pieces and len(text) < 100:
                clean.add(text)
    return found
