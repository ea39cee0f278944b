"""Tables of one project, in a private DuckDB: made, filled, weighed, and read by BigQuery SQL in translation."""

from __future__ import annotations

import datetime
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa

from tests.fakes.bigquery.errors import ApiError, invalid_query
from tests.fakes.bigquery.reads import Path
from tests.fakes.bigquery.schema import Column
from tests.fakes.bigquery.translate import translated

_VIEWS = {
    "INFORMATION_SCHEMA.TABLES": ("table_catalog", "table_schema", "table_name", "table_type", "is_insertable_into"),
    "INFORMATION_SCHEMA.COLUMNS": (
        *("table_catalog", "table_schema", "table_name", "column_name", "ordinal_position:INT64", "is_nullable"),
        *("data_type", "is_partitioning_column", "clustering_ordinal_position:INT64"),
    ),
    "INFORMATION_SCHEMA.COLUMN_FIELD_PATHS": (
        *("table_catalog", "table_schema", "table_name", "column_name", "field_path", "data_type", "description"),
    ),
}


@dataclass
class Table:
    columns: tuple[Column, ...]
    partition: str = ""
    needs_filter: bool = False
    clusters: tuple[str, ...] = ()
    streaming: bool = False
    modified: datetime.datetime = field(default_factory=lambda: datetime.datetime.now(datetime.UTC))
    sizes: dict[str, int] = field(default_factory=dict)


class Warehouse:
    """Safe for many threads."""

    def __init__(self, project: str) -> None:
        self.project = project
        self.tables: dict[Path, Table] = {}
        self.version = 0  # rises with every change
        self._lock = threading.Lock()
        # One thread a statement: an endless one shall not take the machine.
        self._database = duckdb.connect(config={"threads": 1, "python_enable_replacements": False})
        self._database.execute("SET TimeZone = 'UTC'")

    def create_dataset(self, dataset: str) -> None:
        with self._lock:
            self._database.execute(f'CREATE SCHEMA "{dataset}"')
            for name, columns in _VIEWS.items():
                made = [Column(*(each.split(":") if ":" in each else (each, "STRING"))) for each in columns]
                self._create((self.project, dataset, name), Table(tuple(made)))

    @property
    def datasets(self) -> list[str]:
        return sorted({path[1] for path in self.tables})

    def create(self, dataset: str, name: str, columns: Sequence[Column], **traits: Any) -> None:
        """Traits are those of Table: partition, needs_filter, clusters, streaming."""
        with self._lock:
            self._create((self.project, dataset, name), Table(tuple(columns), **traits))
            self._describe(dataset)

    def drop(self, dataset: str, name: str) -> None:
        with self._lock:
            self._database.execute(f'DROP TABLE "{dataset}"."{name}"')
            del self.tables[self.project, dataset, name]
            self._describe(dataset)

    def insert(self, dataset: str, name: str, rows: Sequence[Sequence[Any]]) -> None:
        """Python values, as DuckDB's driver takes them; times with a zone for TIMESTAMP."""
        with self._lock:
            self._insert((self.project, dataset, name), rows)

    def insert_select(self, dataset: str, name: str, duckdb_sql: str) -> None:
        """For many rows at once."""
        with self._lock:
            self._database.execute(f'INSERT INTO "{dataset}"."{name}" {duckdb_sql}')
            self._changed(self.tables[self.project, dataset, name])

    def cursor(self) -> duckdb.DuckDBPyConnection:
        made = self._database.cursor()
        made.execute("SET TimeZone = 'UTC'")
        return made

    def columns(self) -> Mapping[Path, Sequence[Column]]:
        with self._lock:
            return {path: table.columns for path, table in self.tables.items()}

    def rows(self, path: Path) -> int:
        with self._lock:
            return self._sizes(path)["*"]

    def size(self, path: Path, columns: Sequence[str] | None = None) -> int:
        """Bytes of the columns; of all for None. INFORMATION_SCHEMA is billed as a table of 10 MB, by its minimum."""
        with self._lock:
            known = self._sizes(path)
            return sum(known[column.name] for column in self.tables[path].columns if _wanted(column, columns))

    def read(self, cursor: duckdb.DuckDBPyConnection, sql: str, dataset: str) -> pa.Table:
        """Raises ApiError, and duckdb.InterruptException."""
        try:
            return cursor.sql(translated(sql, dataset)).to_arrow_table()
        except duckdb.InterruptException:
            raise
        except duckdb.OutOfMemoryException as error:
            raise ApiError("resourcesExceeded", "Resources exceeded during query execution.", "query") from error
        except duckdb.Error as error:
            raise invalid_query(_said(str(error))) from error

    def close(self) -> None:
        self._database.close()
        del self._database

    def _create(self, path: Path, table: Table) -> None:
        columns = ", ".join(f'"{column.name}" {column.duckdb}' for column in table.columns)
        self._database.execute(f'CREATE TABLE "{path[1]}"."{path[2]}" ({columns})')
        self.tables[path] = table
        self._changed(table)

    def _insert(self, path: Path, rows: Sequence[Sequence[Any]]) -> None:
        table = self.tables[path]
        columns = [[_held(value) for value in column] for column in zip(*rows, strict=True)]
        values = {column.name: _array(held, column) for column, held in zip(table.columns, columns, strict=True)}
        batch = pa.table(values)
        self._database.register("incoming", batch)
        try:
            listed = ", ".join(f'"{column.name}"::{column.duckdb}' for column in table.columns)
            self._database.execute(f'INSERT INTO "{path[1]}"."{path[2]}" SELECT {listed} FROM incoming')
        finally:
            self._database.unregister("incoming")
        self._changed(table)

    def _changed(self, table: Table) -> None:
        table.modified = datetime.datetime.now(datetime.UTC)
        table.sizes.clear()
        self.version += 1

    def _sizes(self, path: Path) -> Mapping[str, int]:
        table = self.tables[path]
        if not table.sizes:
            listed = "".join(f", sum({column.size_sql})" for column in table.columns)
            row = self._database.execute(f'SELECT count(*){listed} FROM "{path[1]}"."{path[2]}"').fetchall()[0]
            names = ["*", *(column.name for column in table.columns)]
            table.sizes = {name: int(size or 0) for name, size in zip(names, row, strict=True)}
        return table.sizes

    def _describe(self, dataset: str) -> None:
        """Writes INFORMATION_SCHEMA again."""
        own = {path[2]: table for path, table in self.tables.items() if path[1] == dataset and "." not in path[2]}
        told = {
            "INFORMATION_SCHEMA.TABLES": [(self.project, dataset, name, "BASE TABLE", "YES") for name in sorted(own)],
            "INFORMATION_SCHEMA.COLUMNS": [
                (self.project, dataset, name, *_described(place, column, table))
                for name, table in sorted(own.items())
                for place, column in enumerate(table.columns, 1)
            ],
            "INFORMATION_SCHEMA.COLUMN_FIELD_PATHS": [
                (self.project, dataset, name, column.name, column.name, _sql_type(column), column.description or None)
                for name, table in sorted(own.items())
                for column in table.columns
            ],
        }
        for name, rows in told.items():
            self._database.execute(f'DELETE FROM "{dataset}"."{name}"')
            if rows:
                self._insert((self.project, dataset, name), rows)


