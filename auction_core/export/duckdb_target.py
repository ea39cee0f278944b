"""Exports into a DuckDB file.

The work is done in a copy of the file, and the copy is renamed over the file when it is complete: rows and state change
at once. A kill leaves the old file or the new one, and a program that reads the file hinders no export and is not
hindered: it goes on with the rows it opened. The price is room for a second copy.

Types are those of `auction-core seed --url duckdb:///…`: BIGINT, BOOLEAN, DECIMAL(12, 2), TIMESTAMP (UTC), VARCHAR.
"""

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import pyarrow as pa

from auction_core.errors import DatabaseNotEmpty, DatabaseUnreachable, ForeignDatabase, LoadFailed, Refused
from auction_core.export.arrow import MONEY, TIME, schema_of
from auction_core.export.plan import Exported, Since
from auction_core.export.source import Snapshot
from auction_core.export.state import TableState
from auction_core.export.target import Advance
from auction_core.processes import is_running
from auction_core.tables import TABLE_NAMES

# Ours in the file, in a schema of its own.
STATE = "auction_export.state"
# DuckDB's buffers; more goes to a folder beside the copy.
MEMORY = "128MB"
_TYPES = {
    pa.int64(): "BIGINT",
    pa.bool_(): "BOOLEAN",
    MONEY: "DECIMAL(12, 2)",
    TIME: "TIMESTAMP",
    pa.string(): "VARCHAR",
}


class DuckdbTarget:
    committed = False

    def __init__(self, connection: Any, *, full: bool) -> None:
        self._connection = connection
        self._full = full

    @classmethod
    @contextmanager
    def open(cls, place: str, *, full: bool) -> Iterator[Self]:
        try:
            import duckdb
        except ImportError:
            raise DatabaseUnreachable("DuckDB is not installed: pip install 'nl2sql[duckdb]'.") from None
        path = Path(place)
        if place == ":memory:" or path.is_dir():
            raise Refused("A DuckDB database needs a file, as in duckdb:var/warehouse.duckdb.")
        growing = path.with_name(f".{path.name}.{os.getpid()}.exporting")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _remove_abandoned(path)
            if path.exists():
                _settle(duckdb, path)
                shutil.copyfile(path, growing)
            with _connected(duckdb, growing) as connection:
                target = cls(connection, full=full)
                yield target
            if target.committed:
                _flush(growing)
                growing.replace(path)
        except (duckdb.Error, OSError) as error:
            reason = str(error).split("\n")[0]
            raise LoadFailed(f"Writing {path} broke off ({reason}); what was there before is untouched.") from error
        finally:
            _remove(growing)

    def states(self) -> Mapping[str, TableState]:
        run = self._run
        found = run("SELECT schema_name || '.' || table_name FROM duckdb_tables()")
        if (STATE,) in found:
            kept = run(f"SELECT table_name, state FROM {STATE}")  # noqa: S608 - a constant
            return {name: TableState.from_text(text) for name, text in kept}
        names = sorted(name.removeprefix("main.") for (name,) in found)
        foreign = sorted(set(names) - set(TABLE_NAMES))
        if foreign:
            raise ForeignDatabase(f"The DuckDB file holds tables that are not the auction's ({foreign[0]}).")
        if names and not self._full:
            raise DatabaseNotEmpty("The DuckDB file was not written by an export: give --full to replace its tables.")
        for name in names:
            run(f"DROP TABLE {name}")
        return {}

    def write(self, exported: Exported, snapshot: Snapshot, since: Since | None, advance: Advance) -> int:
        """Names are those of `auction_core.tables`: none needs quoting."""
        run = self._run
        table = exported.name
        if since is None:
            self._create(exported)
        done = 0
        for batch in snapshot.batches(exported, since):
            self._connection.register("page", pa.Table.from_batches([batch]).cast(_naive(batch.schema)))
            if since is not None:
                run(f"DELETE FROM {table} WHERE id IN (SELECT id FROM page)")  # noqa: S608
            run(f"INSERT INTO {table} SELECT * FROM page")  # noqa: S608
            self._connection.unregister("page")
            done += batch.num_rows
            advance(done)
        ((held,),) = run(f"SELECT COUNT(*) FROM {table}")  # noqa: S608
        return int(held)

    def commit(self, states: Mapping[str, TableState]) -> None:
        run = self._run
        run("CREATE SCHEMA IF NOT EXISTS auction_export")
        run(f"CREATE TABLE IF NOT EXISTS {STATE} (table_name VARCHAR PRIMARY KEY, state VARCHAR NOT NULL)")
        for name, state in states.items():
            run(f"INSERT OR REPLACE INTO {STATE} VALUES (?, ?)", name, state.to_text())  # noqa: S608
        run("CHECKPOINT")
        self.committed = True

    def _run(self, sql: str, *values: str) -> list[Any]:
        """All rows of the result: a connection does nothing else before they are fetched."""
        rows: list[Any] = self._connection.execute(sql, list(values) or None).fetchall()
        return rows

    def _create(self, exported: Exported) -> None:
        fields = schema_of(exported.columns)
        columns = (f"{f.name} {_TYPES[f.type]}{'' if f.nullable else ' NOT NULL'}" for f in fields)
        self._run(f"CREATE OR REPLACE TABLE {exported.name} ({', '.join(columns)})")


@contextmanager
def _connected(duckdb: Any, path: Path) -> Iterator[Any]:
    settings = {"memory_limit": MEMORY, "threads": 1, "preserve_insertion_order": True}
    try:
        connection = duckdb.connect(str(path), config=settings)
    except duckdb.Error:
        raise ForeignDatabase("The file to export to is not a DuckDB database.") from None
    with connection:
        yield connection


def _settle(duckdb: Any, path: Path) -> None:
    """Folds in the log that some other writer left beside the file, or is still writing."""
    if not Path(f"{path}.wal").exists():
        return
    try:
        with duckdb.connect(str(path)) as connection:
            connection.execute("CHECKPOINT").fetchall()
    except duckdb.IOException:
        raise DatabaseUnreachable(f"{path} cannot be read: another program is writing to it.") from None


def _naive(schema: Any) -> Any:
    return pa.schema([f.with_type(pa.timestamp("us")) if f.type == TIME else f for f in schema])


def _flush(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _remove_abandoned(path: Path) -> None:
    """Copies of exports that were killed: their process is gone."""
    pattern = re.compile(re.escape(f".{path.name}.") + r"(\d+)\.exporting")
    for sibling in path.parent.iterdir():
        found = pattern.match(sibling.name)
        if found and not is_running(int(found[1])):
            _remove(path.with_name(found[0]))


def _remove(growing: Path) -> None:
    for left in (growing, Path(f"{growing}.wal")):
        left.unlink(missing_ok=True)
    shutil.rmtree(f"{growing}.tmp", ignore_errors=True)
