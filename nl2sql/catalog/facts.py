"""What a live database says of itself, as plain values: what a model is drafted from and compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from nl2sql.catalog.model import DataType


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """`native` is the database's word for the type."""

    name: str
    datatype: DataType
    native: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True, order=True)
class ForeignKey:
    columns: tuple[str, ...]
    table: str
    target_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TableFacts:
    """A table, or a view, which has no keys."""

    name: str
    columns: tuple[ColumnFacts, ...]
    primary_key: tuple[str, ...] = ()
    unique_keys: tuple[tuple[str, ...], ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    is_view: bool = False
    comment: str = ""

    @property
    def keys(self) -> tuple[tuple[str, ...], ...]:
        return tuple(key for key in (self.primary_key, *self.unique_keys) if key)

    def column(self, name: str) -> ColumnFacts | None:
        return next((each for each in self.columns if each.name == name), None)


class LiveDatabase(Protocol):
    """Reads, and nothing else; each statement within a few seconds. `tables` raises EngineError."""

    dialect: str

    def tables(self) -> tuple[TableFacts, ...]: ...

    def sample(self, table: str, columns: Sequence[str], limit: int) -> list[tuple[Any, ...]]:
        """Some rows, in no order; none where the table cannot be read in time."""
        ...

    def distinct(self, table: str, column: str, limit: int) -> list[Any] | None:
        """Up to `limit` values that are not NULL; None where they cannot be read in time."""
        ...

    def contained(self, table: str, column: str, target: str, target_column: str, limit: int) -> tuple[int, int]:
        """Of up to `limit` distinct values of the column: how many there are, and how many the target's column has.
        (0, 0) where the two cannot be compared."""
        ...

    def is_key(self, table: str, column: str) -> bool:
        """Whether the table has rows and each has a value of its own there; False where that takes too long."""
        ...

    def close(self) -> None: ...
