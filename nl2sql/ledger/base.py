"""One row for every question: who asked what, what was made of it, what it cost, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal, Protocol

Verdict = Literal["", "good", "bad"]


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """`at` is UTC without zone. Texts are empty, and numbers None, where there was nothing of the kind.

    `plan` is how the question was read, in words; `verdict` what the guard said ("", "passed", or a violation's code).
    `outcome` and `code` are the answer's. `scanned_bytes` is what the database was to bill, `cost` money for tokens and
    bytes together in `currency`. `stage_ms` holds milliseconds by stage. `corrects` is the id of the answer in place of
    whose SQL a person typed this one.
    """

    id: str
    at: datetime
    user: str
    role: str
    question: str
    outcome: str
    code: str
    writer: str = ""
    prompt_version: str = ""
    model: str = ""
    plan: str = ""
    sql: str = ""
    verdict: str = ""
    engine: str = ""
    rows: int | None = None
    result_bytes: int | None = None
    scanned_bytes: int | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: Decimal | None = None
    currency: str = "USD"
    cached: bool = False
    milliseconds: float = 0.0
    stage_ms: Mapping[str, float] = field(default_factory=dict)
    corrects: str = ""


class Ledger(Protocol):
    """No method raises for what a store can do, and `record` and `give_feedback` never wait for it."""

    def record(self, row: LedgerRow) -> None: ...

    def give_feedback(self, question_id: str, verdict: Verdict, comment: str = "") -> None: ...

    def close(self) -> None:
        """Writes what is still to be written, for a bounded time."""
        ...


class NoLedger:
    def record(self, row: LedgerRow) -> None:
        return None

    def give_feedback(self, question_id: str, verdict: Verdict, comment: str = "") -> None:
        return None

    def close(self) -> None:
        return None
