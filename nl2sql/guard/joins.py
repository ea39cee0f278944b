"""USING and NATURAL written out as ON, and stars as columns: the text that runs compares and returns what it names."""

from __future__ import annotations

from functools import reduce

from sqlglot import exp

from nl2sql.guard.resolving import Resolver
from nl2sql.guard.scope import Scope, Source


def spell_out_join(join: exp.Join, scope: Scope, resolver: Resolver) -> None:
    """The last source of the scope is the one this join adds. NATURAL compares the visible columns only."""
    using = join.args.get("using") or []
    natural = str(join.args.get("method") or "").upper() == "NATURAL"
    if not using and not natural:
        return
    right = scope.sources[-1]
    names = [each.name.lower() for each in using] if using else _shared_names(scope, right)
    comparisons = [each for name in names if (each := _comparison(join, name, scope, right, resolver)) is not None]
    join.set("using", None)
    join.set("method", None)
    if comparisons:
        join.set("on", reduce(lambda a, b: exp.And(this=a, expression=b), comparisons))
        if join.args.get("kind") == "CROSS":
            join.set("kind", None)


def _shared_names(scope: Scope, right: Source) -> list[str]:
    left = [source for source in scope.sources if source is not right]
    return [
        name
        for name, column in right.shape.columns.items()
        if column.is_open
        and any(name in source.shape.columns and source.shape.columns[name].is_open for source in left)
    ]


def _comparison(join: exp.Join, name: str, scope: Scope, right: Source, resolver: Resolver) -> exp.Expr | None:
    lefts = [source for source in scope.offering(name) if source is not right]
    column = right.shape.columns.get(name)
    for source in (*lefts, *([right] if column else [])):
        if source.shape.columns[name].hidden:
            resolver.statement.sensitive.append(exp.column(name, source.alias))
            return None
    if column is None or not lefts:
        resolver.refuse(
            "unknown_column",
            join,
            f"“{name}” is not a column of both joined tables.",
            "Join with ON left.column = right.column instead of USING.",
        )
        return None
    repeated = any(name in source.shape.repeated for source in (*lefts, right))
    if repeated or (len(lefts) > 1 and name not in scope.merged):
        resolver.refuse(
            "ambiguous_column",
            join,
            f"“{name}” could belong to more than one table; write ON instead.",
            "Join with ON alias.column = alias.column instead of USING.",
        )
        return None
    left = (
        resolver.copy_of(scope.merged[name])
        if name in scope.merged
        else resolver.reference(lefts[0], lefts[0].shape.columns[name])
    )
    other = resolver.reference(right, column)
    side = str(join.args.get("side") or "").upper()
    if side == "RIGHT":
        scope.merged[name] = other.copy()
    elif side == "FULL":
        scope.merged[name] = exp.Coalesce(this=left.copy(), expressions=[other.copy()])
    else:
        scope.merged[name] = left.copy()
    return exp.EQ(this=left, expression=other)


def expand_stars(select: exp.Select, scope: Scope, resolver: Resolver) -> None:
    outputs: list[exp.Expr] = []
    for output in select.expressions:
        if isinstance(output, exp.Star):
            outputs.extend(_all_columns(output, scope, resolver))
        elif isinstance(output, exp.Column) and isinstance(output.this, exp.Star):
            outputs.extend(_columns_of(output, scope, resolver))
        else:
            outputs.append(output)
    if not outputs:
        resolver.refuse(
            "star",
            select,
            "There is no column the star could stand for.",
            "List the columns that the question needs by name.",
        )
    elif any(each.is_star and not isinstance(each, exp.Count) for each in select.expressions):
        select.set("expressions", outputs)


def _excluded(star: exp.Star, sources: list[Source], resolver: Resolver) -> frozenset[str]:
    names = set()
    for each in star.args.get("except_") or []:
        name = each.name.lower()
        owners = [source for source in sources if name in source.shape.columns]
        if not owners:
            resolver.refuse(
                "unknown_column",
                each,
                f"There is no column “{each.name}” to leave out.",
                "List the columns that the question needs by name.",
            )
        for source in owners:
            if source.shape.columns[name].hidden:
                resolver.statement.sensitive.append(exp.column(name, source.alias))
        names.add(name)
    return frozenset(names)


def _source_columns(source: Source, left_out: frozenset[str], resolver: Resolver) -> list[exp.Expr]:
    if source.shape.repeated:
        message = f"“{source.alias}” has two columns of one name; list the columns you need."
        resolver.refuse(
            "star", source.alias, message, f"List the columns that you need, each as {source.alias[:60]}.column."
        )
        return []
    return [
        resolver.reference(source, column)
        for name, column in source.shape.columns.items()
        if not (column.hidden or column.smallest_group) and name not in left_out
    ]


def _all_columns(star: exp.Star, scope: Scope, resolver: Resolver) -> list[exp.Expr]:
    left_out = _excluded(star, scope.sources, resolver)
    columns: list[exp.Expr] = []
    for name, expression in scope.merged.items():
        if name not in left_out:
            copied = resolver.copy_of(expression)
            columns.append(copied if isinstance(copied, exp.Column) else exp.alias_(copied, name))
    for source in scope.sources:
        columns.extend(_source_columns(source, left_out | frozenset(scope.merged), resolver))
    return columns


def _columns_of(star: exp.Column, scope: Scope, resolver: Resolver) -> list[exp.Expr]:
    source = scope.source(star.table.lower())
    if source is None:
        resolver.refuse(
            "unknown_table",
            star,
            f"“{star.table}” is not a table of this query.",
            "Every star must belong to a table or alias in FROM.",
        )
        return []
    return _source_columns(source, _excluded(star.this, [source], resolver), resolver)
