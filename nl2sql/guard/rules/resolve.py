"""Every table and column is one that the catalog knows, and is written so that it can mean nothing else."""

from __future__ import annotations

from nl2sql.guard.binding import Binder
from nl2sql.guard.resolving import TooLarge
from nl2sql.guard.statement import Statement
from nl2sql.guard.violation import Violation


def known_names(statement: Statement) -> list[Violation]:
    binder = Binder(statement)
    try:
        binder.bind_query(statement.tree, None, {}, named=True)
    except TooLarge:
        message = "Written out in full, the query would be too large to check."
        return [Violation("too_complex", "", message, "Do not build output columns on output columns many times over.")]
    return [] if statement.sensitive else binder.resolver.violations
