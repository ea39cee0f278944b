"""What kind of question a statement answers: what it computes, and in which form. Coarse on purpose.

An evaluation tells how often answers of a kind were right. The kind is read off the statement, which both a live answer
and the log of an evaluation have, and never off the question. Kinds are few and stable: figures of older runs are
compared by them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, get_args

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from nl2sql.answer.aggregates import counting
from nl2sql.answer.grains import grain_of
from nl2sql.answer.sources import conjuncts, leading_select
from nl2sql.guard.dialects import DIALECTS, grammar_name

# What is computed: by the first column that aggregates. distinct: COUNT(DISTINCT …). average: medians and percentiles
# too. extreme: MIN and MAX. ratio: one aggregate by another, and shares. list: rows as they are.
Measure = Literal["count", "distinct", "sum", "average", "extreme", "ratio", "list"]
# In which form, the first that holds: rows without a match; the first or last few; against another time or condition;
# along the calendar; by anything else; one row (of a list: all that it says).
Form = Literal["absence", "top", "comparison", "time", "groups", "plain"]
MEASURES: Final[tuple[Measure, ...]] = get_args(Measure)
FORMS: Final[tuple[Form, ...]] = get_args(Form)

# A limit above this is one that keeps a result small, not "the ten best".
_TOP_AT_MOST = 100
_DEEPEST = 16  # columns are followed through so many steps
_WRAPPING = (exp.Round, exp.Coalesce, exp.Cast, exp.Paren, exp.Alias, exp.Nullif, exp.Filter, exp.Neg)
_AVERAGES = (exp.Avg, exp.Median, exp.PercentileCont, exp.PercentileDisc, exp.Quantile, exp.ApproxQuantile)
_RANKS = (exp.RowNumber, exp.Rank, exp.DenseRank)


@dataclass(frozen=True, slots=True)
class Kind:
    measure: Measure
    form: Form


@lru_cache(maxsize=8_192)
def kind_of_sql(sql: str, dialect: str) -> Kind | None:
    """`dialect` as an engine calls it; where it is unknown, the parser's own is tried. None for what is no query."""
    grammar = grammar_name(dialect) if dialect in DIALECTS else None
    try:
        tree = sqlglot.parse_one(sql, read=grammar)
    except (SqlglotError, RecursionError):
        return None
    return kind_of(tree)


def kind_of(tree: exp.Expr) -> Kind | None:
    """Of a parsed statement, qualified or not; it is not changed."""
    select = leading_select(tree)
    if select is None:
        return None
    columns = _Columns(tree)
    shown = [columns.behind(each) for each in select.selects]
    found = [None if _is_rank(each) else _measure(each, columns) for each in shown]
    measures = [node for node, measure in zip(shown, found, strict=True) if measure is not None]
    measure: Measure = next((each for each in found if each is not None), "list")
    return Kind(measure, _form(tree, shown, measures, columns))


class _Columns:
    """What the columns of steps and derived tables are, by name: good enough to tell a sum from a name."""

    def __init__(self, tree: exp.Expr) -> None:
        self.known: dict[str, exp.Expr] = {}
        first = leading_select(tree)
        for select in tree.find_all(exp.Select):
            if select is not first:
                for each in select.selects:
                    if each.alias_or_name and not _same_name(each):
                        self.known.setdefault(each.alias_or_name.lower(), each.unalias())

    def behind(self, node: exp.Expr) -> exp.Expr:
        for _ in range(_DEEPEST):
            node = _unwrapped(node)
            found = self.known.get(node.name.lower()) if isinstance(node, exp.Column) else None
            if found is None:
                break
            node = found
        return node


def _same_name(projection: exp.Expr) -> bool:
    inner = projection.unalias()
    return isinstance(inner, exp.Column) and inner.name.lower() == projection.alias_or_name.lower()


def _unwrapped(node: exp.Expr) -> exp.Expr:
    while isinstance(node, _WRAPPING) and isinstance(node.this, exp.Expr):
        node = node.this
    return node


def _is_rank(node: exp.Expr) -> bool:
    return isinstance(node, exp.Window) and isinstance(node.this, _RANKS)


def _measure(node: exp.Expr, columns: _Columns) -> Measure | None:
    """None where nothing is aggregated after all: two columns of a row, subtracted."""
    node = columns.behind(node)
    if isinstance(node, exp.Window | exp.WithinGroup | exp.Lag | exp.Lead):
        return _measure(node.this, columns)
    if isinstance(node, exp.Div | exp.SafeDivide):
        top, bottom = _measure(node.this, columns), _measure(node.expression, columns)
        return "ratio" if top and bottom else top or bottom
    if isinstance(node, exp.Binary):
        return _measure(node.this, columns) or _measure(node.expression, columns)
    if isinstance(node, exp.Count | exp.CountIf | exp.ApproxDistinct):
        return "distinct" if isinstance(node.this, exp.Distinct) or isinstance(node, exp.ApproxDistinct) else "count"
    if isinstance(node, exp.Sum | exp.Avg) and isinstance(node.this, exp.Expr):
        return _sum_or_average(node, columns)
    if isinstance(node, _AVERAGES):
        return "average"
    if isinstance(node, exp.Min | exp.Max):
        return "extreme"
    inner = next(node.find_all(exp.AggFunc), None) if not isinstance(node, exp.Query) else None
    return _measure(inner, columns) if inner is not None and inner is not node else None


