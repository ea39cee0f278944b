"""Runs one statement after the other on a database that is only read, for the evaluation itself: golds, and answers on
further instances. It takes any query, which the product never would, so it trusts the suite no further than that it
may read what the account may read.
"""

from __future__ import annotations

from typing import Protocol

import sqlglot
from sqlglot.errors import SqlglotError

from evals.cases.base import Dialect
from evals.matching.rules import Table
from nl2sql.errors import QueryFailed

# A gold that gives more is no answer to a question, and comparing it would take minutes.
MAX_ROWS = 200_000
# As large a result as a machine with little memory holds a few of.
MAX_BYTES = 256_000_000
# Golds are written with care and run once; what takes longer on an evaluation's database is a fault of the gold.
GOLD_SECONDS = 60.0

NOT_RUN = "The database could not run this query."
# What they begin is not read by the parser, but run by the server.
_RUN_COMMENTS = ("/*!", "/*M!")


class Reader(Protocol):
    """For one thread. `dialect` is what golds for it are written in; MariaDB's is MySQL's."""

    @property
    def dialect(self) -> Dialect: ...

    def run(self, sql: str, seconds: float = GOLD_SECONDS) -> Table:
        """Raises EngineError: QueryFailed, whose hint has the database's words, QueryTimedOut and so on."""
        ...


def refuse_writing(sql: str, dialect: Dialect) -> None:
    """For servers, whose read-only transactions still write files and take locks: SELECT … INTO, and what only looks
    like a comment. Raises QueryFailed. An account that may only SELECT from what it needs is the better wall."""
    if any(mark in sql for mark in _RUN_COMMENTS):
        raise QueryFailed(NOT_RUN, hint="It has a comment that a server would run.")
    try:
        words = [
            token.text.upper() for token in sqlglot.tokenize(sql, read=dialect) if token.token_type.name != "STRING"
        ]
    except SqlglotError as error:
        raise QueryFailed(NOT_RUN, hint="It cannot be read as SQL.") from error
    if "INTO" in words or ("FOR" in words and {"UPDATE", "SHARE"} & set(words)):
        raise QueryFailed(NOT_RUN, hint="Nothing but reading runs here: no INTO, no FOR UPDATE.")


def too_large() -> QueryFailed:
    return QueryFailed(
        f"The result has more than {MAX_ROWS:,} rows or {MAX_BYTES // 1_000_000} MB.",
        hint="A gold is what a person would be shown: aggregate, or ask for the first ones.",
    )
