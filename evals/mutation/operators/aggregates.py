"""Mistakes in what is added up, and over what: SUM for AVG, a count of other things, a key of the group forgotten."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from evals.mutation.base import Change, Scene
from evals.mutation.sources import tables_of

_SWAPS: dict[type[exp.Expr], tuple[type[exp.AggFunc], ...]] = {
    exp.Sum: (exp.Avg, exp.Count),
    exp.Avg: (exp.Sum, exp.Max),
    exp.Min: (exp.Max,),
    exp.Max: (exp.Min, exp.Sum),
}


def aggregate(node: exp.Expr, scene: Scene) -> Iterator[Change]:
    for kind in _SWAPS.get(type(node), ()):
        yield Change(kind(this=node.this.copy()))


def count(node: exp.Expr, scene: Scene) -> Iterator[Change]:
    """COUNT(*) ↔ COUNT(column) ↔ COUNT(DISTINCT column)."""
    if not isinstance(node, exp.Count):
        return
    inner = node.this
    if isinstance(inner, exp.Distinct):
        if len(inner.expressions) == 1:
            yield Change(exp.Count(this=inner.expressions[0].copy()))
        yield Change(exp.Count(this=exp.Star()))
    elif isinstance(inner, exp.Star | exp.Literal):
        for column in _countable(node, scene):
            yield Change(exp.Count(this=exp.Distinct(expressions=[column])))
    else:
        yield Change(exp.Count(this=exp.Distinct(expressions=[inner.copy()])))
        yield Change(exp.Count(this=exp.Star()))


def distinct_inside(node: exp.Expr, scene: Scene) -> Iterator[Change]:
    """SUM(x) ↔ SUM(DISTINCT x), AVG(x) ↔ AVG(DISTINCT x)."""
    if isinstance(node, exp.Sum | exp.Avg):
        inner = node.this
        if isinstance(inner, exp.Distinct):
            yield Change(type(node)(this=inner.expressions[0].copy()))
        else:
            yield Change(type(node)(this=exp.Distinct(expressions=[inner.copy()])))


def distinct(node: exp.Expr, scene: Scene) -> Iterator[Change]:
    """SELECT ↔ SELECT DISTINCT. Not added where groups or a lone aggregate make rows distinct already."""
    if not isinstance(node, exp.Select):
        return
    if node.args.get("distinct"):
        bare = node.copy()
        bare.set("distinct", None)
        yield Change(bare, "without DISTINCT")
    elif not node.args.get("group") and not any(each.find(exp.AggFunc) for each in node.expressions):
        if isinstance(node.parent, exp.In | exp.Exists):
            return
        made = node.copy()
        made.set("distinct", exp.Distinct())
        yield Change(made, "with DISTINCT")


def group_key(node: exp.Expr, scene: Scene) -> Iterator[Change]:
    if isinstance(node, exp.Group) and len(node.expressions) > 1:
        for index, key in enumerate(node.expressions):
            fewer = node.copy()
            fewer.set("expressions", [each.copy() for at, each in enumerate(node.expressions) if at != index])
            yield Change(fewer, f"GROUP BY without {key.sql(dialect=scene.dialect)}")


def _countable(node: exp.Expr, scene: Scene) -> Iterator[exp.Column]:
    """The first column of each joined table: its key, as tables are usually written."""
    select = node.find_ancestor(exp.Select)
    if select is None:
        return
    for name, table in list(tables_of(select).items())[:2]:
        for known in scene.catalog.get(table, ())[:1]:
            yield exp.column(known.name, table=name)
