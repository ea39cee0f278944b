"""Rows into a new file with the base's own schema. The database has the last word on each row: what it refuses (CHECK,
STRICT, a partial index) is drawn again, then left as the base has it, and at last left out."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path

from evals.errors import InstanceImpossible
from evals.instances.fuzz.crowd import Crowd
from evals.instances.fuzz.sample import Sample
from evals.instances.fuzz.schema import Link, Table, quoted
from evals.instances.fuzz.values import Value

ATTEMPTS = 5
# Rows that link to rows which were left out go too, and so on; a chain of more tables than this is not in use.
ROUNDS = 50
_REFUSED = (sqlite3.Error, OverflowError, ValueError)


def write_database(path: Path, sample: Sample, tables: Sequence[Table], crowd: Crowd) -> None:
    """`tables` in the order of writing. Raises InstanceImpossible where the base's schema cannot be made again."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        try:
            for pragma in ("journal_mode = OFF", "synchronous = OFF", "trusted_schema = OFF", "foreign_keys = OFF"):
                connection.execute(f"PRAGMA {pragma}")
            connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
            connection.execute("BEGIN")
            for statement in sample.schema.before:
                connection.execute(statement)
            for table in tables:
                _write_table(connection, sample, table, crowd)
            _take_out_orphans(connection, sample)
            for statement in sample.schema.after:
                connection.execute(statement)
            connection.execute("COMMIT")
            connection.execute("ANALYZE")
            if connection.execute("PRAGMA integrity_check").fetchone() != ("ok",):
                raise InstanceImpossible("A database made for the evaluation does not hold its own constraints.")
        except sqlite3.Error as error:
            raise InstanceImpossible(
                f"The database's schema cannot be made again ({error}).",
                hint="Answers are compared on the base alone.",
            ) from error


def _write_table(connection: sqlite3.Connection, sample: Sample, table: Table, crowd: Crowd) -> None:
    if table.is_virtual:
        names = [each.name for each in table.columns]
        for stored in sample.rows[table.name]:
            _insert(connection, table, dict(zip(names, stored, strict=True)))
        return
    for first in crowd.rows[table.name]:
        row = first
        for attempt in range(ATTEMPTS):
            if _insert(connection, table, row.cells):
                break
            row = crowd.again(table, first, attempt)


def _insert(connection: sqlite3.Connection, table: Table, cells: Mapping[str, Value]) -> bool:
    names = ", ".join(quoted(name) for name in cells)
    marks = ", ".join("?" * len(cells))
    into = f"INSERT INTO {quoted(table.name)} ({names}) VALUES ({marks})"  # noqa: S608
    try:
        connection.execute(into, tuple(cells.values()))
    except _REFUSED:
        return False
    return True


def _take_out_orphans(connection: sqlite3.Connection, sample: Sample) -> None:
    """A row that links to none gets NULL there, or goes. Not where rows of the base do the same."""
    for _ in range(ROUNDS):
        changed = 0
        for table in sample.schema.tables:
            for link in table.links:
                if not link.has_orphans and not table.is_virtual:
                    changed += _without_orphans(connection, table, link)
        if not changed:
            return


def _without_orphans(connection: sqlite3.Connection, table: Table, link: Link) -> int:
    child = quoted(table.name)
    same = " AND ".join(
        f"p.{quoted(target)} = {child}.{quoted(column)}"
        for column, target in zip(link.columns, link.parent_columns, strict=True)
    )
    there = " AND ".join(f"{child}.{quoted(column)} IS NOT NULL" for column in link.columns)
    lost = f"{there} AND NOT EXISTS (SELECT 1 FROM {quoted(link.parent)} AS p WHERE {same})"  # noqa: S608
    can_be_null = next((n for n in link.columns if (column := table.column(n)) is not None and column.nullable), None)
    if can_be_null is not None:
        with suppress(sqlite3.IntegrityError):  # a CHECK that wants it
            return connection.execute(f"UPDATE {child} SET {quoted(can_be_null)} = NULL WHERE {lost}").rowcount  # noqa: S608
    return connection.execute(f"DELETE FROM {child} WHERE {lost}").rowcount  # noqa: S608
