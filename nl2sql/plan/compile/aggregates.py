"""Small laws of aggregates over CASE: how a condition moves out of one, or into one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sqlglot import exp

# Functions for which AGG(CASE WHEN c THEN x END) equals AGG(x) over the rows where c holds: they skip NULL.
_SKIPS_NULL = (
    exp.Sum, exp.Avg, exp.Min, exp.Max, exp.Count, exp.PercentileCont,
    exp.Stddev, exp.StddevPop, exp.StddevSamp, exp.Variance, exp.VariancePop,
)  # fmt: skip


def split_condition(value: exp.Expr) -> tuple[exp.Expr | None, exp.Expr]:
    """CASE WHEN c THEN x END, or one aggregate over it, as (c, the same without the condition)."""
    if isinstance(value, _SKIPS_NULL):
        inner = value.this
        if isinstance(inner, exp.Distinct) and len(inner.expressions) == 1:
            condition, rest = split_condition(inner.expressions[0])
            return condition, type(value)(this=exp.Distinct(expressions=[rest])) if condition is not None else value
        condition, rest = split_condition(inner) if isinstance(inner, exp.Expr) else (None, inner)
        if condition is None:
            return None, value
        if isinstance(value, exp.Count) and isinstance(rest, exp.Literal):
            rest = exp.Star()
        return condition, type(value)(**{**value.args, "this": rest})
    if isinstance(value, exp.Case) and not value.this and not value.args.get("default"):
        branches = value.args["ifs"]
        if len(branches) == 1:
            return branches[0].this.copy(), branches[0].args["true"].copy()
    return None, value


def aggregates_of(value: exp.Expr) -> Iterator[exp.AggFunc]:
    """The aggregates over the rows of this SELECT, not those of its subqueries."""
    for node in value.walk(prune=lambda node: isinstance(node, exp.AggFunc | exp.Query)):
        if isinstance(node, exp.AggFunc):
            yield node


def over_operands(aggregate: exp.AggFunc, changed: Callable[[exp.Expr], exp.Expr]) -> exp.Expr:
    """The same aggregate over changed operands; COUNT(*) is COUNT(1)."""
    inner = aggregate.this
    if isinstance(inner, exp.Distinct):
        return type(aggregate)(this=exp.Distinct(expressions=[changed(each.copy()) for each in inner.expressions]))
    operand = exp.Literal.number(1) if isinstance(inner, exp.Star) else inner.copy()
    return type(aggregate)(**{**aggregate.args, "this": changed(operand)})


def narrowed(value: exp.Expr, condition: exp.Expr) -> exp.Expr | None:
    """The measure over only the rows where the condition holds; None where that has no such form."""
    found = list(aggregates_of(value))
    if not found or not all(isinstance(each, _SKIPS_NULL) for each in found):
        return None
    changed = value.copy()
    for aggregate in list(aggregates_of(changed)):
        new = over_operands(aggregate, lambda operand: _case(condition, operand))
        if aggregate is changed:
            return new
        aggregate.replace(new)
    return changed


def divided(part: exp.Expr, whole: exp.Expr) -> exp.Expr:
    """part * 1.0 / NULLIF(whole, 0): a ratio on every engine, and NULL rather than an error."""
    ratio = exp.Mul(this=_operand(part), expression=exp.Literal.number("1.0"))
    return exp.Div(this=ratio, expression=exp.Nullif(this=whole.copy(), expression=exp.Literal.number(0)))


def minus(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    return exp.Sub(this=left.copy(), expression=_operand(right))


def _operand(value: exp.Expr) -> exp.Expr:
    return exp.paren(value) if isinstance(value, exp.Binary) else value.copy()


def allowed_values(condition: exp.Expr) -> tuple[exp.Column | None, frozenset[str]]:
    """The column and the texts it may have under `column = literal` or `column IN (literals)`; else no column."""
    if isinstance(condition, exp.EQ) and isinstance(condition.this, exp.Column):
        values = [condition.expression]
    elif isinstance(condition, exp.In) and isinstance(condition.this, exp.Column) and not condition.args.get("query"):
        values = condition.expressions
    else:
        return None, frozenset()
    if not values or not all(isinstance(v, exp.Literal) for v in values):
        return None, frozenset()
    return condition.this, frozenset(v.name for v in values)


def _case(condition: exp.Expr, value: exp.Expr) -> exp.Expr:
    """CASE WHEN condition THEN value END; a value that has a condition already gets both."""
    before, rest = split_condition(value)
    both = condition.copy() if before is None else exp.and_(before, condition)
    return exp.Case(ifs=[exp.If(this=both, true=rest)])
