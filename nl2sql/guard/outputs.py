"""Names and logical types of a statement's result, read off the bound tree."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.schema import MappingSchema

from nl2sql.catalog.model import DataType
from nl2sql.guard.checked import OutputColumn
from nl2sql.guard.physical import PhysicalTable
from nl2sql.guard.statement import Statement

# Money is DECIMAL(12,2) everywhere in the model's contract.
_MONEY_SCALE: Final = 2
# Here TIMESTAMP is a point in time and DATETIME is what the clock shows.
_DATETIME_HAS_NO_ZONE: Final = frozenset({"mysql", "bigquery"})
_SQL_TYPES: Final[dict[DataType, str]] = {
    DataType.STRING: "VARCHAR",
    DataType.INTEGER: "BIGINT",
    DataType.DECIMAL: "DECIMAL(12, 2)",
    DataType.FLOAT: "DOUBLE",
    DataType.BOOLEAN: "BOOLEAN",
    DataType.DATE: "DATE",
    DataType.TIME: "TIME",
    DataType.DATETIME: "TIMESTAMP",
    DataType.DATETIME_TZ: "TIMESTAMPTZ",
}
_KINDS: Final[tuple[tuple[frozenset[exp.DType], DataType], ...]] = (
    (frozenset(exp.DataType.TEXT_TYPES), DataType.STRING),
    (frozenset(exp.DataType.INTEGER_TYPES) | {exp.DType.YEAR}, DataType.INTEGER),
    (frozenset({exp.DType.DECIMAL, exp.DType.BIGDECIMAL, exp.DType.UDECIMAL}), DataType.DECIMAL),
    (frozenset({exp.DType.FLOAT, exp.DType.DOUBLE, exp.DType.UDOUBLE}), DataType.FLOAT),
    (frozenset({exp.DType.BOOLEAN}), DataType.BOOLEAN),
    (frozenset({exp.DType.DATE, exp.DType.DATE32}), DataType.DATE),
    (frozenset({exp.DType.TIME}), DataType.TIME),
    (frozenset({exp.DType.TIMESTAMPTZ, exp.DType.TIMESTAMPLTZ}), DataType.DATETIME_TZ),
    (
        frozenset({exp.DType.TIMESTAMP, exp.DType.DATETIME, exp.DType.TIMESTAMPNTZ, exp.DType.DATETIME2}),
        DataType.DATETIME,
    ),
)
_TYPE_OF: Final[Mapping[exp.DType, DataType]] = {each: kind for types, kind in _KINDS for each in types}

# SQLite has no date type: its date functions return text, whatever other dialects would make of them.
_SQLITE_TEXT: Final = (
    exp.TimeToStr, exp.Date, exp.Datetime, exp.Time, exp.TsOrDsToDate, exp.TsOrDsToTimestamp, exp.TsOrDsToTime,
    exp.TsOrDsToDatetime, exp.Typeof, exp.CurrentDate, exp.CurrentTimestamp, exp.CurrentTime,
)  # fmt: skip
# Calls the parser has no class for, by what they return.
_NAMED: Final[Mapping[str, DataType]] = {
    **dict.fromkeys(("date", "datetime", "time", "strftime", "timediff", "typeof"), DataType.STRING),
    **dict.fromkeys(("julianday", "total", "std"), DataType.FLOAT),
    **dict.fromkeys(("instr", "unixepoch", "yearweek", "to_seconds", "weekday", "period_diff"), DataType.INTEGER),
    **dict.fromkeys(("field", "find_in_set", "strcmp", "position"), DataType.INTEGER),
}
_FLOATS: Final = (
    exp.Avg, exp.Div, exp.Median, exp.PercentileCont, exp.Quantile, exp.Stddev, exp.StddevPop, exp.StddevSamp,
    exp.Variance, exp.VariancePop, exp.Corr, exp.SafeDivide, exp.Sqrt, exp.Ln, exp.Exp, exp.Pow,
)  # fmt: skip
# Types pass through these unchanged; the first part that has a type decides.
_THROUGH: Final = (
    exp.Sum, exp.Min, exp.Max, exp.Paren, exp.Neg, exp.Abs, exp.Window, exp.Filter, exp.Distinct, exp.Lag, exp.Lead,
    exp.FirstValue, exp.LastValue, exp.NthValue, exp.AnyValue, exp.IgnoreNulls, exp.RespectNulls, exp.Nullif, exp.Mode,
    exp.ArgMax, exp.ArgMin, exp.WithinGroup, exp.Round,
)  # fmt: skip
_CHOICES: Final = (exp.Coalesce, exp.Case, exp.If, exp.Greatest, exp.Least)


class Typed(NamedTuple):
    """As OutputColumn has it. What a column of a table holds, nobody has said but the model, which knows no scale."""

    kind: DataType
    scale: int = 0
    is_least: bool = False


_UNKNOWN: Final = Typed(DataType.OPAQUE)
_FLOAT: Final = Typed(DataType.FLOAT)


@lru_cache(maxsize=256)
def _schema(tables: tuple[tuple[str, tuple[tuple[str, DataType], ...]], ...], dialect: str) -> MappingSchema:
    types = _SQL_TYPES | ({DataType.DATETIME: "DATETIME"} if dialect in _DATETIME_HAS_NO_ZONE else {})
    mapping: dict[str, object] = {
        name: {column: types.get(kind, "UNKNOWN") for column, kind in columns} for name, columns in tables
    }
    return MappingSchema(mapping, dialect=dialect, normalize=False)


def schema_of(tables: Mapping[str, PhysicalTable], dialect: str) -> MappingSchema:
    frozen = tuple(
        (table.name, tuple((column.name, column.datatype) for column in table.columns.values()))
        for table in tables.values()
    )
    return _schema(frozen, dialect)


def output_columns(statement: Statement) -> tuple[OutputColumn, ...]:
    """Annotates `statement.tree` on the way. Types nobody can tell are OPAQUE; an engine then decides."""
    tree, dialect = statement.tree, statement.dialect
    if isinstance(tree, exp.Values):
        first = tree.expressions[0]
        values = first.expressions if isinstance(first, exp.Tuple) else [first]
        return tuple(OutputColumn(f"column{i}", *_typed(value, dialect.name)) for i, value in enumerate(values, 1))
    base = "mysql" if dialect.name == "mariadb" else dialect.name
    own = {name: statement.catalogue.tables[name] for name in sorted(statement.tables)}
    try:
        annotate_types(tree, schema=schema_of(own, base), dialect=dialect.grammar)
    except (SqlglotError, RecursionError, ValueError, AttributeError, KeyError, TypeError):
        return tuple(OutputColumn(each.alias_or_name, DataType.OPAQUE) for each in _arms(tree)[0])
    arms = _arms(tree)
    columns = []
    for index, output in enumerate(arms[0]):
        types = [_typed(arm[index].unalias(), dialect.name) for arm in arms if index < len(arm)]
        columns.append(OutputColumn(output.alias_or_name, *_agreed(types)))
    return tuple(columns)


def _arms(tree: exp.Expr) -> list[list[exp.Expr]]:
    """The output lists of every part of a set operation."""
    found, stack = [], [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, exp.SetOperation):
            stack += [node.expression, node.this]
        elif isinstance(node, exp.Subquery):
            stack.append(node.this)
        else:
            found.append(node.expressions if isinstance(node, exp.Select) else [])
    return found


def _agreed(types: list[Typed]) -> Typed:
    """What several branches have in common: the same type, the wider number, else nothing."""
    known = [each for each in types if each != _UNKNOWN]
    if not known:
        return _UNKNOWN
    kinds = {each.kind for each in known}
    scale, is_least = max(each.scale for each in known), any(each.is_least for each in known)
    if len(kinds) == 1:
        return Typed(known[0].kind, scale, is_least)
    if all(kind.is_number for kind in kinds):
        return _FLOAT if DataType.FLOAT in kinds else Typed(DataType.DECIMAL, scale, is_least)
    return _UNKNOWN


def _typed(node: exp.Expr, dialect: str) -> Typed:
    """Our own reading where it is stricter than sqlglot's, else the annotated type."""
    if isinstance(node, exp.Null):
        return _UNKNOWN
    if isinstance(node, _FLOATS):
        return _FLOAT
    if dialect == "sqlite" and isinstance(node, _SQLITE_TEXT):
        return Typed(DataType.STRING)
    if isinstance(node, exp.Anonymous):
        return Typed(_NAMED.get(str(node.this).lower(), DataType.OPAQUE))
    if isinstance(node, exp.Cast) and node.to.this is exp.DType.DECIMAL and not node.to.expressions:
        return _typed(node.this, dialect)  # written by sqlglot around what PostgreSQL's ROUND takes
    if isinstance(node, _THROUGH):
        return _through(node, dialect)
    if isinstance(node, _CHOICES):
        return _agreed([_typed(each, dialect) for each in _choices(node)])
    if isinstance(node, exp.Add | exp.Sub | exp.Mul | exp.Mod):
        return _arithmetic(node, dialect)
    return _annotated(node)


