"""Mistakes in window functions: the partition forgotten, another ranking, another frame, the wrong neighbour."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from evals.mutation.base import Change, Scene

_RANKINGS: dict[type[exp.Expr], tuple[type[exp.Func], ...]] = {
    exp.RowNumber: (exp.Rank, exp.DenseRank),
    exp.Rank: (exp.DenseRank, exp.RowNumber),
    exp.DenseRank: (exp.Rank, exp.RowNumber),
}
_NEIGHBOURS: dict[type[exp.Expr], type[exp.Func]] = {
    exp.Lag: exp.Lead,
    exp.Lead: exp.Lag,
    exp.FirstValue: exp.LastValue,
    exp.LastValue: exp.FirstValue,
}


def window(node: exp.Expr, scene: Scene) -> Iterator[Change]:
    """Without PARTITION BY, without ORDER BY, without a frame, or a frame of one row fewer."""
    if not isinstance(node, exp.Window):
        return
    if node.args.get("partition_by"):
        yield _without(node, "partition_by", "PARTITION BY")
    if node.args.get("order") and not isinstance(node.this, tuple(_RANKINGS) + tuple(_NEIGHBOURS)):
        yield _without(node, "order", "ORDER BY")
    spec = node.args.get("spec")
    if spec is not None:
        yield _without(node, "spec", "a frame")
        start = spec.args.get("start")
        if isinstance(start, exp.Literal) and start.is_int and int(start.name) > 1:
            changed = node.copy()
            changed.args["spec"].set("start", exp.Literal.number(int(start.name) - 1))
            yield Change(changed, "a frame of one row fewer")


def ranking(node: exp.Expr, scene: Scene) -> Iterator[Change]:
    """ROW_NUMBER ↔ RANK ↔ DENSE_RANK; LAG ↔ LEAD."""
    for kind in _RANKINGS.get(type(node), ()):
        yield Change(kind())
    neighbour = _NEIGHBOURS.get(type(node))
    if neighbour is not None:
        yield Change(neighbour(**{key: _copied(value) for key, value in node.args.items()}))


def _without(node: exp.Window, part: str, named: str) -> Change:
    bare = node.copy()
    bare.set(part, None)
    return Change(bare, f"{node.this.sql()} OVER without {named}")


def _copied(value: object) -> object:
    return value.copy() if isinstance(value, exp.Expr) else value
