"""Where a page of a list ended: the key of its last row, opaque to callers.

A cursor holds nothing that its page did not show, so it needs no secret; its checksum tells a mangled cursor, and one
of another list or of other filters, from the right one.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import ColumnElement, and_, or_

from auction_core.errors import InvalidRequest
from auction_core.tables import LARGEST_ID

LARGEST_LIMIT = 100
_LONGEST = 200
_DIGEST_BYTES = 9
# BIGINT; two more digits than DECIMAL(12,2) has, so that whatever is kept comes through.
_LARGEST_NUMBER = 2**63 - 1
_ABOVE_AMOUNTS = Decimal(10) ** 12
_MOST_DECIMALS = 6

Key = datetime | Decimal | int


def encode(of: str, key: Key, row_id: int) -> str:
    """`of` names the list with its filters; a cursor of one list is refused by another."""
    kind = type(key).__name__
    written = key.isoformat() if isinstance(key, datetime) else str(key)
    payload = json.dumps([kind, written, row_id]).encode()
    return base64.urlsafe_b64encode(_digest(of, payload) + payload).decode().rstrip("=")


def decode(of: str, cursor: str) -> tuple[Key, int]:
    """The key and the id of the last row. Raises InvalidRequest for anything that `encode` did not give out."""
    problem = _refusal()
    if len(cursor) > _LONGEST or not cursor.isascii():
        raise problem
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise problem from None
    digest, payload = raw[:_DIGEST_BYTES], raw[_DIGEST_BYTES:]
    if digest != _digest(of, payload):
        raise problem
    try:
        kind, written, row_id = json.loads(payload)
        return _KINDS[kind](written), _number(row_id)
    except (ValueError, TypeError, KeyError, InvalidOperation):
        raise problem from None


def after(key: ColumnElement[Any], row_id: ColumnElement[int], last: tuple[Key, int], *, falling: bool) -> Any:
    """The rows after `last` in the order (key, id). The first comparison alone is what an index can use.

    Raises InvalidRequest for a key of another kind: the checksum has no secret, so a cursor can be made up.
    """
    value, number = last
    if not isinstance(value, key.type.python_type):
        raise _refusal()
    if falling:
        return and_(key <= value, or_(key < value, row_id < number))
    return and_(key >= value, or_(key > value, row_id > number))


def check_limit(limit: int) -> None:
    if not 1 <= limit <= LARGEST_LIMIT:
        raise InvalidRequest("limit", f"must be 1 to {LARGEST_LIMIT}")


def is_id(number: int) -> bool:
    """Whether a row could have it. SQLite would look for larger numbers, too, and break off past 64 bits."""
    return 0 < number <= LARGEST_ID


def _digest(of: str, payload: bytes) -> bytes:
    return hashlib.sha256(of.encode() + b"\0" + payload).digest()[:_DIGEST_BYTES]


def _refusal() -> InvalidRequest:
    return InvalidRequest("cursor", "is not one of this list")


def _number(written: object) -> int:
    number = int(str(written))
    if not 0 <= number <= _LARGEST_NUMBER:
        raise ValueError("no database keeps it")
    return number


def _amount(written: str) -> Decimal:
    amount = Decimal(written)
    if not (amount.is_finite() and 0 <= amount < _ABOVE_AMOUNTS and amount == round(amount, _MOST_DECIMALS)):
        raise ValueError("no amount")
    return amount


def _moment(written: str) -> datetime:
    moment = datetime.fromisoformat(written)
    if moment.tzinfo is not None:
        raise ValueError("the tables' times have no zone")
    return moment


_KINDS: dict[str, Callable[[str], Key]] = {"datetime": _moment, "Decimal": _amount, "int": _number}