def _through(node: exp.Expr, dialect: str) -> Typed:
    inner = node.this
    if isinstance(inner, exp.Distinct):
        inner = inner.expressions[0]
    if isinstance(node, exp.WithinGroup) and isinstance(inner, exp.PercentileDisc):
        ordered = node.expression.find(exp.Ordered)
        return _typed(ordered.this, dialect) if ordered is not None else _UNKNOWN
    if not isinstance(inner, exp.Expr):
        return _annotated(node)
    found = _typed(inner, dialect)
    if isinstance(node, exp.Round) and found.kind is DataType.DECIMAL:
        digits = node.args.get("decimals")
        if isinstance(digits, exp.Literal) and str(digits.this).isdigit():
            places = int(digits.this)
            return Typed(found.kind, places if found.is_least else min(found.scale, places))
        return found
    if isinstance(node, exp.Sum) and found.kind is DataType.BOOLEAN:
        return Typed(DataType.INTEGER)
    return found


def _choices(node: exp.Expr) -> list[exp.Expr]:
    if isinstance(node, exp.Case):
        branches = [each.args["true"] for each in node.args["ifs"]]
        return [*branches, *([node.args["default"]] if node.args.get("default") is not None else [])]
    if isinstance(node, exp.If):
        return [each for each in (node.args.get("true"), node.args.get("false")) if each is not None]
    return [node.this, *node.expressions]


