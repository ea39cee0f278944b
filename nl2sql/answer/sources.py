"""Where the columns of a SELECT come from: physical tables, or queries inside it. No words, no labels."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

AS_WRITTEN = "as written"  # in the notes of a condition that was put into the terms of another query: its own text


@dataclass(frozen=True, slots=True)
class Source:
    """One entry of FROM or JOIN: a physical table (lower case), or else the query behind the alias."""

    alias: str
    table: str = ""
    query: exp.Expr | None = None


class Scope:
    """The sources of one SELECT, and of the SELECTs around it (for correlated subqueries)."""

    def __init__(self, select: exp.Select, outer: Scope | None = None) -> None:
        self.select = select
        self.outer = outer
        steps = ctes_of(select)
        entries = [from_.this] if (from_ := select.args.get("from_")) else []
        entries += [join.this for join in select.args.get("joins") or []]
        self.sources: dict[str, Source] = {}
        for entry in entries:
            source = _source(entry, steps)
            self.sources[source.alias] = source

    def find(self, alias: str) -> Source | None:
        found = self.sources.get(alias)
        return found or (self.outer.find(alias) if self.outer else None)

    def table_of(self, column: exp.Column) -> str:
        """The physical table of a column, "" when it comes from a query."""
        source = self.find(column.table)
        return source.table if source else ""

    def origin(self, column: exp.Column) -> tuple[exp.Expr, Scope] | None:
        """What a column of an inner query is there, with the scope to read it in. None for table columns."""
        source = self.find(column.table)
        if source is not None and isinstance(source.query, exp.Union):
            return _same_in_all_parts(source.query, column)
        if source is None or not isinstance(source.query, exp.Select):
            return None
        for projection in source.query.selects:
            if projection.alias_or_name == column.name:
                return projection.unalias(), Scope(source.query)
        return None

    def key(self, column: exp.Column) -> str:
        """ "table.column" in lower case, followed through inner queries; "" when it is computed there."""
        table = self.table_of(column)
        if table:
            return f"{table}.{column.name}".lower()
        behind = self.origin(column)
        if behind is not None and isinstance(behind[0], exp.Column):
            return behind[1].key(behind[0])
        return ""

    @property
    def first(self) -> Source | None:
        return next(iter(self.sources.values()), None)


def _same_in_all_parts(union: exp.Union, column: exp.Column) -> tuple[exp.Expr, Scope] | None:
    """A column of a UNION of which each part hands on the same column, or the same expression, under its place."""
    found: list[tuple[exp.Expr, Scope]] = []
    pending: list[exp.Expr] = [union]
    position = -1
    while pending:
        part = pending.pop(0)
        if isinstance(part, exp.SetOperation):
            pending = [part.this, part.expression, *pending]
            continue
        if not isinstance(part, exp.Select):
            return None
        names = [each.alias_or_name for each in part.selects]
        position = names.index(column.name) if position < 0 and column.name in names else position
        if not 0 <= position < len(names):
            return None
        found.append(behind_all(part.selects[position].unalias(), Scope(part)))
    said = {scope.key(node) if isinstance(node, exp.Column) else _function(node) for node, scope in found}
    return found[0] if len(said) == 1 and said != {""} else None


def _function(node: exp.Expr) -> str:
    """The expression without its columns: the same cut of two times says the same to people."""
    copied = node.copy()
    for column in list(copied.find_all(exp.Column)):
        if column is not copied:
            column.replace(exp.column("x"))
    return copied.sql()


def behind_all(node: exp.Expr, scope: Scope) -> tuple[exp.Expr, Scope]:
    """Followed through inner queries, at most as deep as they nest."""
    for _ in range(16):
        behind = scope.origin(node) if isinstance(node, exp.Column) else None
        if behind is None:
            break
        node, scope = behind
    return node, scope


def ctes_of(node: exp.Expr) -> dict[str, exp.Expr]:
    """Steps (WITH) visible at a node, the inner ones hiding outer ones of the same name."""
    found: dict[str, exp.Expr] = {}
    at: exp.Expr | None = node
    while at is not None:
        with_ = at.args.get("with_")
        for cte in with_.expressions if with_ else ():
            found.setdefault(cte.alias, cte.this)
        at = at.parent
    return found


def conjuncts(node: exp.Expr | None) -> list[exp.Expr]:
    """The parts of a condition that must all hold."""
    if node is None:
        return []
    node = node.unnest()
    if isinstance(node, exp.And):
        return conjuncts(node.this) + conjuncts(node.expression)
    return [node]


def leading_select(query: exp.Expr) -> exp.Select | None:
    """The SELECT that names the columns: itself, or the first of a UNION."""
    at: exp.Expr | None = query
    while at is not None and not isinstance(at, exp.Select):
        at = at.this if isinstance(at, exp.SetOperation | exp.Subquery) else None
    return at


def _source(entry: exp.Expr, steps: dict[str, exp.Expr]) -> Source:
    if isinstance(entry, exp.Table) and isinstance(entry.this, exp.Identifier):
        if not entry.db and entry.name in steps:
            return Source(entry.alias_or_name, query=steps[entry.name])
        return Source(entry.alias_or_name, table=entry.name.lower())
    if isinstance(entry, exp.Subquery):
        return Source(entry.alias_or_name, query=entry.this)
    return Source(entry.alias_or_name or entry.sql())


def is_scalar(tree: exp.Expr) -> bool:
    """One row by construction: aggregates without groups."""
    if not isinstance(tree, exp.Select) or tree.args.get("group"):
        return False
    if tree.args.get("from_") is None:
        return True
    behind = [each.query for each in Scope(tree).sources.values()]
    if behind and not tree.args.get("where") and all(each is not None and is_scalar(each) for each in behind):
        return True
    return bool(tree.selects) and all(
        (p.find(exp.AggFunc) and not p.find(exp.Window)) or isinstance(p.unalias(), exp.Literal) for p in tree.selects
    )
