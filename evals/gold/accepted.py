"""Which accepted queries of a case run on a database, and those of another dialect said in its own."""

from __future__ import annotations

from dataclasses import dataclass

import sqlglot
from sqlglot import ErrorLevel
from sqlglot.errors import SqlglotError

from evals.cases.base import Case, Dialect, GoldQuery, Suite
from evals.errors import SuiteInvalid


@dataclass(frozen=True, slots=True)
class Accepted:
    """`dialect` is the one that the query was written in."""

    query: GoldQuery
    dialect: Dialect
    is_transpiled: bool


def accepted_for(case: Case, suite: Suite, dialect: Dialect) -> tuple[Accepted, ...]:
    """Those of the dialect; where there are none, those of the suite's, and else of the first dialect there is."""
    found = [(query, query.dialect or suite.dialect) for query in case.sql]
    dialects = [each for _, each in found]
    wanted = next(each for each in (dialect, suite.dialect, *dialects) if each in dialects)
    return tuple(Accepted(query, each, each != dialect) for query, each in found if each == wanted)


def transpile(sql: str, source: Dialect, target: Dialect, case_id: str) -> str:
    """Raises SuiteInvalid for what the target has no words for."""
    try:
        (said,) = sqlglot.transpile(sql, read=source, write=target, unsupported_level=ErrorLevel.RAISE)
    except (SqlglotError, RecursionError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise SuiteInvalid(
            f"The gold query of the case {case_id} is written for {source} and cannot be said in {target}: {reason}",
            hint=f"Give the case a gold query of its own for {target}.",
        ) from error
    return said
