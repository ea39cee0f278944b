"""Mistakes in columns: another of the same kind, or the same name of another table."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from evals.mutation.base import Change, Scene
from evals.mutation.sources import find, own_columns, resolve, same_columns

# Of a wide table three columns stand for all.
OTHER_COLUMNS = 3


def other_column(node: exp.Expr, scene: Scene) -> Iterator[Change]:
    """At this place alone."""
    if not isinstance(node, exp.Column) or isinstance(node.this, exp.Star):
        return
    for other in _others(node, scene):
        yield Change(_put(other, node, node.parent), _shown(node, other, scene))


def other_column_everywhere(node: exp.Expr, scene: Scene) -> Iterator[Change]:
    """Everywhere in a SELECT, where the column stands more than once: as one who took it for the right one writes."""
    if not isinstance(node, exp.Select):
        return
    seen: list[exp.Column] = []
    columns = list(own_columns(node))
    for column in columns:
        if any(same_columns(column, each) for each in seen):
            continue
        seen.append(column)
        if sum(same_columns(column, each) for each in columns) > 1:
            for other in _others(column, scene):
                yield Change(_replaced(node, column, other), f"{_shown(column, other, scene)}, everywhere")


def _replaced(select: exp.Select, column: exp.Column, other: exp.Column) -> exp.Expr:
    changed = select.copy()
    for each in list(own_columns(changed)):
        if same_columns(each, column):
            each.replace(_put(other.copy(), each, select if each.parent is changed else each.parent))
    return changed


def _put(other: exp.Column, column: exp.Column, parent: exp.Expr | None) -> exp.Expr:
    """What a subquery gives keeps its name, so that the query around it still finds it."""
    is_given = isinstance(parent, exp.Select) and isinstance(parent.parent, exp.CTE | exp.Subquery)
    return exp.alias_(other, column.name) if is_given else other


def _others(column: exp.Column, scene: Scene) -> list[exp.Column]:
    """First the same name of another table, then columns of the same kind near it in its own."""
    found = resolve(column, scene.catalog)
    if found is None:
        return []
    others = [
        exp.column(found.column.name, table=name)
        for name, table in found.tables.items()
        if name != found.name and find(scene.catalog.get(table, ()), found.column.name) is not None
    ]
    own = scene.catalog[found.table]
    place = own.index(found.column)
    alike = [each for each in own if each.kind == found.column.kind and each != found.column]
    alike.sort(key=lambda each: abs(own.index(each) - place))
    others += [exp.column(each.name, table=found.name if column.table else None) for each in alike]
    return others[:OTHER_COLUMNS]


def _shown(column: exp.Column, other: exp.Column, scene: Scene) -> str:
    return f"{column.sql(dialect=scene.dialect)} → {other.sql(dialect=scene.dialect)}"