def _arithmetic(node: exp.Expr, dialect: str) -> Typed:
    left, right = _typed(node.this, dialect), _typed(node.expression, dialect)
    numbers = [each for each in (left, right) if each.kind.is_number]
    if len(numbers) < 2:
        return _annotated(node)
    kinds = {each.kind for each in numbers}
    if isinstance(node, exp.Mul) and DataType.DECIMAL in kinds and DataType.FLOAT not in kinds:
        return Typed(DataType.DECIMAL, left.scale + right.scale, left.is_least or right.is_least)
    return _agreed(numbers)


def _annotated(node: exp.Expr) -> Typed:
    datatype = node.type
    if datatype is None or not isinstance(datatype.this, exp.DType):
        return _UNKNOWN
    kind = _TYPE_OF.get(datatype.this, DataType.OPAQUE)
    if isinstance(node, exp.Literal) and not node.is_string and "." in str(node.this):
        return _FLOAT
    if kind is not DataType.DECIMAL:
        return Typed(kind)
    return Typed(kind, _scale(datatype), is_least=not isinstance(node, exp.Cast))


def _scale(datatype: exp.DataType) -> int:
    parameters = datatype.expressions
    if len(parameters) == 2 and str(parameters[1].name).isdigit():
        return int(parameters[1].name)
    return 0 if len(parameters) == 1 else _MONEY_SCALE
