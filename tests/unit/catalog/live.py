"""A database of plain lists, for drafting a model from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nl2sql.catalog.facts import ColumnFacts, ForeignKey, TableFacts
from nl2sql.catalog.model import DataType

Rows = Sequence[tuple[Any, ...]]
STRING, INTEGER, DECIMAL = DataType.STRING, DataType.INTEGER, DataType.DECIMAL


def table(
    name: str,
    columns: Mapping[str, DataType],
    key: Sequence[str] = (),
    foreign: Sequence[tuple[str, str, str]] = (),
    unique: Sequence[Sequence[str]] = (),
) -> TableFacts:
    """`foreign` are (column, table, its column)."""
    return TableFacts(
        name,
        tuple(ColumnFacts(column, datatype) for column, datatype in columns.items()),
        tuple(key),
        tuple(map(tuple, unique)),
        tuple(ForeignKey((column,), target, (to,)) for column, target, to in foreign),
    )


class Lists:
    """Keeps what it was asked for: (table, column) of every column whose values left it."""

    dialect = "sqlite"

    def __init__(self, *tables: TableFacts, rows: Mapping[str, Rows] | None = None) -> None:
        self._tables = tables
        self._rows = rows or {}
        self.told: set[tuple[str, str]] = set()

    def tables(self) -> tuple[TableFacts, ...]:
        return self._tables

    def sample(self, table: str, columns: Sequence[str], limit: int) -> list[tuple[Any, ...]]:
        self.told.update((table, column) for column in columns)
        cells = [self._column(table, column) for column in columns]
        return list(zip(*cells, strict=True))[:limit]

    def distinct(self, table: str, column: str, limit: int) -> list[Any] | None:
        self.told.add((table, column))
        return list(dict.fromkeys(v for v in self._column(table, column) if v is not None))[:limit]

    def contained(self, table: str, column: str, target: str, target_column: str, limit: int) -> tuple[int, int]:
        values = {v for v in self._column(table, column) if v is not None}
        return len(values), len(values & set(self._column(target, target_column)))

    def is_key(self, table: str, column: str) -> bool:
        values = self._column(table, column)
        return 0 < len(values) == len(set(values)) and None not in values

    def close(self) -> None:
        pass

    def _column(self, name: str, column: str) -> list[Any]:
        facts = next(each for each in self._tables if each.name == name)
        place = [each.name for each in facts.columns].index(column)
        return [row[place] for row in self._rows.get(name, ())]
