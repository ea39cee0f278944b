"""Examines a suite: the text of each case, what its golds give on each instance, and the cases side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from evals.cases.base import Case, GoldQuery, Suite
from evals.cases.load import spelled, suite_of
from evals.cases.resolve import Target, target_of
from evals.cases.source import Place, Source
from evals.errors import SuiteInvalid
from evals.lint.base import Finding, Problem, Read, Statement, Subject, statements_of
from evals.lint.results import RESULT_RULES
from evals.lint.suite import SUITE_RULES
from evals.lint.text import TEXT_RULES
from evals.matching.rules import Gold


class Accepted(Protocol):
    @property
    def gold(self) -> Gold: ...


class Bench(Protocol):
    """One instance. `takes`: whether the query is one that runs there. `golds` raises SuiteInvalid for a gold that does
    not run, and EngineError when the database is away."""

    @property
    def name(self) -> str: ...
    def takes(self, case: Case, query: GoldQuery) -> bool: ...
    def golds(self, case: Case) -> Sequence[Accepted]: ...


class Guarding(Protocol):
    """What the guard says to the golds of a case, for the role that asks."""

    def refusal(self, case: Case, statements: Sequence[Statement]) -> str: ...
    def row_limit(self, case: Case) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Ground:
    """What the cases of one target stand on: instances, the base first, and the guard before them. `verify` says what
    transpiled golds give that the golds as they are written do not; None where no database is there to tell."""

    benches: Sequence[Bench]
    guarding: Guarding | None = None
    verify: Callable[[Case], tuple[str, ...]] | None = None


Grounds = Callable[[Target], Ground]


@dataclass(frozen=True, slots=True)
class Report:
    suite: Suite
    findings: tuple[Finding, ...]
    instances: tuple[str, ...]

    def count(self, level: str) -> int:
        return sum(each.problem.level == level for each in self.findings)


def lint(source: Source, grounds: Grounds | None = None) -> Report:
    """Without grounds, only what can be told from the text. Raises SuiteInvalid for a suite that cannot be read."""
    suite = suite_of(source)
    subjects = tuple(Subject(case, suite, statements_of(case, suite)) for case in suite.cases)
    instances: dict[str, None] = {}
    if grounds is not None:
        targets = [target_of(case, suite) for case in suite.cases]
        by_target = {target: grounds(target) for target in dict.fromkeys(targets)}
        pairs = zip(subjects, targets, strict=True)
        subjects = tuple(_examined(each, by_target[target]) for each, target in pairs)
        instances = dict.fromkeys(bench.name for ground in by_target.values() for bench in ground.benches)
    found = [_finding(source, subjects, index, problem) for index, problem in _problems(subjects)]
    found.sort(key=lambda each: each.line)
    return Report(suite, tuple(found), tuple(instances))


def _examined(subject: Subject, ground: Ground) -> Subject:
    case, guarding = subject.case, ground.guarding
    statements = tuple(replace(each, reads=_reads(case, each, ground.benches)) for each in subject.statements)
    subject = replace(subject, untrue=_untrue(case, ground))
    if guarding is None or not statements:
        return replace(subject, statements=statements)
    refusal, row_limit = guarding.refusal(case, statements), guarding.row_limit(case)
    return replace(subject, statements=statements, refusal=refusal, row_limit=row_limit)


def _reads(case: Case, statement: Statement, benches: Sequence[Bench]) -> tuple[Read, ...]:
    return tuple(_read(case, statement, bench) for bench in benches if bench.takes(case, statement.query))


def _read(case: Case, statement: Statement, bench: Bench) -> Read:
    """Each gold alone, so that one that does not run hides no other."""
    try:
        return Read(bench.name, bench.golds(case.model_copy(update={"sql": (statement.query,)}))[0].gold)
    except SuiteInvalid as error:
        return Read(bench.name, trouble=error.user_message)


def _untrue(case: Case, ground: Ground) -> tuple[str, ...]:
    try:
        return ground.verify(case) if ground.verify is not None else ()
    except SuiteInvalid as error:
        return (error.user_message,)


def _problems(subjects: tuple[Subject, ...]) -> Iterator[tuple[int | None, Problem]]:
    for index, subject in enumerate(subjects):
        for rule in (*TEXT_RULES, *RESULT_RULES):
            yield from ((index, problem) for problem in dict.fromkeys(rule(subject)))
    for suite_rule in SUITE_RULES:
        yield from suite_rule(subjects)


def _finding(source: Source, subjects: tuple[Subject, ...], index: int | None, problem: Problem) -> Finding:
    if index is None:
        return Finding(problem, "", source.line((problem.key,)))
    place: Place = ("cases", index)
    key = spelled(source, place, problem.key)
    return Finding(problem, subjects[index].case.id, source.line((*place, key)))
