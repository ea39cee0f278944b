"""Which of its numbers a result is ordered by, and which way."""

from __future__ import annotations

from sqlglot import exp

from nl2sql.answer.shape import Output
from nl2sql.answer.sources import leading_select


def ordered_by(tree: exp.Expr) -> list[tuple[str, bool]]:
    """Output names that the rows are ordered by, and whether downwards; stops at anything that is not shown."""
    order = tree.args.get("order")
    select = leading_select(tree)
    names: list[tuple[str, bool]] = []
    for item in order.expressions if order and select is not None else []:
        shown = [p.alias_or_name for p in select.selects if p.unalias() == item.this] if select is not None else []
        is_name = isinstance(item.this, exp.Column) and not item.this.table
        if not shown and not is_name:
            break
        names.append((item.this.name if is_name else shown[0], bool(item.args.get("desc"))))
    return names


def ordering_measure(tree: exp.Expr, measures: list[Output]) -> Output:
    """The measure that the rows are ordered by, else the first."""
    return next((m for name, _ in ordered_by(tree) for m in measures if m.name == name), measures[0])


def is_ascending(tree: exp.Expr, measure: Output) -> bool:
    return ordered_by(tree)[:1] == [(measure.name, False)]


def is_top(tree: exp.Expr, dimensions: list[Output], measures: list[Output]) -> bool:
    """A list ordered by one of its numbers, with names to go with it, cut by the question's own LIMIT."""
    first = [name for name, _ in ordered_by(tree)[:1]]
    is_named = any(d.role == "category" for d in dimensions)
    return bool(tree.args.get("limit")) and is_named and any(m.name in first for m in measures)
