"""What a kind of database server must tell the SQL engine: how to limit, stop, read and understand it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Protocol

from nl2sql.errors import EngineError

# Raw DB-API objects: each driver has its own classes, and its own server kind below knows them.
RawConnection = Any
RawCursor = Any


class ServerKind(Protocol):
    """One per kind of server. `dialect` is the guard's name for it.

    A kind names its own driver's errors; nothing else of the driver leaves its module.
    """

    dialect: str
    driver_errors: tuple[type[Exception], ...]
    connect_options: Mapping[str, Any]

    def prepare(self, connection: RawConnection) -> None:
        """Once for each new connection. Raises EngineError when the server cannot be made safe."""
        ...

    def open(self, connection: RawConnection, sql: str, seconds: float) -> RawCursor:
        """Starts the statement in a read-only transaction under the server's own time limit; rows are not fetched."""
        ...

    def stopper(self, connection: RawConnection, connect: Any) -> Any:
        """A function without arguments that stops what the connection runs, from another thread."""
        ...

    def close(self, cursor: RawCursor, stop: Any) -> bool:
        """Leaves the rest of the rows behind at once. Whether the connection can be used again; raises nothing."""
        ...

    def quoted(self, name: str) -> str: ...

    def changes(self, connection: RawConnection) -> str:
        """A text that differs after data was committed; empty when the server has no such marker."""
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
