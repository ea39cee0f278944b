"""Runs gold queries on a read-only connection of their own, apart from everything that is being scored.

The order of a gold query is asked from the database: the query runs once more with its ORDER BY expressions as columns
and without its LIMIT, which shows the rows that tie, also those that the LIMIT cut away.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from urllib.parse import quote

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from evals.cases import Case, Suite
from evals.compare import Gold, Table
from evals.errors import SuiteInvalid
from nl2sql.errors import DatabaseMissing

KEY = "gold_order_key_"
SQLITE = "sqlite:///"

Rows = tuple[tuple[object, ...], ...]


@dataclass(frozen=True, slots=True)
class GoldDatabase:
    connection: sqlite3.Connection

    def gold(self, case: Case) -> Gold:
        """Raises SuiteInvalid when the gold query does not run, or lacks a column that the case requires."""
        if case.sql is None:
            raise SuiteInvalid(f"The case {case.id} has no gold query.")
        try:
            table = self._run(case.sql)
        except sqlite3.Error as error:
            raise SuiteInvalid(f"The gold query of the case {case.id} does not run: {error}.") from error
        for name in case.columns:
            if table.columns.count(name) != 1:
                there = ", ".join(table.columns)
                raise SuiteInvalid(f"The gold query of {case.id} must have one column “{name}”; it has {there}.")
        ranks, tied = self._order(case, table)
        return Gold(table, case.columns, ranks, tied)

    def _run(self, sql: str) -> Table:
        cursor = self.connection.execute(sql)
        return Table(tuple(each[0] for each in cursor.description), tuple(cursor.fetchall()))

    def _order(self, case: Case, table: Table) -> tuple[tuple[int, ...] | None, Rows]:
        """Ranks of the rows, and the rows that the LIMIT cut from the last tie; no ranks where there is no order."""
        keyed = _with_order_keys(case.sql or "", case.columns)
        if keyed is None or not table.rows:
            return None, ()
        try:
            everything = self._run(keyed).rows
        except sqlite3.Error:  # an ORDER BY that cannot stand as a column: without ties, the order counts as it is
            return None, ()
        return _ranked(table.rows, everything, len(table.columns))


def _ranked(rows: Rows, everything: Rows, width: int) -> tuple[tuple[int, ...] | None, Rows]:
    """`everything` has the same first `width` columns and then its keys; equal keys stand together.

    Within a tie the two runs of the query may differ, so that rows are compared tie by tie.
    """
    ranks: list[int] = []
    left_over: list[tuple[object, ...]] = []
    for rank, (_, group) in enumerate(groupby(everything, key=lambda row: row[width:])):
        if len(ranks) == len(rows):
            break
        tie = [row[:width] for row in group]
        here = rows[len(ranks) : len(ranks) + len(tie)]
        if Counter(here) - Counter(tie):
            return None, ()
        ranks += [rank] * len(here)
        left_over = list((Counter(tie) - Counter(here)).elements())
    return tuple(ranks), tuple(left_over)


def _with_order_keys(sql: str, required: tuple[str, ...]) -> str | None:
    """The query with what it orders by as columns at its end and without its limit, or None when it has no such form.

    A key that no required column shows breaks ties without being asked for: it counts only where no other key does.
    """
    try:
        tree = sqlglot.parse_one(sql, dialect="sqlite")
    except SqlglotError:
        return None
    order = tree.args.get("order")
    if not isinstance(tree, exp.Select) or order is None or tree.args.get("distinct") or tree.args.get("offset"):
        return None
    outputs = {each.alias_or_name: each.unalias() for each in tree.expressions}
    keys = [_key(each.this, outputs) for each in order.expressions]
    shown = [outputs[name] for name in required if name in outputs]
    for index, key in enumerate([key for key in keys if key in shown] or keys):
        tree = tree.select(exp.alias_(key.copy(), f"{KEY}{index}"))
    tree.set("limit", None)
    return tree.sql(dialect="sqlite")


def _key(key: exp.Expr, outputs: dict[str, exp.Expr]) -> exp.Expr:
    """What a key stands for: an output by its number or name, or itself."""
    if isinstance(key, exp.Literal) and key.is_int and 0 < int(key.name) <= len(outputs):
        return list(outputs.values())[int(key.name) - 1]
    if isinstance(key, exp.Column) and not key.table:
        return outputs.get(key.name, key)
    return key


@contextmanager
def open_gold(url: str, suite: Suite) -> Iterator[GoldDatabase]:
    """Raises SuiteInvalid for a suite whose gold queries no file database can run, DatabaseMissing for no file."""
    if suite.dialect != "sqlite" or not url.startswith(SQLITE):
        raise SuiteInvalid(
            f"The gold queries of {suite.name} are written for {suite.dialect}; they run on SQLite files only.",
            hint="Name a database like sqlite:///var/auction.db and a suite whose dialect is sqlite.",
        )
    path = Path(url.removeprefix(SQLITE)).absolute()
    if not path.is_file():
        raise DatabaseMissing(f"There is no database at {path}.", hint="`make seed` writes the demo database.")
    with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as connection:
        connection.execute("PRAGMA query_only = ON")
        yield GoldDatabase(connection)
