"""Carries out one write: in one transaction, once for its idempotency key, again when the database asks for it."""

import hashlib
import json
import random
import re
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, insert, select
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError, TimeoutError

from auction_core.clock import Clock
from auction_core.database import describe, reason_of
from auction_core.errors import (
    AuctionError,
    DatabaseUnreachable,
    IdempotencyConflict,
    InvalidRequest,
    OutcomeUnknown,
    TooBusy,
    WriteRefused,
)
from auction_core.results import Result
from auction_core.tables import IdempotencyKey
from auction_core.writes.transaction import Rules, Transaction
from auction_core.writes.turns import turn
from auction_core.writes.validation import check_ids

R = TypeVar("R", bound=Result)
T = TypeVar("T")

# With the pauses below about two seconds in all, beside the waiting for locks.
ATTEMPTS = 8
FIRST_PAUSE_SECONDS = 0.01
LONGEST_PAUSE_SECONDS = 0.5
# No attempt begins later than this: three waits for a lock.
PATIENCE_SECONDS = 15.0
# The connection is gone, perhaps with a commit under way. MySQL: shutting down, killed, and the client's own: gone
# away, lost.
_LOST_CODES = frozenset({1053, 1927, 2006, 2013})
# MySQL: lock wait timeout, deadlock, row changed since it was read (MariaDB), too many connections.
_PASSING_CODES = frozenset({1205, 1213, 1020, 1040})
# PostgreSQL: serialization failure, deadlock, lock not available, too many connections.
_PASSING_STATES = frozenset({"40001", "40P01", "55P03", "53300"})
# PostgreSQL: connection failures, and operator's interventions such as a shutdown.
_LOST_STATES = ("08", "57P")
_KEY = re.compile(r"[\x21-\x7e]{1,64}")
_ENCODER = json.JSONEncoder(sort_keys=True, default=str)


def transact(
    engine: Engine,
    rules: Rules,
    clock: Clock | None,
    *,
    actor_id: int,
    key: str,
    request: Mapping[str, object],
    result_type: type[R],
    work: Callable[[Transaction], R],
) -> R:
    """What `work` returns, or what it returned before under this key.

    `request` names the operation and its values: the same key with another request raises IdempotencyConflict. A
    refusal is not kept: the same request may succeed later. Raises what `work` raises, and as `carry_out`.
    """
    check_key(key)
    if type(actor_id) is not int or actor_id != 0:  # nobody
        check_ids(user_id=actor_id)
    fingerprint = fingerprint_of(request)

    def attempt() -> R:
        with turn(engine), connect(engine) as connection, begun(connection):
            transaction = Transaction(connection, rules, clock)
            kept = kept_result(connection, actor_id, key, fingerprint)
            if kept is not None:
                return result_type.model_validate_json(kept)
            result = work(transaction)
            keep_result(transaction, actor_id, key, fingerprint, result)
        return result

    def look_up() -> str | None:
        with turn(engine), connect(engine) as connection, connection.begin():
            return kept_result(connection, actor_id, key, fingerprint)

    try:
        return carry_out(engine, attempt)
    except WriteRefused:
        # The same request may have been under way twice, and its faster twin be why this one is refused. Looked up in
        # a transaction of its own: PostgreSQL answers nothing more in one that met a constraint.
        kept = carry_out(engine, look_up)
        if kept is None:
            raise
        return result_type.model_validate_json(kept)


def carry_out(engine: Engine, attempt: Callable[[], T]) -> T:
    """What `attempt` returns, which is one transaction; it is tried again when the database could not do it just then.

    Raises TooBusy when every attempt was rolled back, OutcomeUnknown when a connection broke that may have been
    committing, DatabaseUnreachable when there never was one or the database cannot do it at all.
    """
    was_lost = False
    failure: AuctionError = TooBusy()
    began = time.monotonic()
    for number in range(ATTEMPTS):
        if number:
            _pause(number)
        if time.monotonic() - began > PATIENCE_SECONDS:
            break
        try:
            return attempt()
        except KeyTaken:
            failure = TooBusy()
        except TimeoutError:  # no connection of the pool became free
            break
        except NotConnected as error:
            failure = DatabaseUnreachable(f"Cannot open the {describe(engine.url)}: {reason_of(error.cause)}.")
            if not is_passing(error.cause):
                break
        except DBAPIError as error:
            was_lost = was_lost or is_lost(error)
            failure = TooBusy()
            if not is_passing(error):
                kind = type(error.orig).__name__
                raise DatabaseUnreachable(f"Writing to the {describe(engine.url)} failed ({kind}).") from error
    if was_lost:
        raise OutcomeUnknown("The database went away while writing. Repeat the request with the same key.")
    raise failure


