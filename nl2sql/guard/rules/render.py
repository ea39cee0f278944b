"""Print the tree: this text, and never the writer's, is what may run."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.errors import SqlglotError

from nl2sql.guard.statement import Statement
from nl2sql.guard.violation import Violation


def _avoid_missing_functions(statement: Statement) -> None:
    """MariaDB has no REGEXP_LIKE; a position above zero says the same."""
    for match in list(statement.tree.find_all(exp.RegexpLike)):
        position = exp.Anonymous(this="regexp_instr", expressions=[match.this, match.expression])
        match.replace(exp.Paren(this=exp.GT(this=position, expression=exp.Literal.number(0))))


def rendered_text(statement: Statement) -> list[Violation]:
    if statement.dialect.name == "mariadb":
        lateral = statement.tree.find(exp.Lateral)
        if lateral is not None:
            message = "MariaDB has no LATERAL subqueries."
            return [
                Violation("unsupported", statement.fragment(lateral), message, f"{message} Join a grouped subquery.")
            ]
        _avoid_missing_functions(statement)
    try:
        statement.rendered = statement.dialect.generator().generate(statement.tree, copy=False)
    except (SqlglotError, RecursionError, ValueError, AttributeError, KeyError, TypeError) as error:
        return [
            Violation(
                "unsupported",
                statement.fragment(statement.text),
                "The query uses something that cannot be written safely for this database.",
                f"Use other syntax: {str(error)[:120]}",
            )
        ]
    return []
