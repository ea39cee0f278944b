"""Every table of a query is joined to the others by a comparison of their columns.

Without one, a million rows meet a million rows. Sources that are provably small (an aggregate, a short VALUES list, a
small LIMIT) may stand unjoined beside one other group of tables. What this does not see: a comparison that is true for
most pairs (a.x > b.x); the time limit of the engine is there for those.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Final

from sqlglot import exp

from nl2sql.guard.statement import BoundSelect, Statement
from nl2sql.guard.violation import Violation

# Products of small sources: twelve months by seven days is 84, a grid of 1,000 cells is a full result.
_MAX_SMALL_PRODUCT: Final = 1_000
_COMPARISONS: Final = (exp.EQ, exp.NullSafeEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Is, exp.Like, exp.ILike)
_QUERIES: Final = (exp.Select, exp.SetOperation, exp.Subquery)
_OUTSIDE: Final = ""  # stands for everything the enclosing query holds fixed


def _tables_in(expression: exp.Expr, own: frozenset[str]) -> frozenset[str]:
    if isinstance(expression, exp.Literal):
        return frozenset()
    nodes = expression.walk(prune=lambda node: isinstance(node, _QUERIES))
    names = (node.table.lower() for node in nodes if isinstance(node, exp.Column) and node.table)
    return frozenset(name if name in own else _OUTSIDE for name in names)


def _tells_rows_apart(side: exp.Expr) -> bool:
    """A column, perhaps changed by a function of it alone. Arithmetic could make one value of all (a.id - a.id)."""
    if isinstance(side, exp.Column | exp.Literal):
        return isinstance(side, exp.Column)
    if any(isinstance(node, exp.Binary) and not isinstance(node, exp.DPipe) for node in side.walk()):
        return False
    return len(list(side.find_all(exp.Column))) == 1


def _links(predicate: exp.Expr, own: frozenset[str]) -> Iterator[frozenset[str]]:
    """Sets of tables that a predicate ties to each other. Of an OR, one side that ties is enough."""
    stack = [predicate]
    while stack:
        node = stack.pop()
        if isinstance(node, exp.And | exp.Or | exp.Paren):
            stack.extend(node.iter_expressions())
            continue
        if isinstance(node, exp.Between):
            sides = [node.this, node.args["low"], node.args["high"]]
        elif isinstance(node, exp.In):
            sides = [node.this, *node.expressions]
        elif isinstance(node, _COMPARISONS):
            sides = [node.this, node.expression]
        else:
            continue
        if not any(_tells_rows_apart(side) for side in sides):
            continue
        tables = [_tables_in(side, own) for side in sides]
        first = tables[0]
        if first and any(other - first for other in tables[1:]):
            yield frozenset().union(*tables)


def _predicates(bound: BoundSelect) -> Iterator[exp.Expr]:
    for join in bound.select.args.get("joins") or []:
        if join.args.get("on") is not None:
            yield join.args["on"]
    where = bound.select.args.get("where")
    if where is not None:
        yield where.this


def _groups(bound: BoundSelect) -> list[frozenset[str]]:
    own = frozenset(relation.alias for relation in bound.relations)
    links = [link for predicate in _predicates(bound) for link in _links(predicate, own)]
    links += [relation.correlated | {relation.alias} for relation in bound.relations if relation.correlated & own]
    groups = [frozenset({relation.alias}) for relation in bound.relations]
    for link in links:
        joined = [group for group in groups if group & link]
        groups = [group for group in groups if not group & link]
        groups.append(frozenset().union(link, *joined))
    return [group for group in groups if group & own]


def no_unbounded_products(statement: Statement) -> list[Violation]:
    for bound in statement.selects:
        groups = _groups(bound) if len(bound.relations) > 1 else []
        if len(groups) < 2:
            continue
        rows = {relation.alias: relation.rows for relation in bound.relations}
        small: list[int] = []
        for group in groups:
            bounds = [rows[alias] for alias in group if alias in rows]
            known = [each for each in bounds if each is not None]
            if len(known) == len(bounds):
                small.append(prod(known))
        if len(small) >= len(groups) - 1 and prod(small) <= _MAX_SMALL_PRODUCT:
            continue
        aliases = ", ".join(sorted(rows))
        return [
            Violation(
                "cartesian_product",
                statement.fragment(aliases),
                "Some tables are not joined to the others, so every row would be paired with every row.",
                f"Join all of {aliases} with ON conditions that compare their columns.",
            )
        ]
    return []
