"""What tokens others spent, by the ledger: other processes, and earlier runs of this one.

A process counts its own calls itself, the moment they end. So that nothing counts twice, this remembers which of the
day's rows are its own, and leaves them out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from threading import Lock

from nl2sql.errors import DatabaseMissing
from nl2sql.ledger.base import Ledger, LedgerRow, Verdict
from nl2sql.ledger.read import LedgerReader, TokenUse
from nl2sql.ledger.table import CODE_CHARS, kept
from nl2sql.llm.base import Usage
from nl2sql.llm.budget import Spent
from nl2sql.llm.prices import PriceOn, TokenPrice


class SpendingLedger:
    """A ledger around another one, which is at `url`. Safe to share between threads. Connects when it is asked.

    `price_on` is what the model costs on a day: by it, tokens are worth money where the ledger does not know.
    """

    def __init__(self, ledger: Ledger, url: str, price_on: PriceOn) -> None:
        self._ledger = ledger
        self._url = url
        self._price_on = price_on
        self._lock = Lock()
        self._day = date.min
        self._own: set[str] = set()  # of the last day of which there is a row

    def record(self, row: LedgerRow) -> None:
        if row.prompt_tokens or row.completion_tokens:
            with self._lock:
                if row.at.date() > self._day:
                    self._day, self._own = row.at.date(), set()
                if row.at.date() == self._day:
                    self._own.add(kept(row.id, CODE_CHARS))
        self._ledger.record(row)

    def give_feedback(self, question_id: str, verdict: Verdict, comment: str = "") -> None:
        self._ledger.give_feedback(question_id, verdict, comment)

    def close(self) -> None:
        self._ledger.close()

    def spent_elsewhere(self, day: date) -> Mapping[str, Spent]:
        """By user, on that day (UTC). Raises EngineError where the ledger cannot be read."""
        midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - the ledger's moments are UTC without zone
        price = self._price_on(day)
        spent: dict[str, Spent] = defaultdict(Spent)
        try:
            with LedgerReader(self._url) as reader:
                uses = list(reader.token_uses(midnight, midnight + timedelta(days=1)))
        except DatabaseMissing:
            return {}
        with self._lock:
            own = set(self._own)
        for use in uses:
            if use.id not in own:
                spent[use.user] += Spent(use.prompt_tokens + use.completion_tokens, _money(use, price))
        return spent


def _money(use: TokenUse, price: TokenPrice | None) -> Decimal:
    """As it was paid, else by the price of the day, as if nothing of the prompt had been cached."""
    if price is None:
        return Decimal(0)
    if use.cost is not None and use.currency == price.currency:
        return use.cost
    return price.cost(Usage(use.prompt_tokens, use.completion_tokens))
