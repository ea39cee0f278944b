"""How many rows a query can give at most, as far as its text proves it."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from sqlglot import exp

from nl2sql.guard.statement import Relation


def literal_rows(query: exp.Expr) -> int | None:
    """The number a plain LIMIT or FETCH names, None when there is none or it is not a plain number."""
    limit = query.args.get("limit")
    count = limit.args.get("count") if isinstance(limit, exp.Fetch) else getattr(limit, "expression", None)
    if isinstance(count, exp.Literal) and not count.is_string and str(count.this).isdigit():
        return int(str(count.this)[:18])
    return None


def rows_within_limit(query: exp.Expr, rows: int | None) -> int | None:
    limit = literal_rows(query)
    bounds = [bound for bound in (limit, rows) if bound is not None]
    return min(bounds) if bounds else None


def rows_of_select(select: exp.Select, relations: Sequence[Relation]) -> int | None:
    """One for an aggregate without groups or a SELECT without FROM, else the product of its bounded sources."""
    if select.args.get("group") is None and any(_aggregates(output) for output in select.expressions):
        return 1
    bounds = [relation.rows for relation in relations if relation.rows is not None]
    return prod(bounds) if len(bounds) == len(relations) else None


def _aggregates(output: exp.Expr) -> bool:
    """An aggregate of this SELECT itself: not one under OVER, and not one of a subquery."""
    stops = (exp.Window, exp.Query)
    return any(isinstance(node, exp.AggFunc) for node in output.walk(prune=lambda node: isinstance(node, stops)))