class KeyTaken(Exception):
    """Another request with the same key was faster; its result can be read now."""


class NotConnected(Exception):
    """No connection, so nothing was written through it."""

    def __init__(self, cause: DBAPIError) -> None:
        super().__init__(str(cause.orig))
        self.cause = cause


def connect(engine: Engine) -> Connection:
    try:
        return engine.connect()
    except DBAPIError as error:
        raise NotConnected(error) from error


@contextmanager
def begun(connection: Connection) -> Iterator[None]:
    """A transaction, committed at the end. After an interrupt nobody knows what the connection is at: it is closed."""
    with connection.begin():
        try:
            yield
        except (SQLAlchemyError, AuctionError, KeyTaken):
            raise
        except BaseException:
            connection.invalidate()
            raise


def kept_result(connection: Connection, actor_id: int, key: str, fingerprint: str) -> str | None:
    """The result kept under a key, as JSON. Raises IdempotencyConflict if it answered another request."""
    columns = (IdempotencyKey.fingerprint, IdempotencyKey.result)
    mine = (IdempotencyKey.actor_id == actor_id, IdempotencyKey.idempotency_key == key)
    row = connection.execute(select(*columns).where(*mine)).one_or_none()
    if row is None:
        return None
    if row.fingerprint != fingerprint:
        raise IdempotencyConflict
    return str(row.result)


def keep_result(transaction: Transaction, actor_id: int, key: str, fingerprint: str, result: Result) -> None:
    row = {
        "actor_id": actor_id,
        "idempotency_key": key,
        "fingerprint": fingerprint,
        "result": result.model_dump_json(),
        "created_at": transaction.now(),
    }
    try:
        transaction.connection.execute(insert(IdempotencyKey).values(row))
    except IntegrityError:
        raise KeyTaken from None


def is_passing(error: DBAPIError) -> bool:
    """Whether the same write may succeed in a moment: a deadlock, a lock not had in time, a server that went away."""
    cause: Any = error.orig
    if is_lost(error) or _is_refused_connection(error):
        return True
    state = getattr(cause, "sqlstate", None)  # psycopg
    if state is not None:
        return state in _PASSING_STATES
    if isinstance(cause, sqlite3.OperationalError):
        return getattr(cause, "sqlite_errorcode", 0) & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
    return _code(cause) in _PASSING_CODES


def is_lost(error: DBAPIError) -> bool:
    """Whether the connection broke: what was asked of it may be done or not."""
    state = getattr(error.orig, "sqlstate", None)
    return error.connection_invalidated or _code(error.orig) in _LOST_CODES or str(state).startswith(_LOST_STATES)


def _is_refused_connection(error: DBAPIError) -> bool:
    """MySQL's client has codes for it; psycopg has no state, because no server said one."""
    cause: Any = error.orig
    if getattr(cause, "sqlstate", "") is None:
        return error.statement is None and type(cause).__name__ in {"OperationalError", "ConnectionTimeout"}
    return _code(cause) in {2002, 2003}


def _code(cause: Any) -> object:
    return cause.args[0] if cause is not None and cause.args else None


def check_key(key: object) -> None:
    """Raises InvalidRequest."""
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise InvalidRequest("idempotency key", "must be 1 to 64 visible ASCII characters")


def fingerprint_of(request: Mapping[str, object]) -> str:
    return hashlib.sha256(_ENCODER.encode(request).encode()).hexdigest()


def _pause(number: int) -> None:
    longest = min(FIRST_PAUSE_SECONDS * 2 ** (number - 1), LONGEST_PAUSE_SECONDS)
    time.sleep(random.uniform(0, longest))  # noqa: S311 - spreads those who collided
