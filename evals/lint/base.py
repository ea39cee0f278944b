"""What can be found in a suite, and what a rule is given to look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from sqlglot import exp

from evals.cases.base import Case, Dialect, GoldQuery, Suite
from evals.cases.resolve import dialect_of, required_of
from evals.lint.statement import output_names, parsed
from evals.matching.rules import Gold

# error: the case cannot be judged, or no answer could be right, or a wrong one would be. warning: look at it.
Level = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Problem:
    """`code` is stable, for scripts. `key` is the key of the case that it stands at, "" for the case itself."""

    level: Level
    code: str
    message: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem at its place. `case` is "" where it is one of the suite."""

    problem: Problem
    case: str
    line: int


@dataclass(frozen=True, slots=True)
class Read:
    """What came of a gold query on an instance: `gold` is None where it did not run, and `trouble` says why."""

    instance: str
    gold: Gold | None = None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    """An accepted query. `tree` is None where it cannot be parsed. `reads` has one for each instance, the base first,
    and is empty where nothing was run."""

    query: GoldQuery
    dialect: Dialect
    tree: exp.Expr | None
    required: tuple[str, ...]
    reads: tuple[Read, ...] = ()

    @property
    def golds(self) -> Mapping[str, Gold]:
        """By instance, where it ran."""
        return {each.instance: each.gold for each in self.reads if each.gold is not None}

    @property
    def outputs(self) -> tuple[str, ...] | None:
        """Names of the columns, of the statement or else of its result; None where they cannot be told."""
        named = output_names(self.tree) if self.tree is not None else None
        return named or next((gold.table.columns for gold in self.golds.values()), None)


@dataclass(frozen=True, slots=True)
class Subject:
    """A case under examination. `refusal` is why the guard refuses each of its golds, "" where it lets one pass or was
    not asked; `row_limit` is the number of rows at which an answer is cut. `untrue` says what its transpiled golds give
    that the golds as they are written do not."""

    case: Case
    suite: Suite
    statements: tuple[Statement, ...] = field(default=())
    refusal: str = ""
    row_limit: int | None = None
    untrue: tuple[str, ...] = ()


Rule = Callable[[Subject], Iterator[Problem]]
SuiteRule = Callable[[tuple[Subject, ...]], Iterator[tuple[int | None, Problem]]]


def statements_of(case: Case, suite: Suite) -> tuple[Statement, ...]:
    made = []
    for query in case.sql:
        dialect = dialect_of(query, suite)
        made.append(Statement(query, dialect, parsed(query.sql, dialect), required_of(query, case)))
    return tuple(made)


def error(code: str, message: str, key: str = "sql") -> Problem:
    return Problem("error", code, message, key)


def warning(code: str, message: str, key: str = "sql") -> Problem:
    return Problem("warning", code, message, key)
