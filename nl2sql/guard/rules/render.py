"""Print the tree: this text, and never the writer's, is what may run."""

from __future__ import annotations

from typing import Final

from sqlglot import exp
from sqlglot.errors import SqlglotError

from nl2sql.guard.statement import Statement
from nl2sql.guard.violation import Violation


def _avoid_missing_functions(statement: Statement) -> None:
    """MariaDB has no REGEXP_LIKE; a position above zero says the same."""
    for match in list(statement.tree.find_all(exp.RegexpLike)):
        position = exp.Anonymous(this="regexp_instr", expressions=[match.this, match.expression])
        match.replace(exp.Paren(this=exp.GT(this=position, expression=exp.Literal.number(0))))


# What is computed over all rows of a FULL JOIN. MySQL has none: it is written as two queries, each with its own rows.
_OVER_ALL_ROWS: Final = ("group", "having", "distinct", "order", "limit", "offset", "windows")


def _split_join(statement: Statement) -> exp.Expr | None:
    """A FULL JOIN that cannot be written as two queries. The guard's own LIMIT is put around both."""
    for join in statement.tree.find_all(exp.Join):
        select = join.parent
        if str(join.args.get("side") or "").upper() != "FULL" or not isinstance(select, exp.Select):
            continue
        parts = [name for name in _OVER_ALL_ROWS if select.args.get(name) is not None]
        if statement.limit_added and select is statement.tree:
            parts = [name for name in parts if name != "limit"]
        if parts or any(output.find(exp.AggFunc, exp.Window) is not None for output in select.expressions):
            return join
    return None


def rendered_text(statement: Statement) -> list[Violation]:
    if statement.dialect.name == "mariadb":
        lateral = statement.tree.find(exp.Lateral)
        if lateral is not None:
            message = "MariaDB has no LATERAL subqueries."
            return [
                Violation("unsupported", statement.fragment(lateral), message, f"{message} Join a grouped subquery.")
            ]
        _avoid_missing_functions(statement)
    if statement.dialect.name in ("mysql", "mariadb"):
        join = _split_join(statement)
        if join is not None:
            message = "This database has no FULL JOIN, and here it cannot be written in another way."
            hint = f"{message} Aggregate both sides first, or use LEFT JOIN."
            return [Violation("unsupported", statement.fragment(join), message, hint)]
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
