"""What every engine does: run a CheckedSql, return Arrow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
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
    `billed_bytes` is what a database that charges for them says it read; None for all others.
    `data_as_of` is the moment (UTC, without zone) up to which the data is known to be there, where that can be told;
    `data_note` is a sentence where not all of it is equally new.
    """

    table: pa.Table
    row_limit: int
    truncated: bool
    elapsed_ms: float
    billed_bytes: int | None = None
    data_as_of: datetime | None = None
    data_note: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.table.column_names)

    @property
    def row_count(self) -> int:
        return int(self.table.num_rows)


@dataclass(frozen=True, slots=True)
class Job:
    """Whose statement it is. `question_id` is what `Engine.cancel` takes; both go into a warehouse's own records."""

    question_id: str = ""
    user: str = ""


NO_JOB = Job()


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a statement would cost, told before it runs; None where the database cannot say.

    `rows` that are read, as the optimizer guesses them: with old statistics it can be wrong by orders of magnitude.
    `scanned_bytes` is what will be billed at most, and `price` what that costs in `currency`.
    `advice` names what would make it cheaper, in sentences.
    """

    rows: int | None = None
    scanned_bytes: int | None = None
    price: Decimal | None = None
    currency: str = "USD"
    advice: tuple[str, ...] = ()


class Engine(Protocol):
    """`run` and `estimate` raise EngineError and its children only, and TypeError for anything but a CheckedSql."""

    @property
    def dialect(self) -> str: ...

    @property
    def charges(self) -> bool:
        """Whether running a statement costs money: its price is then always asked for first."""
        ...

    def run(self, checked: CheckedSql, job: Job = NO_JOB) -> ResultTable:
        """Raises QueryCancelled when `cancel` was called for the job's question meanwhile."""
        ...

    def estimate(self, checked: CheckedSql) -> Estimate:
        """Runs nothing."""
        ...

    def cancel(self, question_id: str) -> bool:
        """Stops what runs for a question, in the database too, from any thread; whether there was anything to stop."""
        ...

    def fresh_as_of(self, tables: Sequence[str]) -> datetime | None:
        """Up to when (UTC, without zone) the tables hold what happened, as the database itself knows: by the replica's
        lag or by when a warehouse's table was last written. None when it cannot tell, and for what is written live."""
        ...

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
