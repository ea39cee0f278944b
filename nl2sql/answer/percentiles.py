"""Medians and percentiles, however an engine spells them: its own aggregate, or values numbered within their group.

`PERCENTILE_CONT(x, share)` stands for all of them once they are read; a share of 0.5 is the median.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlglot
from sqlglot import exp

from nl2sql.answer.speech import Handler, Speaker, handler

# The values numbered n of total (from 1, empty ones last) around the place of the share, weighted by their nearness.
_MEDIAN = "CASE WHEN n BETWEEN total / 2.0 AND total / 2.0 + 1 THEN x END"
INNER = "of the inner query"  # marks a column that is written in the inner query's own terms already
_NEAR = "ABS(n - 1 - share * (total - 1))"
_PERCENTILE = f"CASE WHEN {_NEAR} < 1 THEN x * (1 - {_NEAR}) END"


@dataclass(frozen=True, slots=True)
class Percentile:
    of: exp.Expr
    share: float


def percentile_of(node: exp.Expr) -> Percentile | None:
    """An engine's own aggregate, in either order of its arguments."""
    if isinstance(node, exp.Median):
        return Percentile(node.this, 0.5)
    if isinstance(node, exp.WithinGroup) and isinstance(node.this, exp.PercentileCont | exp.PercentileDisc):
        order = node.expression.expressions if isinstance(node.expression, exp.Order) else []
        share = _share(node.this.this)
        if len(order) == 1 and share is not None and isinstance(order[0], exp.Ordered):
            return Percentile(order[0].this, 1 - share if order[0].args.get("desc") else share)
        return None
    if isinstance(node, exp.PercentileCont) and node.args.get("expression") is not None:
        share = _share(node.expression)
        return Percentile(node.this, share) if share is not None else None
    if type(node) is exp.Quantile:
        share = _share(node.args["quantile"])
        return Percentile(node.this, share) if share is not None else None
    return None


def _share(node: exp.Expr) -> float | None:
    is_number = isinstance(node, exp.Literal) and not node.is_string
    return float(node.name) if is_number else None


def _words(node: exp.Expr, speaker: Speaker) -> str:
    found = percentile_of(node)
    if found is None:
        return speaker.as_sql(node)
    of = found.of.this if isinstance(found.of, exp.Cast) else found.of
    return f"{percentile_name(found.share)} of {speaker.say(of)}"


def percentile_name(share: float) -> str:
    if share == 0.5:
        return "median"
    place = f"{share * 100:.10g}"
    last = place[-1] if place.isdigit() and place[-2:-1] != "1" else ""
    ending = {"1": "st", "2": "nd", "3": "rd"}.get(last, "th")
    return f"{place}{ending} percentile"


# -- the formula over numbered rows ----------------------------------------------------------------------------------


def percentiles_as_aggregates(outer: exp.Select, inner: exp.Select) -> None:
    """In `outer`, which reads `inner`, every percentile spelled out over numbered rows becomes one aggregate.

    Only where the rows were numbered within the same groups that `outer` makes; all else stays as it is written.
    """
    behind = {each.alias_or_name: each.unalias() for each in inner.selects}
    group = outer.args.get("group")
    keys = {_resolved(key, behind).sql() for key in group.expressions} if group else set()
    for node in list(outer.find_all(exp.Avg, exp.Sum, exp.Min, exp.Max)):
        found = _numbered(node, behind, keys) or _windowed(node, behind, keys)
        if found is not None:
            share = exp.Literal.number(f"{found.share:.10g}")
            node.replace(exp.PercentileCont(this=found.of.copy(), expression=share))


def _resolved(node: exp.Expr, behind: dict[str, exp.Expr]) -> exp.Expr:
    return behind.get(node.name, node) if isinstance(node, exp.Column) else node


def _windowed(node: exp.Expr, behind: dict[str, exp.Expr], keys: set[str]) -> Percentile | None:
    """MIN(p), where p is the same for every row of a group: a percentile over the group as its window."""
    window = _resolved(node.this, behind) if isinstance(node, exp.Min | exp.Max | exp.Avg) else None
    if not isinstance(window, exp.Window) or not _is_over(window, keys):
        return None
    found = percentile_of(window.this)
    for column in found.of.find_all(exp.Column) if found is not None else ():
        column.meta[INNER] = True
    return found


