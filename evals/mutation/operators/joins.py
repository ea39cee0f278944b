"""Mistakes in joins: the wrong kind, a condition forgotten, a table joined for nothing or not joined at all."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from evals.mutation.base import Change, Scene


def join_kind(node: exp.Expr, scene: Scene) -> Iterator[Change]:
    """LEFT JOIN ↔ JOIN."""
    if not isinstance(node, exp.Join) or not (node.args.get("on") or node.args.get("using")):
        return
    other = node.copy()
    if node.side == "LEFT":
        other.set("side", None)
        other.set("kind", None)
        yield Change(other, f"JOIN for LEFT JOIN {_named(node)}")
    elif not node.side and node.kind in ("", "INNER"):
        other.set("kind", None)
        other.set("side", "LEFT")
        yield Change(other, f"LEFT JOIN for JOIN {_named(node)}")


def join_condition(node: exp.Expr, scene: Scene) -> Iterator[Change]:
    """The only condition forgotten: every row meets every row. One of several is left to drop_condition."""
    if isinstance(node, exp.Join) and node.args.get("on") is not None and not isinstance(node.args["on"], exp.And):
        bare = node.copy()
        for key in ("on", "side", "kind"):
            bare.set(key, None)
        yield Change(bare, f"JOIN {_named(node)} without its condition")


def drop_join(node: exp.Expr, scene: Scene) -> Iterator[Change]:
    """A join that only filters or multiplies rows, left out."""
    if not isinstance(node, exp.Join) or not isinstance(node.parent, exp.Select):
        return
    name = node.this.alias_or_name.lower()
    inside = set(map(id, node.find_all(exp.Column)))
    elsewhere = [each for each in node.parent.find_all(exp.Column) if id(each) not in inside]
    if name and all(each.table and each.table.lower() != name for each in elsewhere):
        yield Change(None, f"without JOIN {_named(node)}")


def condition_to_join(node: exp.Expr, scene: Scene) -> Iterator[Change]:
    """A condition on a LEFT JOINed table, moved from ON to WHERE: rows without a partner are lost."""
    if not isinstance(node, exp.Select):
        return
    for index, join in enumerate(node.args.get("joins") or ()):
        on = join.args.get("on")
        if join.side != "LEFT" or not isinstance(on, exp.And):
            continue
        changed = node.copy()
        moved = changed.args["joins"][index]
        condition = moved.args["on"]
        moved.set("on", condition.left.copy())
        yield Change(
            changed.where(condition.right.copy(), copy=False),
            f"{condition.right.sql(dialect=scene.dialect)} in WHERE, not in ON",
        )


def _named(join: exp.Join) -> str:
    return str(join.this.alias_or_name)
