"""A hidden column is refused wherever it stands: output, filter, join, group, order, window, USING."""

from __future__ import annotations

from nl2sql.guard.statement import Statement
from nl2sql.guard.violation import Violation


def no_sensitive_columns(statement: Statement) -> list[Violation]:
    names = dict.fromkeys(node.name.lower() for node in statement.sensitive)
    return [
        Violation(
            "sensitive_column",
            statement.fragment(name),
            f"“{name}” is private here: it cannot be shown, filtered, sorted, grouped or counted.",
            f"Do not use the column {name} in any place; answer without it or say that it is private.",
        )
        for name in list(names)[:5]
    ]
