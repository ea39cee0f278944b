"""One question through the pipeline to a result, and results to a summary."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import median
from time import perf_counter
from typing import Literal

from evals.cases import Case, Suite
from evals.compare import Gold, Rules, Table, compare
from nl2sql.answer.base import Answer
from nl2sql.engines.base import ResultTable
from nl2sql.question import Question

Result = Literal["right", "wrong", "declined", "refused", "failed"]
RESULTS: tuple[Result, ...] = ("right", "wrong", "declined", "refused", "failed")

Ask = Callable[[Question], Answer]
FindGold = Callable[[Case], Gold]


@dataclass(frozen=True, slots=True)
class Scored:
    """A case and what came of it. `reason` says why it is not right; `ms` is the time a person would have waited."""

    case: Case
    result: Result
    answer: Answer
    reason: str
    ms: float
    gold_rows: int | None = None

    @property
    def is_answered(self) -> bool:
        return self.answer.outcome == "answered"


def score_case(case: Case, suite: Suite, ask: Ask, find_gold: FindGold) -> Scored:
    """Raises SuiteInvalid when the gold query does not run."""
    question = Question.parse(case.question, as_of=suite.as_of)
    begun = perf_counter()
    answer = ask(question)
    ms = (perf_counter() - begun) * 1000
    if case.must_be_declined:
        result, reason = _judge_declining(case, answer)
        return Scored(case, result, answer, reason, ms)
    gold = find_gold(case)
    result, reason = _judge_answer(answer, gold, rules_of(case, suite))
    return Scored(case, result, answer, reason, ms, len(gold.table.rows))


def rules_of(case: Case, suite: Suite) -> Rules:
    return Rules(
        decimals=suite.decimals.default if case.decimals is None else case.decimals,
        order=bool(case.order),
        accept_scale=tuple(Decimal(repr(factor)) for factor in case.accept_scale) or (Decimal(1),),
        time_grain=case.time_grain,
    )


def _judge_declining(case: Case, answer: Answer) -> tuple[Result, str]:
    """Right only if nothing ran: SQL that ran and then failed was still not declined.

    What is ambiguous must be asked back or declined: a refusal by the guard is about a reading that was guessed.
    """
    if answer.outcome == "answered" or answer.table is not None:
        return "wrong", "answered what must be declined"
    if any(stage.stage == "run" for stage in answer.stages):
        return "wrong", "ran SQL for what must be declined"
    if answer.outcome == "failed":
        return "failed", answer.headline
    if case.kind == "ambiguous" and answer.outcome == "refused":
        return "refused", answer.headline
    return "right", ""


def _judge_answer(answer: Answer, gold: Gold, rules: Rules) -> tuple[Result, str]:
    match answer.outcome:
        case "answered" if answer.table is not None:
            verdict = compare(gold, table_of(answer.table), rules)
            cut = f" (cut at {answer.table.row_limit:,} rows)" if answer.table.truncated else ""
            return ("right", "") if verdict.equal else ("wrong", verdict.reason + cut)
        case "answered":
            return "wrong", "an answer without a table"
        case "clarification" | "declined" | "explanation":
            return "declined", answer.headline
        case "refused":
            return "refused", answer.headline
        case "failed":
            return "failed", answer.headline


def table_of(result: ResultTable) -> Table:
    arrow = result.table
    columns = [[_hashable(value) for value in column.to_pylist()] for column in arrow.columns]
    return Table(tuple(arrow.column_names), tuple(zip(*columns, strict=True)))


def _hashable(value: object) -> object:
    return repr(value) if isinstance(value, list | dict) else value


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts over some cases.

    `coverage`: answered of those that have an answer. `selective_accuracy`: right of all that were answered, those that
    had to be declined included. Each is None where there is nothing to divide by.
    """

    cases: int
    right: int
    wrong: int
    declined: int
    refused: int
    failed: int
    coverage: float | None
    selective_accuracy: float | None
    median_ms: float | None


def tally(scored: Iterable[Scored]) -> Tally:
    each = list(scored)
    answerable = [s for s in each if not s.case.must_be_declined]
    answered = [s for s in each if s.is_answered]
    counts = {result: sum(s.result == result for s in each) for result in RESULTS}
    return Tally(
        cases=len(each),
        **counts,
        coverage=_share(sum(s.is_answered for s in answerable), len(answerable)),
        selective_accuracy=_share(sum(s.result == "right" for s in answered), len(answered)),
        median_ms=median(s.ms for s in each) if each else None,
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def by_kind(scored: Sequence[Scored]) -> dict[str, list[Scored]]:
    return _grouped(scored, lambda s: s.case.kind)


def by_tag(scored: Sequence[Scored]) -> dict[str, list[Scored]]:
    return _grouped(scored, lambda s: s.case.tag)


def _grouped(scored: Sequence[Scored], name: Callable[[Scored], str]) -> dict[str, list[Scored]]:
    """In the order of the suite."""
    groups: dict[str, list[Scored]] = {}
    for each in scored:
        groups.setdefault(name(each), []).append(each)
    return groups
