"""The columns of a live database, with some of the values of each: what other columns and values a mistake may take."""

from __future__ import annotations

from evals.mutation.base import Catalog, Kind, KnownColumn
from nl2sql.catalog.facts import ColumnFacts, LiveDatabase
from nl2sql.catalog.model import DataType
from nl2sql.introspection.open import open_live

# Enough to find two values besides the one that a query names; longer texts are nobody's filter.
_VALUES, _LONGEST = 12, 60


def known_columns(url: str) -> Catalog:
    """Raises EngineError when the database cannot be read, SettingsInvalid for an address that is none."""
    database = open_live(url)
    try:
        return {
            table.name.lower(): tuple(_known(database, table.name, each) for each in table.columns)
            for table in database.tables()
        }
    finally:
        database.close()


def _known(database: LiveDatabase, table: str, column: ColumnFacts) -> KnownColumn:
    kind = _kind(column.datatype)
    found = database.distinct(table, column.name, _VALUES) if kind == "text" else None
    values = sorted(each for each in found or () if isinstance(each, str) and 0 < len(each) <= _LONGEST)
    return KnownColumn(column.name, kind, tuple(values))


def _kind(datatype: DataType) -> Kind:
    if datatype.is_number:
        return "number"
    if datatype.is_temporal:
        return "day"
    if datatype is DataType.STRING:
        return "text"
    return "flag" if datatype is DataType.BOOLEAN else "other"
