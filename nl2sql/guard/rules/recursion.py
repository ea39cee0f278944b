"""No recursion, and no more than a few named subqueries."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from nl2sql.guard.statement import Statement
from nl2sql.guard.violation import Violation

_MAX_CTES: Final = 24


def no_recursion(statement: Statement) -> list[Violation]:
    ctes = 0
    for clause in statement.tree.find_all(exp.With):
        ctes += len(clause.expressions)
        if clause.args.get("recursive"):
            return [
                Violation(
                    "recursion",
                    "WITH RECURSIVE",
                    "Recursive queries are not allowed: nothing bounds how long they run.",
                    "Do not use WITH RECURSIVE; join the table to itself for a fixed number of levels.",
                )
            ]
    if ctes > _MAX_CTES:
        message = f"A query can have at most {_MAX_CTES} named subqueries (WITH)."
        return [Violation("too_complex", "WITH", message, f"Use at most {_MAX_CTES} WITH queries.")]
    return []
