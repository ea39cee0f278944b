"""The statements that every kind of database is asked for a sample: each reads a bounded number of rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from nl2sql.catalog.facts import TableFacts
from nl2sql.errors import EngineError

# Nobody waits for a draft of a model at a page; a table that takes longer is described without its values.
SECONDS = 10.0
# Of one sample: 5,000 rows of 200 columns with short texts.
SAMPLE_BYTES = 32_000_000

Row = tuple[Any, ...]


class SampleReader(ABC):
    """A kind of database says how it runs one query and how it quotes a name."""

    dialect: str

    @abstractmethod
    def tables(self) -> tuple[TableFacts, ...]: ...

    @abstractmethod
    def quoted(self, name: str) -> str: ...

    @abstractmethod
    def query(self, sql: str, most: int) -> list[Row]:
        """Up to `most` rows, read-only, within SECONDS. Raises EngineError."""

    @abstractmethod
    def close(self) -> None: ...

    def sample(self, table: str, columns: Sequence[str], limit: int) -> list[Row]:
        if not columns:
            return []
        names = ", ".join(self.quoted(each) for each in columns)
        return self._tried(f"SELECT {names} FROM {self.quoted(table)} LIMIT {int(limit)}", limit) or []  # noqa: S608

    def distinct(self, table: str, column: str, limit: int) -> list[Any] | None:
        rows = self._tried(f"SELECT v FROM {self._distinct(table, column, limit)}", limit)  # noqa: S608
        return None if rows is None else [value for (value,) in rows]

    def contained(self, table: str, column: str, target: str, target_column: str, limit: int) -> tuple[int, int]:
        key = f"t.{self.quoted(target_column)}"
        sql = (
            f"SELECT COUNT(*), COUNT({key}) FROM {self._distinct(table, column, limit)}"  # noqa: S608
            f" LEFT JOIN {self.quoted(target)} AS t ON {key} = s.v"
        )
        rows = self._tried(sql, 1)
        return (int(rows[0][0]), int(rows[0][1])) if rows else (0, 0)

    def is_key(self, table: str, column: str) -> bool:
        name = self.quoted(column)
        rows = self._tried(f"SELECT COUNT(*), COUNT(DISTINCT {name}) FROM {self.quoted(table)}", 1)  # noqa: S608
        return 0 < int(rows[0][0]) == int(rows[0][1]) if rows else False

    def _distinct(self, table: str, column: str, limit: int) -> str:
        name, source = self.quoted(column), self.quoted(table)
        inner = f"SELECT DISTINCT {name} AS v FROM {source} WHERE {name} IS NOT NULL LIMIT {int(limit)}"  # noqa: S608
        return f"({inner}) AS s"

    def _tried(self, sql: str, most: int) -> list[Row] | None:
        try:
            return self.query(sql, most)
        except EngineError:  # too slow, no right to read it, types that cannot be compared
            return None
