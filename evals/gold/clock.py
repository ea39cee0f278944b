"""Golds that ask the clock are told the as-of day: with tomorrow's clock they would have other results, or none.

“Today” is that day, and “now” its last second, 23:59:59 UTC.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import Literal

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

Shape = Literal["day", "moment", "zoned", "time"]

END_OF_DAY = "23:59:59"

# SQLite's functions of moments, all of which take 'now', and take it where nothing is given.
_SQLITE_MOMENTS = frozenset({"DATE", "TIME", "DATETIME", "JULIANDAY", "UNIXEPOCH", "STRFTIME", "TIMEDIFF"})
# They would move the moment by the zone of the machine.
_SQLITE_ZONES = frozenset({"localtime", "utc"})

_NODES: dict[type[exp.Expr], Shape] = {
    exp.CurrentDate: "day",
    exp.UtcDate: "day",
    exp.CurrentTimestamp: "zoned",
    exp.CurrentDatetime: "moment",
    exp.UtcTimestamp: "moment",
    exp.Localtimestamp: "moment",
    exp.CurrentTime: "time",
    exp.UtcTime: "time",
    exp.Localtime: "time",
}
_NAMES: dict[str, Shape] = {
    "NOW": "zoned",
    "SYSDATE": "moment",
    "GETDATE": "moment",
    "TRANSACTION_TIMESTAMP": "zoned",
    "STATEMENT_TIMESTAMP": "zoned",
    "CLOCK_TIMESTAMP": "zoned",
    "GET_CURRENT_TIMESTAMP": "zoned",
    "TODAY": "day",
    "CURDATE": "day",
    "CURTIME": "time",
}
# MySQL takes these without brackets too, where the parser sees a column.
_BARE = {"UTC_DATE": "day", "UTC_TIMESTAMP": "moment", "UTC_TIME": "time"}
# PostgreSQL and DuckDB: DATE 'today', 'now'::timestamp.
_WORDS = {"now": 0, "today": 0, "yesterday": -1, "tomorrow": 1}
_TYPES: dict[str, dict[Shape, str]] = {
    "mysql": {"day": "DATE", "moment": "DATETIME", "zoned": "DATETIME", "time": "TIME"},
    "bigquery": {"day": "DATE", "moment": "DATETIME", "zoned": "TIMESTAMP", "time": "TIME"},
}
_OTHER_TYPES: dict[Shape, str] = {"day": "DATE", "moment": "TIMESTAMP", "zoned": "TIMESTAMPTZ", "time": "TIME"}


@lru_cache(maxsize=1_024)  # with the texts of ties, the golds of some 500 cases: about a megabyte
def freeze(sql: str, dialect: str, today: date) -> str:
    """The statement with `today` in place of the clock; the same text where it asks no clock or cannot be read. What
    the parser cannot read of SQLite's is read word by word."""
    try:
        tree = sqlglot.parse_one(sql, dialect=dialect)
    except (SqlglotError, RecursionError):
        return _by_words(sql, today) if dialect == "sqlite" else sql
    frozen = _Frozen(dialect, today)
    changed = frozen.change(tree)
    return changed.sql(dialect=dialect) if frozen.is_changed else sql


def _by_words(sql: str, today: date) -> str:
    try:
        tokens = sqlglot.tokenize(sql, read="sqlite")
    except SqlglotError:
        return sql
    moment = f"'{today} {END_OF_DAY}'"
    bare = {"CURRENT_DATE": f"'{today}'", "CURRENT_TIMESTAMP": moment, "CURRENT_TIME": f"'{END_OF_DAY}'"}
    for place, token in reversed(list(enumerate(tokens))):
        before = [each.text.upper() for each in tokens[max(0, place - 4) : place]]
        is_moment = token.token_type.name == "STRING" and token.text.lower() == "now"
        if is_moment and before[-1:] in (["("], [","]) and _SQLITE_MOMENTS & set(before):
            replacement = moment
        elif token.token_type.name in bare:
            replacement = bare[token.token_type.name]
        else:
            continue
        sql = f"{sql[: token.start]}{replacement}{sql[token.end + 1 :]}"
    return sql


