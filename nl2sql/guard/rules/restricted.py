"""Columns that a policy shows only in part: masked ones, and those that count only among many rows.

The view that stands for the table masks the first, so no statement ever sees their values. The second are there in
full: they may be summed, averaged and counted, and only groups with enough rows are kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlglot import exp, parse_one

from nl2sql.guard.scope import ScopeColumn, Source
from nl2sql.guard.statement import Statement
from nl2sql.guard.violation import Violation

# Nothing among them gives the value of a single row, as MIN and MAX do.
_AVERAGING: Final = (
    exp.Avg, exp.Sum, exp.Count, exp.Stddev, exp.StddevPop, exp.StddevSamp, exp.Variance, exp.VariancePop,
)  # fmt: skip


def masked_columns(statement: Statement) -> list[Violation]:
    """A masked column may stand in a select list, by itself, and nowhere else."""
    catalogue = statement.catalogue
    if statement.columns.isdisjoint(catalogue.masked) and statement.columns.isdisjoint(catalogue.aggregate_only):
        return []
    places = _Places(statement)
    columns = statement.tree.find_all(exp.Column)
    names = [node.name.lower() for node in columns if places.is_masked(node) and not places.is_shown(node)]
    names += [name for select in statement.tree.find_all(exp.Select) for name in places.compared_outputs(select)]
    return [
        Violation(
            "masked_column",
            statement.fragment(name),
            f"“{name}” is shown in part only: it can be listed, but not filtered, sorted, grouped or computed with.",
            f"Use {name} by itself in the select list only.",
        )
        for name in dict.fromkeys(names[:5])
    ]


def aggregate_only(statement: Statement) -> list[Violation]:
    """Adds, for each such column, that its group is large enough; refuses every other use."""
    if statement.columns.isdisjoint(statement.catalogue.aggregate_only):
        return []
    places = _Places(statement)
    wanted = {id(bound.select): _conditions(bound.sources, statement) for bound in statement.selects}
    counted: set[int] = set()  # the nodes of conditions that are there already
    for bound in statement.selects:
        for part in _conjuncts(bound.select.args.get("having")):
            if part in wanted[id(bound.select)].values():
                counted.update(id(node) for node in part.walk())
    for node in list(statement.tree.find_all(exp.Column)):
        if id(node) in counted or not places.needs_a_group(node):
            continue
        select = node.find_ancestor(exp.Select)
        condition = wanted.get(id(select), {}).get((node.table.lower(), node.name.lower()))
        if not isinstance(select, exp.Select) or condition is None or not _is_averaged(node):
            return [_only_aggregated(node, statement)]
        if not places.counts_rows_once(select, node.table.lower()):
            return [_repeated(node, statement)]
        _require(select, condition)
    return []


def _only_aggregated(node: exp.Column, statement: Statement) -> Violation:
    name = node.name.lower()
    uses = f"AVG({name}), SUM({name}) or COUNT({name})"
    return Violation(
        "aggregate_only_column",
        statement.fragment(name),
        f"“{name}” can only be counted, summed or averaged over many rows.",
        f"Use {name} only as {uses} where its table is read, without FILTER, OVER or DISTINCT.",
    )


def _repeated(node: exp.Column, statement: Statement) -> Violation:
    """A row that a join repeats weighs more than the others, up to being all there is of a mean."""
    name = node.name.lower()
    return Violation(
        "aggregate_only_column",
        statement.fragment(name),
        f"“{name}” can be averaged only where each of its rows counts once, and a join here may repeat them.",
        f"Join {node.table} only to tables whose whole primary key is compared with = in ON; aggregate it by itself.",
    )


class _Places:
    """What a column reference of the bound statement stands for, and where it stands."""

    def __init__(self, statement: Statement) -> None:
        self._sources = {id(bound.select): bound.sources for bound in statement.selects}

    def is_masked(self, node: exp.Column) -> bool:
        if node.table:
            return any(column.masked for column in self._meanings(node))
        order = node.find_ancestor(exp.Order)  # a sort key that names an output
        query = order.parent if order is not None else node.find_ancestor(exp.Select, exp.SetOperation)
        outputs = [output for select in _arms(query) for output in select.expressions]
        columns = [each.unalias() for each in outputs if each.alias_or_name.lower() == node.name.lower()]
        return any(isinstance(each, exp.Column) and each.table and self.is_masked(each) for each in columns)

    def needs_a_group(self, node: exp.Column) -> bool:
        return bool(node.table) and any(column.smallest_group for column in self._meanings(node))

    def is_shown(self, node: exp.Column) -> bool:
        """In a select list by itself, or grouped by beside the key that decides it anyway."""
        if isinstance(node.parent, exp.Group):
            return self._is_decided_by_key(node, node.parent)
        output = node.parent if isinstance(node.parent, exp.Alias) else node
        return isinstance(output.parent, exp.Select) and output.arg_key == "expressions"

    def compared_outputs(self, select: exp.Select) -> list[str]:
        """Masked outputs of a subquery that stands in a condition or a computation."""
        query: exp.Expr = select
        while isinstance(query.parent, exp.SetOperation | exp.Subquery):
            query = query.parent
        around = query.parent
        if isinstance(around, exp.Alias):
            around = around.parent
        if isinstance(around, exp.From | exp.Join | exp.CTE | exp.Lateral | exp.Exists | exp.Select | None):
            return []
        outputs = [output.unalias() for output in select.expressions]
        return [each.name.lower() for each in outputs if isinstance(each, exp.Column) and self.is_masked(each)]

    def counts_rows_once(self, select: exp.Select, alias: str) -> bool:
        """Whether every other source gives one row at most for each of this one: it is compared by its whole key."""
        parts = [join.args.get("on") for join in select.args.get("joins") or []]
        where = select.args.get("where")
        parts.append(where.this if where is not None else None)
        compared = {pair for part in parts for pair in _compared_columns(part)}
        others = [source for source in self._sources[id(select)] if source.alias != alias]
        return all(
            source.shape.key and all((source.alias, name) in compared for name in source.shape.key) for source in others
        )

    def _is_decided_by_key(self, node: exp.Column, group: exp.Group) -> bool:
        alias = node.table.lower()
        grouped = {
            key.name.lower() for key in group.expressions if isinstance(key, exp.Column) and key.table == node.table
        }
        own = [source for source in self._sources.get(id(group.parent), ()) if source.alias == alias]
        return bool(own) and bool(own[0].shape.key) and grouped.issuperset(own[0].shape.key)

    def _meanings(self, node: exp.Column) -> Iterator[ScopeColumn]:
        """What the name could stand for in any query around it: one of these is what it does stand for."""
        alias, name = node.table.lower(), node.name.lower()
        select = node.find_ancestor(exp.Select)
        while select is not None:
            for source in self._sources.get(id(select), ()):
                if source.alias == alias and name in source.shape.columns:
                    yield source.shape.columns[name]
            select = select.find_ancestor(exp.Select)


def _arms(query: exp.Expr | None) -> list[exp.Expr]:
    found: list[exp.Expr] = []
    stack = [query]
    while stack:
        node = stack.pop()
        if isinstance(node, exp.Select):
            found.append(node)
        elif isinstance(node, exp.SetOperation | exp.Subquery):
            stack += [node.this, node.args.get("expression")]
    return found


def _compared_columns(condition: exp.Expr | None) -> Iterator[tuple[str, str]]:
    """Alias and name of each column that must be equal to something of another source."""
    stack = [condition] if condition is not None else []
    while stack:
        node = stack.pop()
        if isinstance(node, exp.And | exp.Paren):
            stack += list(node.iter_expressions())
        elif isinstance(node, exp.EQ):
            for one, other in ((node.this, node.expression), (node.expression, node.this)):
                tables = {column.table.lower() for column in other.find_all(exp.Column)}
                if isinstance(one, exp.Column) and one.table.lower() not in tables and not other.find(exp.Query):
                    yield one.table.lower(), one.name.lower()


def _is_averaged(node: exp.Column) -> bool:
    """The aggregate stands by itself, or rounded, as an output or a sort key. In a condition, or computed with, it
    could be made to fail for a group that is too small to be shown."""
    aggregate = node.parent
    if not isinstance(aggregate, _AVERAGING) or aggregate.this is not node or aggregate.args.get("expressions"):
        return False
    shown: exp.Expr = aggregate
    if isinstance(shown.parent, exp.Round) and shown.parent.this is shown:
        shown = shown.parent
    if isinstance(shown.parent, exp.Alias):
        shown = shown.parent
    return isinstance(shown.parent, exp.Ordered) or (
        isinstance(shown.parent, exp.Select) and shown.arg_key == "expressions"
    )


def _conditions(sources: tuple[Source, ...], statement: Statement) -> dict[tuple[str, str], exp.Expr]:
    """By alias and column: that enough different rows have a value. A join may repeat rows, so keys are counted."""
    grammar = statement.dialect.grammar
    found: dict[tuple[str, str], exp.Expr] = {}
    for source in sources:
        for name, column in source.shape.columns.items():
            if column.smallest_group and len(source.shape.key) == 1:
                alias = source.identifier.sql(grammar)
                key = source.shape.columns[source.shape.key[0]].identifier.sql(grammar)
                counted = f"CASE WHEN NOT {alias}.{column.identifier.sql(grammar)} IS NULL THEN {alias}.{key} END"
                text = f"SELECT 1 HAVING COUNT(DISTINCT {counted}) >= {column.smallest_group}"
                found[source.alias, name] = parse_one(text, read=grammar).args["having"].this
    return found


def _conjuncts(having: exp.Expr | None) -> Iterator[exp.Expr]:
    stack = [having.this] if having is not None else []
    while stack:
        node = stack.pop()
        if isinstance(node, exp.And):
            stack += [node.this, node.expression]
        else:
            yield node


def _require(select: exp.Select, condition: exp.Expr) -> None:
    having = select.args.get("having")
    if any(part == condition for part in _conjuncts(having)):
        return
    if having is None:
        select.set("having", exp.Having(this=condition.copy()))
        return
    given = having.this.copy()
    given = exp.Paren(this=given) if isinstance(given, exp.Or | exp.Xor) else given
    having.set("this", exp.And(this=given, expression=condition.copy()))
