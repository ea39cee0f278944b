"""What every engine does: run a CheckedSql, return Arrow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from nl2sql.errors import CheckedSqlForged, QueryFailed
from nl2sql.guard.checked import CheckedSql

# No policy can raise a result above this. It is the policy's own default too: about 1,000 rows of 32 kB, more than a
# page or a download needs.
RESULT_BYTES = 32_000_000


@dataclass(frozen=True, slots=True)
class ResultTable:
    """Rows as Arrow: decimals stay decimal128, times are timestamp[us] without zone (UTC), text is string.

    `truncated` is a fact, not a guess: at least one row more than is here was fetched and thrown away, because
    `row_limit` or the limit on the size of a result (the policy's, at most the engine's) was reached.
    """

    table: pa.Table
    row_limit: int
    truncated: bool
    elapsed_ms: float

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.table.column_names)

    @property
    def row_count(self) -> int:
        return int(self.table.num_rows)


class Engine(Protocol):
    """`run` raises EngineError and its children only, and TypeError for anything but a CheckedSql."""

    @property
    def dialect(self) -> str: ...

    def run(self, checked: CheckedSql) -> ResultTable: ...

    def distinct_values(self, table: str, column: str, limit: int, where: str = "") -> list[str]:
        """For the value index; `where` is a predicate of the semantic model, never of a question."""
        ...

    def fingerprint(self) -> str:
        """Changes when the data may have changed (file size and time, or a server's own marker)."""
        ...

    def session_faults(self) -> tuple[str, ...]:
        """What a session does not refuse although this engine told it to; each is the end of "The session …"."""
        ...

    def close(self) -> None: ...


def admit(checked: object, dialect: str) -> CheckedSql:
    """The door of every engine. A subclass is not a CheckedSql: it could override what was checked."""
    if type(checked) is not CheckedSql:
        raise CheckedSqlForged("A database runs nothing but a CheckedSql.", hint=f"Got {type(checked).__name__}.")
    if checked.dialect != dialect:
        raise QueryFailed(
            "The query was written for another kind of database.",
            hint=f"It was checked as {checked.dialect}; this engine runs {dialect}.",
        )
    return checked
