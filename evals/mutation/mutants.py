"""A gold query → queries with one mistake each: deterministic, none twice, spread over the kinds of mistakes."""

from __future__ import annotations

from itertools import islice

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from evals.mutation.base import Catalog, Change, Mutant, Operator, Scene
from evals.mutation.operators.every import OPERATORS

# Of one gold; past this, mutants of a long query mostly repeat each other's mistakes. Of one kind at most a fifth of
# them, or a wide table would make nearly all of them other columns.
MOST, SHARE = 60, 5
# A change is shown in a line.
_SHOWN = 160
_CLAUSES: dict[type[exp.Expr], str] = {
    exp.Where: "WHERE", exp.Having: "HAVING", exp.Group: "GROUP BY", exp.Order: "ORDER BY", exp.Join: "ON",
    exp.Window: "OVER", exp.Select: "SELECT",
}  # fmt: skip


def mutants(
    sql: str, dialect: str, catalog_columns: Catalog, *, ordered: bool = False, limit: int = MOST
) -> list[Mutant]:
    """None for text that is not one query. `ordered`: the case declares an order, so that its loss counts.

    One mutant of each operator comes first, then a second of each, and so on, until there are `limit`.
    """
    tree = _parsed(sql, dialect)
    if tree is None:
        return []
    scene = Scene(catalog_columns, dialect, ordered)
    nodes = list(tree.walk())
    seen = {_canonical(tree, dialect)}
    found: list[Mutant] = []
    waiting = [_by(operator, nodes, scene) for _, operator in OPERATORS]
    most = max(1, limit // SHARE)
    names = [name for name, _ in OPERATORS]
    for _ in range(most):
        for name, changes in zip(names, waiting, strict=True):
            mutant = _next_new(tree, nodes, name, changes, scene, seen)
            if mutant is not None and len(found) < limit:
                found.append(mutant)
    return found


def rewritten(sql: str, dialect: str) -> str:
    """The query as mutants are written, without a mistake; "" for text that is not one query."""
    tree = _parsed(sql, dialect)
    return tree.sql(dialect=dialect) if tree is not None else ""


def _parsed(sql: str, dialect: str) -> exp.Query | None:
    try:
        tree = sqlglot.parse_one(sql, dialect=dialect)
    except (SqlglotError, RecursionError):
        return None
    return tree if isinstance(tree, exp.Query) else None


Site = tuple[int, Change]


def _by(operator: Operator, nodes: list[exp.Expr], scene: Scene) -> list[Site]:
    """All changes of an operator, last first: the first change at each node, then the second at each."""
    ranked = [
        (rank, index, change) for index, node in enumerate(nodes) for rank, change in enumerate(operator(node, scene))
    ]
    ranked.sort(key=lambda each: each[:2])
    return [(index, change) for _, index, change in reversed(ranked)]


def _next_new(
    tree: exp.Expr, nodes: list[exp.Expr], name: str, changes: list[Site], scene: Scene, seen: set[str]
) -> Mutant | None:
    """Takes changes from the end of the list until one makes a query that was not seen."""
    while changes:
        index, change = changes.pop()
        made = _applied(tree, index, change)
        text = made.sql(dialect=scene.dialect)
        canonical = _canonical(made, scene.dialect)
        if canonical not in seen:
            seen.add(canonical)
            return Mutant(text, name, _where(nodes[index], change, scene.dialect))
    return None


def _applied(tree: exp.Expr, index: int, change: Change) -> exp.Expr:
    copy = tree.copy()
    node = next(islice(copy.walk(), index, None))
    if change.new is None:
        node.pop()
        return copy
    if node is copy:
        return change.new
    node.replace(change.new)
    return copy


def _where(node: exp.Expr, change: Change, dialect: str) -> str:
    new = change.new.sql(dialect=dialect) if change.new is not None else ""
    shown = (change.note or f"{node.sql(dialect=dialect)} → {new}")[:_SHOWN]
    clause = node.find_ancestor(*_CLAUSES)
    return f"{shown}, in {_CLAUSES[type(clause)]}" if clause is not None else shown


def _canonical(tree: exp.Expr, dialect: str) -> str:
    """The same for queries that differ only in the capitals of names."""
    return tree.sql(dialect=dialect, normalize=True, comments=False)
