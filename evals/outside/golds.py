"""Do the accepted golds of imported cases run, and do they find anything? What does not is no gold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from evals.cases.base import Case, Dialect, Suite
from evals.errors import SuiteInvalid
from evals.gold.accepted import transpile
from evals.gold.clock import freeze
from evals.gold.database import GoldDatabase, open_golds
from evals.outside.base import OutsideCase
from nl2sql.errors import EngineError

# A gold that takes longer is left out: on six databases and in some repeats it would take minutes.
SECONDS = 20.0
# Two days on which no gold that asks the clock is the same statement.
_DAYS = date(2001, 1, 1), date(2002, 2, 2)


@dataclass(frozen=True, slots=True)
class CheckedGolds:
    """`broken` has (sql, reason). `is_ordered`: each right gold has an ORDER BY of its own."""

    case: OutsideCase
    right: tuple[str, ...]
    broken: tuple[tuple[str, str], ...]
    is_ordered: bool
    reads_the_clock: bool


def check_golds(
    cases: Sequence[OutsideCase], database: Path, dialect: Dialect, as_of: date | None
) -> list[CheckedGolds]:
    """`as_of` None: the clock's day. Raises EngineError when the database cannot be read."""
    today = as_of or datetime.now(UTC).date()
    # No case of it is asked: it says what day and which dialect.
    suite = Suite(name="imported", dialect=dialect, cases=(Case(id="imported", question="?", kind="unanswerable"),))
    with open_golds(f"sqlite:///{database.resolve()}", suite, today=today) as golds:
        return [_checked(case, golds, dialect, today) for case in cases]


def _checked(case: OutsideCase, database: GoldDatabase, dialect: Dialect, today: date) -> CheckedGolds:
    judged = [(sql, _problem(sql, case.id, database, dialect, today)) for sql in case.golds]
    right = tuple(sql for sql, problem in judged if not problem)
    return CheckedGolds(
        case=case,
        right=right,
        broken=tuple((sql, problem) for sql, problem in judged if problem),
        is_ordered=bool(right) and all(_is_ordered(sql, dialect) for sql in right),
        reads_the_clock=any(freeze(sql, dialect, _DAYS[0]) != freeze(sql, dialect, _DAYS[1]) for sql in case.golds),
    )


def _problem(sql: str, case_id: str, database: GoldDatabase, dialect: Dialect, today: date) -> str:
    """Why it is no gold; "" where it is one."""
    try:
        ran = sql
        if dialect != database.dialect:
            ran = transpile(freeze(sql, dialect, today), dialect, database.dialect, case_id)
        rows = database.run(ran, today=today, seconds=SECONDS).rows
    except EngineError as error:
        return f"its gold does not run: {(error.hint or error.user_message).rstrip('.')}"
    except SuiteInvalid as error:
        return error.user_message
    if not rows:
        return "its gold finds no rows"
    return "its gold finds nothing but NULL" if all(cell is None for row in rows for cell in row) else ""


def _is_ordered(sql: str, dialect: Dialect) -> bool:
    try:
        return isinstance(sqlglot.parse_one(sql, dialect=dialect).args.get("order"), exp.Order)
    except (SqlglotError, RecursionError):
        return False
