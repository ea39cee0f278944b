"""What a write works in: one open transaction, its clock, its rules, and the outbox."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from auction_core import outbox
from auction_core.bidding import SnipeGuard
from auction_core.clock import Clock, read_clock
from auction_core.events import Event


@dataclass(frozen=True, slots=True)
class Rules:
    """What an operator may set. `longest` is the longest that a listing may stay open."""

    sniping: SnipeGuard | None = None
    shortest: timedelta = timedelta(minutes=1)
    longest: timedelta = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Transaction:
    connection: Connection
    rules: Rules
    clock: Clock | None

    def now(self) -> datetime:
        """Naive UTC, as the tables keep times. Read it after taking the lock that the time is for."""
        return read_clock(self.connection, self.clock)

    def append(self, event: Event, occurred_at: datetime) -> None:
        outbox.append(self.connection, event, occurred_at)
