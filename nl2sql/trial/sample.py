"""Tables and rows for a semantic model: the same ones every time, enough of them that joins meet and groups differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import sqlalchemy as sa

from nl2sql.catalog.model import DataType, SemanticModel
from nl2sql.errors import SettingsInvalid
from nl2sql.guard.physical import PhysicalTable, columns_of_field, physical_tables

ROWS: Final = 36
# No factor in common with ROWS: stepping through the target's rows by one of them meets each once.
_STEPS: Final = (5, 7, 11, 13)
_FIRST_DAY: Final = datetime(2025, 1, 3, 9, 30, tzinfo=UTC)
_MAX_LINKS: Final = 8  # a key that points at a key that points … ends here
_TOP_LEVEL: Final = 6  # rows of a tree without a parent

_TYPES: Final[Mapping[DataType, Callable[[], sa.types.TypeEngine[Any]]]] = {
    DataType.INTEGER: sa.BigInteger,
    DataType.DECIMAL: lambda: sa.Numeric(12, 2),
    DataType.FLOAT: sa.Double,
    DataType.BOOLEAN: sa.Boolean,
    DataType.DATE: sa.Date,
    DataType.TIME: sa.Time,
    DataType.DATETIME: sa.DateTime,
    DataType.DATETIME_TZ: lambda: sa.DateTime(timezone=True),
}


@dataclass(frozen=True, slots=True)
class _Link:
    table: str
    column: str
    step: int


class Sample:
    """`metadata` holds the tables, `rows` by table name what goes into them.

    Raises SettingsInvalid for a model whose tables name a schema: a trial has a single one.
    """

    def __init__(self, model: SemanticModel) -> None:
        self._tables = physical_tables(model)
        self._links = _links(model)
        self._words = _words(model)
        self._keys = {each.table.lower(): tuple(map(str.lower, each.primary_key)) for each in model.datasets}
        self.metadata = sa.MetaData()
        for name, table in self._tables.items():
            if len(table.path) > 1:
                raise SettingsInvalid(f"The table {'.'.join(table.path)} names a schema; a trial cannot make it.")
            self._define(name, table)
        self.rows = {
            table.name: [{c.name: self._value(name, key, i) for key, c in table.columns.items()} for i in range(ROWS)]
            for name, table in self._tables.items()
        }

    def _define(self, name: str, table: PhysicalTable) -> None:
        columns = [
            sa.Column(column.name, self._type(name, key), primary_key=key in self._keys[name], autoincrement=False)
            for key, column in table.columns.items()
        ]
        sa.Table(table.name, self.metadata, *columns)

    def _type(self, table: str, column: str) -> sa.types.TypeEngine[Any]:
        make = _TYPES.get(self._datatype(table, column))
        return make() if make else sa.String(200)

    def _datatype(self, table: str, column: str, depth: int = 0) -> DataType:
        datatype = self._tables[table].columns[column].datatype
        link = self._links.get((table, column))
        if datatype is DataType.OPAQUE and link is not None and depth < _MAX_LINKS:
            return self._datatype(link.table, link.column, depth + 1)
        return datatype

    def _value(self, table: str, column: str, row: int, depth: int = 0) -> Any:
        key = column in self._keys[table]
        link = self._links.get((table, column))
        if link is not None and depth < _MAX_LINKS:
            if link.table == table and row < _TOP_LEVEL and not key:
                return None
            return self._value(link.table, link.column, (row * link.step + 3) % ROWS, depth + 1)
        datatype = self._datatype(table, column)
        if not key and datatype is not DataType.BOOLEAN and row % 12 == 11:
            return None
        words = self._words.get((table, column))
        return words[row % len(words)] if words else _plain(datatype, column, row, key=key)


def _plain(datatype: DataType, column: str, row: int, *, key: bool) -> Any:
    moment = _FIRST_DAY + timedelta(days=row * 11, hours=len(column))
    match datatype:
        case DataType.INTEGER:
            return row + 1 if key else 1 + row % 5
        case DataType.DECIMAL:
            return Decimal(10 + row * 37 % 400) + Decimal("0.25")
        case DataType.FLOAT:
            return 0.5 + row * 37 % 400
        case DataType.BOOLEAN:
            return row % 5 != 0
        case DataType.DATE:
            return moment.date()
        case DataType.TIME:
            return moment.time()
        case DataType.DATETIME:
            return moment.replace(tzinfo=None)
        case DataType.DATETIME_TZ:
            return moment
        case _:
            return f"{column} {row + 1}"


def _links(model: SemanticModel) -> dict[tuple[str, str], _Link]:
    tables = {each.name: each.table.lower() for each in model.datasets}
    links: dict[tuple[str, str], _Link] = {}
    for number, each in enumerate(model.relationships):
        for source, target in zip(each.source_columns, each.target_columns, strict=True):
            link = _Link(tables[each.target], target.lower(), _STEPS[number % len(_STEPS)])
            links.setdefault((tables[each.source], source.lower()), link)
    return links


def _words(model: SemanticModel) -> dict[tuple[str, str], list[str]]:
    """By physical column, the vocabulary of the field that is exactly this column."""
    return {
        (dataset.table.lower(), column.lower()): [value.value for value in field.values]
        for dataset in model.datasets
        for field in dataset.fields
        if field.values
        for column in columns_of_field(field)[:1]
    }