class _Frozen:
    def __init__(self, dialect: str, today: date) -> None:
        self._dialect = dialect
        self._today = today
        self.is_changed = False

    def change(self, tree: exp.Expr) -> exp.Expr:
        for node in list(tree.walk()):
            replacement = self._sqlite(node) if self._dialect == "sqlite" else self._other(node)
            if replacement is None:
                continue
            self.is_changed = True
            if isinstance(node.parent, exp.Dot) and node.parent.expression is node:  # pg_catalog.now()
                node = node.parent
            if node is tree:
                return replacement
            node.replace(replacement)
        return tree

    def _sqlite(self, node: exp.Expr) -> exp.Expr | None:
        shape = _NODES.get(type(node))
        if shape is not None:
            return exp.Literal.string(self._text("moment" if shape == "zoned" else shape))
        if isinstance(node, exp.Literal) and node.is_string and _is_in_sqlite_function(node):
            word = node.name.lower()
            if word == "now":
                return exp.Literal.string(self._text("moment"))
            if word in _SQLITE_ZONES and node.arg_key == "expressions":
                return exp.Literal.string("+0 days")
        if _sqlite_function(node) and not [*node.iter_expressions()]:
            return exp.Anonymous(this=_name(node), expressions=[exp.Literal.string(self._text("moment"))])
        return None

    def _other(self, node: exp.Expr) -> exp.Expr | None:
        shape = self._shape(node)
        if shape is not None:
            return self._cast(shape)
        if isinstance(node, exp.Literal) and node.is_string and isinstance(node.parent, exp.Cast):
            days = _WORDS.get(node.name.strip().lower())
            if days is None or not node.parent.is_type(*exp.DataType.TEMPORAL_TYPES):
                return None
            at = f" {END_OF_DAY}" if node.name.strip().lower() == "now" else ""
            return exp.Literal.string(f"{self._today + timedelta(days=days)}{at}")
        if isinstance(node, exp.Anonymous) and _name(node) == "AGE" and len(node.expressions) == 1:
            return exp.Anonymous(this="AGE", expressions=[self._midnight(), node.expressions[0].copy()])
        if isinstance(node, exp.Anonymous) and _name(node) == "UNIX_TIMESTAMP" and not node.expressions:
            return exp.Anonymous(this="UNIX_TIMESTAMP", expressions=[exp.Literal.string(self._text("moment"))])
        return None

    def _shape(self, node: exp.Expr) -> Shape | None:
        shape = _NODES.get(type(node))
        if shape == "time" and self._dialect == "mysql" and isinstance(node, exp.Localtime):
            return "moment"
        if shape is None and isinstance(node, exp.Anonymous) and not node.expressions:
            shape = _NAMES.get(_name(node))
        if shape is None and self._dialect == "mysql" and isinstance(node, exp.Column) and not node.table:
            shape = _BARE.get(node.name.upper()) if not node.this.quoted else None  # type: ignore[assignment]
        return shape

    def _cast(self, shape: Shape) -> exp.Expr:
        types = _TYPES.get(self._dialect, _OTHER_TYPES)
        zone = "+00" if types[shape] in ("TIMESTAMPTZ", "TIMESTAMP") and shape == "zoned" else ""
        return _cast_as(f"{self._text(shape)}{zone}", types[shape], self._dialect)

    def _midnight(self) -> exp.Expr:
        return _cast_as(f"{self._today} 00:00:00", "TIMESTAMP", self._dialect)

    def _text(self, shape: Shape) -> str:
        match shape:
            case "day":
                return self._today.isoformat()
            case "time":
                return END_OF_DAY
            case _:
                return f"{self._today} {END_OF_DAY}"


def _cast_as(text: str, kind: str, dialect: str) -> exp.Expr:
    return exp.Cast(this=exp.Literal.string(text), to=exp.DataType.build(kind, dialect=dialect))


def _sqlite_function(node: exp.Expr | None) -> bool:
    if isinstance(node, exp.TsOrDsToTimestamp | exp.TimeToStr | exp.Date):
        return True
    return isinstance(node, exp.Anonymous) and _name(node) in _SQLITE_MOMENTS


def _is_in_sqlite_function(node: exp.Expr) -> bool:
    while node.parent is not None and not isinstance(node.parent, exp.Query):
        node = node.parent
        if _sqlite_function(node):
            return True
    return False


def _name(node: exp.Expr) -> str:
    return node.name.upper() if isinstance(node, exp.Anonymous) else "DATE"
