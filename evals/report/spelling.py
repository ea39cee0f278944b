"""One spelling for expressions that mean the same, and conditions taken apart into what they are about and the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlglot import exp

_MIRRORED: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.GT: exp.LT,
    exp.LT: exp.GT,
    exp.GTE: exp.LTE,
    exp.LTE: exp.GTE,
    exp.EQ: exp.EQ,
    exp.NEQ: exp.NEQ,
}
_OPPOSITE: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.EQ: exp.NEQ,
    exp.NEQ: exp.EQ,
    exp.GT: exp.LTE,
    exp.LTE: exp.GT,
    exp.LT: exp.GTE,
    exp.GTE: exp.LT,
}
_MIDNIGHT = re.compile(r"^(\d{4}-\d\d-\d\d)[ T]00:00(:00(\.0+)?)?$")
_DAY_TYPES = (exp.DType.DATE, exp.DType.TIMESTAMP, exp.DType.DATETIME, exp.DType.TIMESTAMPTZ)


def spelled(expression: exp.Expr, dialect: str) -> str:
    return expression.copy().transform(_one_spelling).sql(dialect=dialect or None, comments=False)


def conditions(condition: exp.Expr, dialect: str) -> Iterator[tuple[str, str]]:
    """Of each condition that AND joins: what it is about, and the comparison: ("status", "= 'sold'"). A condition with
    no such two sides has an empty second part."""
    for part in _conjuncts(condition):
        node = part.copy().transform(_one_spelling)
        for kind, sign in _SIGNS.items():
            if type(node) is kind:
                left, right = (side.sql(dialect=dialect or None, comments=False) for side in (node.left, node.right))
                yield left, f"{sign} {right}"
                break
        else:
            yield _other(node, dialect)


_SIGNS = {
    exp.EQ: "=", exp.NEQ: "<>", exp.GT: ">", exp.GTE: ">=", exp.LT: "<", exp.LTE: "<=", exp.Like: "LIKE",
    exp.Is: "IS",
}  # fmt: skip


def _other(node: exp.Expr, dialect: str) -> tuple[str, str]:
    text = node.sql(dialect=dialect or None, comments=False)
    inner = node.this if isinstance(node, exp.Not) else node
    if isinstance(inner, exp.In | exp.Like | exp.Is):
        subject = inner.this.sql(dialect=dialect or None, comments=False)
        whole = inner.sql(dialect=dialect or None, comments=False)
        return subject, ("NOT " if inner is not node else "") + whole.removeprefix(subject).strip()
    return text, ""


def _conjuncts(condition: exp.Expr) -> Iterator[exp.Expr]:
    condition = condition.unnest()
    if isinstance(condition, exp.And):
        yield from _conjuncts(condition.left)
        yield from _conjuncts(condition.right)
    elif isinstance(condition, exp.Between):
        yield exp.GTE(this=condition.this.copy(), expression=condition.args["low"].copy())
        yield exp.LTE(this=condition.this.copy(), expression=condition.args["high"].copy())
    else:
        yield condition


def _one_spelling(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.Paren) and isinstance(node.this, exp.Column | exp.Literal | exp.Func | exp.Paren):
        return _one_spelling(node.this)
    if isinstance(node, exp.Count) and isinstance(node.this, exp.Literal):
        return exp.Count(this=exp.Star())
    if isinstance(node, exp.Identifier):
        return exp.Identifier(this=node.name.lower(), quoted=False)
    if isinstance(node, exp.Literal | exp.Cast | exp.Date | exp.TsOrDsToDate):
        return _one_day(node)
    if isinstance(node, exp.Not):
        return _one_negation(node)
    if isinstance(node, exp.In):
        return _one_list(node)
    if type(node) in _MIRRORED:
        return _one_direction(node)
    if isinstance(node, exp.Or):
        return _one_order(node)
    return node


def _one_day(node: exp.Expr) -> exp.Expr:
    """DATE '2025-01-01', CAST('2025-01-01' AS DATE) and '2025-01-01 00:00:00' are the day as a text."""
    inner = node if isinstance(node, exp.Literal) else node.this
    if not isinstance(inner, exp.Literal) or not inner.is_string:
        return node
    if isinstance(node, exp.Cast) and not node.is_type(*_DAY_TYPES):
        return node
    if isinstance(node, exp.Date) and node.args.get("expressions"):
        return node
    midnight = _MIDNIGHT.match(inner.name)
    if isinstance(node, exp.Literal) and not midnight:
        return node
    return exp.Literal.string(midnight[1] if midnight else inner.name)


def _one_negation(node: exp.Not) -> exp.Expr:
    inner = node.this.unnest()
    opposite = _OPPOSITE.get(type(inner))
    return opposite(this=inner.left, expression=inner.right) if opposite else node


def _one_list(node: exp.In) -> exp.Expr:
    values = node.args.get("expressions") or []
    if len(values) == 1 and isinstance(values[0], exp.Literal):
        return exp.EQ(this=node.this, expression=values[0])
    if values:
        node.set("expressions", sorted(values, key=lambda each: each.sql()))
    return node


def _one_direction(node: exp.Expr) -> exp.Expr:
    """The column left of the literal; of two columns, the first in the alphabet."""
    left, right = node.args["this"], node.args["expression"]
    is_backward = isinstance(left, exp.Literal) and not isinstance(right, exp.Literal)
    if not is_backward and isinstance(left, exp.Column) and isinstance(right, exp.Column):
        is_backward = left.sql().lower() > right.sql().lower()
    mirrored = _MIRRORED.get(type(node))
    return mirrored(this=right, expression=left) if mirrored and is_backward else node


def _one_order(node: exp.Or) -> exp.Expr:
    parts = sorted(node.flatten(), key=lambda each: each.sql())
    return exp.or_(*parts, copy=False) if len(parts) > 1 else node
