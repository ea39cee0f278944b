"""When a row filter alone is not enough, and what is put behind it then.

An engine may try a statement's own conditions before the filter of a policy. Where such a condition can fail with an
error (a division, a cast), the error tells of rows that the asker may not see. A fence makes the engine filter first;
it also keeps it from using indexes for the statement's conditions, so it stands only where something can fail.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.annotate_types import annotate_types

from nl2sql.guard.outputs import schema_of
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

_QUERIES: Final = (exp.Select, exp.SetOperation, exp.Subquery, exp.Values)
# Whatever their arguments hold, these give a value or NULL. Arithmetic, casts and most functions may not.
_NEVER_FAIL: Final = (
    exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null, exp.Var, exp.Paren, exp.Alias, exp.Tuple,
    exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ,
    exp.Is, exp.Between, exp.In, exp.Exists, exp.Any, exp.All, exp.Where, exp.Having, exp.Qualify, exp.Join,
    exp.Case, exp.If, exp.Coalesce, exp.Nullif, exp.Lower, exp.Upper, exp.Trim, exp.Length, exp.DataType,
    exp.Year, exp.Month, exp.Day, exp.Quarter, exp.Extract, exp.DateTrunc, exp.TimestampTrunc, exp.TimeToStr,
    exp.Order, exp.Ordered, exp.Group, exp.Distinct, exp.Star, exp.Interval, exp.Window, exp.WindowSpec,
    exp.RowNumber, exp.Rank, exp.DenseRank, exp.PercentRank, exp.CumeDist,
)  # fmt: skip
_DATES: Final = (
    exp.Date, exp.DateAdd, exp.DateSub, exp.DateDiff, exp.TimestampAdd, exp.TimestampSub, exp.TimestampDiff,
    exp.TsOrDsAdd, exp.TsOrDsDiff, exp.TsOrDsToDate, exp.TsOrDsToTimestamp, exp.DayOfWeek, exp.DayOfYear,
    exp.DayOfMonth, exp.Hour, exp.Minute, exp.Second, exp.Week, exp.Dayname, exp.Monthname, exp.LastDay,
)  # fmt: skip
# SQLite turns an overflow into a floating-point number and anything else into NULL or 0. MySQL and MariaDB do the
# latter in a SELECT, but refuse a whole number that is too large.
_LENIENT: Final[Mapping[str, tuple[type[exp.Expr], ...]]] = {
    "sqlite": (*_DATES, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Neg, exp.Cast, exp.Round, exp.Substring),
    "mysql": (*_DATES, exp.Div, exp.Cast, exp.Round, exp.Substring),
    "mariadb": (*_DATES, exp.Div, exp.Cast, exp.Round, exp.Substring),
}
# A span that moves no date out of what PostgreSQL and DuckDB can say (years up to 290,000): at most 9,999 years.
_SHORT_SPAN: Final = re.compile(
    r"(\d{1,6} ?(second|minute|hour|day)?|\d{1,4} ?(week|month|quarter|year))s?\Z", re.IGNORECASE
)
_REACHES_FAR: Final = frozenset({"postgres", "duckdb"})
# Parts of a query that are worked out for the rows that are left, and shown: an error there is about visible rows.
_CONDITIONS: Final = ("where", "having", "qualify", "joins")
_COMPARISONS: Final = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ)
_CHOICES: Final = (exp.Case, exp.If, exp.Coalesce, exp.Nullif)
_KINDS: Final = (
    ("number", exp.DataType.NUMERIC_TYPES),
    ("text", exp.DataType.TEXT_TYPES),
    ("time", exp.DataType.TEMPORAL_TYPES),
    ("boolean", frozenset({exp.DType.BOOLEAN})),
)
# Compares a text with a number by turning the text into one, which fails for some texts. Others refuse, or never fail.
_CASTS_TEXTS: Final = frozenset({"duckdb"})


def may_fail(statement: Statement) -> bool:
    """Whether some condition of the statement could fail for a row it is tried on. Yes, when in doubt."""
    tree, dialect = statement.tree, statement.dialect.name
    if dialect in _CASTS_TEXTS:
        tree = _annotated(statement)
    for select in tree.find_all(exp.Select):
        outermost = _is_outermost(select)
        for name, value in select.args.items():
            if outermost and name not in _CONDITIONS:
                continue
            parts = value if isinstance(value, list) else [value]
            if any(_fails(each, dialect) for each in parts if isinstance(each, exp.Expr) and not _is_source(each)):
                return True
    return False


def _is_outermost(select: exp.Select) -> bool:
    parent = select.parent
    while isinstance(parent, exp.SetOperation | exp.Subquery):
        parent = parent.parent
    return parent is None


def _is_source(part: exp.Expr) -> bool:
    return isinstance(part, exp.From | exp.With | exp.Limit | exp.Offset)


def _fails(part: exp.Expr, dialect: str) -> bool:
    stack: list[tuple[exp.Expr, bool]] = [(part, False)]  # and whether a CASE decides if it is worked out at all
    while stack:
        node, chosen = stack.pop()
        if isinstance(node, exp.AggFunc):
            continue  # over the rows that are left
        if isinstance(node, exp.Like | exp.ILike) and _is_plain_pattern(node.expression):
            stack.append((node.this, chosen))
            continue
        if isinstance(node, exp.Join):
            on = node.args.get("on")
            if on is not None:
                stack.append((on, chosen))
            continue
        harmless = isinstance(node, _NEVER_FAIL + _LENIENT.get(dialect, ())) or (
            dialect in _REACHES_FAR and _moves_a_date(node)
        )
        if not harmless and (chosen or _reads_a_row(node)):
            return True
        if dialect in _CASTS_TEXTS and _mixes_types(node):
            return True
        inside = chosen or isinstance(node, _CHOICES)
        stack.extend((child, inside) for child in node.iter_expressions() if not isinstance(child, _QUERIES))
    return False


def _moves_a_date(node: exp.Expr) -> bool:
    """A time plus or minus a few days, months or years that are written out."""
    span = node.args.get("expression") if isinstance(node, exp.Add | exp.Sub) else None
    if not isinstance(span, exp.Interval) or not isinstance(span.this, exp.Literal):
        return False
    unit = str(span.args["unit"].name).upper().removesuffix("S") if span.args.get("unit") is not None else ""
    text = str(span.this.this)
    return bool(_SHORT_SPAN.match(f"{text} {unit}".strip() if text.isdigit() else text))


def _is_plain_pattern(pattern: exp.Expr) -> bool:
    """A pattern may fail where it escapes something: at its end there is nothing to escape."""
    return isinstance(pattern, exp.Literal) and "\\" not in str(pattern.this)


def _reads_a_row(node: exp.Expr) -> bool:
    """Constants are worked out once, before any row; so are subqueries of their own rows."""
    return any(True for _ in node.find_all(exp.Column, exp.Query))


def _mixes_types(node: exp.Expr) -> bool:
    """A comparison of things that are not known to be of one kind."""
    if isinstance(node, exp.Between):
        sides = [node.this, node.args["low"], node.args["high"]]
    elif isinstance(node, exp.In):
        sides = [node.this, *node.expressions]
    elif isinstance(node, _COMPARISONS):
        sides = [node.this, node.expression]
    else:
        return False
    kinds = {_kind(side) for side in sides} - {"any"}
    return "" in kinds or len(kinds) > 1


def _kind(side: exp.Expr) -> str:
    """`any` for a quoted constant and NULL, which take the other side's type before any row is read."""
    if isinstance(side, exp.Null) or (isinstance(side, exp.Literal) and side.is_string):
        return "any"
    if isinstance(side, exp.Subquery | exp.Select):
        return _kind(side.find(exp.Select).expressions[0].unalias())  # type: ignore[union-attr]
    kind = side.type.this if side.type is not None else None
    return next((name for name, types in _KINDS if kind in types), "")


def _annotated(statement: Statement) -> exp.Expr:
    """A copy of the tree with types; what is told of a derived table's outputs is there, too."""
    tree = statement.tree.copy()
    tables = {name: statement.catalogue.tables[name] for name in statement.tables}
    try:
        annotate_types(tree, schema=schema_of(tables, statement.dialect.name), dialect=statement.dialect.grammar)
    except (SqlglotError, ValueError, AttributeError, KeyError, TypeError):
        return statement.tree  # without types, every comparison counts as mixed
    return tree
