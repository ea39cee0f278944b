"""Mistakes in conditions: one forgotten, one turned round, a boundary off by one."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from evals.mutation.base import Change, Scene

_Kinds = dict[type[exp.Expr], type[exp.Binary]]
_BOUNDARIES: _Kinds = {exp.LT: exp.LTE, exp.LTE: exp.LT, exp.GT: exp.GTE, exp.GTE: exp.GT}
_OPPOSITES: _Kinds = {
    exp.EQ: exp.NEQ,
    exp.NEQ: exp.EQ,
    exp.LT: exp.GT,
    exp.LTE: exp.GTE,
    exp.GT: exp.LT,
    exp.GTE: exp.LTE,
}
# What can be true or false, and is turned round by NOT.
_TESTS = (exp.In, exp.Exists, exp.Is, exp.Between, exp.Like, exp.ILike)


def drop_condition(node: exp.Expr, scene: Scene) -> Iterator[Change]:
    """One of several conditions forgotten, or the only one."""
    if isinstance(node, exp.And):
        for kept, lost in ((node.left, node.right), (node.right, node.left)):
            yield Change(kept.copy(), f"without {_sql(lost, scene)}")
    elif isinstance(node, exp.Filter):
        yield Change(node.this.copy())
    elif isinstance(node, exp.Where | exp.Having) and not isinstance(node.this, exp.And):
        if isinstance(node.parent, exp.Filter):
            return
        yield Change(None, f"without {_sql(node, scene)}")


def and_or(node: exp.Expr, scene: Scene) -> Iterator[Change]:
    if isinstance(node, exp.And | exp.Or):
        other = exp.Or if isinstance(node, exp.And) else exp.And
        yield Change(exp.paren(other(this=node.left.copy(), expression=node.right.copy()), copy=False))


def boundary(node: exp.Expr, scene: Scene) -> Iterator[Change]:
    """`<` for `<=`; an end of BETWEEN that is left out."""
    kind = _BOUNDARIES.get(type(node))
    if kind is not None:
        yield Change(_as(kind, node))
    elif isinstance(node, exp.Between):
        low, high = node.args["low"], node.args["high"]
        for first, second in ((exp.GTE, exp.LT), (exp.GT, exp.LTE)):
            both = exp.and_(
                first(this=node.this.copy(), expression=low.copy()),
                second(this=node.this.copy(), expression=high.copy()),
                copy=False,
            )
            yield Change(exp.paren(both, copy=False))


def comparison(node: exp.Expr, scene: Scene) -> Iterator[Change]:
    """`<>` for `=`, `>` for `<`. Not where tables are joined: nobody joins by what differs."""
    kind = _OPPOSITES.get(type(node))
    if kind is not None and not isinstance(node.find_ancestor(exp.Join, exp.Select), exp.Join):
        yield Change(_as(kind, node))


def negate(node: exp.Expr, scene: Scene) -> Iterator[Change]:
    """IN ↔ NOT IN, EXISTS ↔ NOT EXISTS, IS NULL ↔ IS NOT NULL, LIKE ↔ NOT LIKE."""
    if isinstance(node, exp.Not) and isinstance(node.this, _TESTS):
        yield Change(node.this.copy())
    elif isinstance(node, _TESTS) and not isinstance(node.parent, exp.Not):
        turned = node.copy()
        if turned.args.get("negate"):
            turned.set("negate", None)
            yield Change(turned)
        else:
            yield Change(exp.Not(this=exp.paren(turned, copy=False)))


def list_member(node: exp.Expr, scene: Scene) -> Iterator[Change]:
    """One of the values of IN (…) forgotten."""
    if isinstance(node, exp.In):
        members = node.expressions
        for index, member in enumerate(members if len(members) > 1 else ()):
            shorter = node.copy()
            shorter.set("expressions", [each.copy() for at, each in enumerate(members) if at != index])
            yield Change(shorter, f"without {_sql(member, scene)} in {_sql(node, scene)}")


def _as(kind: type[exp.Binary], node: exp.Expr) -> exp.Expr:
    return kind(this=node.this.copy(), expression=node.args["expression"].copy())


def _sql(node: exp.Expr, scene: Scene) -> str:
    return node.sql(dialect=scene.dialect)
