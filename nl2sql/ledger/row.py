"""An Answer as a row of the ledger: what is kept of it, and what it cost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import uuid4

from nl2sql.answer.base import Answer
from nl2sql.ledger.base import LedgerRow
from nl2sql.llm.prices import PriceOn, TokenPrice
from nl2sql.writers.base import LANGUAGE_MODEL, Origin

_TIB = Decimal(1024**4)
# A millionth of a millionth: one token at a cent for a million is 10^-8.
COST_PLACES = Decimal("1e-12")
# How the detail of a language model's origin is written: "model · prompt version".
_DETAIL_SEPARATOR = " · "
# The database began to work on it, and may bill what it read until it was stopped.
_STOPPED_CODES = frozenset({"query_cancelled", "query_timed_out"})


def _not_known(day: date) -> TokenPrice | None:
    return None


@dataclass(frozen=True, slots=True)
class Prices:
    """Money in `currency` for a TiB (2^40 bytes) read, 0 where it is not known; and what tokens cost on a day."""

    bytes_per_tib: Decimal = Decimal(0)
    currency: str = "USD"
    tokens_on: PriceOn = _not_known


def row_of(
    answer: Answer,
    *,
    at: datetime,
    engine: str,
    prices: Prices,
    verdict: str | None = None,
    sql: str | None = None,
) -> LedgerRow:
    """`at` is UTC without zone, `engine` its dialect. `verdict` is what the guard said, `sql` what it judged; None: as
    far as the answer tells. An answer without an id gets a new one."""
    table = answer.table
    model, prompt_version = _model_of(answer.origin)
    scanned = _scanned_bytes(answer)
    token_price = prices.tokens_on(at.date())
    currency = _currency(token_price, prices)
    return LedgerRow(
        id=answer.id or uuid4().hex,
        at=at,
        user=answer.question.principal.user,
        role=answer.question.principal.role,
        question=answer.question.text,
        outcome=answer.outcome,
        code=answer.code,
        writer=answer.origin.writer,
        prompt_version=prompt_version,
        model=model,
        plan=_plan(answer),
        sql=answer.sql if sql is None else sql,
        verdict=_verdict(answer) if verdict is None else verdict,
        engine=engine,
        rows=table.row_count if table is not None else None,
        result_bytes=int(table.table.get_total_buffer_size()) if table is not None else None,
        scanned_bytes=scanned,
        prompt_tokens=answer.usage.prompt_tokens,
        completion_tokens=answer.usage.completion_tokens,
        cost=_cost(answer, scanned, prices, token_price, currency),
        currency=currency,
        cached=answer.cached,
        milliseconds=sum(stage.ms for stage in answer.stages),
        stage_ms=_by_stage(answer),
    )


def _model_of(origin: Origin) -> tuple[str, str]:
    """Model and prompt version. A model's name may hold the separator, a version does not."""
    if origin.writer != LANGUAGE_MODEL:
        return "", ""
    model, separator, version = origin.detail.rpartition(_DETAIL_SEPARATOR)
    return (model, version) if separator else (origin.detail, "")


def _plan(answer: Answer) -> str:
    """How it was read in the writer's words, else as the receipt has it."""
    if answer.interpretation or answer.receipt is None:
        return answer.interpretation
    return "; ".join(line.text for line in answer.receipt.lines)


def _verdict(answer: Answer) -> str:
    """A table or a price can only be there when the guard let the statement pass."""
    if answer.table is not None or answer.estimate is not None:
        return "passed"
    return answer.code if answer.outcome == "refused" and answer.sql else ""


def _scanned_bytes(answer: Answer) -> int | None:
    """What was billed, else what was to be billed at most; None when nothing ran."""
    if answer.cached:
        return None
    if answer.table is not None and answer.table.billed_bytes is not None:
        return answer.table.billed_bytes
    ran = answer.table is not None or answer.code in _STOPPED_CODES
    return answer.estimate.scanned_bytes if ran and answer.estimate is not None else None


def _currency(token_price: TokenPrice | None, prices: Prices) -> str:
    """That of the bytes, where bytes cost anything."""
    return token_price.currency if token_price is not None and not prices.bytes_per_tib else prices.currency


def _cost(
    answer: Answer, scanned_bytes: int | None, prices: Prices, token_price: TokenPrice | None, currency: str
) -> Decimal | None:
    """Tokens and bytes together, as far as they are paid in the same currency; None when no part of it is known."""
    parts = []
    if token_price is not None and token_price.currency == currency and token_price.cost(answer.usage):
        parts.append(token_price.cost(answer.usage))
    if scanned_bytes is not None and prices.bytes_per_tib:
        parts.append(scanned_bytes * prices.bytes_per_tib / _TIB)
    elif scanned_bytes is not None or (answer.table is not None and not answer.cached):
        estimate = answer.estimate
        if estimate is not None and estimate.price is not None and estimate.currency == currency:
            parts.append(estimate.price)
    return sum(parts, Decimal(0)).quantize(COST_PLACES) if parts else None


def _by_stage(answer: Answer) -> dict[str, float]:
    """A stage that ran twice, as after a repair, has the sum."""
    spent: dict[str, float] = {}
    for stage in answer.stages:
        spent[stage.stage] = spent.get(stage.stage, 0.0) + stage.ms
    return spent
