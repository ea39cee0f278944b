"""The list of functions and the list of syntax agree: what may be called may also be read."""

from __future__ import annotations

import pytest
from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from nl2sql.guard.dialects import DIALECTS, dialect_named
from nl2sql.guard.function_lists import allowed_functions
from nl2sql.guard.rules.nodes import _FUNCTIONS, _PARTS

# How a function may be called at all; the first that the parser reads without an unlisted node will do.
SHAPES = ("({0})", "({0}, {1})", "({0}, {1}, {0})", "()", "({0} FROM {1})")


def unlisted(name: str, dialect: str) -> set[str]:
    found: set[str] = set()
    for shape in SHAPES:
        try:
            call = parse_one(f"SELECT {name}{shape.format('year', 'b')} FROM t", read=dialect_named(dialect).grammar)
        except (SqlglotError, TypeError, IndexError):  # the latter for a number of arguments it did not think of
            continue
        nodes = {type(node) for node in call.expressions[0].walk()} - _PARTS.keys() - _FUNCTIONS
        if not nodes:
            return set()
        found |= {node.__name__ for node in nodes}
    return found


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_function_that_may_be_called_is_syntax_that_may_occur(dialect: str) -> None:
    assert {name: nodes for name in sorted(allowed_functions(dialect)) if (nodes := unlisted(name, dialect))} == {}


def test_no_listed_class_of_functions_has_left_the_parser() -> None:
    assert all(issubclass(each, exp.Expr) for each in _FUNCTIONS)
