"""Mistakes in the shape of a result: its order, how many rows, and how two are put together."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from evals.mutation.base import Change, Scene


def direction(node: exp.Expr, scene: Scene) -> Iterator[Change]:
    """ASC ↔ DESC, where the order decides which rows there are, or was asked for; in windows too."""
    if isinstance(node, exp.Ordered) and _counts(node, scene):
        turned = node.copy()
        turned.set("desc", not node.args.get("desc"))
        turned.set("nulls_first", bool(node.args.get("desc")))
        yield Change(turned, f"{_sql(node, scene)} turned round")


def drop_order(node: exp.Expr, scene: Scene) -> Iterator[Change]:
    if isinstance(node, exp.Order) and not isinstance(node.parent, exp.Window) and _counts(node, scene):
        yield Change(None, f"without {_sql(node, scene)}")


def order_key(node: exp.Expr, scene: Scene) -> Iterator[Change]:
    """One of several keys of the order forgotten."""
    if isinstance(node, exp.Order) and len(node.expressions) > 1 and _counts(node, scene):
        for index, key in enumerate(node.expressions):
            fewer = node.copy()
            fewer.set("expressions", [each.copy() for at, each in enumerate(node.expressions) if at != index])
            yield Change(fewer, f"ORDER BY without {_sql(key, scene)}")


def limit(node: exp.Expr, scene: Scene) -> Iterator[Change]:
    """±1, or no limit."""
    if not isinstance(node, exp.Limit | exp.Offset):
        return
    count = node.expression
    if isinstance(count, exp.Literal) and count.is_int:
        for step in (1, -1):
            if (moved := int(count.name) + step) >= 1:
                yield Change(type(node)(expression=exp.Literal.number(moved)))
    yield Change(None, f"without {_sql(node, scene)}")


def set_operation(node: exp.Expr, scene: Scene) -> Iterator[Change]:
    """UNION ↔ UNION ALL; EXCEPT and INTERSECT for each other."""
    if isinstance(node, exp.Union):
        other = node.copy()
        other.set("distinct", not node.args.get("distinct"))
        yield Change(other, "UNION" if other.args["distinct"] else "UNION ALL")
    elif isinstance(node, exp.Except | exp.Intersect):
        kind = exp.Intersect if isinstance(node, exp.Except) else exp.Except
        parts = {key: value.copy() if isinstance(value, exp.Expr) else value for key, value in node.args.items()}
        yield Change(kind(**parts), kind.__name__.upper())


def _counts(node: exp.Expr, scene: Scene) -> bool:
    """Whether the order of a query can be seen: it is cut by a LIMIT, ranks a window, or the case declares it."""
    holder = node.find_ancestor(exp.Query, exp.Window, exp.AggFunc)
    if not isinstance(holder, exp.Query):
        return holder is not None
    return holder.args.get("limit") is not None or (scene.ordered and holder.parent is None)


def _sql(node: exp.Expr, scene: Scene) -> str:
    return node.sql(dialect=scene.dialect)
