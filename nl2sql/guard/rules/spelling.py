"""What is printed raw must be harmless as text: types, units, numbers, names.

A tree can be innocent while the text printed from it is not, because some names are printed without quotes. So every
place where free text could come out is held to an alphabet or a list.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from nl2sql.guard.names import is_writable_name
from nl2sql.guard.statement import Statement
from nl2sql.guard.violation import Violation

_TYPES: Final = frozenset(
    getattr(exp.DType, name)
    for name in (
        "BIGINT BIGDECIMAL BOOLEAN CHAR DATE DATETIME DATETIME2 DECIMAL DOUBLE FLOAT INT INTERVAL MEDIUMINT NCHAR "
        "NVARCHAR SMALLINT TEXT TIME TIMESTAMP TIMESTAMPTZ TIMESTAMPLTZ TIMESTAMPNTZ TIMETZ TINYINT UBIGINT UINT "
        "VARCHAR YEAR UDECIMAL"
    ).split()
    if hasattr(exp.DType, name)
)
# A cast to CHAR(1000000000) pads one value to a gigabyte.
_MAX_TYPE_LENGTH: Final = 4_000
_MAX_GROUPING_SETS: Final = 32  # as many as the CUBE of five columns that is allowed
# Columns of a SELECT, of its GROUP BY, ORDER BY or PARTITION BY: a wide report has 60.
_MAX_CLAUSE: Final = 300
# COUNT(DISTINCT a, b, …) is written as a CASE over all of them where a database has it for one column only.
_MAX_DISTINCT: Final = 24
_SHORT_LISTS: Final[Mapping[type[exp.Expr], int]] = {
    **dict.fromkeys((exp.Select, exp.Group, exp.Order, exp.Window, exp.TableAlias), _MAX_CLAUSE),
    exp.Distinct: _MAX_DISTINCT,
}
_MAX_CUBED: Final = 5
_GROUPINGS: Final = frozenset({TokenType.CUBE, TokenType.ROLLUP, TokenType.GROUPING_SETS})
_UNITS: Final = frozenset(
    """
    MICROSECOND MICROSECONDS MILLISECOND MILLISECONDS SECOND SECONDS MINUTE MINUTES HOUR HOURS DAY DAYS WEEK WEEKS
    ISOWEEK MONTH MONTHS QUARTER QUARTERS YEAR YEARS ISOYEAR DECADE CENTURY MILLENNIUM EPOCH DOW DOY ISODOW DAYOFWEEK
    DAYOFYEAR DATE TIME DAY_HOUR DAY_MINUTE DAY_SECOND HOUR_MINUTE HOUR_SECOND MINUTE_SECOND YEAR_MONTH WEEKDAY
    """.split()
)
_WEEKDAYS: Final = frozenset({"MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"})
_COLLATIONS: Final = frozenset({"NOCASE", "BINARY", "RTRIM"})
_NUMBER: Final = re.compile(r"(\d{1,38}(\.\d{0,38})?|\.\d{1,38})([eE][+-]?\d{1,3})?\Z")
_UNIT_TEXT: Final = re.compile(r"[A-Za-z_]{1,20}\Z")
_INTERVAL_TEXT: Final = re.compile(r"[A-Za-z0-9 :.+-]{1,60}\Z")


def _type_fault(node: exp.DataType, _: Statement) -> str:
    if node.this not in _TYPES or node.args.get("nested"):
        return "this type is not allowed; use a plain number, text, date or time type"
    for parameter in node.expressions:
        length = parameter.this if isinstance(parameter, exp.DataTypeParam) else None
        if not isinstance(length, exp.Literal) or not str(length.this).isdigit():
            return "the length of a type must be a number"
        if int(str(length.this)[:9]) > _MAX_TYPE_LENGTH:
            return f"the length of a type can be at most {_MAX_TYPE_LENGTH:,}"
    return ""


def _var_fault(node: exp.Var, statement: Statement) -> str:
    word, parent = str(node.this).upper(), node.parent
    if isinstance(parent, exp.Collate):
        return "" if word in _COLLATIONS and statement.dialect.name == "sqlite" else "this collation is not allowed"
    if isinstance(parent, exp.Ordered):
        return "" if word == "ALL" and statement.dialect.name == "duckdb" else "this sort key is not allowed"
    if isinstance(parent, exp.Escape | exp.Column):
        return "this word is not allowed"
    if isinstance(parent, exp.WeekStart):
        return "" if word in _WEEKDAYS else "this is not a day of the week"
    return "" if word in _UNITS else "this word is not a unit of time"


def _literal_fault(node: exp.Literal, statement: Statement) -> str:
    text = str(node.this)
    if not node.is_string:
        return "" if _NUMBER.match(text) else "this number is not written in a plain way"
    # With standard_conforming_strings off a backslash would escape the closing quote.
    if statement.dialect.name == "postgres" and ("\\'" in text or text.endswith("\\")):
        return "a backslash before a quote is not allowed in a text"
    if isinstance(node.parent, exp.Extract) and node.arg_key == "this":
        return "" if _UNIT_TEXT.match(text) and text.upper() in _UNITS else "this is not a part of a date"
    if isinstance(node.parent, exp.Interval) and not _INTERVAL_TEXT.match(text):
        return "this is not an interval"
    return ""


def _collate_fault(node: exp.Collate, _: Statement) -> str:
    return "" if isinstance(node.expression, exp.Var) else "this collation is not allowed"


def _identifier_fault(node: exp.Identifier, _: Statement) -> str:
    return "" if is_writable_name(str(node.this)) else "this name holds characters that names may not have"


def _table_fault(node: exp.Table, _: Statement) -> str:
    parts = (node.this, node.args.get("db"), node.args.get("catalog"))
    named = all(part is None or isinstance(part, exp.Identifier) for part in parts)
    return "" if named and isinstance(node.this, exp.Identifier) else "only tables can be read from"


def _column_fault(node: exp.Column, _: Statement) -> str:
    return "" if isinstance(node.this, exp.Identifier | exp.Star) else "this is not a column"


def _star_fault(node: exp.Star, _: Statement) -> str:
    """DuckDB reads `* LIKE 'e%'` as the columns of that name; a star elsewhere would be such a choice, too."""
    parent = node.parent
    if isinstance(parent, exp.Column):
        parent = parent.parent
    listed = isinstance(parent, exp.Select) or (isinstance(parent, exp.Count) and node.parent is parent)
    return "" if listed else "a star may stand only alone in a select list, or in COUNT(*)"


def _bracket_fault(node: exp.Bracket, _: Statement) -> str:
    indices = node.expressions
    plain = len(indices) == 1 and isinstance(indices[0], exp.Literal) and not indices[0].is_string
    return "" if plain else "only a position can be taken from a list"


def _tuple_fault(node: exp.Tuple, _: Statement) -> str:
    total = isinstance(node.parent, exp.GroupingSets | exp.Group)  # GROUPING SETS ((a), ()): the grand total
    return "" if node.expressions or total else "empty brackets mean nothing"


_FAULTS: Final[dict[type[exp.Expr], Callable[..., str]]] = {
    exp.DataType: _type_fault,
    exp.Var: _var_fault,
    exp.Literal: _literal_fault,
    exp.Collate: _collate_fault,
    exp.Identifier: _identifier_fault,
    exp.Table: _table_fault,
    exp.Column: _column_fault,
    exp.Bracket: _bracket_fault,
    exp.Star: _star_fault,
    exp.Tuple: _tuple_fault,
}


def _refused(fragment: str, fault: str) -> list[Violation]:
    return [
        Violation(
            "spelling", fragment, f"The query cannot run: {fault}.", f"Write “{fragment[:80]}” in another way: {fault}."
        )
    ]


def plain_spelling(statement: Statement) -> list[Violation]:
    writable: set[str] = set()
    for token in statement.tokens:  # the parser cuts some quoted names short, as in CAST(x AS "int), y …")
        if token.token_type is TokenType.IDENTIFIER and not is_writable_name(token.text):
            return _refused(statement.fragment(token.text), "this name holds characters that names may not have")
    for node in statement.tree.walk():
        kind = type(node)
        if kind is exp.Identifier and node.this in writable:
            continue
        judge = _FAULTS.get(kind)
        fault = judge(node, statement) if judge else ""
        if fault:
            return _refused(statement.fragment(node), fault)
        if kind is exp.Identifier:
            writable.add(node.this)
    return []


def list_lengths(statement: Statement) -> list[Violation]:
    """Lists and groupings that explode: by their length, CUBE by the power of two."""
    kinds = [token.token_type for token in statement.tokens]
    commas = kinds.count(TokenType.COMMA)
    shortest = _MAX_DISTINCT if TokenType.DISTINCT in kinds else _MAX_CLAUSE
    if commas >= min(statement.limits.in_list, shortest):  # else no list can be too long
        for node in statement.tree.walk():
            limit = _SHORT_LISTS.get(type(node), statement.limits.in_list)
            if any(isinstance(value, list) and len(value) > limit for value in node.args.values()):
                return _too_long("", f"A list can hold at most {limit:,} values.")
    return [] if _GROUPINGS.isdisjoint(kinds) else _many_groupings(statement)


def _many_groupings(statement: Statement) -> list[Violation]:
    found: dict[type[exp.Expr], int] = {}
    for node in statement.tree.find_all(exp.GroupingSets, exp.Rollup, exp.Cube):
        # GROUP BY a, b WITH ROLLUP has its columns in the clause around it.
        columns = node.expressions or getattr(node.parent, "expressions", [])
        found[type(node)] = found.get(type(node), 0) + len(columns)
    if found.get(exp.GroupingSets, 0) + found.get(exp.Rollup, 0) > _MAX_GROUPING_SETS:
        return _too_long("GROUPING SETS", f"GROUPING SETS and ROLLUP can take at most {_MAX_GROUPING_SETS} parts.")
    if found.get(exp.Cube, 0) > _MAX_CUBED:
        return _too_long("CUBE", f"CUBE can take at most {_MAX_CUBED} columns.")
    return []


def _too_long(fragment: str, message: str) -> list[Violation]:
    return [Violation("too_complex", fragment, message, message)]
