"""Which rows tie in the order of a gold query, those that its LIMIT cut away among them.

The database is asked: the query runs once more with what it orders by as columns at its end, and without its limit. Its
first columns must then be the rows of the gold, tie by tie; where they are not, or where the query has no such form,
nothing ties, and the rows count as they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import TypeVar

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from evals.matching.rules import Table
from evals.matching.values import Cell

KEY = "gold_order_key_"
# So many rows more than the limit are looked at first; only where the last tie goes on beyond them, all.
ROWS_BEYOND = 200

Row = tuple[Cell, ...]
Rows = tuple[Row, ...]
AnyQuery = TypeVar("AnyQuery", bound=exp.Query)
Run = Callable[[str], Table | None]


@dataclass(frozen=True, slots=True)
class Ties:
    """`rows` are the gold's own, in an order in which `ranks` ascend."""

    rows: Rows
    ranks: tuple[int, ...] | None = None
    tied: Rows = ()


@dataclass(frozen=True, slots=True)
class Keyed:
    """A gold query with its keys. `tree` has no limit; `skips` rows are left out by the gold at the beginning.

    `in_order`: whether the gold itself gives its rows in the order of the keys.
    """

    tree: exp.Query
    keys: int
    skips: int = 0
    in_order: bool = True


def find_ties(sql: str, dialect: str, shown: Sequence[str], table: Table, run: Run) -> Ties:
    """`shown` are the columns that a person sees or that order was asked by: a key that none of them shows breaks ties
    without being asked for, and counts only where no other key does. `run` gives None for what does not run."""
    keyed = with_keys(sql, dialect, tuple(shown)) if table.rows else None
    if keyed is None:
        return Ties(table.rows)
    width, wanted = len(table.columns), keyed.skips + len(table.rows)
    most = wanted + ROWS_BEYOND
    found = run(keyed.tree.limit(most).sql(dialect=dialect))
    if found is not None and len(found.rows) == most and found.rows[-1][width:] == found.rows[wanted - 1][width:]:
        found = run(keyed.tree.sql(dialect=dialect))
    if found is None or len(found.columns) != width + keyed.keys or len(found.rows) < wanted:
        return Ties(table.rows)
    return _ranked(table.rows, found.rows, width, keyed)


def _ranked(rows: Rows, everything: Rows, width: int, keyed: Keyed) -> Ties:
    """Within a tie the two runs of the query may differ, so that rows are compared tie by tie."""
    start, stop = keyed.skips, keyed.skips + len(rows)
    ordered: list[Row] = []
    ranks: list[int] = []
    left: list[Row] = []
    waiting = Counter(rows)
    place = 0
    for rank, (_, group) in enumerate(groupby(everything, key=lambda row: row[width:])):
        tie = [row[:width] for row in group]
        begin, place = place, place + len(tie)
        if place <= start or begin >= stop:
            continue
        count = min(place, stop) - max(begin, start)
        of_gold = rows[len(ordered) : len(ordered) + count] if keyed.in_order else _taken(tie, waiting)
        rest = Counter(tie)
        rest.subtract(of_gold)
        if len(of_gold) != count or min(rest.values()) < 0:
            return Ties(rows)
        ordered += of_gold
        ranks += [rank] * count
        left = list((+rest).elements())
    return Ties(tuple(ordered), tuple(ranks), tuple(left))


def _taken(tie: Iterable[Row], waiting: Counter[Row]) -> list[Row]:
    """Rows of the tie that the gold has, each as often as it does."""
    found = []
    for row in tie:
        if waiting[row]:
            waiting[row] -= 1
            found.append(row)
    return found


@lru_cache(maxsize=64)  # the same gold on each instance; trees are large
def with_keys(sql: str, dialect: str, shown: Sequence[str]) -> Keyed | None:
    """None for a query without an order, and for one whose order cannot be shown as columns, or is drawn anew each time
    (few rows can come in the same order twice by chance)."""
    try:
        tree = sqlglot.parse_one(sql, dialect=dialect)
    except (SqlglotError, RecursionError):
        return None
    if tree.find(exp.Rand, exp.Randn) is not None:
        return None
    if isinstance(tree, exp.SetOperation) and tree.args.get("order"):
        return _of_set_operation(tree, shown)
    if not isinstance(tree, exp.Select):
        return None
    if tree.args.get("order"):
        return _of_select(tree, shown)
    return _of_wrapped_top(tree, shown) or _of_row_number(tree, shown)