def _numbered(node: exp.Expr, behind: dict[str, exp.Expr], keys: set[str]) -> Percentile | None:
    if not isinstance(node, exp.Avg | exp.Sum) or not isinstance(node.this, exp.Case):
        return None
    columns = {c.name: c for c in node.find_all(exp.Column)}
    numbers = [n for n in columns if _is_number(behind.get(n), keys)]
    totals = [n for n in columns if _is_total(behind.get(n), keys)]
    values = [n for n in columns if n not in numbers and n not in totals]
    if len(numbers) != 1 or len(totals) != 1 or len(values) != 1:
        return None
    value = behind.get(values[0])
    number, total = behind[numbers[0]], behind[totals[0]]
    if value is None or number.args["order"].expressions[-1].this != value or total.this.this != value:
        return None
    shares = {each.name for each in node.find_all(exp.Literal) if not each.is_string and 0 < float(each.name) < 1}
    text = _MEDIAN if isinstance(node, exp.Avg) else _PERCENTILE
    share = shares.pop() if len(shares) == 1 else "0.5"
    places = {numbers[0]: "n", totals[0]: "total", values[0]: "x"}
    if _shape(node.this, places) != _template(text, share):
        return None
    return Percentile(columns[values[0]], 0.5 if isinstance(node, exp.Avg) else float(share))


def _is_number(value: exp.Expr | None, keys: set[str]) -> bool:
    """ROW_NUMBER() OVER (PARTITION BY the groups ORDER BY x), empty ones last."""
    if not isinstance(value, exp.Window) or not isinstance(value.this, exp.RowNumber) or not _is_over(value, keys):
        return False
    order = value.args.get("order")
    items = order.expressions if order else []
    if not 1 <= len(items) <= 2 or any(item.args.get("desc") for item in items):
        return False
    empty_last = len(items) == 2 and _is_null_flag(items[0].this, items[1].this)
    return empty_last or (len(items) == 1 and not items[0].args.get("nulls_first"))


def _is_null_flag(flag: exp.Expr, of: exp.Expr) -> bool:
    """CASE WHEN x IS NULL THEN 1 ELSE 0 END"""
    wanted = exp.Is(this=of.copy(), expression=exp.Null())
    if isinstance(flag, exp.Case) and len(flag.args["ifs"]) == 1 and flag.this is None:
        branch, default = flag.args["ifs"][0], flag.args.get("default")
        return bool(branch.this == wanted and branch.args["true"].name == "1" and default and default.name == "0")
    return flag == wanted


def _is_total(value: exp.Expr | None, keys: set[str]) -> bool:
    is_count = isinstance(value, exp.Window) and isinstance(value.this, exp.Count) and not value.args.get("order")
    return is_count and isinstance(value, exp.Window) and _is_over(value, keys)


def _is_over(window: exp.Window, keys: set[str]) -> bool:
    return {each.sql() for each in window.args.get("partition_by") or []} == keys and not window.args.get("spec")


def _shape(node: exp.Expr, places: dict[str, str]) -> str:
    copied = node.copy()
    for column in list(copied.find_all(exp.Column)):
        column.replace(exp.column(places[column.name]))
    return _without_parens(copied)


def _template(text: str, share: str) -> str:
    tree = sqlglot.parse_one(text)
    for column in list(tree.find_all(exp.Column)):
        if column.name == "share":
            column.replace(exp.Literal.number(share))
    return _without_parens(tree)


def _without_parens(node: exp.Expr) -> str:
    for paren in list(node.find_all(exp.Paren)):
        if not isinstance(paren.this, exp.Binary):
            paren.replace(paren.this)
    for ratio in node.find_all(exp.Div):
        ratio.set("typed", None)
        ratio.set("safe", None)
    return node.sql().replace("2.0", "2")


PERCENTILES: dict[type[exp.Expr], Handler] = {
    exp.Median: handler(_words),
    exp.WithinGroup: handler(_words, "this expression"),
    exp.PercentileCont: handler(_words, "this expression"),
    exp.Quantile: handler(_words, "this quantile"),
}
