"""What the parser wraps around expressions, seen through; and what a conversion makes of a number."""

from __future__ import annotations

from sqlglot import exp

_WRAPPERS = (exp.Paren, exp.TsOrDsToTimestamp, exp.TsOrDsToDatetime, exp.TsOrDsToDate)


def bare(node: exp.Expr) -> exp.Expr:
    """Without the parser's own wrappers, which change no value here."""
    while isinstance(node, _WRAPPERS) and node.this is not None:
        if isinstance(node, exp.TsOrDsToDate) and not isinstance(node.parent, exp.Func):
            return node  # DATE(x): that does cut the time off
        node = node.this
    return node


def makes_whole(cast: exp.Cast) -> bool:
    """A conversion to a whole number, MySQL's SIGNED as well."""
    return cast.is_type(*exp.DataType.INTEGER_TYPES) or cast.to.sql().upper() in ("SIGNED", "UNSIGNED")