def _of_select(tree: exp.Select, shown: Sequence[str]) -> Keyed | None:
    keys = _keys(tree, shown)
    skips = _skips(tree)
    is_distinct = tree.args.get("distinct") is not None
    if not keys or skips is None:
        return None
    outputs = [each.unalias() for each in tree.expressions]
    if is_distinct and any(key not in outputs for key in keys):
        return None  # one more column would make other rows distinct
    keyed = tree.copy()
    for index, key in enumerate(keys):
        keyed.select(exp.alias_(key.copy(), f"{KEY}{index}"), copy=False)
    return Keyed(_without_limit(keyed), len(keys), skips)


def _of_set_operation(tree: exp.SetOperation, shown: Sequence[str]) -> Keyed | None:
    """Ordered by output columns, which is all that databases allow there. It is wrapped, to have columns added."""
    names = tree.named_selects
    skips = _skips(tree)
    wanted = [_output_name(each.this, names) for each in tree.args["order"].expressions]
    if skips is None or None in wanted or len(set(names)) < len(names) or "" in names or "*" in names:
        return None
    keys = [name for name in wanted if name in shown] or wanted
    inner = tree.copy()
    order = inner.args["order"].pop()
    columns = [exp.column(name, quoted=True) for name in names]
    keyed = exp.select(*columns).from_(_without_limit(inner).subquery("gold_rows"))
    for index, name in enumerate(keys):
        keyed.select(exp.alias_(exp.column(str(name), quoted=True), f"{KEY}{index}"), copy=False)
    for each, name in zip(order.expressions, wanted, strict=True):
        each.set("this", exp.column(str(name), quoted=True))
    keyed.set("order", order)
    if isinstance(inner.args.get("with_"), exp.With):
        keyed.set("with_", inner.args["with_"].pop())
    return Keyed(keyed, len(keys), skips)


def _of_wrapped_top(tree: exp.Select, shown: Sequence[str]) -> Keyed | None:
    """SELECT columns FROM (SELECT … ORDER BY … LIMIT n), as a subquery or by a CTE's name, and nothing else."""
    outer = tree.copy()
    inner = _only_source(outer)
    if not isinstance(inner, exp.Select) or not inner.args.get("order") or not inner.args.get("limit"):
        return None
    keyed = _of_select(inner, _shown_inside(outer, shown))
    if keyed is None or inner.is_star or not all(isinstance(each.unalias(), exp.Column) for each in outer.expressions):
        return None
    order = inner.args["order"].expressions
    for index, each in enumerate(order):
        keyed.tree.select(exp.alias_(_key(each.this, inner), f"{KEY}by_{index}"), copy=False)
    for index in range(keyed.keys):
        outer.select(exp.column(f"{KEY}{index}"), copy=False)
    again = [each.copy() for each in order]
    for index, each in enumerate(again):
        each.set("this", exp.column(f"{KEY}by_{index}"))
    keyed.tree.set("order", None)
    inner.replace(keyed.tree)
    outer.set("order", exp.Order(expressions=again))
    return Keyed(outer, keyed.keys, keyed.skips, in_order=False)


def _of_row_number(tree: exp.Select, shown: Sequence[str]) -> Keyed | None:
    """SELECT columns FROM (SELECT …, ROW_NUMBER() OVER (ORDER BY …) AS n) WHERE n <= 3: its ranks instead."""
    outer = tree.copy()
    where = outer.args.get("where")
    inner = _only_source(outer, also=("where",))
    if where is None or not isinstance(inner, exp.Select) or outer.is_star:
        return None
    numbers = [each for each in inner.expressions if isinstance(each.unalias(), exp.Window)]
    if len(numbers) != 1 or not isinstance(numbers[0].unalias().this, exp.RowNumber):
        return None
    window, name = numbers[0].unalias(), numbers[0].alias
    is_shown = any(column.name == name for each in outer.expressions for column in each.find_all(exp.Column))
    if not _is_top(where.this, name) or window.args.get("partition_by") or is_shown or not window.args.get("order"):
        return None
    visible = _visible(inner, _shown_inside(outer, shown))
    order = window.args["order"].expressions
    window.args["order"].set("expressions", [each for each in order if each.this in visible] or order)
    window.this.replace(exp.Anonymous(this="RANK"))
    where.pop()
    outer.select(exp.alias_(exp.column(name), f"{KEY}0"), copy=False)
    outer.set("order", exp.Order(expressions=[exp.Ordered(this=exp.column(name))]))
    return Keyed(outer, 1, in_order=False)


