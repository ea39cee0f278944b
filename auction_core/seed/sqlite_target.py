"""Loads into a new file beside the target and renames it: readers see the old database or the whole new one."""

import contextlib
import os
import re
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from auction_core.errors import DatabaseUnreachable, ForeignDatabase, LoadFailed, Refused
from auction_core.migrations.stamp import HEAD, STAMPS
from auction_core.migrations.stamp import TABLE as STAMP_TABLE
from auction_core.processes import is_running
from auction_core.seed.columns import Encoder, Kind, TableRows, integers_as_python, money_as_float, times_as_text
from auction_core.seed.load import Progress, chunks, refuse_non_empty
from auction_core.tables import TABLE_NAMES, Base

# Large enough that Python's cost per call vanishes, small enough that a chunk of bids stays near 20 MB.
CHUNK = 50_000
_ENCODERS: dict[Kind, Encoder] = {
    Kind.INTEGER: integers_as_python,
    Kind.FLAG: integers_as_python,
    Kind.MONEY: money_as_float,
    Kind.TIME: times_as_text,
}
# The file is thrown away when anything goes wrong, so nothing needs to be recoverable while it grows.
_BULK = (
    "PRAGMA journal_mode = OFF",
    "PRAGMA synchronous = OFF",
    "PRAGMA locking_mode = EXCLUSIVE",
    "PRAGMA cache_size = -131072",
    "PRAGMA temp_store = MEMORY",
)


class SqliteTarget:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.growing = path.with_name(f".{path.name}.{os.getpid()}.seeding")

    def refuse_loss(self, force: bool) -> None:
        tables = self._present_tables()
        foreign = sorted(tables - set(TABLE_NAMES))
        if foreign:
            raise ForeignDatabase(f"{self.path} holds tables that are not the auction's ({', '.join(foreign[:3])}).")
        if not force and self._has_rows(tables):
            raise refuse_non_empty(str(self.path))

    def load(self, tables: Iterable[TableRows], progress: Progress) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._remove_abandoned()
            existed = self.path.exists()
            with contextlib.closing(sqlite3.connect(self.growing, isolation_level=None)) as connection:
                _fill(connection, tables, progress)
            if existed:
                self._settle_journal()
            elif self._has_rows(self._present_tables()):
                raise refuse_non_empty(str(self.path))
            _flush(self.growing)
            self.growing.replace(self.path)
        except (sqlite3.Error, OSError) as error:
            raise LoadFailed(f"Writing {self.path} broke off ({error}); what was there before is untouched.") from error
        finally:
            self.growing.unlink(missing_ok=True)

    def _present_tables(self) -> set[str]:
        if self.path.is_dir():
            raise Refused(f"{self.path} is a folder, not a database file.")
        if not self.path.exists() or self.path.stat().st_size == 0:
            return set()
        try:
            with contextlib.closing(sqlite3.connect(self.path)) as connection:
                rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
                return {name for (name,) in rows if not name.startswith("sqlite_") and name != STAMP_TABLE}
        except sqlite3.OperationalError:
            raise DatabaseUnreachable(f"{self.path} cannot be read: is it in use, or protected?") from None
        except sqlite3.DatabaseError:
            raise ForeignDatabase(f"{self.path} is a file, but not an SQLite database.") from None

    def _has_rows(self, tables: set[str]) -> bool:
        if not tables:
            return False
        with contextlib.closing(sqlite3.connect(self.path)) as connection:
            firsts = (connection.execute(f"SELECT 1 FROM {table} LIMIT 1") for table in sorted(tables))  # noqa: S608
            return any(first.fetchone() for first in firsts)

    def _settle_journal(self) -> None:
        """A write-ahead log left beside the new file would be replayed into it: fold it into the old one first."""
        with contextlib.closing(sqlite3.connect(self.path, timeout=2.0)) as connection:
            (mode,) = connection.execute("PRAGMA journal_mode = DELETE").fetchone()
            if mode != "delete":
                raise sqlite3.OperationalError("the database is in use")

    def _remove_abandoned(self) -> None:
        """Files of seedings that were killed: their process is gone."""
        pattern = re.compile(re.escape(f".{self.path.name}.") + r"(\d+)\.seeding(-journal)?")
        for sibling in self.path.parent.iterdir():
            found = pattern.fullmatch(sibling.name)
            if found and not is_running(int(found[1])):
                sibling.unlink(missing_ok=True)


def _fill(connection: sqlite3.Connection, tables: Iterable[TableRows], progress: Progress) -> None:
    dialect = sqlite.dialect()
    for pragma in _BULK:
        connection.execute(pragma)
    connection.execute("BEGIN")
    for table in Base.metadata.sorted_tables:
        connection.execute(str(CreateTable(table).compile(dialect=dialect)))
    for rows in tables:
        names = ", ".join(column.name for column in rows.columns)
        marks = ", ".join("?" * len(rows.columns))
        for chunk in chunks(rows, CHUNK, _ENCODERS, progress):
            insert = f"INSERT INTO {rows.table} ({names}) VALUES ({marks})"  # noqa: S608 - names are ours
            connection.executemany(insert, chunk)
    for table in Base.metadata.sorted_tables:
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            connection.execute(str(CreateIndex(index).compile(dialect=dialect)))
    connection.execute(str(CreateTable(STAMPS).compile(dialect=dialect)))
    connection.execute(f"INSERT INTO {STAMP_TABLE} VALUES (?)", (HEAD,))  # noqa: S608 - a constant
    connection.execute("COMMIT")
    # Without statistics SQLite may start a join at the wrong table. 1,000 rows an index are plenty.
    connection.execute("PRAGMA analysis_limit = 1000")
    connection.execute("ANALYZE")


def _flush(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
