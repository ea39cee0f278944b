"""What was asked, answered and judged as the line of a log."""

from __future__ import annotations

from itertools import islice

from evals.cases.base import Case, Suite
from evals.cases.resolve import role_of
from evals.judge import Judged
from evals.log.records import SHOWN_ROWS, CaseRecord, Said, Shown, shown
from evals.runner.asking import Asked
from evals.runner.schedule import Task
from nl2sql.answer.base import Answer
from nl2sql.engines.base import ResultTable


def record_of(task: Task, suite: Suite, asked: Asked, judged: Judged, role: str) -> CaseRecord:
    case, usage, unpaid = task.case, asked.usage, asked.meter.unpaid
    stage_ms: dict[str, float] = {}
    for stage in asked.answer.stages:
        stage_ms[stage.stage] = round(stage_ms.get(stage.stage, 0.0) + stage.ms, 3)
    return CaseRecord(
        id=case.id,
        repeat=task.repeat,
        question=case.question,
        kind=case.kind,
        outcome=judged.outcome,
        said=said_of(asked.answer),
        is_strict=judged.is_strict,
        reason=judged.reason,
        tags=case.tags,
        family=case.family or "",
        must_pass=case.must_pass,
        turns=case.turns,
        role=role_of(case, suite, role),
        gold=judged.gold,
        instances=judged.instances,
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        cached_tokens=usage.cached_tokens,
        unpaid_tokens=unpaid.prompt_tokens + unpaid.completion_tokens,
        cost=f"{asked.cost.normalize():f}" if asked.cost is not None else "",
        currency=asked.currency,
        ms=round(asked.ms, 3),
        stage_ms=stage_ms,
        retries=task.retries,
        prompts=tuple(asked.meter.prompts),
    )


def said_of(answer: Answer) -> Said:
    return Said(
        outcome=answer.outcome,
        code=answer.code,
        headline=answer.headline,
        sql=answer.sql,
        executed_sql=answer.executed_sql,
        writer=answer.origin.writer,
        detail=answer.origin.detail,
        interpretation=answer.interpretation,
        standalone=answer.standalone,
        hint=answer.hint,
        confidence=answer.confidence,
        choices=answer.choices,
        unknown_words=answer.unknown_words,
        table=table_shown(answer.table) if answer.table is not None else None,
    )


def table_shown(result: ResultTable) -> Shown:
    first = result.table.slice(0, SHOWN_ROWS)
    columns = [column.to_pylist() for column in first.columns]
    rows = list(islice(zip(*columns, strict=True), SHOWN_ROWS))
    return shown(result.columns, rows, result.row_count, truncated=result.truncated)


def in_vain(case: Case) -> str:
    return f"The language model's provider did not answer {case.id}, although it answered others."
