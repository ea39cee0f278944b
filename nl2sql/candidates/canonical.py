"""When two statements are the same one, written differently."""

from __future__ import annotations

import sqlglot
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.normalize_identifiers import normalize_identifiers


def canonical(sql: str, grammar: str) -> str:
    """The statement without comments, layout, the case of keywords and of names that the grammar reads in any case.
    `grammar` is the parser's name of the dialect. What does not parse is compared as text."""
    try:
        trees = [normalize_identifiers(tree, dialect=grammar) for tree in sqlglot.parse(sql, read=grammar) if tree]
        return "; ".join(tree.sql(dialect=grammar, comments=False) for tree in trees)
    except (SqlglotError, RecursionError, ValueError):
        return " ".join(sql.split()).rstrip("; ")
