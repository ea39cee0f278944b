"""Numbers cut to buckets of one width: `FLOOR(x / width) * width`."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from sqlglot import exp

from nl2sql.answer.base import ColumnLabel
from nl2sql.answer.formats import rounded
from nl2sql.answer.speech import Speaker


@dataclass(frozen=True, slots=True)
class Histogram:
    """`of` cut to its bucket's lower edge."""

    of: exp.Expr
    width: Decimal


def histogram_of(node: exp.Expr) -> Histogram | None:
    node = node.unnest()
    scale = Decimal(1)
    if isinstance(node, exp.Div):  # whole steps of a fraction: FLOOR(x / 0.25) * 25 / 100
        scale = _number(node.expression)
        node = node.this.unnest()
    if not isinstance(node, exp.Mul) or not scale:
        return None
    floor, width = node.this.unnest(), _number(node.expression)
    if not isinstance(floor, exp.Floor):
        floor, width = node.expression.unnest(), _number(node.this)
    if not isinstance(floor, exp.Floor) or width <= 0:
        return None
    share = floor.this.unnest()
    while isinstance(share, exp.Round | exp.Cast | exp.Paren):
        share = share.this
    if not isinstance(share, exp.Div) or _number(share.expression) != width / scale:
        return None
    return Histogram(_value(share.this), width / scale)


def _value(node: exp.Expr) -> exp.Expr:
    """Without the factor or conversion that only makes the division one of fractions."""
    node = node.unnest()
    if isinstance(node, exp.Mul) and _number(node.expression) == 1:
        return _value(node.this)
    if isinstance(node, exp.Cast) and node.is_type(*exp.DataType.REAL_TYPES, "decimal"):
        return _value(node.this)
    return node


def _number(node: exp.Expr) -> Decimal:
    """The value of a number; 0 for anything else."""
    node = node.unnest()
    return Decimal(node.name) if isinstance(node, exp.Literal) and not node.is_string else Decimal(0)


def histogram_words(node: exp.Expr, speaker: Speaker) -> str:
    """ "current bid in steps of €100 (each step by its lower edge)"; "" for anything else."""
    found = histogram_of(node)
    if found is None:
        return ""
    label = label_of(found.of, speaker)
    return f"{speaker.say(found.of)} in steps of {rounded(found.width, label)} (each named by its lower edge)"


def label_of(node: exp.Expr, speaker: Speaker) -> ColumnLabel:
    """Of the column that the buckets are made of; also behind a condition."""
    if isinstance(node, exp.Case) and len(node.args["ifs"]) == 1:
        node = node.args["ifs"][0].args["true"]
    return speaker.label(node) or ColumnLabel("")


def step_words(value: object, width: Decimal, label: ColumnLabel) -> str:
    """ "€100 to under €200"."""
    if not isinstance(value, int | float | Decimal):
        return ""
    low = Decimal(str(value))
    return f"{rounded(low, label)} to under {rounded(low + width, label)}"
