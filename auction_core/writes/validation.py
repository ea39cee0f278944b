"""Values before they reach a transaction: ids, texts and times that no write could take are refused here."""

import unicodedata
from datetime import UTC, datetime

from auction_core.errors import InvalidRequest
from auction_core.tables import LARGEST_ID

# Embeddings, overrides and isolates: with them a text can make what stands beside it read differently.
_TURNS_TEXT = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_BREAKS_LINES = frozenset({"Zl", "Zp"})


def identifier(value: object, field: str) -> int:
    """`value` as the id of a row. Raises InvalidRequest for what no row can have; True is not 1 here."""
    if type(value) is not int or not 1 <= value <= LARGEST_ID:
        raise InvalidRequest(field, f"must be a whole number from 1 to {LARGEST_ID}")
    return value


def check_ids(**ids: object) -> None:
    """Each by its field's name. Raises InvalidRequest."""
    for field, value in ids.items():
        identifier(value, field)


def choice(value: object, field: str, values: tuple[str, ...]) -> str:
    """`value` if it is one of `values`. Raises InvalidRequest."""
    if not isinstance(value, str) or value not in values:
        raise InvalidRequest(field, f"must be one of {', '.join(values)}")
    return value


def line(value: object, field: str, longest: int) -> str:
    """One visible line, trimmed, otherwise exactly as written. Raises InvalidRequest.

    Right-to-left letters are fine; characters that turn the direction of the text around them are not.
    """
    trimmed = _text(value, field, longest)
    if not any(_is_visible(character) for character in trimmed):
        raise InvalidRequest(field, f"must be 1 to {longest} characters")
    for character in trimmed:
        if unicodedata.category(character) == "Cc" or unicodedata.category(character) in _BREAKS_LINES:
            raise InvalidRequest(field, "must be one line without control characters")
        if character in _TURNS_TEXT:
            raise InvalidRequest(field, "must not have characters that turn the direction of text")
    return trimmed


def prose(value: object, field: str, longest: int, *, may_be_empty: bool) -> str:
    """Text of any number of lines, trimmed. Raises InvalidRequest."""
    trimmed = _text(value, field, longest)
    if not may_be_empty and not any(_is_visible(character) for character in trimmed):
        raise InvalidRequest(field, f"must be 1 to {longest} characters")
    if any(unicodedata.category(character) == "Cc" and character not in "\n\r\t" for character in trimmed):
        raise InvalidRequest(field, "must not have control characters other than line breaks and tabs")
    return trimmed


def moment(value: object, field: str) -> datetime:
    """An aware time in UTC. Raises InvalidRequest."""
    if not isinstance(value, datetime) or value.utcoffset() is None:
        raise InvalidRequest(field, "must be a time with a time zone")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise InvalidRequest(field, "is out of range") from None


def encodable(value: str) -> bool:
    """Whether every database can keep it: no NUL, no half of a surrogate pair."""
    return not any(character == "\0" or "\ud800" <= character <= "\udfff" for character in value)


def _text(value: object, field: str, longest: int) -> str:
    if not isinstance(value, str):
        raise InvalidRequest(field, "must be text")
    # Trimming a text of many megabytes first would be work for nothing; some blanks at its ends are forgiven.
    if len(value) > 2 * longest + 100 or len(value.strip()) > longest:
        raise InvalidRequest(field, f"must be at most {longest} characters")
    if not encodable(value):
        raise InvalidRequest(field, "must be valid text")
    return value.strip()


def _is_visible(character: str) -> bool:
    return unicodedata.category(character)[0] not in "CZ"
