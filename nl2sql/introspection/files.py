"""Databases that are files: opened so that they can only be read."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Timer
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

from nl2sql.catalog.facts import ColumnFacts, ForeignKey, TableFacts
from nl2sql.errors import DatabaseUnreadable, EngineError, QueryFailed
from nl2sql.introspection.inspected import inspected
from nl2sql.introspection.reader import SECONDS, Row, SampleReader
from nl2sql.introspection.types import datatype_named

_STEPS = 1_000  # between two looks at the clock: well under a millisecond


class SqliteFile(SampleReader):
    dialect = "sqlite"

    def __init__(self, path: str) -> None:
        address = f"file://{quote(os.fsencode(Path(path).absolute()))}?mode=ro"
        self._engine = sa.create_engine(
            "sqlite://",
            creator=lambda: sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False),
            poolclass=sa.StaticPool,
            hide_parameters=True,
        )

    def tables(self) -> tuple[TableFacts, ...]:
        try:
            return inspected(self._engine)
        except (sa.exc.SQLAlchemyError, sqlite3.Error) as error:
            raise _unreadable(error) from error

    def query(self, sql: str, most: int) -> list[Row]:
        deadline = time.monotonic() + SECONDS
        try:
            connection: Any = self._engine.raw_connection().driver_connection
            connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
            connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)
            try:
                return list(connection.execute(sql).fetchmany(most))
            finally:
                connection.set_progress_handler(None, 0)
                connection.text_factory = str
        except (sa.exc.SQLAlchemyError, sqlite3.Error, MemoryError) as error:
            raise QueryFailed("The database could not run this query.") from error

    def quoted(self, name: str) -> str:
        return '"' + name.replace('"', '""') + '"'

    def close(self) -> None:
        self._engine.dispose()


class DuckdbFile(SampleReader):
    """Tables of the schema main. A program that writes to the file keeps readers out."""

    dialect = "duckdb"

    def __init__(self, path: str) -> None:
        import duckdb

        self._errors: tuple[type[Exception], ...] = (duckdb.Error, RuntimeError, ValueError)
        try:
            # The file itself stays readable, no other does, and nothing is loaded from elsewhere.
            self._connection = duckdb.connect(
                path,
                read_only=True,
                config={"enable_external_access": "false", "python_enable_replacements": "false"},
            )
        except self._errors as error:
            raise _unreadable(error) from error

    def tables(self) -> tuple[TableFacts, ...]:
        try:
            columns = self._rows(
                "SELECT t.table_name, t.table_type, c.column_name, c.data_type FROM information_schema.tables AS t"
                " JOIN information_schema.columns AS c ON c.table_catalog = t.table_catalog"
                " AND c.table_schema = t.table_schema AND c.table_name = t.table_name"
                " WHERE t.table_schema = 'main' AND t.table_catalog = current_database()"
                " ORDER BY t.table_name, c.ordinal_position"
            )
            constraints = self._rows(
                "SELECT table_name, constraint_type, constraint_column_names, referenced_table,"
                " referenced_column_names FROM duckdb_constraints()"
                " WHERE schema_name = 'main' AND database_name = current_database() ORDER BY constraint_index"
            )
        except self._errors as error:
            raise _unreadable(error) from error
        names = dict.fromkeys((name, kind == "VIEW") for name, kind, _, _ in columns)
        return tuple(
            TableFacts(
                name=name,
                columns=tuple(ColumnFacts(c, datatype_named(kind), kind) for t, _, c, kind in columns if t == name),
                primary_key=next((tuple(key) for key in _of(constraints, name, "PRIMARY KEY", 2)), ()),
                unique_keys=tuple(tuple(key) for key in _of(constraints, name, "UNIQUE", 2)),
                foreign_keys=tuple(
                    sorted(
                        ForeignKey(tuple(row[2]), row[3], tuple(row[4]))
                        for row in constraints
                        if row[0] == name and row[1] == "FOREIGN KEY"
                    )
                ),
                is_view=is_view,
            )
            for name, is_view in names
        )

    def query(self, sql: str, most: int) -> list[Row]:
        try:
            with self._stopped_in_time():
                return self._connection.execute(sql).fetchmany(most)
        except self._errors as error:
            raise QueryFailed("The database could not run this query.") from error

    def quoted(self, name: str) -> str:
        return '"' + name.replace('"', '""') + '"'

    def close(self) -> None:
        self._connection.close()

    def _rows(self, sql: str) -> list[Row]:
        with self._stopped_in_time():
            return self._connection.execute(sql).fetchall()

    @contextlib.contextmanager
    def _stopped_in_time(self) -> Iterator[None]:
        timer = Timer(SECONDS, self._connection.interrupt)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


def _of(constraints: Sequence[Row], table: str, kind: str, place: int) -> list[Any]:
    return [row[place] for row in constraints if row[0] == table and row[1] == kind]


def _unreadable(error: Exception) -> EngineError:
    reason = str(getattr(error, "orig", None) or error).splitlines()[:1]
    return DatabaseUnreadable("The structure of the database cannot be read.", hint=f"The reason: {''.join(reason)}")
