"""The tables of a SQLite database as its own catalogue has them: columns, keys, links, and the statements that made it.

Names are spelled as the table declares them, wherever another spelling of the same name stands. What SQLite checks by
itself (CHECK, partial and expression indexes, STRICT) is not read: the database that is made is asked for it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

Names = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """`type` as it was declared, "" where it was not. `is_generated`: the database computes it, nobody writes it."""

    name: str
    type: str = ""
    nullable: bool = True
    is_generated: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """Values of `columns` are those of `parent_columns` in a row of `parent`, or NULL. `is_declared`: the database
    says so; else a semantic model, or a gold query that joins to a key. `has_orphans`: not all rows of the base do."""

    columns: Names
    parent: str
    parent_columns: Names
    is_declared: bool = True
    has_orphans: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """`keys` are column lists that no two rows share, the primary key first. `is_virtual`: rows are kept by a module
    (full-text search), and are copied as they are."""

    name: str
    columns: tuple[Column, ...]
    keys: tuple[Names, ...] = ()
    links: tuple[Link, ...] = ()
    is_virtual: bool = False
    has_rowid: bool = True

    def column(self, name: str) -> Column | None:
        return next((each for each in self.columns if each.name.lower() == name.lower()), None)

    def is_single_key(self, name: str) -> bool:
        return (name,) in self.keys


@dataclass(frozen=True, slots=True)
class Schema:
    """`before` makes what rows are put into; `after` (views, triggers) is made when they are there."""

    tables: tuple[Table, ...]
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()

    def table(self, name: str) -> Table | None:
        return next((each for each in self.tables if each.name.lower() == name.lower()), None)

    def with_keys(self, table: str, keys: Iterable[Names]) -> Schema:
        return self._changed(table, lambda each: replace(each, keys=tuple(dict.fromkeys((*each.keys, *keys)))))

    def with_link(self, table: str, link: Link) -> Schema:
        return self._changed(table, lambda each: replace(each, links=(*each.links, link)))

    def with_not_null(self, table: str, names: Iterable[str]) -> Schema:
        whole = set(names)
        return self._changed(
            table,
            lambda each: replace(
                each,
                columns=tuple(
                    replace(column, nullable=column.nullable and column.name not in whole) for column in each.columns
                ),
            ),
        )

    def _changed(self, table: str, change: Callable[[Table], Table]) -> Schema:
        return replace(self, tables=tuple(change(each) if each.name == table else each for each in self.tables))


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def read_schema(connection: sqlite3.Connection) -> Schema:
    """Raises sqlite3.Error."""
    kinds = {
        name: (kind, bool(without_rowid))
        for schema, name, kind, _, without_rowid, _ in connection.execute("PRAGMA table_list")
        if schema == "main" and kind in ("table", "virtual", "shadow") and not name.startswith("sqlite_")
    }
    made = connection.execute(
        "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid"
    )
    statements = [
        (type_, sql)
        for type_, name, owner, sql in made.fetchall()
        if not name.startswith("sqlite_") and kinds.get(owner, ("",))[0] != "shadow"
    ]
    names = sorted(name for name, (kind, _) in kinds.items() if kind != "shadow")
    tables = {name: _table(connection, name, *kinds[name]) for name in names}
    linked = tuple(replace(each, links=_links(connection, each, tables)) for each in tables.values())
    order = ("table", "index", "view", "trigger")
    ordered = sorted(statements, key=lambda each: order.index(each[0]))
    return Schema(
        linked,
        tuple(sql for type_, sql in ordered if type_ in order[:2]),
        tuple(sql for type_, sql in ordered if type_ in order[2:]),
    )


def _table(connection: sqlite3.Connection, name: str, kind: str, without_rowid: bool) -> Table:
    primary: dict[int, str] = {}
    columns = []
    for _, column, type_, not_null, _, place, hidden in connection.execute(f"PRAGMA table_xinfo({quoted(name)})"):
        if hidden == 1:  # of a virtual table: not to be written
            continue
        if place:
            primary[place] = column
        columns.append(Column(column, type_, not (not_null or place), hidden in (2, 3)))
    keys = [tuple(primary[place] for place in sorted(primary))] if primary else []
    for _, index, unique, _, partial in connection.execute(f"PRAGMA index_list({quoted(name)})").fetchall():
        if unique and not partial:
            parts = connection.execute(f"PRAGMA index_info({quoted(index)})").fetchall()
            if all(part is not None for _, _, part in parts):
                keys.append(tuple(part for _, _, part in parts))
    distinct = dict.fromkeys(keys)
    return Table(name, tuple(columns), tuple(distinct), (), kind == "virtual", not without_rowid)


def _links(connection: sqlite3.Connection, table: Table, tables: dict[str, Table]) -> tuple[Link, ...]:
    """Those whose other end is there; SQLite lets a table point to one that is not."""
    by_lower = {name.lower(): each for name, each in tables.items()}
    found: dict[int, tuple[str, list[tuple[str, str | None]]]] = {}
    for number, _, parent, column, target, *_ in connection.execute(f"PRAGMA foreign_key_list({quoted(table.name)})"):
        found.setdefault(number, (parent, []))[1].append((column, target))
    links = []
    for _, (parent, pairs) in sorted(found.items()):
        there = by_lower.get(parent.lower())
        if there is None:
            continue
        targets: Sequence[str | None] = [target for _, target in pairs]
        if None in targets:
            targets = there.keys[0] if there.keys else []
        columns = _spelled(table, [column for column, _ in pairs])
        parent_columns = _spelled(there, targets)
        if columns and len(columns) == len(parent_columns) == len(pairs):
            links.append(Link(columns, there.name, parent_columns))
    return tuple(links)


def _spelled(table: Table, names: Sequence[str | None]) -> Names:
    """As the table spells them; empty where it lacks one."""
    columns = [table.column(name or "") for name in names]
    return tuple(each.name for each in columns if each is not None) if all(columns) else ()
