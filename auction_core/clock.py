"""What time it is, and the two forms of a time: naive UTC in tables and statements, aware everywhere else."""

from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import Connection, text

# The database's own clock is the clock of record: machines that disagree on the time cannot disagree on a winner.
# Each tells the moment of asking, not of the transaction's or statement's begin.
_OF_RECORD = {
    "mysql": "SELECT SYSDATE(6)",  # the session's time zone is UTC
    "mariadb": "SELECT SYSDATE(6)",
    "postgresql": "SELECT clock_timestamp() AT TIME ZONE 'UTC'",
}

# Aware times, for tests and replays. None: the clock of record.
Clock = Callable[[], datetime]


def read_clock(connection: Connection, clock: Clock | None = None) -> datetime:
    """Naive UTC: of `clock` if there is one, else of the database."""
    if clock is not None:
        return naive(clock())
    query = _OF_RECORD.get(connection.dialect.name)
    if query is None:  # an SQLite file is on this machine, whose clock is the database's
        return naive(datetime.now(UTC))
    moment: datetime = connection.execute(text(query)).scalar_one()
    return moment


def aware(stored: datetime) -> datetime:
    """A naive UTC time as an aware one."""
    return stored.replace(tzinfo=UTC)


def naive(moment: datetime) -> datetime:
    """An aware time, of whatever zone, as a naive UTC one."""
    return moment.astimezone(UTC).replace(tzinfo=None)
