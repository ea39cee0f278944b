"""What a kind of database server must tell the SQL engine: how to limit, stop, read and understand it."""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from datetime import datetime
from typing import Any, Protocol

from nl2sql.engines.columns import Readers
from nl2sql.engines.intake import Row
from nl2sql.errors import EngineError

# Raw DB-API objects: each driver has its own classes, and its own server kind below knows them.
RawConnection = Any
RawCursor = Any

# A statement waits this long at most for a table that is being altered: who asks is told, and no queue grows behind it.
LOCK_SECONDS = 2


class ServerKind(Protocol):
    """One per kind of server. `dialect` is the guard's name for it.

    A kind names its own driver's errors; nothing else of the driver leaves its module.
    """

    dialect: str
    driver_errors: tuple[type[Exception], ...]
    connect_options: Mapping[str, Any]

    def settled(self, query: Mapping[str, str | tuple[str, ...]], options: Mapping[str, Any]) -> dict[str, Any]:
        """The driver's options, of what stands behind the ? of the address and what SQLAlchemy made of it. Raises
        SettingsInvalid for what the driver does not know, or would take and do nothing with."""
        ...

    def connect(self, *arguments: Any, **options: Any) -> RawConnection:
        """`connect_options` stand above what the address says."""
        ...

    def prepare(self, connection: RawConnection) -> None:
        """Once for each new connection. Raises EngineError when the server cannot be made safe."""
        ...

    def open(self, connection: RawConnection, sql: str, seconds: float) -> RawCursor:
        """Starts the statement in a read-only transaction under the server's own time limit; rows are not fetched.

        Raises QueryFailed for what is not a query, as far as the driver or the server can tell.
        """
        ...

    def rows(
        self, connection: RawConnection, cursor: RawCursor, most: int, byte_limit: int
    ) -> Generator[Row, None, None]:
        """Up to `most` rows, one in memory at a time. May raise RowTooLarge for a row above `byte_limit`, where the
        protocol tells before the whole of it is here. Columns that have a reader are texts."""
        ...

    def readers(self, connection: RawConnection, cursor: RawCursor) -> Readers:
        """One for each column."""
        ...

    def stopper(self, connection: RawConnection, connect: Any) -> Any:
        """A function without arguments that stops what the connection runs, from another thread."""
        ...

    def close(self, connection: RawConnection, cursor: RawCursor, stop: Any) -> bool:
        """Leaves the rest of the rows behind at once, and no lock. Whether the connection can be used again; raises
        nothing."""
        ...

    def estimated_rows(self, connection: RawConnection, sql: str, seconds: float) -> int | None:
        """How many rows of tables the optimizer thinks it will read; the query is planned and not run.

        In the session that `open` would run it in. Raises QueryFailed for what is not a query.
        """
        ...

    def fresh_as_of(self, connection: RawConnection) -> datetime | None:
        """Up to when (UTC, without zone) a replica has applied what was written; None on a primary, or if unknown."""
        ...

    def quoted(self, name: str) -> str: ...

    def changes(self, connection: RawConnection) -> str:
        """A text that differs after data was committed; empty when the server has no such marker."""
        ...

    def session_sql(self, connection: RawConnection) -> str:
        """A query of one row: the settings that `session_faults` judges."""
        ...

    def session_faults(self, row: Row) -> tuple[str, ...]:
        """What the session does not hold to although it was told; each is the end of "The session …"."""
        ...

    def mapped(self, error: BaseException, seconds: float) -> EngineError: ...


# Values of rows appear in messages in quotation marks ("invalid input syntax for type integer: …"), as they are: a mark
# inside a word ends no value, and what is cut off before its mark goes to the end. "Can't" and "server's" open none.
_QUOTED = re.compile(
    r"""(?!(?<=n)'t\b|(?<=[a-z])'s\b)(?P<mark>['"`])(?:\\.|[^\\])*?(?:(?P=mark)(?!\w)|\\?$)""", re.IGNORECASE
)


def without_values(message: str) -> str:
    """A driver's message without anything quoted, on one line: for errors that happen while rows are read."""
    return _QUOTED.sub("'…'", " ".join(message.split()))