def _wanted(column: Column, columns: Sequence[str] | None) -> bool:
    return columns is None or column.name in columns


def _described(place: int, column: Column, table: Table) -> tuple[Any, ...]:
    cluster = table.clusters.index(column.name) + 1 if column.name in table.clusters else None
    nullable, partitions = "NO" if column.required else "YES", "YES" if column.name == table.partition else "NO"
    return column.name, place, nullable, _sql_type(column), partitions, cluster


def _sql_type(column: Column) -> str:
    return f"ARRAY<{column.type}>" if column.repeated else column.type


def _held(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else value


def _array(values: Sequence[Any], column: Column) -> pa.Array:
    """Decimals go as texts, and so does what is not of its column's type: DuckDB then judges it."""
    shapes = {"TIMESTAMP": pa.timestamp("us", "UTC"), "DATETIME": pa.timestamp("us"), "TIME": pa.time64("us")}
    if column.type in ("NUMERIC", "BIGNUMERIC", "STRING", "JSON") and not column.repeated:
        return pa.array([None if value is None else str(value) for value in values], pa.string())
    if column.type in shapes and not any(isinstance(value, str) for value in values):
        return pa.array(values, shapes[column.type])
    return pa.array(values)


_BAD = re.compile(r"Could not convert string '(.*)' to (\w+)", re.DOTALL)
_NAMES = {"INT64": "int64", "DOUBLE": "double", "DATE": "date", "TIMESTAMP": "timestamp", "BOOL": "bool"}


def _said(message: str) -> str:
    bad = _BAD.search(message)
    if bad:
        return f"Bad {_NAMES.get(bad.group(2), bad.group(2).lower())} value: {bad.group(1)}"
    return message.partition("\n")[0].partition("Error: ")[2] or message.partition("\n")[0]
