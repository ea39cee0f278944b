"""When a row filter alone is not enough, and what is put behind it then.

An engine may try a statement's own conditions, or sort by its keys, before the filter of a policy. Where that can fail
with an error (a division, a cast), the error tells of rows that the asker may not see. A fence makes the engine filter
first; it also keeps it from using indexes for the statement's conditions, so it stands only where something can fail.

What cannot fail is a short list; whatever is not on it gets a fence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Set
from datetime import datetime
from typing import Final

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.annotate_types import annotate_types

from nl2sql.guard.outputs import schema_of
from nl2sql.guard.row_bounds import literal_rows
from nl2sql.guard.statement import Statement

# A limit that no table reaches: engines neither merge such a subquery nor move conditions into it.
FENCES: Final[Mapping[str, str]] = {
    "sqlite": "LIMIT -1",
    "mysql": "LIMIT 18446744073709551615",
    "mariadb": "LIMIT 18446744073709551615",
    "postgres": "OFFSET 0",
    "duckdb": "LIMIT 9223372036854775807",
    "bigquery": "LIMIT 9223372036854775807",
}


# MariaDB 10.11 takes columns for ambiguous, or ends with every connection to it, when it merges a derived table into a
# query with several windows.
_MERGES_BADLY: Final = frozenset({"mysql", "mariadb"})


def fenced_tables(statement: Statement, filtered: Set[str]) -> frozenset[str]:
    """Those tables of the statement that need a fence; `filtered` are those of which the policy shows some rows."""
    if statement.dialect.name in _MERGES_BADLY and statement.tree.find(exp.Window) is not None:
        return frozenset(statement.tables)
    filtered = statement.tables & filtered
    return frozenset(filtered) if filtered and may_fail(statement) else frozenset()


def may_fail(statement: Statement) -> bool:
    """Whether something of the statement could fail for a row it is tried on before the filter. Yes, when in doubt."""
    judge = _JUDGES[statement.dialect.name]
    tree = _annotated(statement) if judge.needs_types else statement.tree
    for select in tree.find_all(exp.Select):
        if not all(judge.is_condition(part) for part in _conditions(select)):
            return True
        if not all(judge.is_safe(part) for part in (*_tried_early(select), *_tried_for_others(select))):
            return True
    return False


def _conditions(select: exp.Select) -> Iterator[exp.Expr]:
    for name in ("where", "having", "qualify"):
        if select.args.get(name) is not None:
            yield select.args[name].this
    for join in select.args.get("joins") or []:
        if join.args.get("on") is not None:
            yield join.args["on"]


def _tried_for_others(select: exp.Select) -> Iterator[exp.Expr]:
    """Arguments of aggregates that read a row of the query around: they are worked out for each row tried there."""
    if _is_outermost(select):
        return
    sources = [select.args.get("from_"), *(select.args.get("joins") or [])]
    own = {each.this.alias_or_name.lower() for each in sources if each is not None}
    for aggregate in select.find_all(exp.AggFunc):
        if any(column.table.lower() not in own for column in aggregate.find_all(exp.Column)):
            yield from aggregate.iter_expressions()


def failing_constant(statement: Statement) -> exp.Expr | None:
    """On DuckDB, a constant that cannot be worked out. Whether DuckDB tries it at all depends on what it knows of the
    smallest and largest values of a table, hidden rows included; no fence helps there."""
    judge = _JUDGES[statement.dialect.name]
    if statement.dialect.name != "duckdb":
        return None
    choices = (exp.Connector, exp.Predicate, exp.Case, exp.If, exp.Coalesce, exp.Nullif)
    for node in _annotated(statement).find_all(exp.Cast, exp.Binary, exp.Func):
        if (
            not isinstance(node, choices)
            and not judge.is_safe(node)
            and node.find(exp.Column, exp.Query, exp.AggFunc, exp.Star) is None
        ):
            return node
    return None


def _tried_early(select: exp.Select) -> Iterator[exp.Expr]:
    """What else may be worked out before the policy's filter. The outputs of the whole statement are not, unless they
    are sorted or compared; the outputs of a subquery may be moved into a condition around it."""
    args = select.args
    group = args.get("group")
    for key in group.iter_expressions() if group is not None else ():
        yield from key.expressions if isinstance(key, exp.Cube | exp.Rollup | exp.GroupingSets) else [key]
    yield from args.get("windows") or []
    if args.get("distinct") is not None or not _is_outermost(select):
        yield from select.expressions
        return
    for output in select.expressions:
        yield from output.find_all(exp.Window)
    named = {output.alias: output.unalias() for output in select.expressions if output.alias}
    for ordered in args["order"].expressions if args.get("order") is not None else ():
        key = ordered.this
        if isinstance(key, exp.Literal):
            yield from select.expressions
        else:
            yield named.get(key.name, key) if isinstance(key, exp.Column) and not key.table else key


def _is_outermost(select: exp.Select) -> bool:
    """The whole statement, or a part of a UNION ALL that is not sorted."""
    parent = select.parent
    while isinstance(parent, exp.Union) and not parent.args.get("distinct") and not parent.args.get("order"):
        parent = parent.parent
    return parent is None


def _annotated(statement: Statement) -> exp.Expr:
    """A copy of the tree with types; what is told of a derived table's outputs is there, too."""
    tree = statement.tree.copy()
    tables = {name: statement.catalogue.tables[name] for name in sorted(statement.tables)}
    try:
        annotate_types(tree, schema=schema_of(tables, statement.dialect.name), dialect=statement.dialect.grammar)
    except (SqlglotError, ValueError, AttributeError, KeyError, TypeError):
        return statement.tree  # nothing is known to be of a kind then
    return tree


