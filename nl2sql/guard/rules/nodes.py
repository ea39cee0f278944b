"""Whole-tree allow-list: which kinds of syntax may occur at all, and with which parts.

A kind that is not listed is refused, so a construct a later parser learns to read is refused until someone lists it.
Not listed on purpose: locks, INTO, hints, samples, table versions and partitions, PIVOT, index hints, variables and
parameters, casts to named types, JSON paths, lambdas, structs, maps, table functions, OPERATOR(), named arguments,
method calls, and columns chosen by pattern or position.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlglot import exp

from nl2sql.guard.statement import Statement
from nl2sql.guard.violation import Violation

_BINARY: Final = frozenset({"this", "expression"})
_UNARY: Final = frozenset({"this"})

# Parts that may be present, by kind of node. Everything else about the node must be absent or false.
_PARTS: Final[Mapping[type[exp.Expr], frozenset[str]]] = {
    exp.Select: frozenset(
        {"with_", "expressions", "distinct", "from_", "joins", "where", "group", "having", "qualify", "windows"}
        | {"order", "limit", "offset"}
    ),
    **dict.fromkeys(
        (exp.Union, exp.Except, exp.Intersect),
        frozenset({"with_", "this", "expression", "distinct", "order", "limit", "offset"}),
    ),
    exp.Subquery: frozenset({"this", "alias", "order", "limit", "offset"}),
    exp.Values: frozenset({"expressions", "alias"}),
    exp.With: frozenset({"expressions", "recursive"}),  # recursion is refused by its own rule, with its own sentence
    exp.CTE: frozenset({"this", "alias", "materialized"}),
    exp.From: _UNARY,
    exp.Table: frozenset({"this", "db", "catalog", "alias"}),
    exp.TableAlias: frozenset({"this", "columns"}),
    exp.Lateral: frozenset({"this", "alias"}),
    exp.Join: frozenset({"this", "on", "using", "side", "kind", "method"}),
    exp.Where: _UNARY,
    exp.Having: _UNARY,
    exp.Qualify: _UNARY,
    exp.Group: frozenset({"expressions", "all", "cube", "rollup", "grouping_sets"}),
    exp.Cube: frozenset({"expressions"}),
    exp.Rollup: frozenset({"expressions"}),
    exp.GroupingSets: frozenset({"expressions"}),
    exp.Order: frozenset({"this", "expressions"}),
    exp.Ordered: frozenset({"this", "desc", "nulls_first"}),
    exp.Limit: frozenset({"this", "expression"}),
    exp.Fetch: frozenset({"count", "direction", "limit_options"}),
    exp.LimitOptions: frozenset({"rows"}),
    exp.Offset: frozenset({"this", "expression"}),
    exp.Distinct: frozenset({"expressions", "on"}),
    exp.Star: frozenset({"except_"}),
    exp.Alias: frozenset({"this", "alias"}),
    exp.Column: frozenset({"this", "table", "db", "catalog"}),
    exp.Identifier: frozenset({"this", "quoted"}),
    exp.Literal: frozenset({"this", "is_string"}),
    exp.RawString: _UNARY,
    exp.Boolean: _UNARY,
    exp.Null: frozenset(),
    exp.Var: _UNARY,
    exp.Tuple: frozenset({"expressions"}),
    exp.Paren: _UNARY,
    exp.Neg: _UNARY,
    exp.Not: _UNARY,
    exp.BitwiseNot: _UNARY,
    exp.Between: frozenset({"this", "low", "high", "symmetric"}),
    exp.In: frozenset({"this", "expressions", "query"}),
    exp.Any: _UNARY,
    exp.All: _UNARY,
    exp.Exists: _UNARY,
    exp.Escape: _BINARY,
    exp.Like: frozenset({"this", "expression", "negate"}),
    exp.ILike: frozenset({"this", "expression", "negate"}),
    exp.Is: frozenset({"this", "expression", "negate"}),
    exp.Collate: _BINARY,
    exp.Interval: frozenset({"this", "unit"}),
    exp.AtTimeZone: frozenset({"this", "zone"}),
    exp.Bracket: frozenset({"this", "expressions", "offset", "safe"}),
    exp.DataType: frozenset({"this", "expressions", "nested"}),
    exp.DataTypeParam: _UNARY,
    exp.Case: frozenset({"this", "ifs", "default"}),
    exp.If: frozenset({"this", "true", "false"}),
    exp.Cast: frozenset({"this", "to", "safe"}),
    exp.TryCast: frozenset({"this", "to", "safe", "requires_string"}),
    exp.Window: frozenset({"this", "partition_by", "order", "spec", "alias", "over"}),
    exp.WindowSpec: frozenset({"kind", "start", "start_side", "end", "end_side"}),
    exp.Filter: _BINARY,
    exp.WithinGroup: _BINARY,
    exp.IgnoreNulls: _UNARY,
    exp.RespectNulls: _UNARY,
    exp.Div: frozenset({"this", "expression", "typed", "safe"}),
    exp.Extract: _BINARY,
    exp.Count: frozenset({"this", "expressions", "big_int"}),
    exp.Anonymous: frozenset({"this", "expressions"}),  # the functions rule judges the name
    exp.AnonymousAggFunc: frozenset({"this", "expressions"}),
    **dict.fromkeys(
        (exp.Add, exp.Sub, exp.Mul, exp.Mod, exp.IntDiv, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE), _BINARY
    ),
    **dict.fromkeys(
        (exp.NullSafeEQ, exp.NullSafeNEQ, exp.DPipe, exp.And, exp.Or, exp.Xor), frozenset({*_BINARY, "safe"})
    ),
}

# Functions that the parser has a class of its own for. How they may be *called* is the functions rule's business;
# this only says which of them compute a value from their arguments and nothing else.
_FUNCTIONS: Final = frozenset(
    getattr(exp, name)
    for name in (
        "Abs Acos AddMonths AnyValue ApproxDistinct ApproxQuantile ApproxQuantiles ArgMax ArgMin Array ArrayAgg "
        "ArrayLast ArrayFirst ArraySize ArraySort ArrayDistinct ArrayContains ArrayToString Ascii Asin Atan Atan2 Avg "
        "Cbrt Ceil Coalesce Concat ConcatWs Contains ConvertTimezone Corr Cos Cot CountIf CovarPop CovarSamp CumeDist "
        "CurrentDate CurrentDatetime CurrentTime CurrentTimestamp Date DateAdd DateBin DateDiff DateFromParts "
        "DateFromUnixDate DateStrToDate DateSub DateTrunc Datetime DatetimeAdd DatetimeDiff DatetimeSub DatetimeTrunc "
        "Day DayOfMonth DayOfWeek DayOfWeekIso DayOfYear Dayname Degrees DenseRank EndsWith Exp Extract FirstValue "
        "Floor Greatest GroupConcat Grouping Hour Initcap IsInf IsNan Lag LastDay LastValue Lead Least Left Length "
        "Levenshtein Ln Localtime Localtimestamp Log LogicalAnd LogicalOr Lower MakeInterval Max Median Min Minute "
        "Mode Month Monthname MonthsBetween NthValue Ntile Nullif Overlay ParseDate PercentRank PercentileCont "
        "PercentileDisc Pi Pow Quantile Quarter Radians Rank RegexpExtract RegexpFullMatch RegexpILike RegexpInstr "
        "RegexpLike RegexpReplace RegexpSubstr Replace Reverse Right Round RowNumber SafeAdd SafeDivide SafeMultiply "
        "SafeNegate SafeSubtract Second Sign Sin Split SplitPart Sqrt StartsWith Stddev StddevPop StddevSamp "
        "StrPosition StrToDate StrToTime StrToUnix String Substring SubstringIndex Sum Tan Time TimeAdd TimeDiff "
        "TimeFromParts TimeStrToDate TimeStrToTime TimeStrToUnix TimeSub TimeToStr TimeToUnix TimeTrunc Timestamp "
        "TimestampAdd TimestampDiff TimestampFromParts TimestampSub TimestampTrunc ToChar ToDays Translate Trim Trunc "
        "TsOrDsAdd TsOrDsDiff TsOrDsToDate TsOrDsToDateStr TsOrDsToDatetime TsOrDsToTime TsOrDsToTimestamp Typeof "
        "Unicode UnixDate UnixMicros UnixMillis UnixSeconds UnixToStr UnixToTime Upper UtcDate UtcTime UtcTimestamp "
        "BitwiseAndAgg BitwiseOrAgg ByteLength First Glob JustifyDays JustifyHours JustifyInterval Last ParseDatetime "
        "RegrCount RegrIntercept RegrR2 RegrSlope ToNumber "
        "Variance VariancePop Week WeekOfYear WeekStart WidthBucket Year YearOfWeek YearOfWeekIso"
    ).split()
    if hasattr(exp, name)
)

# Bare words that sqlglot keeps as text and prints unchanged. Anything else in such a place is refused.
_WORDS: Final = frozenset(
    {"LEFT", "RIGHT", "FULL", "INNER", "OUTER", "CROSS", "NATURAL", "OVER", "ROWS", "RANGE", "GROUPS", "UNBOUNDED"}
    | {"CURRENT ROW", "PRECEDING", "FOLLOWING", "FIRST", "NEXT", "ALL", "BOTH", "LEADING", "TRAILING", "DISTINCT"}
)
_PRINTED_ELSEWHERE: Final = frozenset(
    (kind, "this") for kind in (exp.Identifier, exp.Literal, exp.RawString, exp.Var, exp.Anonymous)
)


def _refused_part(node: exp.Expr) -> str:
    """The name of a part that may not be there, "" when the node is fine."""
    kind = type(node)
    allowed = _PARTS.get(kind)
    if allowed is None and kind not in _FUNCTIONS:
        return kind.__name__
    for name, value in node.args.items():
        if value is None or value is False or value == []:
            continue
        if allowed is not None and name not in allowed:
            return name.rstrip("_")
        if isinstance(value, str) and (kind, name) not in _PRINTED_ELSEWHERE and value.upper() not in _WORDS:
            return name.rstrip("_")
    return ""


def allowed_nodes(statement: Statement) -> list[Violation]:
    for node in statement.tree.walk():
        part = _refused_part(node)
        if part:
            return [_refused(node, part, statement)]
    return []


def _refused(node: exp.Expr, part: str, statement: Statement) -> Violation:
    fragment = statement.fragment(node)
    if isinstance(node, exp.Func) and part == type(node).__name__:
        name = node.sql_name()
        message = f"The function {name} is not one that queries may use here."
        return Violation(
            "function", fragment, message, f"Do not call {name[:60]}. Use a common aggregate, date or text function."
        )
    return Violation(
        "construct",
        fragment,
        f"The query uses something that is not allowed here ({part.replace('_', ' ').lower()}).",
        "Use plain SELECT syntax only: joins, WHERE, GROUP BY, HAVING, window functions, WITH, UNION.",
    )
