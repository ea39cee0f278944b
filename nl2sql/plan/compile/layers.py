"""A SELECT in the making, and how it becomes a WITH query of the next one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlglot import exp

from nl2sql.plan.compile.joined import table_named
from nl2sql.plan.compile.statement import Query, Statement


@dataclass(slots=True)
class Layer:
    """`frame` has everything but its columns: FROM, joins, WHERE, GROUP BY. `values` are what it can show, by output
    name. `grouped`: values may be aggregates, so a bound on one is a HAVING. `windows` names values with OVER."""

    statement: Statement
    name: str
    frame: exp.Select
    values: dict[str, exp.Expr]
    grouped: bool
    windows: set[str]
    counts: frozenset[str] = frozenset()
    source: str = ""  # the one WITH query it reads, if it does

    def showing(self, names: Iterable[str]) -> exp.Select:
        self.frame.set("expressions", [named(self.values[name], name) for name in names])
        return self.frame

    def is_plain(self, name: str) -> bool:
        """Whether the value is a column of the one query below, so that it can be written again and again."""
        return bool(self.source) and not self.grouped and isinstance(self.values[name], exp.Column)

    def closed(self, name: str = "") -> Layer:
        """All of it as a WITH query; the layer above reads its columns by their names."""
        title = self.statement.named(self.name)
        query = self.showing(self.values)
        self.statement.add(title, query)
        return reading(self.statement, title, self.values, name or self.name, self.counts)

    def require(self, condition: exp.Expr) -> None:
        """HAVING or WHERE. Where a window is, the layer must be closed before."""
        clause: type[exp.Having | exp.Where] = exp.Having if self.grouped else exp.Where
        key = "having" if self.grouped else "where"
        before = self.frame.args.get(key)
        both = exp.And(this=before.this, expression=condition) if before is not None else condition
        self.frame.set(key, clause(this=both))


def reading(
    statement: Statement, title: str, names: Iterable[str], name: str, counts: frozenset[str] = frozenset()
) -> Layer:
    frame = exp.Select(from_=exp.From(this=table_named(title)))
    return Layer(statement, name, frame, {n: exp.column(n) for n in names}, False, set(), counts, title)


def named(value: exp.Expr, name: str) -> exp.Expr:
    """Of a column of a table the alias says its name again: an ORDER BY could otherwise mean one of another table."""
    same = isinstance(value, exp.Column) and not value.table and value.name == name
    return value.copy() if same else exp.alias_(value, name)


def query_of(queries: list[exp.Select]) -> Query:
    """Their UNION: every row once."""
    whole: Query = queries[0]
    for each in queries[1:]:
        whole = exp.Union(this=whole, expression=each, distinct=True)
    return whole