_KINDS: Final = (
    ("number", exp.DataType.NUMERIC_TYPES),
    ("text", exp.DataType.TEXT_TYPES),
    ("time", exp.DataType.TEMPORAL_TYPES),
    ("boolean", frozenset({exp.DType.BOOLEAN})),
)
_COMPARISONS: Final = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ)
_NOW: Final = (exp.CurrentDate, exp.CurrentTimestamp, exp.CurrentDatetime, exp.CurrentTime)
_OF_TEXT: Final = (exp.Lower, exp.Upper, exp.Trim, exp.Length)
_OF_TIME: Final = (exp.Year, exp.Month, exp.Day, exp.Quarter)
_RANKING: Final = (exp.RowNumber, exp.Rank, exp.DenseRank, exp.PercentRank, exp.CumeDist)
_ORDERING: Final = (exp.Order, exp.Ordered, exp.WindowSpec, exp.Tuple)
_UNITS: Final = frozenset({"YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND"})
_DIGITS: Final = 15  # a longer number does not fit every type that it could be turned into
# At most 300 years: no database's calendar ends so near to what people store.
_SHORT_SPAN: Final = re.compile(
    r"\d{1,6} (second|minute|hour)s?|\d{1,5} days?|\d{1,4} weeks?|\d{1,3} (month|quarter)s?|\d{1,2} years?",
    re.IGNORECASE,
)
_DATES: Final = (
    exp.Date, exp.DateAdd, exp.DateSub, exp.DateDiff, exp.TimestampAdd, exp.TimestampSub, exp.TimestampDiff,
    exp.TsOrDsAdd, exp.TsOrDsDiff, exp.TsOrDsToDate, exp.TsOrDsToTimestamp, exp.DayOfWeek, exp.DayOfYear,
    exp.DayOfMonth, exp.Hour, exp.Minute, exp.Second, exp.Week, exp.Dayname, exp.Monthname, exp.LastDay,
    exp.TimeToStr, exp.Interval, exp.Var,
)  # fmt: skip


