"""Texts that contain, begin or end with a text, whatever its case; % and _ stand for themselves.

SQLite ignores the case of ASCII letters only; the others of all letters.
"""

from __future__ import annotations

import re
from typing import Final

from sqlglot import exp

TEXT_OPERATORS: Final = ("contains", "not contains", "starts with", "ends with")
_SPECIAL: Final = re.compile(r"[!%_]")


def matching(value: exp.Expr, operator: str, text: str, dialect: str) -> exp.Expr:
    found = (
        _found_by_function(value, operator, text) if dialect == "bigquery" else _like(value, operator, text, dialect)
    )
    return exp.Not(this=found) if operator == "not contains" else found


def _like(value: exp.Expr, operator: str, text: str, dialect: str) -> exp.Expr:
    """MySQL compares by the collation of the column, which need not ignore case: there both sides are lowered."""
    if dialect == "mysql":
        value, text = exp.Lower(this=value), text.lower()
    # A backslash escapes by default on some engines, so another character is named wherever one stands in the text.
    escapes = bool(_SPECIAL.search(text)) or "\\" in text
    pattern = _SPECIAL.sub(lambda found: f"!{found[0]}", text) if escapes else text
    before, after = "" if operator == "starts with" else "%", "" if operator == "ends with" else "%"
    like = exp.ILike if dialect in ("postgres", "duckdb") else exp.Like
    found: exp.Expr = like(this=value, expression=exp.Literal.string(f"{before}{pattern}{after}"))
    return exp.Escape(this=found, expression=exp.Literal.string("!")) if escapes else found


def _found_by_function(value: exp.Expr, operator: str, text: str) -> exp.Expr:
    """BigQuery's LIKE has no ESCAPE."""
    lowered, sought = exp.Lower(this=value), exp.Literal.string(text.lower())
    if operator == "starts with":
        return exp.StartsWith(this=lowered, expression=sought)
    if operator == "ends with":
        return exp.EndsWith(this=lowered, expression=sought)
    return exp.GT(this=exp.StrPosition(this=lowered, substr=sought), expression=exp.Literal.number(0))
