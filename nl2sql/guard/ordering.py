"""GROUP BY and ORDER BY name outputs as well as columns, by name or by position: this settles which is meant."""

from __future__ import annotations

from sqlglot import exp

from nl2sql.guard.names import same
from nl2sql.guard.resolving import Resolver
from nl2sql.guard.scope import Scope, Shape


def settle_group_names(select: exp.Select, scope: Scope) -> None:
    """GROUP BY the name of a constant or of a subquery becomes a position: written out it would mean something else."""
    group = select.args.get("group")
    for key in list(group.expressions) if group is not None else ():
        if not isinstance(key, exp.Column) or key.table:
            continue
        name = key.name.lower()
        scope.grouped.add(name)
        alias = scope.aliases.get(name)
        if alias is not None and not scope.offering(name) and _is_positional(alias.this):
            key.replace(exp.Literal.number(select.expressions.index(alias) + 1))


def write_out_group_positions(select: exp.Select, resolver: Resolver) -> None:
    group = select.args.get("group")
    for key in list(group.expressions) if group is not None else ():
        if not isinstance(key, exp.Literal) or key.is_string:
            continue
        position = int(str(key.this)[:6]) if str(key.this).isdigit() else 0
        if not 1 <= position <= len(select.expressions):
            resolver.refuse(
                "group_position",
                key,
                f"GROUP BY {key.this} is not the number of an output column.",
                f"Group by expressions, or by numbers from 1 to {len(select.expressions)}.",
            )
            return
        expression = select.expressions[position - 1].unalias()
        if not _is_positional(expression):
            key.replace(resolver.copy_of(expression))


def group_by_dependent_columns(select: exp.Select, scope: Scope) -> None:
    """A column that the grouped key of its table decides is grouped by, too: what PostgreSQL knows of a table's own key
    it no longer knows when the table is read through a derived one."""
    group = select.args.get("group")
    if group is None or {name for name, value in group.args.items() if value} != {"expressions"}:
        return
    keys = {(key.table.lower(), key.name.lower()) for key in group.expressions if isinstance(key, exp.Column)}
    for source in scope.sources:
        if not source.shape.key or any((source.alias, name) not in keys for name in source.shape.key):
            continue
        for column in _ungrouped(select):
            known = (column.table.lower(), column.name.lower())
            if known[0] == source.alias and known not in keys:
                keys.add(known)
                group.append("expressions", column.copy())


def _ungrouped(select: exp.Select) -> list[exp.Column]:
    """Columns outside aggregates; those of an aggregate under OVER are outside."""

    def aggregated(node: exp.Expr) -> bool:
        return isinstance(node, exp.AggFunc) and not isinstance(node.parent, exp.Window)

    parts = [*select.expressions, select.args.get("having"), select.args.get("qualify"), *sort_keys(select)]
    nodes = (node for part in parts if part is not None for node in part.walk(prune=aggregated))
    return [node for node in nodes if isinstance(node, exp.Column) and node.table and not aggregated(node)]


def sort_keys(query: exp.Expr) -> list[exp.Expr]:
    order = query.args.get("order")
    return list(order.expressions) if order is not None else []


def settle_sort_name(key: exp.Expr, scope: Scope, resolver: Resolver) -> bool:
    """A sort key that is an output name stays a name: every database looks among the output names first."""
    name = key.name.lower() if isinstance(key, exp.Column) and not key.table else ""
    if not name or name not in scope.aliases:
        return False
    alias = scope.aliases[name]
    if any(source.shape.columns[name].hidden for source in scope.offering(name)):
        resolver.statement.sensitive.append(key)
    elif alias is None:
        resolver.refuse(
            "ambiguous_column",
            key,
            f"Two output columns are called “{key.name}”.",
            "Give every output column a name of its own.",
        )
    else:
        key.set("this", alias.args["alias"].copy())
    return True


def settle_outer_order(query: exp.Expr, shape: Shape, resolver: Resolver) -> None:
    """After a set operation, or outside brackets, only output names and positions can be sorted by."""
    for ordered in sort_keys(query):
        key = ordered.this
        if isinstance(key, exp.Literal) and not key.is_string:
            continue
        name = key.name.lower() if isinstance(key, exp.Column) and not key.table else ""
        if name not in shape.columns or name in shape.repeated:
            message = "After UNION and the like, sort by an output name or position."
            names = ", ".join(str(column.identifier.this)[:60] for column in list(shape.columns.values())[:8])
            resolver.refuse("unknown_column", key, message, f"{message} There are: {names}.")
        else:
            key.set("this", same(shape.columns[name].identifier))


def _is_positional(expression: exp.Expr) -> bool:
    """A number would be read as a position, and a subquery is not comparable to itself."""
    return isinstance(expression, exp.Literal) or expression.find(exp.Select, exp.AggFunc) is not None
