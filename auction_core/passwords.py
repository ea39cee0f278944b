"""Passwords: kept as argon2id hashes, and checked at the same cost whether the user is known or not."""

from functools import cache
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select, update

from auction_core.tables import User

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST, LONGEST = 10, 128
# OWASP's recommendation for argon2id: 19 MiB, two passes, one lane; some 20 ms on a server.
MEMORY_KIB, PASSES, LANES = 19 * 1024, 2, 1
# A crowd that logs in at once takes four times the memory, not forty.
_AT_ONCE = BoundedSemaphore(4)


def hash_password(password: str) -> str:
    """An argon2id hash with its parameters and a salt of its own, some 97 characters."""
    with _AT_ONCE:
        return _hasher().hash(password)


def password_problem(password: object) -> str | None:
    """Why this can be nobody's password, or None."""
    if not isinstance(password, str) or not SHORTEST <= len(password) <= LONGEST:
        return f"must be {SHORTEST} to {LONGEST} characters"
    if any(character == "\0" or "\ud800" <= character <= "\udfff" for character in password):
        return "must be valid text"
    return None


def login_name(typed: str) -> str:
    """The one form of a user name or e-mail address, however it was typed."""
    return typed.strip().lower()


def check_password(connection: Connection, username: str, password: str) -> int | None:
    """The id of the active user with this user name (or e-mail address) and password, or None.

    A hash with other parameters than today's is replaced by one with today's. If no transaction is open on the
    connection, none is open while hashing and none afterwards; else the caller commits.
    """
    begins = not connection.in_transaction()
    name = login_name(username)
    column = User.email if "@" in name else User.username
    account = None
    if name.isascii() and "\0" not in name and len(name) <= User.email.type.length:
        account = connection.execute(
            select(User.id, User.password_hash, User.is_active).where(column == name)
        ).one_or_none()
    if begins:
        connection.rollback()
    kept = account.password_hash if account is not None else ""
    if not _fits(kept, password) or account is None or not account.is_active:
        return None
    if _hasher().check_needs_rehash(kept):
        fresh = hash_password(password)
        mine = (User.id == account.id, User.password_hash == kept)
        connection.execute(update(User).where(*mine).values(password_hash=fresh))
        if begins:
            connection.commit()
    return int(account.id)


def _fits(kept: str, password: str) -> bool:
    """Costs one hash in every case: what is no argon2 hash, as in seeded accounts, is compared with nobody's."""
    from argon2.exceptions import InvalidHashError, VerificationError

    nobodys = _nobodys_hash()
    is_hash = kept.startswith("$argon2")
    is_sane = password_problem(password) is None
    with _AT_ONCE:
        try:
            _hasher().verify(kept if is_hash else nobodys, password if is_sane else "")
        except (VerificationError, InvalidHashError):
            return False
    return is_hash and is_sane


@cache
def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)


@cache
def _nobodys_hash() -> str:
    return _hasher().hash("nobody's password")