def _is_top(condition: exp.Expr, name: str) -> bool:
    """`n = 1`, `n <= 3`, `n < 4`."""
    if not isinstance(condition, exp.EQ | exp.LTE | exp.LT) or not isinstance(condition.this, exp.Column):
        return False
    number = condition.expression
    if condition.this.name != name or not isinstance(number, exp.Literal) or not number.is_int:
        return False
    return not isinstance(condition, exp.EQ) or int(number.name) == 1


def _only_source(tree: exp.Select, also: tuple[str, ...] = ()) -> exp.Query | None:
    """The query that a SELECT does nothing with but choose columns: a subquery, or a CTE that is named once."""
    allowed = {"expressions", "from_", "with_", "kind", *also}
    if any(value for key, value in tree.args.items() if key not in allowed):
        return None
    if any(each.find(exp.AggFunc, exp.Window, exp.Query) for each in tree.expressions):
        return None
    source = tree.args["from_"].this if tree.args.get("from_") else None
    if isinstance(source, exp.Subquery) and not source.args.get("joins"):
        return source.this if isinstance(source.this, exp.Query) else None
    if not isinstance(source, exp.Table) or source.args.get("joins") or source.db:
        return None
    named = [each for each in tree.ctes if each.alias == source.name]
    uses = [table for table in tree.find_all(exp.Table) if table.name == source.name]
    return named[0].this if len(named) == 1 and len(uses) == 1 else None


def _shown_inside(outer: exp.Select, shown: Sequence[str]) -> list[str]:
    """What the shown columns are called in the query that they come from."""
    return [each.unalias().name for each in outer.expressions if each.alias_or_name in shown]


def _keys(tree: exp.Select, shown: Sequence[str]) -> list[exp.Expr]:
    keys = [_key(each.this, tree) for each in tree.args["order"].expressions]
    if any(isinstance(key, exp.Literal) for key in keys):
        return []  # the number of a column that a star hides
    visible = _visible(tree, shown)
    return [key for key in keys if key in visible] or keys


def _visible(tree: exp.Select, shown: Sequence[str]) -> list[exp.Expr]:
    outputs = {each.alias_or_name: each.unalias() for each in tree.expressions}
    return [outputs[name] for name in shown if name in outputs]


def _key(key: exp.Expr, tree: exp.Select) -> exp.Expr:
    """What a key stands for: an output by its number or name, or itself, with the names of outputs in it replaced."""
    outputs = {each.alias: each.unalias() for each in tree.expressions if each.alias}
    if isinstance(key, exp.Literal) and key.is_int and not tree.is_star:
        return tree.expressions[int(key.name) - 1].unalias() if 0 < int(key.name) <= len(tree.expressions) else key
    if isinstance(key, exp.Column) and not key.table:
        return outputs.get(key.name) or key
    copy = key.copy()
    for column in list(copy.find_all(exp.Column)):
        if not column.table and column.name in outputs:
            column.replace(exp.paren(outputs[column.name].copy()))
    return copy


def _output_name(key: exp.Expr, names: Sequence[str]) -> str | None:
    if isinstance(key, exp.Literal) and key.is_int and 0 < int(key.name) <= len(names):
        return names[int(key.name) - 1]
    return key.name if isinstance(key, exp.Column) and key.name in names else None


def _skips(tree: exp.Query) -> int | None:
    """The rows before the first, by OFFSET; None where that is no number."""
    offset = tree.args.get("offset")
    if offset is None:
        return 0
    number = offset.expression
    return int(number.name) if isinstance(number, exp.Literal) and number.is_int else None


def _without_limit(tree: AnyQuery) -> AnyQuery:
    tree.set("limit", None)
    tree.set("offset", None)
    return tree
