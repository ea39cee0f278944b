"""Answers, verdicts and models as JSON text: the stable shapes that docs/cli.md describes.

Decimals are strings, so that money keeps its exactness; days and times are ISO 8601; bytes are hexadecimal.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from nl2sql.guard.violation import Violations

if TYPE_CHECKING:
    from nl2sql.answer.base import Answer
    from nl2sql.catalog.model import SemanticModel
    from nl2sql.guard.checked import CheckedSql
    from nl2sql.guard.corpus import CorpusResult
    from nl2sql.trial.run import TrialReport


def answer_to_json(answer: Answer) -> str:
    asked = answer.question
    return _dumps(
        {
            "id": answer.id,
            "question": asked.text,
            "standalone": answer.standalone,
            "as_of": asked.as_of.isoformat() if asked.as_of else None,
            "outcome": answer.outcome,
            "code": answer.code,
            "headline": answer.headline,
            "interpretation": answer.interpretation,
            "plan": json.loads(answer.plan) if answer.plan else None,
            "confidence": answer.confidence,
            "sql": answer.sql,
            "executed_sql": answer.executed_sql,
            **_rows(answer),
            "receipt": [asdict(line) for line in answer.receipt.lines] if answer.receipt else [],
            "findings": [asdict(finding) for finding in answer.findings],
            "assumptions": answer.assumptions,
            "choices": answer.choices,
            "unknown_words": answer.unknown_words,
            "chart": asdict(answer.chart) if answer.chart else None,
            "origin": asdict(answer.origin),
            "verified": answer.origin.writer == "verified",
            "hint": answer.hint,
            "cached": answer.cached,
            "stored_at": answer.stored_at,
            "data_as_of": answer.data_as_of,
            "estimate": asdict(answer.estimate) if answer.estimate else None,
            "billed_bytes": answer.table.billed_bytes if answer.table else None,
            "usage": asdict(answer.usage),
            "elapsed_ms": round(sum(stage.ms for stage in answer.stages), 1),
            "stages": [
                {"stage": s.stage, "ms": round(s.ms, 1), "note": s.note, "remarks": s.remarks} for s in answer.stages
            ],
        }
    )


def _rows(answer: Answer) -> dict[str, Any]:
    result = answer.table
    if result is None:
        return {"columns": [], "rows": [], "row_count": 0, "truncated": False}
    arrow = result.table
    columns = []
    for field, label in zip(arrow.schema, answer.columns, strict=True):
        columns.append(
            {
                "name": field.name,
                "label": label.label,
                "type": str(field.type),
                "format": label.format,
                "unit": label.unit,
            }
        )
    cells = [[_finite(value) for value in column.to_pylist()] for column in arrow.columns]
    rows = [list(row) for row in zip(*cells, strict=True)]
    return {"columns": columns, "rows": rows, "row_count": result.row_count, "truncated": result.truncated}


def _finite(value: object) -> object:
    """JSON has no NaN and no infinity: both become null."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def verdict_to_json(verdict: CheckedSql | Violations) -> str:
    return _dumps(_verdict(verdict))


def full_verdict_to_json(verdict: CheckedSql | Violations) -> str:
    """With the text as it is executed, null when refused."""
    executed = None if isinstance(verdict, Violations) else verdict.executed_shown
    return _dumps(_verdict(verdict) | {"executed_sql": executed})


def _verdict(verdict: CheckedSql | Violations) -> dict[str, Any]:
    if isinstance(verdict, Violations):
        return {"allowed": False, "violations": [asdict(v) for v in verdict.items], "sql": None}
    return {
        "allowed": True,
        "violations": [],
        "sql": verdict.sql,
        "dialect": verdict.dialect,
        "tables": verdict.tables,
        "columns": verdict.columns,
        "row_limit": verdict.row_limit,
        "seconds": verdict.seconds,
        "policy": verdict.policy,
    }


def corpus_to_json(results: Sequence[CorpusResult], skipped: int, trial: TrialReport | None) -> str:
    """`results` in the order of the corpus; the summary's `trial` is there only when statements were run."""
    from nl2sql.guard.corpus import Counts, counts_by

    total = counts_by(results, lambda line: "").get("", Counts())
    summary = {
        **asdict(total),
        "skipped": skipped,
        "by_category": {name: asdict(each) for name, each in counts_by(results, lambda line: line.category).items()},
        "by_dialect": {name: asdict(each) for name, each in counts_by(results, lambda line: line.dialect).items()},
    }
    if trial is not None:
        summary["trial"] = trial.shape
    return _dumps({"results": [result.shape for result in results], "summary": summary})


def model_to_json(model: SemanticModel) -> str:
    return _dumps(
        {
            "name": model.name,
            "description": model.description,
            "datasets": [asdict(dataset) for dataset in model.datasets],
            "metrics": [asdict(metric) for metric in model.metrics],
            "relationships": [asdict(relationship) for relationship in model.relationships],
            "fingerprint": model.fingerprint,
        }
    )


def _dumps(value: object) -> str:
    return json.dumps(value, default=_plain, ensure_ascii=False, indent=2, allow_nan=False)


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(f"{type(value).__name__} has no JSON form")
