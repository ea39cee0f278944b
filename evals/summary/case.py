"""A record as one entry of "cases" in JSON."""

from __future__ import annotations

from typing import Any

from evals.log.records import CaseRecord
from evals.outcome import result_of


def case_dict(record: CaseRecord) -> dict[str, Any]:
    """Plain values; `result` is right, wrong, declined, refused or failed, `outcome` says more exactly which; `answer`
    and `code` are what the product said."""
    said, gold = record.said, record.gold
    return {
        "id": record.id,
        "repeat": record.repeat,
        "question": record.question,
        "kind": record.kind,
        "tag": record.tags[0] if record.tags else "",
        "tags": list(record.tags),
        "family": record.family or None,
        "must_pass": record.must_pass,
        "result": result_of(record.outcome),
        "outcome": record.outcome,
        "strict": record.is_strict,
        "reason": record.reason,
        "answer": said.outcome,
        "code": said.code,
        "headline": said.headline,
        "unknown_words": list(said.unknown_words),
        "writer": said.writer,
        "sql": said.sql,
        "gold_sql": gold.sql if gold else None,
        "rows": said.table.row_count if said.table else None,
        "gold_rows": gold.table.row_count if gold else None,
        "instances": {each.instance: each.is_equal for each in record.instances},
        "ms": round(record.ms, 1),
        "stage_ms": {stage: round(ms, 1) for stage, ms in record.stage_ms.items()},
        "retries": record.retries,
        "cost": record.cost or None,
        "currency": record.currency,
        "prompt_tokens": record.prompt_tokens,
        "completion_tokens": record.completion_tokens,
        "cached_tokens": record.cached_tokens,
        "unpaid_tokens": record.unpaid_tokens,
    }
