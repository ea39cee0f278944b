"""One record as the page shows it when its case is opened."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import sqlglot
from sqlglot.errors import SqlglotError

from evals.log.records import CaseRecord, InstanceVerdict, JsonCell, Shown
from evals.report.result_difference import mark_differences
from evals.report.tree_difference import differences_of
from evals.wording import milliseconds, money

# Longer statements are shown as they are, and cut: a page must open.
PRETTY_CHARACTERS = 20_000
SHOWN_CHARACTERS = 200_000
# Whole numbers beyond this are no longer exact in a browser.
EXACT = 2**53


def detail(record: CaseRecord, base: CaseRecord | None, dialect: str) -> dict[str, Any]:
    """`base` is the same case in the run that this one is compared with, for flips alone."""
    said, gold = record.said, record.gold
    needs_look = gold is not None and record.outcome.startswith("wrong")
    words: Sequence[str] = ()
    marks = None
    if gold is not None and needs_look:
        words = differences_of(record, dialect)
        marks = mark_differences(said.table, gold.table, gold.required) if said.table else None
    return {
        "id": record.id,
        "outcome": record.outcome,
        "reason": record.reason,
        "question": record.question,
        "turns": list(record.turns),
        "read": _read(record),
        "sql": pretty(said.sql, dialect),
        "executed": "" if said.executed_sql == said.sql else pretty(said.executed_sql, dialect),
        "gold": gold
        and {
            "sql": pretty(gold.sql, dialect),
            "ran": "" if gold.ran in ("", gold.sql) else pretty(gold.ran, dialect),
            "is_transpiled": gold.is_transpiled,
            "table": _table(gold.table),
        },
        "table": said.table and _table(said.table),
        "words": list(words),
        "marks": marks and [{"rows": each.rows, "unmatched": each.unmatched} for each in marks],
        "instances": [_instance(each) for each in record.instances] if len(record.instances) > 1 else [],
        "spent": _spent(record),
        "stages": [[name, round(ms, 2)] for name, ms in record.stage_ms.items()],
        "prompts": list(record.prompts),
        "base": base and _base(base, dialect),
    }


def _read(record: CaseRecord) -> list[tuple[str, str]]:
    said = record.said
    return [
        ("whole question", said.standalone if said.standalone != record.question else ""),
        ("read as", said.interpretation if said.interpretation != record.question else ""),
        ("said", said.headline),
        ("code", "" if said.code == "ok" else said.code),
        ("not understood", ", ".join(said.unknown_words)),
        ("offered", "; ".join(said.choices)),
        ("hint", said.hint),
        ("asked by", record.role),
        ("tags", ", ".join(record.tags)),
        ("family", record.family),
    ]


def _spent(record: CaseRecord) -> list[tuple[str, str]]:
    said = record.said
    tokens = f"{record.prompt_tokens:,} in, {record.completion_tokens:,} out" if record.prompt_tokens else ""
    return [
        ("time", milliseconds(record.ms)),
        ("written by", " · ".join(part for part in (said.writer, said.detail) if part)),
        ("confidence", "" if said.confidence is None else f"{said.confidence:.0%}"),
        ("tokens", tokens),
        ("of these cached", f"{record.cached_tokens:,}" if record.cached_tokens else ""),
        ("from a recording", f"{record.unpaid_tokens:,} tokens" if record.unpaid_tokens else ""),
        ("cost", money(record.cost, record.currency) if record.cost else ""),
        ("asked again", f"{record.retries} times, the provider was busy" if record.retries else ""),
    ]


def _base(base: CaseRecord, dialect: str) -> dict[str, str]:
    return {
        "outcome": base.outcome,
        "sql": pretty(base.said.sql, dialect),
        "headline": base.said.headline,
        "reason": base.reason,
    }


def _instance(verdict: InstanceVerdict) -> dict[str, Any]:
    return {
        "instance": verdict.instance,
        "is_equal": verdict.is_equal,
        "is_strict": verdict.is_strict,
        "difference": verdict.difference,
        "reason": verdict.reason,
    }


def _table(shown: Shown) -> dict[str, Any]:
    rows = [[_cell(each) for each in row] for row in shown.rows]
    return {"columns": list(shown.columns), "rows": rows, "row_count": shown.row_count}


def _cell(value: JsonCell) -> JsonCell:
    return str(value) if isinstance(value, bool) or (isinstance(value, int) and abs(value) > EXACT) else value


@lru_cache(maxsize=512)
def pretty(sql: str, dialect: str) -> str:
    """In lines, where it can be read; a text with lines of its own is left as its writer broke it."""
    sql = sql.strip()
    if len(sql) > SHOWN_CHARACTERS:
        return f"{sql[:SHOWN_CHARACTERS]}\n… and {len(sql) - SHOWN_CHARACTERS:,} characters more"
    if not sql or "\n" in sql or len(sql) > PRETTY_CHARACTERS or "--" in sql or "/*" in sql:
        return sql
    try:
        return sqlglot.parse_one(sql, read=dialect or None).sql(dialect=dialect or None, pretty=True)
    except (SqlglotError, RecursionError, ValueError, AttributeError, TypeError):
        return sql