def _sum_or_average(node: exp.Expr, columns: _Columns) -> Measure:
    """A sum of ones counts, and their average is a share; a sum over another aggregate is of its kind; of what stands
    at a place in the order of rows, either is how databases without percentiles compute them."""
    value, condition = counting(node.this)
    if condition is not None and any(_is_rank(columns.behind(each)) for each in condition.find_all(exp.Column)):
        return "average"
    is_one = isinstance(value, exp.Literal) and value.name in ("1", "1.0")
    if isinstance(node, exp.Avg):
        return "ratio" if is_one and condition is not None else "average"
    if is_one:
        return "count"
    inner = columns.behind(node.this)
    deeper = _measure(inner, columns) if inner.find(exp.AggFunc) else None
    return deeper or "sum"


def _form(tree: exp.Expr, shown: list[exp.Expr], measures: list[exp.Expr], columns: _Columns) -> Form:
    if _is_absence(tree):
        return "absence"
    if _is_top(tree, columns):
        return "top"
    if _is_comparison(tree, measures, columns):
        return "comparison"
    rest = [each for each in shown if each not in measures]
    if measures and any((grain := grain_of(each)) is not None and grain.is_bucket for each in rest):
        return "time"
    return "groups" if measures and rest else "plain"


def _is_absence(tree: exp.Expr) -> bool:
    for node in tree.find_all(exp.Not):
        inner = node.this.unnest()
        query = inner.args.get("query") if isinstance(inner, exp.In) else None
        if isinstance(inner, exp.Exists) or (query is not None and query.find(exp.Having) is None):
            return True
    return any(_is_anti_join(select) for select in tree.find_all(exp.Select))


def _is_anti_join(select: exp.Select) -> bool:
    optional = {join.this.alias_or_name for join in select.args.get("joins") or [] if join.side == "LEFT"}
    where = select.args.get("where")
    return any(
        isinstance(part, exp.Is)
        and isinstance(part.expression, exp.Null)
        and isinstance(part.this, exp.Column)
        and part.this.table in optional
        for part in conjuncts(where.this if where else None)
    )


def _is_top(tree: exp.Expr, columns: _Columns) -> bool:
    limit, order = tree.args.get("limit"), tree.args.get("order")
    number = limit.expression if isinstance(limit, exp.Limit) else None
    is_small = isinstance(number, exp.Literal) and number.is_int and int(number.name) <= _TOP_AT_MOST
    return (order is not None and is_small) or any(_is_rank(columns.behind(side)) for side in _bounded(tree))


def _bounded(tree: exp.Expr) -> Iterator[exp.Expr]:
    """What WHERE and QUALIFY hold below, or to, a number."""
    for node in tree.find_all(exp.LTE, exp.LT, exp.EQ):
        if isinstance(node.expression, exp.Literal) and node.expression.is_int:
            yield node.this


def _is_comparison(tree: exp.Expr, measures: list[exp.Expr], columns: _Columns) -> bool:
    """With an earlier row or bucket, or of several numbers that each count under a condition of their own."""
    if tree.find(exp.Lag, exp.Lead) is not None:
        return True
    frames = tree.find_all(exp.WindowSpec)
    if any(each.args.get("start_side") == each.args.get("end_side") == "PRECEDING" for each in frames):
        return True
    if any(_is_difference(each, columns) for each in measures):
        return True
    conditional = {found.sql() for each in measures if (found := _condition(each, columns)) is not None}
    return len(conditional) > 1


def _is_difference(node: exp.Expr, columns: _Columns) -> bool:
    """One aggregate less another, or one divided by another, less 1."""
    if not isinstance(node, exp.Sub):
        return False
    left, right = _measure(node.this, columns), _measure(node.expression, columns)
    is_growth = left == "ratio" and node.expression.name in ("1", "1.0")
    return is_growth or (left is not None and right is not None)


def _condition(node: exp.Expr, columns: _Columns) -> exp.Expr | None:
    """Of an aggregate that counts only some rows."""
    inner = columns.behind(node)
    if not isinstance(inner, exp.Sum | exp.Count) or not isinstance(inner.this, exp.Expr):
        return None
    return counting(inner.this)[1] if _measure(inner, columns) != "average" else None
