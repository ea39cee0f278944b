"""Copies a SQLite file into the stand-in, with BigQuery's types."""

from __future__ import annotations

import datetime
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.fakes.bigquery.schema import Column
from tests.fakes.bigquery.warehouse import Warehouse

# The first that fits a column's declared type.
_TYPES = (
    (r"BOOL", "BOOL"),
    (r"INT", "INT64"),
    (r"TIMESTAMP", "TIMESTAMP"),
    (r"DATETIME", "DATETIME"),
    (r"DATE", "DATE"),
    (r"TIME", "TIME"),
    (r"NUMERIC|DECIMAL", "NUMERIC"),
    (r"JSON", "JSON"),
    (r"BLOB", "BYTES"),
    (r"CHAR|TEXT|CLOB", "STRING"),
)


def load_sqlite(warehouse: Warehouse, dataset: str, path: Path, *, reals: str = "NUMERIC") -> None:
    """`reals` is the type of REAL columns: the auction keeps money in them, having no decimals in SQLite."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        names = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
        for (name,) in names.fetchall():
            declared = connection.execute("SELECT name, type FROM pragma_table_info(?)", (name,)).fetchall()
            columns = [Column(column, _type_of(kind, reals)) for column, kind in declared]
            warehouse.create(dataset, name, columns)
            readers = [_READERS.get(column.type, _as_it_is) for column in columns]
            rows = [
                tuple(None if value is None else read(value) for read, value in zip(readers, row, strict=True))
                for row in connection.execute(f'SELECT * FROM "{name}"')
            ]
            if rows:
                warehouse.insert(dataset, name, rows)


def _type_of(declared: str, reals: str) -> str:
    found = (kind for pattern, kind in _TYPES if re.search(pattern, declared.upper()))
    return next(found, reals)


def _as_it_is(value: Any) -> Any:
    return value


_READERS: dict[str, Callable[[Any], Any]] = {
    "BOOL": bool,
    "FLOAT64": float,
    "NUMERIC": lambda value: Decimal(str(value)),
    "DATE": datetime.date.fromisoformat,
    "TIME": datetime.time.fromisoformat,
    "DATETIME": datetime.datetime.fromisoformat,
    "TIMESTAMP": lambda value: datetime.datetime.fromisoformat(value).replace(tzinfo=datetime.UTC),
}