class _Judge:
    """What never fails on one kind of database, whatever row it is tried on.

    `lenient`: kinds of nodes that give NULL or a near value there where other databases fail. `needs_types`: what is
    compared, or formatted, must be known to be of a kind. `many_rows`: a subquery of many rows gives its first.
    """

    def __init__(
        self,
        lenient: tuple[type[exp.Expr], ...] = (),
        *,
        needs_types: bool = True,
        compares_kinds: bool = False,
        many_rows: bool = False,
        moves_dates: bool = True,
    ) -> None:
        self.needs_types = needs_types
        self._lenient = lenient
        self._compares_kinds = compares_kinds
        self._many_rows = many_rows
        self._moves_dates = moves_dates

    def is_safe(self, node: exp.Expr) -> bool:
        if isinstance(node, exp.AggFunc):
            return True  # over the rows that are left
        if isinstance(node, (exp.Column, exp.Null, exp.Boolean, exp.Exists, exp.Star, *_NOW)):
            return True
        if isinstance(node, exp.Literal):
            return node.is_string or len(str(node.this)) <= _DIGITS
        if isinstance(node, exp.And | exp.Or):
            return all(self.is_condition(each) for each in node.flatten())
        if isinstance(node, exp.Not):
            return self.is_condition(node.this)
        if isinstance(node, exp.Neg) and isinstance(node.this, exp.Literal):
            return True
        if isinstance(node, (exp.Alias, exp.Paren, *_OF_TEXT)):
            return self.is_safe(node.this)
        if isinstance(node, _RANKING):
            return True
        if isinstance(node, (exp.Window, *_ORDERING)):
            return all(self.is_safe(child) for child in node.iter_expressions())
        return self._is_safe_comparison(node) or self._is_safe_call(node) or self._is_of_groups(node)

    def is_condition(self, node: exp.Expr) -> bool:
        node = node.unnest()
        return self.is_safe(node) and (not self._compares_kinds or _kind(node) == "boolean")

    def _is_safe_comparison(self, node: exp.Expr) -> bool:
        if isinstance(node, _COMPARISONS):
            return self._are_alike([node.this, node.expression])
        if isinstance(node, exp.Between):
            return self._are_alike([node.this, node.args["low"], node.args["high"]])
        if isinstance(node, exp.In):
            query = node.args.get("query")
            return self._are_alike([node.this, *node.expressions, *([query] if query is not None else [])], many=True)
        if isinstance(node, exp.Is):
            return isinstance(node.expression, exp.Null) and self.is_safe(node.this)
        if isinstance(node, exp.Like | exp.ILike):
            pattern = node.expression  # one may fail where it escapes something: at its end there is nothing to escape
            plain = isinstance(pattern, exp.Literal) and "\\" not in str(pattern.this)
            return plain and self._are_alike([node.this, pattern])
        return False

    def _are_alike(self, sides: list[exp.Expr], *, many: bool = False) -> bool:
        if not all(self._is_value(side, many=many) for side in sides):
            return False
        return not self._compares_kinds or _is_one_kind(sides)

    def _is_value(self, side: exp.Expr, *, many: bool) -> bool:
        if isinstance(side, exp.Any | exp.All):
            return self._is_value(side.this, many=True)
        if isinstance(side, exp.Subquery | exp.Query):
            return many or self._many_rows or _has_one_row(side)
        return self.is_safe(side)

    def _is_safe_call(self, node: exp.Expr) -> bool:
        if isinstance(node, exp.Coalesce):
            return self._are_alike([node.this, *node.expressions])
        if isinstance(node, exp.Nullif):
            return self._are_alike([node.this, node.expression])
        if isinstance(node, exp.Case):
            return self._is_safe_choice(node)
        if isinstance(node, exp.If):
            branches = [each for each in (node.args.get("true"), node.args.get("false")) if each is not None]
            return self.is_condition(node.this) and self._are_alike(branches)
        if isinstance(node, self._lenient):
            words = (exp.DataType, exp.Var, exp.Identifier)
            return all(isinstance(each, words) or self._is_value(each, many=False) for each in node.iter_expressions())
        if isinstance(node, _OF_TIME):
            return self._is_time(node.this)
        if isinstance(node, exp.Extract | exp.DateTrunc | exp.TimestampTrunc):
            unit, time = node.args.get("unit") or node.this, node.expression or node.this
            return str(unit.name).upper() in _UNITS and not unit.find(exp.Column) and self._is_time(time)
        if isinstance(node, exp.TimeToStr):
            return isinstance(node.args.get("format"), exp.Literal) and self._is_time(node.this)
        if isinstance(node, exp.Add | exp.Sub):
            near = isinstance(node.this, (exp.Column, exp.Cast, *_NOW)) and self.is_safe(node.this)
            return self._moves_dates and near and _is_short_span(node.expression)
        return isinstance(node, exp.Cast) and _is_a_written_date(node)

    def _is_safe_choice(self, node: exp.Case) -> bool:
        ifs, default = node.args["ifs"], node.args.get("default")
        results = [each.args["true"] for each in ifs] + ([default] if default is not None else [])
        if node.this is not None:
            return self._are_alike([node.this, *(each.this for each in ifs)]) and self._are_alike(results)
        return all(self.is_condition(each.this) for each in ifs) and self._are_alike(results)

    def _is_time(self, node: exp.Expr) -> bool:
        return self.is_safe(node) and (not self.needs_types or _kind(node) == "time")

    def _is_of_groups(self, node: exp.Expr) -> bool:
        """Arithmetic with aggregates is for the groups of visible rows, when no column stands beside them."""
        aggregated = False
        for each in node.walk(prune=lambda each: isinstance(each, exp.AggFunc)):
            if isinstance(each, exp.Column | exp.Query):
                return False
            aggregated = aggregated or isinstance(each, exp.AggFunc)
        return aggregated


