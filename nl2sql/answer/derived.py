"""What an output is beside the numbers it was computed from: a growth, a running total, a share …; and its unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlglot import exp

from nl2sql.answer.base import ColumnLabel
from nl2sql.answer.percentiles import percentile_of
from nl2sql.answer.sources import Scope, behind_all
from nl2sql.answer.speech import Speaker
from nl2sql.answer.windows import earlier_bucket, growth_of, share_words

Kind = Literal["", "growth", "difference", "running", "moving", "previous", "rank", "share"]
_RANKS = (exp.RowNumber, exp.Rank, exp.DenseRank)
_KEEPS = (
    exp.Sum, exp.Avg, exp.Min, exp.Max, exp.AnyValue, exp.Round, exp.Coalesce, exp.Paren, exp.Cast, exp.Alias,
    exp.Window, exp.Filter, exp.Lag, exp.Lead, exp.Abs,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Derivation:
    """`of` and `earlier` are the names of outputs, where they are shown too; `back`: "the month before", of a growth or
    difference along the calendar."""

    kind: Kind = ""
    of: str = ""
    earlier: str = ""
    back: str = ""


def derivation_of(node: exp.Expr, selects: Sequence[exp.Expr], speaker: Speaker) -> Derivation:
    node = _unrounded(node)
    compared = growth_of(node)
    kind: Kind = "growth"
    if compared is None and isinstance(node, exp.Sub):
        compared, kind = (node.this.unnest(), node.expression.unnest()), "difference"
    if compared is not None:
        later, earlier = compared
        back = (earlier_bucket(earlier, speaker) or "").removeprefix("of ")
        of, before = _shown(later, selects), _shown(earlier, selects)
        if kind == "growth" or back or (of and before):
            return Derivation(kind, of, before, back)
        return Derivation()
    if share_words(node, speaker):
        return Derivation("share")
    if not isinstance(node, exp.Window):
        return Derivation()
    if isinstance(node.this, _RANKS):
        return Derivation("rank")
    if earlier_bucket(node, speaker):
        return Derivation("previous", _shown(node.this.this, selects))
    frame = node.args.get("spec")
    if not node.args.get("order") or not isinstance(node.this, exp.Sum | exp.Avg):
        return Derivation()
    is_running = isinstance(node.this, exp.Sum) and (frame is None or frame.args.get("start") == "UNBOUNDED")
    return Derivation("running" if is_running else "moving", _shown(node.this.this, selects))


def _unrounded(node: exp.Expr) -> exp.Expr:
    while isinstance(node, exp.Round | exp.Paren | exp.Cast | exp.Alias):
        node = node.this
    return node


def _shown(node: exp.Expr, selects: Sequence[exp.Expr]) -> str:
    """The name of the output that shows this very value; "" when none does."""
    for each in selects:
        inner = each.unalias()
        while isinstance(inner, exp.Coalesce):
            inner = inner.this
        if inner == node or (isinstance(node, exp.Coalesce) and node.this == inner):
            return each.alias_or_name
    return ""


def unit_label(node: exp.Expr, scope: Scope, speaker: Speaker) -> ColumnLabel | None:
    """The label of the column whose unit the value has: sums, extremes, medians, differences of money are money."""
    for _ in range(24):
        node, scope = behind_all(node, scope)
        found = percentile_of(node)
        if found is not None:
            node = found.of
        elif isinstance(node, exp.Window) and isinstance(node.this, (*_RANKS, exp.Count)):
            return None
        elif isinstance(node, _KEEPS) and isinstance(node.this, exp.Expr):
            node = node.this
        elif isinstance(node, exp.Case | exp.If):
            branch = node.args["ifs"][0] if isinstance(node, exp.Case) else node
            node = branch.args["true"]
        elif isinstance(node, exp.Mul) and node.expression.name in ("1", "1.0"):
            node = node.this
        elif isinstance(node, exp.Sub | exp.Add):
            left = unit_label(node.this, scope, speaker)
            right = unit_label(node.expression, scope, speaker)
            same = left and right and (left.format, left.unit) == (right.format, right.unit)
            return left if same else None
        else:
            return speaker.within(scope).label(node)
    return None
