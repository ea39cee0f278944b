"""Every result has an end: LIMIT is set to one row more than is returned, or lowered to it, in the text itself."""

from __future__ import annotations

from typing import Final, TypeGuard

from sqlglot import exp

from nl2sql.guard.row_bounds import literal_rows
from nl2sql.guard.statement import Statement
from nl2sql.guard.violation import Violation

# Skipped rows are read all the same. Nobody pages this far by hand.
_MAX_OFFSET: Final = 10_000_000


def _plain_number(node: exp.Expr | None) -> TypeGuard[exp.Literal]:
    return isinstance(node, exp.Literal) and not node.is_string and str(node.this).isdigit() and len(node.this) <= 18


def bounded_rows(statement: Statement) -> list[Violation]:
    for clause in statement.tree.find_all(exp.Limit, exp.Fetch, exp.Offset):
        number = clause.args.get("count") if isinstance(clause, exp.Fetch) else clause.expression
        if not _plain_number(number):
            message = "LIMIT and OFFSET take a plain number."
            return [Violation("limit", statement.fragment(clause), message, message)]
        if isinstance(clause, exp.Offset) and int(number.this) > _MAX_OFFSET:
            message = f"OFFSET can be at most {_MAX_OFFSET:,}."
            return [Violation("limit", statement.fragment(clause), message, message)]
        if isinstance(clause, exp.Fetch):
            clause.replace(exp.Limit(expression=number.copy()))
    return _bound_result(statement)


def _bound_result(statement: Statement) -> list[Violation]:
    tree, most = statement.tree, statement.limits.rows + 1
    if isinstance(tree, exp.Values):
        if len(tree.expressions) <= most:
            return []
        message = f"At most {statement.limits.rows:,} rows can be listed."
        return [Violation("limit", "VALUES", message, message)]
    rows = literal_rows(tree)
    if rows is None or rows > most:
        tree.set("limit", exp.Limit(expression=exp.Literal.number(most)))
        statement.limit_added = True
    return []