def _kind(node: exp.Expr) -> str:
    """number, text, time or boolean; "" when that is not known."""
    if isinstance(node, exp.Subquery | exp.Select | exp.Any | exp.All):
        select = node.find(exp.Select)
        return _kind(select.expressions[0].unalias()) if select is not None and select.expressions else ""
    if isinstance(node, exp.Predicate | exp.Connector | exp.Not):
        return "boolean"
    kind = node.type.this if node.type is not None else None
    return next((name for name, types in _KINDS if kind in types), "")


def _is_one_kind(sides: list[exp.Expr]) -> bool:
    """A quoted date takes part as a time, a quoted text as a text, and NULL as anything."""
    sides = [side for side in sides if not isinstance(side, exp.Null)]
    written = [side for side in sides if isinstance(side, exp.Literal) and side.is_string]
    kinds = {_kind(side) for side in sides if side not in written}
    if not kinds:
        return True
    if len(kinds) > 1 or "" in kinds:
        return False
    return kinds == {"text"} or not written or (kinds == {"time"} and all(_is_a_moment(each) for each in written))


def _is_a_moment(literal: exp.Expr) -> bool:
    try:
        datetime.fromisoformat(str(literal.this))
    except ValueError:
        return False
    return True


def _is_a_written_date(node: exp.Cast) -> bool:
    literal = isinstance(node.this, exp.Literal) and node.this.is_string
    return literal and node.to.this in exp.DataType.TEMPORAL_TYPES and _is_a_moment(node.this)


def _is_short_span(span: exp.Expr | None) -> bool:
    if not isinstance(span, exp.Interval) or not isinstance(span.this, exp.Literal):
        return False
    unit = span.args.get("unit")
    text = f"{span.this.this} {unit.name}" if unit is not None else str(span.this.this)
    return _SHORT_SPAN.fullmatch(text) is not None


def _has_one_row(query: exp.Expr) -> bool:
    """An aggregate without groups, or LIMIT 1."""
    select = query.this if isinstance(query, exp.Subquery) else query
    if not isinstance(select, exp.Select):
        return False
    whole = select.args.get("group") is None and any(
        isinstance(node, exp.AggFunc)
        for output in select.expressions
        for node in output.walk(prune=lambda node: isinstance(node, exp.Window | exp.Query))
    )
    return whole or literal_rows(select) == 1


# SQLite turns an overflow into a floating-point number and anything else into NULL or 0. MySQL and MariaDB do the
# latter in a SELECT, but refuse a number that is too large, which a division can make, too.
_SQLITE: Final = (*_DATES, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Cast, exp.Round, exp.Substring)
_MYSQL: Final = (*_DATES, exp.Cast, exp.Round, exp.Substring)
_JUDGES: Final[Mapping[str, _Judge]] = {
    "sqlite": _Judge(_SQLITE, needs_types=False, many_rows=True),
    "mysql": _Judge(_MYSQL, needs_types=False),
    "mariadb": _Judge(_MYSQL, needs_types=False),
    "postgres": _Judge(),
    # Turns a text into a number, a date or a truth value when it is compared with one.
    "duckdb": _Judge(compares_kinds=True),
    "bigquery": _Judge(moves_dates=False),
}
