"""What is known of the base: its schema, so many of its rows, and how many there are. All that is made depends on this
and on nothing else of the base, which makes it the fingerprint too."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

from evals.instances.fuzz.schema import Link, Schema, Table, quoted, read_schema

# Of each table. Values, rates and forms are settled by far fewer; a base of 100 MB is read in well under a second.
SAMPLED_ROWS = 1_000
# Letters or bytes of one value; no question compares more.
LONGEST = 20_000

Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """`rows` by table, cells in the order of its columns. `counts` are capped at 2 * SAMPLED_ROWS."""

    schema: Schema
    rows: Mapping[str, tuple[Row, ...]]
    counts: Mapping[str, int]

    def values(self, table: str, column: str) -> list[object]:
        """With NULLs and repeats, as the sampled rows have them."""
        there = self.schema.table(table)
        if there is None:
            return []
        place = [each.name for each in there.columns].index(column)
        return [row[place] for row in self.rows[table]]


@contextmanager
def open_base(path: Path) -> Iterator[sqlite3.Connection]:
    """Raises sqlite3.Error. Text that is not UTF-8 is read with marks in place of what cannot be."""
    with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as connection:
        connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
        yield connection


def take_sample(connection: sqlite3.Connection) -> Sample:
    """Raises sqlite3.Error."""
    schema = read_schema(connection)
    rows = {each.name: _rows(connection, each) for each in schema.tables}
    counts = {each.name: _count(connection, each) for each in schema.tables}
    return Sample(schema, rows, counts)


def with_orphans(connection: sqlite3.Connection, schema: Schema) -> Schema:
    """Each link told whether rows of the base break it."""
    tables = tuple(
        replace(
            each, links=tuple(replace(link, has_orphans=_has_orphans(connection, each, link)) for link in each.links)
        )
        for each in schema.tables
    )
    return replace(schema, tables=tables)


def _count(connection: sqlite3.Connection, table: Table) -> int:
    sql = f"SELECT COUNT(*) FROM (SELECT 1 FROM {quoted(table.name)} LIMIT {2 * SAMPLED_ROWS})"  # noqa: S608
    return int(connection.execute(sql).fetchone()[0])


def _rows(connection: sqlite3.Connection, table: Table) -> tuple[Row, ...]:
    """All, or of a long table those at evenly spaced places, so that its whole history is seen."""
    names = ", ".join(_cut(quoted(each.name)) for each in table.columns)
    found: list[Row] = connection.execute(
        f"SELECT {names} FROM {quoted(table.name)} LIMIT {SAMPLED_ROWS + 1}"  # noqa: S608
    ).fetchall()
    if len(found) <= SAMPLED_ROWS or table.is_virtual or not table.has_rowid:
        return tuple(found[:SAMPLED_ROWS])
    rowid = next((each for each in ("_rowid_", "rowid", "oid") if table.column(each) is None), None)
    if rowid is None:
        return tuple(found[:SAMPLED_ROWS])
    low, high = connection.execute(f"SELECT MIN({rowid}), MAX({rowid}) FROM {quoted(table.name)}").fetchone()  # noqa: S608
    sql = f"SELECT {rowid}, {names} FROM {quoted(table.name)} WHERE {rowid} >= ? ORDER BY {rowid} LIMIT 1"  # noqa: S608
    places = (low + (high - low) * step // (SAMPLED_ROWS - 1) for step in range(SAMPLED_ROWS))
    spaced = {row[0]: row[1:] for place in places for row in connection.execute(sql, (place,))}
    return tuple(spaced.values())


def _cut(name: str) -> str:
    """A column whose longest values are cut short: a thousand rows with files in them would fill the memory."""
    return f"CASE WHEN LENGTH({name}) > {LONGEST} THEN SUBSTR({name}, 1, {LONGEST}) ELSE {name} END"


def _has_orphans(connection: sqlite3.Connection, table: Table, link: Link) -> bool:
    there = " AND ".join(f"c.{quoted(column)} IS NOT NULL" for column in link.columns)
    same = " AND ".join(
        f"p.{quoted(target)} = c.{quoted(column)}"
        for column, target in zip(link.columns, link.parent_columns, strict=True)
    )
    child = f"SELECT * FROM {quoted(table.name)} LIMIT {SAMPLED_ROWS}"  # noqa: S608
    sql = (
        f"SELECT EXISTS (SELECT 1 FROM ({child}) AS c WHERE {there} "  # noqa: S608
        f"AND NOT EXISTS (SELECT 1 FROM {quoted(link.parent)} AS p WHERE {same}))"
    )
    return bool(connection.execute(sql).fetchone()[0])
