"""Loads into a new DuckDB file beside the target and renames it, as for SQLite.

The file is a copy for reading: columns and types are the auction's, without constraints and indexes, which DuckDB keeps
in memory and no reader needs. Bids are placed on one of the other databases.
"""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from auction_core.errors import DatabaseUnreachable, ForeignDatabase, LoadFailed, Refused
from auction_core.seed.columns import NULL, Column, Kind, TableRows
from auction_core.seed.load import Progress, refuse_non_empty
from auction_core.tables import TABLE_NAMES, Base

PREFIX = "duckdb:///"
# Arrow is taken at millions of rows a second; a chunk bounds the memory and shows progress.
CHUNK = 200_000
_TYPES = {
    Kind.INTEGER: "BIGINT",
    Kind.FLAG: "BOOLEAN",
    Kind.MONEY: "DECIMAL(12, 2)",
    Kind.TIME: "TIMESTAMP",
    Kind.TEXT: "VARCHAR",
}


class DuckdbTarget:
    def __init__(self, path: str) -> None:
        if path in ("", ":memory:"):
            raise Refused("A DuckDB database needs a file, as in duckdb:///var/auction.duckdb.")
        try:
            import duckdb
        except ImportError:
            raise DatabaseUnreachable(
                "The driver for DuckDB files is not installed: pip install 'nl2sql[duckdb]'."
            ) from None
        self._duckdb = duckdb
        self.path = Path(path)
        self.growing = self.path.with_name(f".{self.path.name}.{os.getpid()}.seeding")

    def refuse_loss(self, force: bool) -> None:
        tables = self._present_tables()
        foreign = sorted(tables - set(TABLE_NAMES))
        if foreign:
            raise ForeignDatabase(f"{self.path} holds tables that are not the auction's ({', '.join(foreign[:3])}).")
        if tables and not force:
            raise refuse_non_empty(str(self.path))

    def load(self, tables: Iterable[TableRows], progress: Progress) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self._duckdb.connect(str(self.growing)) as connection:
                for rows in tables:
                    _fill(connection, rows, progress)
            self.growing.replace(self.path)
            Path(f"{self.path}.wal").unlink(missing_ok=True)  # of the database that was replaced
        except (self._duckdb.Error, OSError) as error:
            reason = str(error).split("\n")[0]
            raise LoadFailed(
                f"Writing {self.path} broke off ({reason}); what was there before is untouched."
            ) from error
        finally:
            for left in (self.growing, Path(f"{self.growing}.wal")):
                left.unlink(missing_ok=True)

    def _present_tables(self) -> set[str]:
        if self.path.is_dir():
            raise Refused(f"{self.path} is a folder, not a database file.")
        if not self.path.exists():
            return set()
        try:
            with self._duckdb.connect(str(self.path), read_only=True) as connection:
                found = connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
        except self._duckdb.IOException as error:
            if "Could not set lock" in str(error):
                raise DatabaseUnreachable(f"{self.path} cannot be read: another program is writing to it.") from None
            raise ForeignDatabase(f"{self.path} is a file, but not a DuckDB database.") from None
        except self._duckdb.Error:
            raise ForeignDatabase(f"{self.path} is a file, but not a DuckDB database.") from None
        return {name for (name,) in found}


def _fill(connection: Any, rows: TableRows, progress: Progress) -> None:
    required = {column.name: not column.nullable for column in Base.metadata.tables[rows.table].columns}
    definitions = (f"{c.name} {_TYPES[c.kind]}{' NOT NULL' if required[c.name] else ''}" for c in rows.columns)
    connection.execute(f"CREATE TABLE {rows.table} ({', '.join(definitions)})")
    # Cents times 0.01 is exact in decimals; a division would be a float.
    taken = (f"{c.name}::DECIMAL(18, 0) * 0.01" if c.kind is Kind.MONEY else c.name for c in rows.columns)
    insert = f"INSERT INTO {rows.table} SELECT {', '.join(taken)} FROM chunk"  # noqa: S608 - names are ours
    for start in range(0, rows.count, CHUNK):
        stop = min(start + CHUNK, rows.count)
        chunk = pa.table({column.name: _array(column, start, stop) for column in rows.columns})
        connection.register("chunk", chunk)
        connection.execute(insert)
        connection.unregister("chunk")
        progress(rows.table, stop, rows.count)


def _array(column: Column, start: int, stop: int) -> pa.Array:
    if callable(column.values):
        texts: Sequence[str] = column.values(start, stop)
        return pa.array(texts, pa.string())
    values = column.values[start:stop]
    found = pa.array(values, pa.int64(), mask=values == NULL)
    if column.kind is Kind.FLAG:
        return found.cast(pa.bool_())
    return found.cast(pa.timestamp("us")) if column.kind is Kind.TIME else found
