"""What every engine does: run a CheckedSql, return Arrow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from nl2sql.guard.checked import CheckedSql


@dataclass(frozen=True, slots=True)
class ResultTable:
    """Rows as Arrow: decimals stay decimal128, times are timestamp[us] without zone (UTC), text is string.

    `truncated` is a fact, not a guess: one row more than `row_limit` was fetched and thrown away.
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

    def distinct_values(self, table: str, column: str, limit: int) -> list[str]: ...

    def fingerprint(self) -> str:
        """Changes when the data may have changed (file size and time, or a server's own marker)."""
        ...

    def close(self) -> None: ...
