"""What a run cost: tokens, and money as decimals, so that sums are exact."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from evals.log.records import CaseRecord


@dataclass(slots=True)
class Spending:
    """What was paid. `total` by currency; `unpriced` are trials that paid for tokens at a price that is not known."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    unpaid_tokens: int = 0
    unpriced: int = 0
    total: dict[str, Decimal] = field(default_factory=dict)

    def add(self, record: CaseRecord) -> None:
        self.prompt_tokens += record.prompt_tokens
        self.completion_tokens += record.completion_tokens
        self.cached_tokens += record.cached_tokens
        self.unpaid_tokens += record.unpaid_tokens
        cost = _money(record.cost)
        if cost is not None:
            self.total[record.currency] = self.total.get(record.currency, Decimal(0)) + cost
        else:
            self.unpriced += record.prompt_tokens + record.completion_tokens > record.unpaid_tokens

    def per_right(self, right: int) -> dict[str, Decimal]:
        """Money for each answer that was right; nothing where none was."""
        return {currency: spent / right for currency, spent in self.total.items()} if right else {}

    def as_dict(self, right: int) -> dict[str, Any]:
        """`total` and `per_right_answer` are decimal texts by currency."""
        return {
            "total": {currency: _text(spent) for currency, spent in self.total.items()},
            "per_right_answer": {currency: _text(spent) for currency, spent in self.per_right(right).items()},
            "unpriced": self.unpriced,
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "cached_tokens": self.cached_tokens,
            "unpaid_tokens": self.unpaid_tokens,
        }


def _money(text: str) -> Decimal | None:
    try:
        cost = Decimal(text)
    except InvalidOperation:
        return None
    return cost if cost.is_finite() else None


def _text(money: Decimal) -> str:
    return f"{money.quantize(Decimal('0.000001')).normalize():f}"
