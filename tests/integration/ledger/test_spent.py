"""What the ledger tells of tokens that others spent: budgets of several processes add up without counting twice."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from nl2sql.errors import BudgetSpent, DatabaseUnreadable
from nl2sql.ledger.base import LedgerRow, NoLedger
from nl2sql.ledger.spent import SpendingLedger
from nl2sql.llm.base import NO_CALL, Call, Completion, Usage
from nl2sql.llm.budget import Budget, BudgetedModel, DailyAccount, Spent
from nl2sql.llm.prices import TokenPrice
from nl2sql.prompt.base import Message, Prompt
from tests.integration.ledger.conftest import OpenLedger, Place, a_row

PRICE = TokenPrice(Decimal(1), Decimal("0.1"), Decimal(10))
NOON = datetime(2026, 6, 30, 12)  # noqa: DTZ001 - the ledger's moments are UTC without zone
TODAY = NOON.date()


def price_on(day: date) -> TokenPrice | None:
    return PRICE


def used(question_id: str, tokens: int, user: str = "anna", at: datetime = NOON, **changes: object) -> LedgerRow:
    money = {"cost": Decimal(tokens) / 1_000_000, "currency": "USD", "scanned_bytes": None}
    return a_row(question_id, user=user, at=at, prompt_tokens=tokens, completion_tokens=0, **(money | changes))


def spent(place: Place, *own: LedgerRow, day: date = TODAY) -> dict[str, Spent]:
    """As a process sees it that wrote `own`."""
    ledger = SpendingLedger(NoLedger(), place.url, price_on)
    for row in own:
        ledger.record(row)
    return dict(ledger.spent_elsewhere(day))


def test_others_are_summed_by_user_and_day(place: Place, open_ledger: OpenLedger) -> None:
    ledger = open_ledger(place, days=36_500)
    midnight = NOON.replace(hour=0)
    rows = [
        used("a1", 1_000),
        used("a2", 2_000, at=midnight),
        used("a3", 4_000, at=midnight - timedelta(microseconds=1)),
        used("a4", 8_000, at=midnight + timedelta(days=1)),
        used("b1", 16_000, "bo"),
        used("c1", 0, "carl"),
    ]
    for row in rows:
        ledger.record(row)
    ledger.close()
    assert spent(place) == {"anna": Spent(3_000, Decimal("0.003")), "bo": Spent(16_000, Decimal("0.016"))}
    assert spent(place, day=TODAY + timedelta(days=1)) == {"anna": Spent(8_000, Decimal("0.008"))}
    assert spent(place, day=date(2020, 1, 1)) == {}


def test_what_this_process_wrote_is_left_out(place: Place, open_ledger: OpenLedger) -> None:
    own, long = used("a1", 1_000), used("x" * 100, 2_000)
    ledger = open_ledger(place, days=36_500)
    for row in (own, long, used("a2", 4_000)):
        ledger.record(row)
    ledger.close()
    assert spent(place, own, long) == {"anna": Spent(4_000, Decimal("0.004"))}
    yesterday = used("y1", 1, at=NOON - timedelta(days=1))
    assert spent(place, yesterday, own, long, yesterday) == spent(place, own, long)


def test_money_is_that_of_tokens_alone(place: Place, open_ledger: OpenLedger) -> None:
    ledger = open_ledger(place, days=36_500)
    ledger.record(used("a1", 1_000, "cached", cost=Decimal("0.0001")))
    ledger.record(used("b1", 1_000, "bytes", cost=Decimal("99"), scanned_bytes=10**12))
    ledger.record(used("c1", 1_000, "unpriced", cost=None))
    ledger.record(used("d1", 1_000, "elsewhere", cost=Decimal("99"), currency="EUR"))
    ledger.close()
    money = {user: each.money for user, each in spent(place).items()}
    full = Decimal("0.001")
    assert money == {"cached": Decimal("0.0001"), "bytes": full, "unpriced": full, "elsewhere": full}


def test_a_ledger_that_is_not_there_yet_knows_of_nothing(place: Place) -> None:
    assert spent(place) == {}


def test_a_file_that_is_no_ledger_is_told(tmp_path: Path) -> None:
    (tmp_path / "l.db").write_text("no database, but long enough to be read as one " * 100)
    with pytest.raises(DatabaseUnreadable):
        SpendingLedger(NoLedger(), f"sqlite:///{tmp_path / 'l.db'}", price_on).spent_elsewhere(TODAY)


class Model:
    name = "m"

    def complete(self, prompt: Prompt, call: Call = NO_CALL) -> Completion:
        return Completion("ok", "m", Usage(1_000, 0))


class Process:
    """Asks, and writes a row for each question, as a pipeline does."""

    def __init__(self, place: Place, open_ledger: OpenLedger) -> None:
        self.seconds = 0.0
        self.ledger = SpendingLedger(open_ledger(place, days=36_500), place.url, price_on)
        account = DailyAccount(
            Budget(user_tokens=10_000),
            price_on,
            self.ledger,
            now=lambda: NOON.replace(tzinfo=UTC),
            clock=lambda: self.seconds,
        )
        self.model = BudgetedModel(Model(), account)
        self.let_through = 0

    def ask(self, times: int) -> int:
        """How many were let through."""
        prompt, before = Prompt((Message("user", "q"),), {}, "t@v1", "f"), self.let_through
        for _ in range(times):
            try:
                self.model.complete(prompt, Call("anna"))
            except BudgetSpent:
                break
            self.let_through += 1
            self.ledger.record(used("", 1_000))
        return self.let_through - before


def test_a_restart_forgets_nothing_and_no_question_counts_twice(place: Place, open_ledger: OpenLedger) -> None:
    first = Process(place, open_ledger)
    assert first.ask(4) == 4
    first.ledger.close()
    first.seconds += 60  # its own four are in the ledger now, and it reads them
    assert first.ask(1) == 1
    first.ledger.close()
    second = Process(place, open_ledger)
    assert second.ask(50) == 4  # 9,000 are spent, and a tenth question might need 1,001
    second.ledger.close()
    assert Process(place, open_ledger).ask(50) == 0
