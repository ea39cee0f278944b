"""Mistakes in what is computed of one row: branches, missing values, arithmetic, rounding, texts."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from evals.mutation.base import Change, Scene

_Kinds = dict[type[exp.Expr], type[exp.Binary]]
_ARITHMETIC: _Kinds = {
    exp.Add: exp.Sub,
    exp.Sub: exp.Add,
    exp.Mul: exp.Div,
    exp.Div: exp.Mul,
}


def case_branches(node: exp.Expr, scene: Scene) -> Iterator[Change]:
    """The results of two branches swapped; ELSE forgotten."""
    if not isinstance(node, exp.Case):
        return
    branches = node.args["ifs"]
    default = node.args.get("default")
    if len(branches) > 1:
        swapped = node.copy()
        first, second = swapped.args["ifs"][:2]
        one, other = first.args["true"].copy(), second.args["true"].copy()
        first.set("true", other)
        second.set("true", one)
        yield Change(swapped)
    if default is not None:
        swapped = node.copy()
        swapped.args["ifs"][-1].set("true", default.copy())
        swapped.set("default", branches[-1].args["true"].copy())
        yield Change(swapped)
        bare = node.copy()
        bare.set("default", None)
        yield Change(bare, "CASE without ELSE")


def missing_values(node: exp.Expr, scene: Scene) -> Iterator[Change]:
    """COALESCE(a, b) and NULLIF(a, b) as a alone."""
    if isinstance(node, exp.Coalesce | exp.Nullif):
        yield Change(node.this.copy())


def arithmetic(node: exp.Expr, scene: Scene) -> Iterator[Change]:
    """+ ↔ −, × ↔ ÷, and a difference the other way round."""
    kind = _ARITHMETIC.get(type(node))
    if kind is not None:
        yield Change(_enclosed(kind(this=node.this.copy(), expression=node.args["expression"].copy()), node))
    if isinstance(node, exp.Sub | exp.Div) and not isinstance(node.this, exp.Binary):
        turned = type(node)(**{**node.args, "this": node.args["expression"].copy(), "expression": node.this.copy()})
        yield Change(_enclosed(turned, node))


def whole_division(node: exp.Expr, scene: Scene) -> Iterator[Change]:
    """The cast or the factor 1.0 or 100 of a ratio forgotten: whole numbers divide to a whole number."""
    if isinstance(node, exp.Cast) and node.to.is_type("double", "float", "decimal"):
        yield Change(_enclosed(node.this.copy(), node))
    elif isinstance(node, exp.Mul):
        for factor, kept in ((node.left, node.right), (node.right, node.left)):
            if isinstance(factor, exp.Literal) and not factor.is_string:
                yield Change(_enclosed(kept.copy(), node), f"without the factor {factor.name}")


def rounding(node: exp.Expr, scene: Scene) -> Iterator[Change]:
    """A digit fewer, or none. One more is mostly seen as equal, and rightly."""
    if not isinstance(node, exp.Round):
        return
    digits = node.args.get("decimals")
    if isinstance(digits, exp.Literal) and digits.is_int and int(digits.name) > 0:
        fewer = node.copy()
        fewer.set("decimals", exp.Literal.number(int(digits.name) - 1))
        yield Change(fewer)
    elif digits is None:
        yield Change(node.this.copy())


def text_case(node: exp.Expr, scene: Scene) -> Iterator[Change]:
    """LOWER(x) as x."""
    if isinstance(node, exp.Lower | exp.Upper | exp.Trim):
        yield Change(node.this.copy())


def text_match(node: exp.Expr, scene: Scene) -> Iterator[Change]:
    """A pattern that matches only the beginning, or only the whole text."""
    if not isinstance(node, exp.Like | exp.ILike) or not isinstance(node.expression, exp.Literal):
        return
    pattern = node.expression.name
    if not pattern.strip("%") or node.args.get("negate"):
        return
    if pattern.startswith("%"):
        begins = node.copy()
        begins.set("expression", exp.Literal.string(pattern.lstrip("%")))
        yield Change(begins)
    if "%" in pattern:
        yield Change(exp.EQ(this=node.this.copy(), expression=exp.Literal.string(pattern.strip("%"))))


def _enclosed(new: exp.Expr, node: exp.Expr) -> exp.Expr:
    """In parentheses where it would else bind to a neighbour."""
    needs = isinstance(new, exp.Binary) and isinstance(node.parent, exp.Binary)
    return exp.paren(new, copy=False) if needs else new
