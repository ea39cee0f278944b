"""How many drafts a question gets, and what becomes of one draft."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from nl2sql.answer.base import ReceiptLine
from nl2sql.engines.base import ResultTable
from nl2sql.guard.checked import CheckedSql
from nl2sql.writers.base import LANGUAGE_MODEL, CannotAnswer, Clarification, Draft, SqlDraft

# What a model refuses is not put to the vote: whoever asks until somebody guesses gets a wrong answer.
_REFUSALS: Final = frozenset({"unsafe", "sensitive"})


@dataclass(frozen=True, slots=True)
class CandidateRules:
    """`count` drafts of the language model in all; `when_unsure`, if that is more, where the confidence of the first is
    below `unsure_below` (0 to 1)."""

    count: int = 1
    when_unsure: int = 3
    unsure_below: float = 0.6

    def wanted(self, first: Draft) -> int:
        """How many drafts a question gets in all, of which the first is there."""
        if first.origin.writer != LANGUAGE_MODEL or not isinstance(first, SqlDraft | Clarification | CannotAnswer):
            return 1
        if isinstance(first, CannotAnswer) and first.code in _REFUSALS:
            return 1
        is_unsure = (
            isinstance(first, SqlDraft) and first.confidence is not None and first.confidence < self.unsure_below
        )
        return max(1, self.count, self.when_unsure if is_unsure else 1)


@dataclass(frozen=True, slots=True)
class Reading:
    """A draft that was checked and ran. `statement` is the same for the same SQL (see `canonical`); `order` are the
    output columns that the rows are ordered by, as far as they are shown; `lines` say what was computed."""

    draft: SqlDraft
    checked: CheckedSql
    result: ResultTable
    statement: str
    order: tuple[str, ...] = ()
    lines: tuple[ReceiptLine, ...] = ()


# What a draft ended as. One that was refused or failed is no ballot.
Ballot = Reading | Clarification | CannotAnswer
