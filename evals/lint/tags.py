"""What a statement is about, guessed from its tree: tags for a draft, which a person then looks at."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from sqlglot import exp

from evals.lint.statement import order_keys, outer_select, parsed

Sign = Callable[[exp.Expr, exp.Select], bool]
_COMPARISONS = (exp.GT, exp.GTE, exp.LT, exp.LTE)
_DAY = r"^\d{4}-\d\d(-\d\d.*)?$"


def guess_tags(sql: str, dialect: str) -> tuple[str, ...]:
    """() for what cannot be parsed."""
    tree = parsed(sql, dialect)
    select = outer_select(tree) if tree is not None else None
    if tree is None or select is None:
        return ()
    return tuple(tag for tag, has in SIGNS if has(tree, select))


def is_ratio(tree: exp.Expr) -> bool:
    """An output divides one aggregate by another."""
    select = outer_select(tree)
    return select is not None and _ratio(tree, select)


def _output(*kinds: type[exp.Expr]) -> Sign:
    return lambda tree, select: (
        not _ratio(tree, select)
        and any(
            not isinstance(found.parent, exp.Window) for each in select.expressions for found in each.find_all(*kinds)
        )
    )


def _keys(least: int, most: int) -> Sign:
    """So many outputs beside the aggregates: what else is grouped by only keeps things of one name apart."""

    def has(tree: exp.Expr, select: exp.Select) -> bool:
        shown = sum(each.find(exp.AggFunc) is None for each in select.expressions)
        return select.args.get("group") is not None and least <= shown <= most

    return has


def _ratio(tree: exp.Expr, select: exp.Select) -> bool:
    divisions = [found for each in select.expressions for found in each.find_all(exp.Div)]
    return any(each.right.find(exp.AggFunc, exp.Subquery) for each in divisions)


def _metrics(tree: exp.Expr, select: exp.Select) -> bool:
    return sum(each.find(exp.AggFunc) is not None for each in select.expressions) > 1


def _cut(*, descending: bool) -> Sign:
    def has(tree: exp.Expr, select: exp.Select) -> bool:
        order = tree.args.get("order")
        if order is None or not tree.args.get("limit") or not order_keys(tree):
            return False
        return bool(order.expressions[0].args.get("desc")) is descending

    return has


def _where(*kinds: type[exp.Expr]) -> Sign:
    return lambda tree, select: any(
        found for where in tree.find_all(exp.Where, exp.Having) for found in where.find_all(*kinds)
    )


def _literal(comparison: exp.Binary) -> exp.Literal | None:
    return next((side for side in (comparison.right, comparison.left) if isinstance(side, exp.Literal)), None)


def _is_day(literal: exp.Literal) -> bool:
    return literal.is_string and re.match(_DAY, literal.name) is not None


def _compares(kinds: tuple[type[exp.Expr], ...], fits: Callable[[exp.Literal], bool]) -> Sign:
    def has(tree: exp.Expr, select: exp.Select) -> bool:
        found = (each for where in tree.find_all(exp.Where) for each in where.find_all(*kinds))
        literals = (_literal(each) for each in found if isinstance(each, exp.Binary))
        return any(literal is not None and fits(literal) for literal in literals)

    return has


def _windows(*, running: bool) -> Sign:
    """A sum up to each row, or a place among rows."""

    def has(tree: exp.Expr, select: exp.Select) -> bool:
        windows = [each for each in tree.find_all(exp.Window) if each.args.get("order")]
        return any(isinstance(each.this, exp.Sum) is running for each in windows)

    return has


def _anti_join(tree: exp.Expr, select: exp.Select) -> bool:
    for negation in tree.find_all(exp.Not):
        inside = negation.this.unnest()
        if isinstance(inside, exp.Exists) or (isinstance(inside, exp.In) and inside.args.get("query")):
            return True
    return False


def _lists(tree: exp.Expr, select: exp.Select) -> bool:
    grouped = select.args.get("group") is not None
    return not grouped and not any(each.find(exp.AggFunc) for each in select.expressions)


def _times(tree: exp.Expr, select: exp.Select) -> bool:
    group = select.args.get("group")
    kinds = (exp.TimeToStr, exp.DateTrunc, exp.TimestampTrunc, exp.Extract, exp.Date, exp.Year, exp.Month)
    if group is None:
        return False
    outputs = {each.alias_or_name: each for each in select.expressions}
    keys = [select.expressions[int(k.name) - 1] if isinstance(k, exp.Literal) and k.is_int else k for k in group]
    return any(outputs.get(key.name, key).find(*kinds) or key.find(*kinds) for key in keys)


SIGNS: Final[tuple[tuple[str, Sign], ...]] = (
    ("count", _output(exp.Count)),
    ("sum", _output(exp.Sum)),
    ("average", _output(exp.Avg)),
    ("min_max", _output(exp.Min, exp.Max)),
    ("ratio", _ratio),
    ("multi_metric", _metrics),
    ("group_by_one", _keys(1, 1)),
    ("group_by_two", _keys(2, 99)),
    ("time_grain", _times),
    ("top_n", _cut(descending=True)),
    ("bottom_n", _cut(descending=False)),
    ("rank", _windows(running=False)),
    ("running_total", _windows(running=True)),
    ("having", lambda tree, select: tree.find(exp.Having) is not None),
    ("anti_join", _anti_join),
    ("date_range", _compares((*_COMPARISONS, exp.EQ), _is_day)),
    ("value_filter", _compares((exp.EQ,), lambda literal: literal.is_string and not _is_day(literal))),
    ("numeric_filter", _compares(_COMPARISONS, lambda literal: not literal.is_string)),
    ("between", _where(exp.Between)),
    ("text_search", _where(exp.Like, exp.ILike)),
    ("or_and", _where(exp.Or)),
    ("negation", _where(exp.NEQ)),
    ("multi_hop", lambda tree, select: len(select.args.get("joins") or ()) > 2),
    ("distinct", lambda tree, select: select.args.get("distinct") is not None),
    ("list", _lists),
)
