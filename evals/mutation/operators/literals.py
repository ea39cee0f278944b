"""Mistakes in values: a number or a day off by one, another value of the same column, other capitals."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from sqlglot import exp

from evals.mutation.base import Change, KnownColumn, Scene
from evals.mutation.sources import resolve

# Of a column with many values two stand for all.
OTHER_VALUES = 2
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?=$|[ T])")
_MONTH = re.compile(r"(\d{4})-(\d{2})$")
_YEAR = re.compile(r"(?:19|20)\d{2}$")
# Places (ORDER BY 1), counts of rows, digits and factors have operators of their own, or are no mistake anyone makes.
_OTHER_NUMBERS = (
    exp.Limit, exp.Offset, exp.Group, exp.Ordered, exp.Round, exp.Select, exp.DataTypeParam, exp.Mul, exp.Div,
    exp.Count, exp.Nullif, exp.Coalesce, exp.WindowSpec,
)  # fmt: skip
_COMPARED = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.In, exp.Between, exp.Like, exp.ILike)
_SEEN_THROUGH = (exp.Lower, exp.Upper, exp.Trim, exp.Paren)


def number(node: exp.Expr, scene: Scene) -> Iterator[Change]:
    """±1. A number that only multiplies, or stands in for what is missing, is no boundary and stays."""
    if not isinstance(node, exp.Literal) or node.is_string or isinstance(node.parent, _OTHER_NUMBERS):
        return
    value = int(node.name) if node.name.isdigit() else float(node.name)
    yield Change(exp.Literal.number(repr(value + 1)))
    if value >= 1:
        yield Change(exp.Literal.number(repr(value - 1)))


def day(node: exp.Expr, scene: Scene) -> Iterator[Change]:
    """A day, a month or a year off by one."""
    if isinstance(node, exp.Literal) and node.is_string:
        for moved in _moved(node.name):
            yield Change(exp.Literal.string(moved))


def _moved(text: str) -> Iterator[str]:
    if (found := _DAY.match(text)) is not None:
        try:
            when = date(*map(int, found.groups()))
        except ValueError:
            return
        for step in (1, -1):
            yield (when + timedelta(days=step)).isoformat() + text[found.end() :]
        # A year off, as when “last year” was taken for this one; the last day of a leap February has none.
        if (when.month, when.day) != (2, 29):
            yield when.replace(year=when.year - 1).isoformat() + text[found.end() :]
    elif (found := _MONTH.match(text)) is not None and 1 <= int(found[2]) <= 12:
        month = int(found[1]) * 12 + int(found[2]) - 1
        for step in (1, -1):
            yield f"{(month + step) // 12:04d}-{(month + step) % 12 + 1:02d}"
    elif _YEAR.match(text):
        yield str(int(text) + 1)
        yield str(int(text) - 1)


def other_value(node: exp.Expr, scene: Scene) -> Iterator[Change]:
    """Another value that the compared column holds."""
    if not isinstance(node, exp.Literal) or not node.is_string:
        return
    known = _compared_column(node, scene)
    if known is None or known.kind != "text":
        return
    wildcards = node.name[: len(node.name) - len(node.name.lstrip("%"))], node.name[len(node.name.rstrip("%")) :]
    others = [str(each) for each in known.values if str(each).lower() != node.name.strip("%").lower()]
    for each in others[:OTHER_VALUES]:
        yield Change(exp.Literal.string(wildcards[0] + each + wildcards[1]))


def capitals(node: exp.Expr, scene: Scene) -> Iterator[Change]:
    """`paid` for `Paid`."""
    if not isinstance(node, exp.Literal) or not node.is_string or _compared_column(node, scene) is None:
        return
    text = node.name
    for changed in (text.lower(), text.capitalize(), text.upper()):
        if changed != text:
            yield Change(exp.Literal.string(changed))
            return


def _compared_column(node: exp.Literal, scene: Scene) -> KnownColumn | None:
    """The column that the literal is compared with, also through LOWER(column)."""
    test = node.parent
    while isinstance(test, _SEEN_THROUGH):
        test = test.parent
    if not isinstance(test, _COMPARED):
        return None
    columns = list(test.find_all(exp.Column))
    found = resolve(columns[0], scene.catalog) if len(columns) == 1 else None
    return found.column if found else None
